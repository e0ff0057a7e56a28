/* invitation_repo.h — invitations in the database.
 * Errors:  NOT_FOUND where an invitation is expected; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_INVITATION_REPO_H
#define AUTH_STORE_INVITATION_REPO_H

#include "auth/model/invitation.h"
#include "auth/store/db.h"

#define INVITATION_DIGEST_BYTES 32u

/* In the place of those of the same address that nobody has accepted. */
NODISCARD result invitation_put(struct db *db, struct task *task, const struct invitation *invitation,
                                const unsigned char token_digest[INVITATION_DIGEST_BYTES]);
NODISCARD result invitation_find(struct db *db, struct task *task, struct id id,
                                 struct invitation *ret_invitation);
/* NOT_FOUND when it is accepted or expired, too. */
NODISCARD result invitation_find_open(struct db *db, struct task *task,
                                      const unsigned char token_digest[INVITATION_DIGEST_BYTES],
                                      struct invitation *ret_invitation);

struct invitation_list {
    const struct invitation *items;
    size_t count;
};

/* In order of id, after the given one. */
NODISCARD result invitation_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                                      struct invitation_list *ret_list);
/* In one step; NOT_FOUND unless it is open and of this address. */
NODISCARD result invitation_accept(struct db *db, struct task *task, const struct invitation *invitation,
                                   struct id account_id);
NODISCARD result invitation_delete(struct db *db, struct task *task, struct id id);

#endif
