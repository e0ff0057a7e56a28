/* client_repo.h — OAuth clients in the database.
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

NODISCARD result client_insert(struct db *db, struct task *task, const struct client *client);
NODISCARD result client_find(struct db *db, struct task *task, struct str id, struct client *ret_client);
/* In order of id, after the given one. */
NODISCARD result client_list_page(struct db *db, struct task *task, struct str after, int64_t count,
                                  struct client_list *ret_list);
NODISCARD result client_delete(struct db *db, struct task *task, struct str id);

#endif
