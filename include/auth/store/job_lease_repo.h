/* job_lease_repo.h — which replica does a piece of background work.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_JOB_LEASE_REPO_H
#define AUTH_STORE_JOB_LEASE_REPO_H

#include "auth/store/db.h"

struct job_lease {
    struct str job;
    struct id holder;
    int64_t lasts_ms;
};

/* `*ret_is_held`: from now on by this holder. Otherwise another one has it, and it is not over. */
NODISCARD result job_lease_take(struct db *db, struct task *task, const struct job_lease *lease,
                                bool *ret_is_held);

#endif
