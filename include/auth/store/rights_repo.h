/* rights_repo.h — what accounts may do, in the database.
 * Errors:  NOT_FOUND (no such account); DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_RIGHTS_REPO_H
#define AUTH_STORE_RIGHTS_REPO_H

#include "auth/model/account.h"
#include "auth/store/db.h"

struct rights_role {
    struct str name;
    struct str scopes;
};

/* All of one moment. */
struct rights_record {
    enum account_status status;
    struct str email;
    struct str claims; /* JSON object, or empty */
    int64_t generation;
    const struct str *groups; /* in order of name */
    size_t group_count;
    const struct rights_role *roles; /* its own and those of its groups, each once, in order of name */
    size_t role_count;
};

NODISCARD result rights_find_record(struct db *db, struct task *task, struct id account_id,
                                    struct rights_record *ret_record);
/* Grows with each change of a role or a group that may change what many accounts may do. */
NODISCARD result rights_find_generation(struct db *db, struct task *task, int64_t *ret_generation);
/* JSON object, or empty for none; of an account that is held (user_hold). */
NODISCARD result rights_set_claims(struct db *db, struct task *task, struct id account_id, struct str claims);
NODISCARD result rights_advance_generation(struct db *db, struct task *task);

#endif
