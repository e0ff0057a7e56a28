/* password.h — password hashes, computed at once on the calling thread.
 * Shape:   ours are Argon2id, stored as a PHC string (phc.h), behind the id of a pepper where there is one (pepper.h).
 *          Hashes that came from elsewhere are verified as well, within limits, and are always due to be made anew.
 * Errors:  INVALID_CREDENTIALS when the password is another one; INTERNAL when memory is short, the stored text is of
 *          no known form or asks for too much, or its pepper is not in the ring: neither is ever taken for the other.
 *          TOO_LARGE beyond PASSWORD_BYTES_MAX.
 * Note:    bcrypt looks at the first 72 bytes alone. A longer password is refused for a bcrypt hash, as is one with NUL
 *          inside for any hash of libcrypt: their owners choose a new one by mail.
 * Waits:   blocks for milliseconds, seconds for the dearest foreign hash: for hash threads and commands. Fibers use
 *          password_hasher.h.
 * Source:  RFC 9106; OWASP Password Storage (parameters); NIST SP 800-63B-4 §3.1.1.2; crypt(5); RFC 7914, RFC 8018.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PASSWORD_H
#define AUTH_CRYPTO_PASSWORD_H

#include "auth/base/secret.h"
#include "auth/crypto/pepper.h"
#include "auth/crypto/phc.h"

#define PASSWORD_BYTES_MAX 1024u /* 256 code points; no password is ever cut */
#define PASSWORD_TEXT_MAX  512u  /* a stored hash, without NUL */

/* 19 MiB, 2 passes: the floor OWASP names for Argon2id with one lane. */
#define PASSWORD_COST_DEFAULT ((struct password_cost){.memory_kib = 19u * 1024u, .iterations = 2u})

/* `peppers` may be NULL or empty in all of these. */
NODISCARD result password_hash(struct password_cost cost, const struct pepper_ring *peppers,
                               struct secret password, char ret_text[PASSWORD_TEXT_MAX + 1u]);
NODISCARD result password_verify(const struct pepper_ring *peppers, struct str text, struct secret password);

/* For accounts that do not exist: the work of password_verify for a hash of this cost, and its answer to a
 * wrong password. */
NODISCARD result password_verify_dummy(struct password_cost cost, struct secret password);

/* True when the stored hash is not what password_hash would make now: another cost, up or down, another pepper, another
 * scheme. */
bool password_needs_rehash(const struct pepper_ring *peppers, struct str text, struct password_cost cost);

/* What is wrong with a text that is to be stored as a hash; NULL when password_verify can work with it. */
const char *password_text_problem(const struct pepper_ring *peppers, struct str text);

/* "bcrypt": for people to read; NULL for a text of no known form. */
const char *password_scheme_name(struct str text);

#endif
