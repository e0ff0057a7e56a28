/* password.h — Argon2id, computed at once on the calling thread.
 * Shape:   stored as a PHC string (phc.h).
 * Errors:  INVALID_CREDENTIALS when the password is another one; INTERNAL when memory is short or the stored
 *          text is not a hash of ours: neither is ever taken for the other. TOO_LARGE beyond
 *          PASSWORD_BYTES_MAX.
 * Waits:   blocks for milliseconds: for hash threads and commands. Fibers use password_hasher.h.
 * Source:  RFC 9106; OWASP Password Storage (parameters); NIST SP 800-63B-4 §3.1.1.2.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PASSWORD_H
#define AUTH_CRYPTO_PASSWORD_H

#include "auth/base/secret.h"
#include "auth/crypto/phc.h"

#define PASSWORD_BYTES_MAX 1024u /* 256 code points; no password is ever cut */

/* 19 MiB, 2 passes: the floor OWASP names for Argon2id with one lane. */
#define PASSWORD_COST_DEFAULT ((struct password_cost){.memory_kib = 19u * 1024u, .iterations = 2u})

NODISCARD result password_hash(struct password_cost cost, struct secret password,
                               char ret_phc[PHC_TEXT_MAX + 1u]);
NODISCARD result password_verify(struct str phc, struct secret password);

/* For accounts that do not exist: the work of password_verify for a hash of this cost, and its answer to a
 * wrong password. */
NODISCARD result password_verify_dummy(struct password_cost cost, struct secret password);

/* True when the stored hash was made with another cost, up or down. */
bool password_needs_rehash(const struct phc *phc, struct password_cost cost);

#endif
