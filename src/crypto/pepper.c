// SPDX-License-Identifier: MIT
#include "auth/crypto/pepper.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "password_reader_internal.h"

#define PEPPER_HEAD    "$pepper$k="
#define PEPPER_CONTEXT "auth password pepper v1"
#define BASE64_BYTES   44u /* of 32 bytes */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_pepper_id(struct str id)
{
    if (is_empty(id) || id.len > PEPPER_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++)
        if (!is_id_char(id.ptr[i])) return false;
    return true;
}

static const char *parse_one(struct arena *arena, struct str item, struct pepper *ret_pepper)
{
    struct str bytes, id = STR("1");
    if (item.len > BASE64_BYTES) id = str_split(&item, ':');
    if (!is_pepper_id(id)) return "has an id that is not 1 to 16 of a-z, 0-9, - and _";
    if (!base64_parse(arena, item, &bytes) || bytes.len != sizeof ret_pepper->key)
        return "must be 32 bytes in base64, or id:base64 and more of them by commas; make one with: head -c "
               "32 "
               "/dev/urandom | base64";
    memcpy(ret_pepper->id, id.ptr, id.len);
    memcpy(ret_pepper->key.bytes, bytes.ptr, bytes.len);
    return NULL;
}

const char *pepper_ring_parse(struct arena *arena, struct secret text, struct pepper_ring *ret_ring)
{
    struct str rest = secret_expose(text);
    *ret_ring = (struct pepper_ring){0};
    while (!is_empty(rest)) {
        if (ret_ring->count == PEPPER_KEYS_MAX) return "must name at most 8 keys";
        struct pepper *pepper = &ret_ring->keys[ret_ring->count];
        const char *problem = parse_one(arena, str_trim(str_split(&rest, ',')), pepper);
        if (problem) return problem;
        if (pepper_find(ret_ring, str_from(pepper->id))) return "names the same id twice";
        ret_ring->count++;
    }
    return NULL;
}

const struct pepper *pepper_find(const struct pepper_ring *ring, struct str id)
{
    if (!ring) return NULL;
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal(id, str_from(ring->keys[i].id))) return &ring->keys[i];
    return NULL;
}

void pepper_apply(const struct pepper *pepper, unsigned char *tag, size_t tag_len)
{
    unsigned char keyed[SHA256_BYTES];
    const struct str parts[] = {STR(PEPPER_CONTEXT), {(const char *)tag, tag_len}};
    hmac_sha256(&pepper->key, parts, ARRAY_COUNT(parts), keyed);
    memcpy(tag, keyed, tag_len < sizeof keyed ? tag_len : sizeof keyed);
    wipe(keyed, sizeof keyed);
}

bool pepper_take_head(struct str *text, struct str *ret_id)
{
    struct str rest = *text;
    if (!take_text(&rest, STR(PEPPER_HEAD))) return false;
    size_t len = 0;
    while (len < rest.len && is_id_char(rest.ptr[len])) len++;
    const struct str id = {rest.ptr, len};
    if (!is_pepper_id(id)) return false;
    *ret_id = id;
    *text = str_from_offset(rest, len);
    return true;
}
