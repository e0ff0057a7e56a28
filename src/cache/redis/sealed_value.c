// SPDX-License-Identifier: MIT
#include "sealed_value_internal.h"

#include <endian.h>
#include <string.h>

#include "auth/base/encoding.h"

#define SEAL_DOMAIN 0xffu /* kinds of names are small numbers (cache.c) */

void redis_key_print(const struct cache_key *key, struct redis_key *ret_key)
{
    const size_t prefix_len = sizeof REDIS_KEY_PREFIX - 1;
    memcpy(ret_key->text, REDIS_KEY_PREFIX, prefix_len);
    hex_encode(key->bytes, sizeof key->bytes, ret_key->text + prefix_len);
}

static void seal_compute(const struct key256 *secret, const struct cache_key *key, struct str content,
                         unsigned char ret_hash[KEYED_HASH128_BYTES])
{
    unsigned char input[sizeof *key + SEALED_BYTES_MAX];
    memcpy(input, key, sizeof *key);
    memcpy(input + sizeof *key, content.ptr, content.len);
    const struct str all = {(const char *)input, sizeof *key + content.len};
    keyed_hash128(secret, SEAL_DOMAIN, all, ret_hash);
}

void value_seal(const struct key256 *secret, const struct cache_key *key, const struct cache_value *value,
                struct seal_time time, struct sealed_value *ret_sealed)
{
    const uint64_t end = htobe64((uint64_t)(value->expires_ms - time.now_ms + time.wall_ms));
    ret_sealed->bytes[0] = 'v';
    memcpy(ret_sealed->bytes + 1, &end, sizeof end);
    memcpy(ret_sealed->bytes + SEALED_HEAD_BYTES, value->bytes, value->len);
    const size_t content_len = SEALED_HEAD_BYTES + value->len;
    const struct str content = {(const char *)ret_sealed->bytes, content_len};
    seal_compute(secret, key, content, ret_sealed->bytes + content_len);
    ret_sealed->len = content_len + KEYED_HASH128_BYTES;
}

enum cache_answer value_unseal(const struct key256 *secret, const struct cache_key *key, struct str sealed,
                               struct seal_time time, struct cache_value *ret_value)
{
    if (str_equal(sealed, STR(REDIS_DENIED))) return CACHE_DENIED;
    if (sealed.len < SEALED_HEAD_BYTES + KEYED_HASH128_BYTES || sealed.len > SEALED_BYTES_MAX) {
        return CACHE_MISS;
    }
    const struct str content = {sealed.ptr, sealed.len - KEYED_HASH128_BYTES};
    unsigned char hash[KEYED_HASH128_BYTES];
    seal_compute(secret, key, content, hash);
    if (!bytes_equal(hash, sealed.ptr + content.len, sizeof hash) || sealed.ptr[0] != 'v') return CACHE_MISS;
    uint64_t end = 0;
    memcpy(&end, sealed.ptr + 1, sizeof end);
    int64_t left_ms = (int64_t)be64toh(end) - time.wall_ms;
    if (left_ms <= 0) return CACHE_MISS;
    /* The clock of the one who wrote it may be ahead of ours: no life is longer than this. */
    if (left_ms > CACHE_DENY_MS) left_ms = CACHE_DENY_MS;
    ret_value->expires_ms = time.now_ms + left_ms;
    ret_value->len = content.len - SEALED_HEAD_BYTES;
    memcpy(ret_value->bytes, sealed.ptr + SEALED_HEAD_BYTES, ret_value->len);
    return CACHE_HIT;
}
