/* user_repo.h — accounts in the database as those see them who administer them.
 * Errors:  NOT_FOUND where one is expected; CONFLICT (address or external id taken); DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_USER_REPO_H
#define AUTH_STORE_USER_REPO_H

#include "auth/model/user.h"
#include "auth/store/db.h"

struct user_list {
    const struct user *items;
    size_t count;
};

/* What is not given lets all through. */
struct user_filter {
    struct str status;
    bool has_verified;
    bool is_verified;
    int64_t created_from_ms;
    int64_t created_until_ms;
    struct str email_prefix; /* of the canonical address */
    struct str role;         /* by herself or through a group; not together with group_id */
    struct id group_id;
};

NODISCARD result user_find(struct db *db, struct task *task, struct id id, struct user *ret_user);
NODISCARD result user_find_by_email_key(struct db *db, struct task *task, struct str email_key,
                                        struct user *ret_user);
/* In order of id, after the given one. */
NODISCARD result user_list_page(struct db *db, struct task *task, const struct user_filter *filter,
                                struct id after, int64_t count, struct user_list *ret_list);

/* In the caller's transaction, which ends with a failure. */
NODISCARD result user_insert(struct db *db, struct task *task, const struct user *user,
                             struct str password_hash, struct str claims);
/* In the caller's transaction: nobody else changes it before that ends. The version that was there until now. */
NODISCARD result user_hold(struct db *db, struct task *task, struct id id, int64_t *ret_version);
/* Address, name, language, external id, and what is said of address and second factor. */
NODISCARD result user_update(struct db *db, struct task *task, const struct user *user);
/* Status, the reason of a lock, and until when a deletion may be taken back. */
NODISCARD result user_set_status(struct db *db, struct task *task, const struct user *user);
NODISCARD result user_forget_password(struct db *db, struct task *task, struct id id);

#endif
