/* retention_repo.h — rows that go by their age alone, erased a bounded number at a time.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_RETENTION_REPO_H
#define AUTH_STORE_RETENTION_REPO_H

#include "auth/model/retained.h"
#include "auth/store/db.h"

/* False: its rows have rules of their own. */
bool retained_goes_by_age(enum retained kind);

/* `count` rows at most; `*ret_erased` of them were over before then. Aborts on a kind that does not go by its age. */
NODISCARD result retained_erase(struct db *db, struct task *task, enum retained kind, int64_t before_ms,
                                int64_t count, int64_t *ret_erased);

#endif
