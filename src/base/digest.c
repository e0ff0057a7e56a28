// SPDX-License-Identifier: MIT
#include "auth/base/digest.h"

#include <sodium.h>

void keyed_hash128(const struct key256 *key, unsigned char domain, struct str data,
                   unsigned char ret_hash[KEYED_HASH128_BYTES])
{
    crypto_generichash_state state;
    // These calls fail on sizes out of range only, and ours are constants.
    (void)crypto_generichash_init(&state, key->bytes, sizeof key->bytes, KEYED_HASH128_BYTES);
    (void)crypto_generichash_update(&state, &domain, sizeof domain);
    if (!is_empty(data)) {
        (void)crypto_generichash_update(&state, (const unsigned char *)data.ptr, data.len);
    }
    (void)crypto_generichash_final(&state, ret_hash, KEYED_HASH128_BYTES);
    wipe(&state, sizeof state);
}
