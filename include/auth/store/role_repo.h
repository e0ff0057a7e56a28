/* role_repo.h — roles in the database, and who has them.
 * Errors:  NOT_FOUND; CONFLICT (the name is taken); DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_ROLE_REPO_H
#define AUTH_STORE_ROLE_REPO_H

#include "auth/model/role.h"
#include "auth/model/versions.h"
#include "auth/store/db.h"

struct role_list {
    const struct role *items;
    size_t count;
};

NODISCARD result role_insert(struct db *db, struct task *task, const struct role *role);
NODISCARD result role_find(struct db *db, struct task *task, struct str name, struct role *ret_role);
/* In order of name, after the given one. */
NODISCARD result role_list_page(struct db *db, struct task *task, struct str after, int64_t count,
                                struct role_list *ret_list);
/* Those given to the account itself. */
NODISCARD result role_list_of_account(struct db *db, struct task *task, struct id account_id,
                                      struct str after, int64_t count, struct role_list *ret_list);
NODISCARD result role_list_of_group(struct db *db, struct task *task, struct id group_id, struct str after,
                                    int64_t count, struct role_list *ret_list);

struct role_change {
    bool sets_description;
    struct str description; /* empty: removed */
    bool sets_scopes;
    struct str scopes;
    struct versions_expected expected; /* for the rule: looked at before */
};

NODISCARD result role_update(struct db *db, struct task *task, struct str name,
                             const struct role_change *change, struct role *ret_role);
NODISCARD result role_delete(struct db *db, struct task *task, struct str name);
/* From a bounded number of accounts; `*ret_count` 0: nobody has it any more. */
NODISCARD result role_withdraw_some(struct db *db, struct task *task, struct str name, size_t *ret_count);

/* `*ret_is_new` is false for who has it already. */
NODISCARD result role_grant(struct db *db, struct task *task, struct id account_id, struct str role,
                            bool *ret_is_new);
NODISCARD result role_withdraw(struct db *db, struct task *task, struct id account_id, struct str role);

/* Keeps whoever else holds the role's row waiting until the transaction ends. Quietly nothing when there is none. */
NODISCARD result role_hold(struct db *db, struct task *task, struct str name);
/* Whether an active account has the role, by itself or through a group. */
NODISCARD result role_is_held(struct db *db, struct task *task, struct str name, bool *ret_is_held);

#endif
