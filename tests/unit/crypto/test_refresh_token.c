// SPDX-License-Identifier: MIT
#include "auth/crypto/refresh_token.h"

#include "crypto_fixture.h"

TestSuite(refresh_token, .init = fixture_begin, .fini = fixture_end);

static const struct key256 tag_key = {{1, 2, 3}};
static const struct id session = {{0x01, 0x93, 0xff, 0x00, 0x7f, 9}};

static int parse_code(struct str text)
{
    struct id id;
    int64_t counter;
    return CODE_OF(refresh_token_parse(&tag_key, text, &id, &counter));
}

static struct str make(int64_t counter)
{
    return secret_expose(refresh_token_make(fixture_task.arena, &tag_key, session, counter));
}

Test(refresh_token, any_other_character_anywhere_is_refused)
{
    const struct str text = make(7);
    for (size_t i = 0; i < text.len; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte == (unsigned char)text.ptr[i]) continue;
            cr_assert_eq(parse_code(with_byte(text, i, (unsigned char)byte)), STATUS_INVALID_GRANT);
        }
    }
}

Test(refresh_token, a_cut_or_lengthened_text_is_refused)
{
    const struct str text = make(7);
    for (size_t len = 0; len < text.len; len++) {
        cr_assert_eq(parse_code((struct str){text.ptr, len}), STATUS_INVALID_GRANT);
    }
    cr_assert_eq(parse_code(str_printf(fixture_task.arena, "%sA", text.ptr)), STATUS_INVALID_GRANT);
    cr_assert_eq(parse_code(str_printf(fixture_task.arena, "%s=", text.ptr)), STATUS_INVALID_GRANT);
    cr_assert_eq(parse_code(STR_NONE), STATUS_INVALID_GRANT);
}

Test(refresh_token, another_key_made_it_is_refused)
{
    const struct key256 other = {{1, 2, 4}};
    struct id id;
    int64_t counter = -1;
    cr_assert_eq(CODE_OF(refresh_token_parse(&other, make(7), &id, &counter)), STATUS_INVALID_GRANT);
    cr_assert_eq(counter, -1);
}

Test(refresh_token, a_counter_beyond_the_range_is_refused)
{
    cr_assert_eq(parse_code(make(-1)), STATUS_INVALID_GRANT);
}

Test(refresh_token, says_whose_it_is_and_which_turn)
{
    const int64_t counters[] = {0, 1, 255, 256, INT64_C(0x0102030405060708), INT64_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(counters); i++) {
        struct id id;
        int64_t counter;
        const struct str text = make(counters[i]);
        cr_assert_eq(text.len, REFRESH_TOKEN_CHARS);
        cr_assert(is_ok(refresh_token_parse(&tag_key, text, &id, &counter)));
        cr_assert(id_equal(id, session));
        cr_assert_eq(counter, counters[i]);
    }
}

Test(refresh_token, the_same_turn_gives_the_same_text)
{
    cr_assert(str_equal(make(3), make(3)));
    cr_assert_not(str_equal(make(3), make(4)));
}
