/* group_repo.h — groups in the database, their members and roles.
 * Errors:  NOT_FOUND; CONFLICT (the name is taken); DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_GROUP_REPO_H
#define AUTH_STORE_GROUP_REPO_H

#include "auth/store/role_repo.h"

struct group_list {
    const struct group *items;
    size_t count;
};

struct group_member_list {
    const struct group_member *items;
    size_t count;
};

NODISCARD result group_insert(struct db *db, struct task *task, const struct group *group);
NODISCARD result group_find(struct db *db, struct task *task, struct id id, struct group *ret_group);
NODISCARD result group_find_by_name(struct db *db, struct task *task, struct str name,
                                    struct group *ret_group);
/* In order of id, after the given one. */
NODISCARD result group_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                                 struct group_list *ret_list);
NODISCARD result group_list_of_account(struct db *db, struct task *task, struct id account_id,
                                       struct id after, int64_t count, struct group_list *ret_list);

struct group_change {
    bool sets_name;
    struct str name;
    bool sets_description;
    struct str description;            /* empty: removed */
    struct versions_expected expected; /* for the rule: looked at before */
};

/* CONFLICT when another group has the name. */
NODISCARD result group_update(struct db *db, struct task *task, struct id id,
                              const struct group_change *change, struct group *ret_group);
/* The same, and other changes of it wait until the transaction ends. */
NODISCARD result group_hold(struct db *db, struct task *task, struct id id, struct group *ret_group);
NODISCARD result group_delete(struct db *db, struct task *task, struct id id);

/* `*ret_is_new` is false for who belongs to it already. */
NODISCARD result group_member_insert(struct db *db, struct task *task, struct id group_id,
                                     struct id account_id, bool *ret_is_new);
NODISCARD result group_member_delete(struct db *db, struct task *task, struct id group_id,
                                     struct id account_id);
/* A bounded number; `*ret_count` 0: there are none left. */
NODISCARD result group_member_delete_some(struct db *db, struct task *task, struct id group_id,
                                          size_t *ret_count);
/* In order of account, after the given one. */
NODISCARD result group_member_list_page(struct db *db, struct task *task, struct id group_id, struct id after,
                                        int64_t count, struct group_member_list *ret_list);

NODISCARD result group_role_insert(struct db *db, struct task *task, struct id group_id, struct str role,
                                   bool *ret_is_new);
NODISCARD result group_role_delete(struct db *db, struct task *task, struct id group_id, struct str role);
NODISCARD result group_role_delete_all(struct db *db, struct task *task, struct id group_id);

#endif
