/* digest.h — fingerprints and keyed fingerprints of bytes, and keys made from keys.
 * Errors:  none: a digest that cannot be computed is a broken library, and the process stops.
 * Waits:   no; about 0.1 us for a short digest, 0.4 us for a short tag.
 * Threads: any.
 * Source:  FIPS 180-4 (SHA-256), RFC 2104 (HMAC), RFC 5869 (HKDF).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_DIGEST_H
#define AUTH_CRYPTO_DIGEST_H

#include "auth/base/secret.h"
#include "auth/base/str.h"

#define SHA256_BYTES 32u

void sha256(struct str bytes, unsigned char ret_digest[SHA256_BYTES]);

/* The tag of the parts read as one text: the caller's parts but the last have a fixed length, or are
 * separated, so that two lists of parts never read the same. */
void hmac_sha256(const struct key256 *key, const struct str *parts, size_t part_count,
                 unsigned char ret_tag[SHA256_BYTES]);

/* HKDF with one block of output. */
void hkdf_sha256(struct str salt, struct str input_key, struct str info, struct key256 *ret_key);

/* The key for one purpose ("refresh token tag v1"): another purpose gives a key that tells nothing about
 * this one. */
void key_derive(const struct key256 *master, const char *purpose, struct key256 *ret_key);

#endif
