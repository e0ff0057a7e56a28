/* revoked_token_repo.h — access tokens revoked one by one.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_REVOKED_TOKEN_REPO_H
#define AUTH_STORE_REVOKED_TOKEN_REPO_H

#include "auth/model/principal.h"
#include "auth/store/db.h"

NODISCARD result revoked_token_insert(struct db *db, struct task *task,
                                      const unsigned char digest[TOKEN_DIGEST_BYTES], int64_t expires_at_ms);
NODISCARD result revoked_token_find(struct db *db, struct task *task,
                                    const unsigned char digest[TOKEN_DIGEST_BYTES], bool *ret_is_revoked);

#endif
