/* signing_key_repo.h — sealed signing keys in the database.
 * Errors:  DATABASE_UNAVAILABLE; CONFLICT (the key is there already); others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_SIGNING_KEY_REPO_H
#define AUTH_STORE_SIGNING_KEY_REPO_H

#include "auth/model/signing_key_record.h"
#include "auth/store/db.h"

struct signing_key_list {
    const struct signing_key_record *items;
    size_t count;
};

NODISCARD result signing_key_insert(struct db *db, struct task *task,
                                    const struct signing_key_record *record);
/* Those not removed yet, the oldest first. */
NODISCARD result signing_key_list(struct db *db, struct task *task, struct signing_key_list *ret_list);
/* Gives every other key without an end this one. */
NODISCARD result signing_key_retire_older(struct db *db, struct task *task, struct str kid,
                                          int64_t remove_at_ms);
/* In the caller's transaction: nobody else retires one before that ends. */
NODISCARD result signing_key_hold_all(struct db *db, struct task *task);
NODISCARD result signing_key_retire(struct db *db, struct task *task, struct str kid, int64_t remove_at_ms);
NODISCARD result signing_key_delete_removed(struct db *db, struct task *task);

#endif
