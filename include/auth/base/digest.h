/* digest.h — short fingerprints of bytes.
 * Note:    a keyed hash cannot be computed, nor two names made to meet, without the key.
 * Source:  RFC 7693 §2.9 (keyed BLAKE2b).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_DIGEST_H
#define AUTH_BASE_DIGEST_H

#include "auth/base/secret.h"
#include "auth/base/str.h"

#define KEYED_HASH128_BYTES 16u

/* The keyed hash of `domain` and `data`; results of different domains are unrelated. */
void keyed_hash128(const struct key256 *key, unsigned char domain, struct str data,
                   unsigned char ret_hash[KEYED_HASH128_BYTES]);

#endif
