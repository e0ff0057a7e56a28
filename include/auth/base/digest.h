/* digest.h — short fingerprints of bytes.
 * Note:    a keyed hash cannot be computed, nor two names made to meet, without the key. The plain one tells
 *          whether a text that is no secret has changed.
 * Source:  RFC 7693 §2.9 (keyed BLAKE2b), FIPS 180-4 (SHA-256).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_DIGEST_H
#define AUTH_BASE_DIGEST_H

#include "auth/base/secret.h"
#include "auth/base/str.h"

#define KEYED_HASH128_BYTES 16u
#define DIGEST_SHA256_BYTES 32u

/* The keyed hash of `domain` and `data`; results of different domains are unrelated. */
void keyed_hash128(const struct key256 *key, unsigned char domain, struct str data,
                   unsigned char ret_hash[KEYED_HASH128_BYTES]);

/* SHA-256, for the modules that may not use crypto's. */
void digest_sha256(struct str bytes, unsigned char ret_digest[DIGEST_SHA256_BYTES]);

#endif
