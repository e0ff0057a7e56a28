// SPDX-License-Identifier: MIT
#include "auth/crypto/token.h"

#include "crypto_fixture.h"

TestSuite(token, .init = fixture_begin, .fini = fixture_end);

static int parse_code(struct str text)
{
    struct token_digest digest;
    return CODE_OF(token_parse(text, "aut_", &digest));
}

Test(token, a_change_of_any_character_is_refused)
{
    struct token_digest digest;
    const struct str text = secret_expose(token_make(fixture_task.arena, "aut_", &digest));
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char other = text.ptr[i] == 'A' ? 'B' : 'A';
        cr_assert_eq(parse_code(with_byte(text, i, other)), STATUS_INVALID_TOKEN, "character %zu", i);
    }
}

Test(token, another_form_is_refused)
{
    struct token_digest digest;
    const struct str text = secret_expose(token_make(fixture_task.arena, "aut_", &digest));
    for (size_t len = 0; len < text.len; len++) {
        cr_assert_eq(parse_code((struct str){text.ptr, len}), STATUS_INVALID_TOKEN);
    }
    cr_assert_eq(parse_code(str_printf(fixture_task.arena, "%sA", text.ptr)), STATUS_INVALID_TOKEN);
    cr_assert_eq(parse_code(str_printf(fixture_task.arena, " %s", text.ptr)), STATUS_INVALID_TOKEN);
    cr_assert_eq(parse_code(with_byte(text, 10, '\0')), STATUS_INVALID_TOKEN);
    cr_assert_eq(parse_code(with_byte(text, 10, '=')), STATUS_INVALID_TOKEN);
}

/* The checksum is no secret, so anybody can put the right one behind anything. */
static struct str with_checksum(const char *body)
{
    unsigned char digest[SHA256_BYTES];
    sha256(str_printf(fixture_task.arena, "auth token checksum v1:%s", body), digest);
    const struct str checksum = base64url_print(fixture_task.arena, digest, 4);
    return str_printf(fixture_task.arena, "%s%s", body, checksum.ptr);
}

Test(token, what_32_bytes_never_print_as_is_refused_with_the_right_checksum_too)
{
    cr_assert_eq(parse_code(with_checksum("aut_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB")),
                 STATUS_INVALID_TOKEN);
    cr_assert_eq(parse_code(with_checksum("aut_AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAA")),
                 STATUS_INVALID_TOKEN);
    cr_assert_eq(parse_code(with_checksum("aut_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")), STATUS_OK);
}

Test(token, another_prefix_is_refused)
{
    struct token_digest digest;
    const struct str text = secret_expose(token_make(fixture_task.arena, "oth_", &digest));
    cr_assert_eq(parse_code(text), STATUS_INVALID_TOKEN);
}

Test(token, is_found_again_by_its_digest)
{
    struct token_digest made, parsed;
    unsigned char expected[SHA256_BYTES];
    const struct str text = secret_expose(token_make(fixture_task.arena, "aut_", &made));
    cr_assert_eq(text.len, 4u + 43u + TOKEN_CHECKSUM_CHARS);
    cr_assert(is_ok(token_parse(text, "aut_", &parsed)));
    cr_assert(memcmp(&made, &parsed, sizeof made) == 0);
    sha256(text, expected);
    cr_assert(memcmp(&made, expected, sizeof made) == 0);
}

Test(token, never_repeats)
{
    struct token_digest a, b;
    token_make(fixture_task.arena, "aut_", &a);
    token_make(fixture_task.arena, "aut_", &b);
    cr_assert(memcmp(&a, &b, sizeof a) != 0);
}

Test(token, a_wrong_client_secret_is_an_invalid_client)
{
    struct token_digest mine, other;
    const struct str text = secret_expose(client_secret_make(fixture_task.arena, &mine));
    client_secret_make(fixture_task.arena, &other);
    cr_assert_eq(CODE_OF(client_secret_verify(text, &other)), STATUS_INVALID_CLIENT);
    cr_assert_eq(CODE_OF(client_secret_verify(STR(""), &mine)), STATUS_INVALID_CLIENT);
    cr_assert_eq(CODE_OF(client_secret_verify(STR("cs_short"), &mine)), STATUS_INVALID_CLIENT);
    cr_assert_eq(CODE_OF(client_secret_verify(text, &mine)), STATUS_OK);
    cr_assert(str_starts_with(text, STR(CLIENT_SECRET_PREFIX)));
}
