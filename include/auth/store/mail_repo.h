/* mail_repo.h — the outbox.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MAIL_REPO_H
#define AUTH_STORE_MAIL_REPO_H

#include "auth/store/db.h"

struct mail_record {
    struct id id;
    struct str kind;
    struct str recipient;
    struct str sealed_content;
    struct id account_id; /* nil: nobody's */
    int64_t attempts;
    int64_t created_at_ms;
};

NODISCARD result mail_insert(struct db *db, struct task *task, const struct mail_record *mail);

#endif
