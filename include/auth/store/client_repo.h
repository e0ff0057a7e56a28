/* client_repo.h — OAuth clients and their secrets in the database.
 * Errors:  NOT_FOUND; CONFLICT (the id is taken); DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_CLIENT_REPO_H
#define AUTH_STORE_CLIENT_REPO_H

#include "auth/model/client.h"
#include "auth/store/db.h"

struct client_list {
    const struct client *items;
    size_t count;
};

/* With its first secret, where it has one; in the caller's transaction. */
NODISCARD result client_insert(struct db *db, struct task *task, const struct client *client);
NODISCARD result client_find(struct db *db, struct task *task, struct str id, struct client *ret_client);
/* In order of id, after the given one; without their secrets. */
NODISCARD result client_list_page(struct db *db, struct task *task, struct str after, int64_t count,
                                  struct client_list *ret_list);
/* In the caller's transaction: nobody else changes it before that ends. The version that was there until now. */
NODISCARD result client_hold(struct db *db, struct task *task, struct str id, int64_t *ret_version);
/* Name, grants, scopes and whether it is disabled. */
NODISCARD result client_update(struct db *db, struct task *task, const struct client *client);
NODISCARD result client_add_secret(struct db *db, struct task *task, struct str id,
                                   const unsigned char digest[CLIENT_SECRET_DIGEST_BYTES]);
/* `heir` is another one of its secrets. */
NODISCARD result client_remove_secret(struct db *db, struct task *task, struct str id,
                                      const unsigned char digest[CLIENT_SECRET_DIGEST_BYTES],
                                      const unsigned char heir[CLIENT_SECRET_DIGEST_BYTES]);
NODISCARD result client_delete(struct db *db, struct task *task, struct str id);

#endif
