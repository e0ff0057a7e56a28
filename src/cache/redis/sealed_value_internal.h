/* sealed_value_internal.h — the form of keys and values in Redis.
 * Shape:   key "auth1:" and 32 hexadecimal digits. Value: 'v', the end of its life (Unix milliseconds, 8
 *          bytes, big-endian), the bytes, a keyed hash of the key and all of that. Denial: 'd'.
 * Note:    whoever can write to Redis but lacks our key cannot make a value, give it another name or a
 *          longer life; the worst he can do is to make us ask the database.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_REDIS_SEALED_VALUE_INTERNAL_H
#define AUTH_CACHE_REDIS_SEALED_VALUE_INTERNAL_H

#include "../driver_internal.h"
#include "auth/base/digest.h"

#define REDIS_KEY_PREFIX  "auth1:"
#define REDIS_KEY_LEN     (sizeof REDIS_KEY_PREFIX - 1 + 2 * CACHE_KEY_BYTES)
#define REDIS_DENIED      "d"
#define CHANNEL_NAME      "auth1:deny"
#define SEALED_HEAD_BYTES 9u
#define SEALED_BYTES_MAX  (SEALED_HEAD_BYTES + CACHE_VALUE_MAX + KEYED_HASH128_BYTES)

struct redis_key {
    char text[REDIS_KEY_LEN + 1];
};

struct sealed_value {
    size_t len;
    unsigned char bytes[SEALED_BYTES_MAX];
};

void redis_key_print(const struct cache_key *key, struct redis_key *ret_key);

/* `wall_ms` is what the wall clock shows at `now_ms`. */
struct seal_time {
    int64_t now_ms;
    int64_t wall_ms;
};

void value_seal(const struct key256 *secret, const struct cache_key *key, const struct cache_value *value,
                struct seal_time time, struct sealed_value *ret_sealed);
/* HIT, DENIED, or MISS for anything that is not ours, not this key's, or too old. */
enum cache_answer value_unseal(const struct key256 *secret, const struct cache_key *key, struct str sealed,
                               struct seal_time time, struct cache_value *ret_value);

#endif
