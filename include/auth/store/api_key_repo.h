/* api_key_repo.h — API keys in the database.
 * Errors:  NOT_FOUND; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_API_KEY_REPO_H
#define AUTH_STORE_API_KEY_REPO_H

#include "auth/model/api_key.h"
#include "auth/store/db.h"

struct api_key_list {
    const struct api_key *items;
    size_t count;
};

/* One of the two: the other is nil or empty. */
struct api_key_owner {
    struct id account_id;
    struct str client_id;
};

NODISCARD result api_key_insert(struct db *db, struct task *task, const struct api_key *key,
                                const unsigned char digest[API_KEY_DIGEST_BYTES]);
/* The owner's keys that are neither revoked nor expired. */
NODISCARD result api_key_count(struct db *db, struct task *task, const struct api_key_owner *owner,
                               int64_t *ret_count);
/* Also revoked and expired ones. */
NODISCARD result api_key_find_by_digest(struct db *db, struct task *task,
                                        const unsigned char digest[API_KEY_DIGEST_BYTES],
                                        struct api_key *ret_key);
/* NOT_FOUND also for a revoked one. */
NODISCARD result api_key_find(struct db *db, struct task *task, struct id id, struct api_key *ret_key);
/* Those not revoked, in order of id, after the given one; `owner` NULL: everybody's. */
NODISCARD result api_key_list_page(struct db *db, struct task *task, const struct api_key_owner *owner,
                                   struct id after, int64_t count, struct api_key_list *ret_list);
/* Quietly nothing when it was used since. */
NODISCARD result api_key_mark_used(struct db *db, struct task *task, struct id id, int64_t used_before_ms);
/* NOT_FOUND unless it is there and not revoked. */
NODISCARD result api_key_revoke(struct db *db, struct task *task, struct id id,
                                unsigned char ret_digest[API_KEY_DIGEST_BYTES]);

struct api_key_ended {
    struct id id;
    unsigned char digest[API_KEY_DIGEST_BYTES];
};

struct api_key_ended_list {
    const struct api_key_ended *items;
    size_t count;
};

/* At most `count` of the account's. */
NODISCARD result api_key_revoke_some(struct db *db, struct task *task, struct id account_id, int64_t count,
                                     struct api_key_ended_list *ret_ended);

#endif
