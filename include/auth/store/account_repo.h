/* account_repo.h — accounts in the database.
 * Errors:  NOT_FOUND where an account is expected; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_ACCOUNT_REPO_H
#define AUTH_STORE_ACCOUNT_REPO_H

#include "auth/model/account.h"
#include "auth/store/db.h"

/* CONFLICT, quietly, when the address is taken. */
NODISCARD result account_insert(struct db *db, struct task *task, const struct account *account);
NODISCARD result account_find(struct db *db, struct task *task, struct id id, struct account *ret_account);
NODISCARD result account_find_by_email_key(struct db *db, struct task *task, struct str email_key,
                                           struct account *ret_account);

struct account_list {
    const struct account *items;
    size_t count;
};

/* In order of id, after the given one. */
NODISCARD result account_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                                   struct account_list *ret_list);

/* What is to change; a member that is set to the empty text is removed. */
struct account_profile_change {
    bool sets_name;
    struct str name;
    bool sets_locale;
    struct str locale;
};

NODISCARD result account_update_profile(struct db *db, struct task *task, struct id id,
                                        const struct account_profile_change *change,
                                        struct account *ret_account);
/* CONFLICT when the password is no longer the one of `changed_at_ms` or the account is not active. */
NODISCARD result account_set_password(struct db *db, struct task *task, struct id id, int64_t changed_at_ms,
                                      struct str new_hash);
/* The address is its owner's, who loses the password unless it is kept. NOT_FOUND when it had been proved already. */
NODISCARD result account_prove(struct db *db, struct task *task, struct id id, bool keeps_password);
/* Whatever the password was; the address is proved with it. NOT_FOUND unless active. */
NODISCARD result account_reset_password(struct db *db, struct task *task, struct id id, struct str new_hash);
/* Another address, proved. CONFLICT when it is another account's, or this one is not active. */
NODISCARD result account_set_email(struct db *db, struct task *task, struct id id, struct str email,
                                   struct str email_key);
/* Keeps lock, deletion and change of password waiting until the caller's transaction ends. NOT_FOUND unless the
 * account is active and its password still the one of `password_changed_at_ms`. */
NODISCARD result account_hold(struct db *db, struct task *task, struct id id, int64_t password_changed_at_ms);
/* Quietly nothing when the hash is no longer `old_hash`. */
NODISCARD result account_rehash(struct db *db, struct task *task, struct id id, struct str old_hash,
                                struct str new_hash);
/* NOT_FOUND unless active. */
NODISCARD result account_close(struct db *db, struct task *task, struct id id, int64_t delete_after_ms);
/* NOT_FOUND unless closing and still within its grace period. */
NODISCARD result account_reopen(struct db *db, struct task *task, struct id id);
/* NOT_FOUND unless its status is `from`. */
NODISCARD result account_set_status(struct db *db, struct task *task, struct id id, enum account_status from,
                                    enum account_status to);
/* With all that is kept of its owner, as account_erase_closed; in a transaction. */
NODISCARD result account_purge_closed(struct db *db, struct task *task, struct str email_key);

/* Closed, and the grace is over: at most `count`, the earliest first. */
NODISCARD result account_list_closed(struct db *db, struct task *task, int64_t count,
                                     struct id_list *ret_list);
/* The last one of `count` accounts in order of id, after the given one. NOT_FOUND: there are not so many. */
NODISCARD result account_window_end(struct db *db, struct task *task, struct id after, int64_t count,
                                    struct id *ret_last);
/* NOT_FOUND unless it is closed and its grace is over. Its rows in all tables go with it, and what says whose the
 * remaining events were; in a transaction. */
NODISCARD result account_erase_closed(struct db *db, struct task *task, struct id id);

const char *account_status_name(enum account_status status);
/* Aborts on a text the schema does not allow. */
enum account_status account_status_parse(struct str text);

#endif
