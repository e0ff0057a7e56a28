// SPDX-License-Identifier: MIT
#include "auth/crypto/refresh_token.h"

#include <string.h>

#include "auth/base/encoding.h"

#define COUNTER_BYTES 8u
#define BODY_BYTES    (ID_BYTES + COUNTER_BYTES)
#define TOKEN_BYTES   (BODY_BYTES + SHA256_BYTES)
#define PREFIX_CHARS  (sizeof REFRESH_TOKEN_PREFIX - 1u)

_Static_assert(REFRESH_TOKEN_CHARS == PREFIX_CHARS + BASE64URL_LEN(TOKEN_BYTES), "the header names the size");

static void counter_write(uint64_t counter, unsigned char ret_bytes[COUNTER_BYTES])
{
    for (size_t i = 0; i < COUNTER_BYTES; i++) {
        ret_bytes[i] = (unsigned char)(counter >> (8u * (COUNTER_BYTES - 1u - i)));
    }
}

static uint64_t counter_read(const unsigned char bytes[COUNTER_BYTES])
{
    uint64_t counter = 0;
    for (size_t i = 0; i < COUNTER_BYTES; i++) counter = (counter << 8u) | bytes[i];
    return counter;
}

static void tag_make(const struct key256 *key, const unsigned char body[BODY_BYTES],
                     unsigned char ret_tag[SHA256_BYTES])
{
    const struct str part = {(const char *)body, BODY_BYTES};
    hmac_sha256(key, &part, 1, ret_tag);
}

struct secret refresh_token_make(struct arena *arena, const struct key256 *key, struct id session_id,
                                 int64_t counter)
{
    unsigned char bytes[TOKEN_BYTES];
    memcpy(bytes, session_id.bytes, ID_BYTES);
    counter_write((uint64_t)counter, bytes + ID_BYTES);
    tag_make(key, bytes, bytes + BODY_BYTES);
    char *text = arena_alloc(arena, REFRESH_TOKEN_CHARS + 1u);
    memcpy(text, REFRESH_TOKEN_PREFIX, PREFIX_CHARS);
    base64url_encode(bytes, sizeof bytes, text + PREFIX_CHARS);
    wipe(bytes, sizeof bytes);
    return (struct secret){(unsigned char *)text, REFRESH_TOKEN_CHARS};
}

result refresh_token_parse(const struct key256 *key, struct str text, struct id *ret_session_id,
                           int64_t *ret_counter)
{
    unsigned char bytes[TOKEN_BYTES];
    unsigned char tag[SHA256_BYTES];
    REQUIRE(text.len == REFRESH_TOKEN_CHARS, INVALID_GRANT);
    REQUIRE(str_starts_with(text, STR(REFRESH_TOKEN_PREFIX)), INVALID_GRANT);
    const struct str body = {text.ptr + PREFIX_CHARS, text.len - PREFIX_CHARS};
    REQUIRE(base64url_decode(body, bytes, sizeof bytes), INVALID_GRANT);
    tag_make(key, bytes, tag);
    const bool is_ours = bytes_equal(tag, bytes + BODY_BYTES, sizeof tag);
    wipe(tag, sizeof tag);
    REQUIRE(is_ours, INVALID_GRANT);
    const uint64_t counter = counter_read(bytes + ID_BYTES);
    REQUIRE(counter <= INT64_MAX, INVALID_GRANT);
    memcpy(ret_session_id->bytes, bytes, ID_BYTES);
    *ret_counter = (int64_t)counter;
    return RESULT_OK;
}
