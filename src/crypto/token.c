// SPDX-License-Identifier: MIT
#include "auth/crypto/token.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/base/log.h"

#define CHECKSUM_BYTES 4u
#define CHECKSUM_TAG   "auth token checksum v1:"

_Static_assert(BASE64URL_LEN(CHECKSUM_BYTES) == TOKEN_CHECKSUM_CHARS, "the header names the checksum's size");

/* Public on purpose: it finds typing mistakes, and keeps nobody out. */
static void checksum_print(const char *body, size_t body_len, char ret_text[TOKEN_CHECKSUM_CHARS + 1u])
{
    char bytes[sizeof CHECKSUM_TAG - 1u + TOKEN_TEXT_MAX];
    unsigned char digest[SHA256_BYTES];
    const size_t tag_len = sizeof CHECKSUM_TAG - 1u;
    memcpy(bytes, CHECKSUM_TAG, tag_len);
    memcpy(bytes + tag_len, body, body_len);
    sha256((struct str){bytes, tag_len + body_len}, digest);
    base64url_encode(digest, CHECKSUM_BYTES, ret_text);
    wipe(bytes, sizeof bytes);
}

static void digest_of(struct str text, struct token_digest *ret_digest)
{
    sha256(text, ret_digest->bytes);
}

struct secret token_make(struct arena *arena, const char *prefix, struct token_digest *ret_digest)
{
    const size_t prefix_len = strlen(prefix);
    if (prefix_len > TOKEN_PREFIX_MAX) panic("crypto: the token prefix %s is too long", prefix);
    const size_t body_len = prefix_len + BASE64URL_LEN(TOKEN_RANDOM_BYTES);
    unsigned char random[TOKEN_RANDOM_BYTES];
    char *text = arena_alloc(arena, TOKEN_TEXT_MAX + 1u);
    random_bytes(random, sizeof random);
    memcpy(text, prefix, prefix_len);
    base64url_encode(random, sizeof random, text + prefix_len);
    checksum_print(text, body_len, text + body_len);
    wipe(random, sizeof random);
    digest_of((struct str){text, body_len + TOKEN_CHECKSUM_CHARS}, ret_digest);
    return (struct secret){(unsigned char *)text, body_len + TOKEN_CHECKSUM_CHARS};
}

result token_parse(struct str text, const char *prefix, struct token_digest *ret_digest)
{
    const struct str start = str_from(prefix);
    const size_t body_len = start.len + BASE64URL_LEN(TOKEN_RANDOM_BYTES);
    REQUIRE(start.len <= TOKEN_PREFIX_MAX && text.len == body_len + TOKEN_CHECKSUM_CHARS, INVALID_TOKEN);
    REQUIRE(str_starts_with(text, start), INVALID_TOKEN);
    unsigned char random[TOKEN_RANDOM_BYTES];
    const struct str body = {text.ptr + start.len, BASE64URL_LEN(TOKEN_RANDOM_BYTES)};
    const bool is_canonical = base64url_decode(body, random, sizeof random);
    wipe(random, sizeof random);
    REQUIRE(is_canonical, INVALID_TOKEN);
    char checksum[TOKEN_CHECKSUM_CHARS + 1u];
    checksum_print(text.ptr, body_len, checksum);
    REQUIRE(bytes_equal(text.ptr + body_len, checksum, TOKEN_CHECKSUM_CHARS), INVALID_TOKEN);
    digest_of(text, ret_digest);
    return RESULT_OK;
}

struct secret client_secret_make(struct arena *arena, struct token_digest *ret_digest)
{
    return token_make(arena, CLIENT_SECRET_PREFIX, ret_digest);
}

/* A text of another form has another digest: its form and checksum need no look, which would cost one hash more. */
result client_secret_verify(struct str text, const struct token_digest *digest)
{
    struct token_digest given;
    REQUIRE(text.len <= TOKEN_TEXT_MAX, INVALID_CLIENT);
    digest_of(text, &given);
    REQUIRE(bytes_equal(given.bytes, digest->bytes, sizeof given.bytes), INVALID_CLIENT);
    return RESULT_OK;
}
