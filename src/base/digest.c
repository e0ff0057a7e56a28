// SPDX-License-Identifier: MIT
#include "auth/base/digest.h"

#include <sodium.h>

_Static_assert(DIGEST_SHA256_BYTES == crypto_hash_sha256_BYTES, "the size of SHA-256");

void keyed_hash128(const struct key256 *key, unsigned char domain, struct str data,
                   unsigned char ret_hash[KEYED_HASH128_BYTES])
{
    crypto_generichash_state state;
    /* These calls fail on sizes out of range only, and ours are constants. */
    (void)crypto_generichash_init(&state, key->bytes, sizeof key->bytes, KEYED_HASH128_BYTES);
    (void)crypto_generichash_update(&state, &domain, sizeof domain);
    if (!is_empty(data)) {
        (void)crypto_generichash_update(&state, (const unsigned char *)data.ptr, data.len);
    }
    (void)crypto_generichash_final(&state, ret_hash, KEYED_HASH128_BYTES);
    wipe(&state, sizeof state);
}

void digest_sha256(struct str bytes, unsigned char ret_digest[DIGEST_SHA256_BYTES])
{
    const char *start = bytes.len > 0 ? bytes.ptr : "";
    /* Always returns 0. */
    (void)crypto_hash_sha256(ret_digest, (const unsigned char *)start, bytes.len);
}
