/* refresh_token.h — a refresh token: whose session, which turn, and a tag that only this server makes.
 * Shape:   "rt_" and base64url of session id 16, counter 8 (big-endian), tag 32: 78 characters in all. The
 *          successor of a token can be made again from the session's row, so nothing but the counter is
 *          stored.
 * Errors:  INVALID_GRANT for every text this key did not make; a right tag says nothing about the session.
 * Owner:   the text lives in the caller's arena.
 * Source:  RFC 6749 §10.4 (tokens cannot be generated, modified or guessed), RFC 9700 §4.14.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_REFRESH_TOKEN_H
#define AUTH_CRYPTO_REFRESH_TOKEN_H

#include "auth/base/id.h"
#include "auth/base/secret.h"
#include "auth/crypto/digest.h"

#define REFRESH_TOKEN_PREFIX "rt_"
#define REFRESH_TOKEN_CHARS  (3u + 75u)

/* `counter` is not negative. */
struct secret refresh_token_make(struct arena *arena, const struct key256 *key, struct id session_id,
                                 int64_t counter);
NODISCARD result refresh_token_parse(const struct key256 *key, struct str text, struct id *ret_session_id,
                                     int64_t *ret_counter);

#endif
