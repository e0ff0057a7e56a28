// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/str.h"

static void assert_text(struct str actual, const char *expected)
{
    cr_expect(str_equal(actual, str_from(expected)), "\"%.*s\", not \"%s\"", STR_ARGS(actual), expected);
}

Test(str, what_is_not_a_number_is_refused)
{
    static const struct str refused[] = {
        STR_INIT(""),
        STR_INIT("-"),
        STR_INIT("+1"),
        STR_INIT(" 1"),
        STR_INIT("1 "),
        STR_INIT("1.0"),
        STR_INIT("0x1"),
        STR_INIT("1e3"),
        STR_INIT("--1"),
        STR_INIT("1-"),
        STR_INIT("1\0"),
        STR_INIT("1/"),
        STR_INIT("1:"),
        STR_INIT("\xb1"),
        STR_INIT("9223372036854775808"),
        STR_INIT("-9223372036854775809"),
        STR_INIT("92233720368547758070"),
        STR_INIT("99999999999999999999999999"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        int64_t value = 42;
        cr_expect(!str_to_int64(refused[i], &value), "accepted: %.*s", STR_ARGS(refused[i]));
        cr_expect_eq(value, 42);
    }
    int64_t value;
    cr_assert(!str_to_int64(STR_NONE, &value));
}

Test(str, numbers_are_read_to_their_limits)
{
    static const struct {
        const char *text;
        int64_t value;
    } accepted[] = {{"0", 0},
                    {"-0", 0},
                    {"007", 7},
                    {"-12", -12},
                    {"9223372036854775807", INT64_MAX},
                    {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        int64_t value = 42;
        cr_expect(str_to_int64(str_from(accepted[i].text), &value), "%s", accepted[i].text);
        cr_expect_eq(value, accepted[i].value, "%s", accepted[i].text);
    }
}

Test(str, texts_that_differ_are_not_equal)
{
    cr_assert(!str_equal(STR("a"), STR("A")));
    cr_assert(!str_equal(STR("a"), STR("ab")));
    cr_assert(!str_equal(STR("a\0b"), STR("a\0c")));
    cr_assert(!str_equal_nocase(STR("ab"), STR("abc")));
    cr_assert(!str_equal_nocase(STR("[{"), STR("{[")), "only letters fold");
    cr_assert(!str_equal_nocase(STR("@"), STR("`")));
    cr_assert(!str_equal_nocase(STR("\xc3\x84"), STR("\xc3\xa4")), "only ASCII folds");
    cr_assert(!str_starts_with(STR("ab"), STR("abc")));
    cr_assert(!str_starts_with(STR("abc"), STR("b")));
}

Test(str, texts_that_are_equal_are_equal)
{
    cr_assert(str_equal(STR("a\0b"), STR("a\0b")));
    cr_assert(str_equal(STR_NONE, STR("")));
    cr_assert(str_equal(str_from(NULL), STR_NONE));
    cr_assert(str_equal_nocase(STR("Content-TYPE"), STR("content-type")));
    cr_assert(str_starts_with(STR("abc"), STR("ab")));
    cr_assert(str_starts_with(STR_NONE, STR("")));
    cr_assert(is_empty(STR_NONE) && is_empty(STR("")) && !is_empty(STR(" ")));
    cr_assert(has_nul(STR("a\0")) && !has_nul(STR("a")) && !has_nul(STR_NONE));
}

Test(str, trimming_takes_spaces_and_tabs_only)
{
    assert_text(str_trim(STR(" \t a b\t ")), "a b");
    assert_text(str_trim(STR(" \t ")), "");
    assert_text(str_trim(STR_NONE), "");
    assert_text(str_trim(STR("\na\r")), "\na\r");
}

Test(str, an_offset_stops_at_the_end)
{
    assert_text(str_from_offset(STR("abc"), 0), "abc");
    assert_text(str_from_offset(STR("abc"), 2), "c");
    assert_text(str_from_offset(STR("abc"), 3), "");
    assert_text(str_from_offset(STR("abc"), 99), "");
    assert_text(str_from_offset(STR_NONE, 1), "");
}

Test(str, splitting_yields_every_part_in_turn)
{
    struct str rest = STR("a,,b,");
    assert_text(str_split(&rest, ','), "a");
    assert_text(str_split(&rest, ','), "");
    assert_text(str_split(&rest, ','), "b");
    cr_assert(is_empty(rest));
    rest = STR("one");
    assert_text(str_split(&rest, ','), "one");
    cr_assert(is_empty(rest));
    assert_text(str_split(&rest, ','), "");
    rest = STR_NONE;
    assert_text(str_split(&rest, ','), "");
}

Test(str, strings_made_in_an_arena_end_with_nul)
{
    struct arena *arena = arena_create(100000);
    const struct str copy = str_copy(arena, (struct str){"abcdef", 3});
    cr_assert_str_eq(copy.ptr, "abc");
    cr_assert_str_eq(str_copy(arena, STR_NONE).ptr, "");
    const struct str lower = str_lower_ascii(arena, STR("AZ[\xc3\x84]az"));
    cr_assert_str_eq(lower.ptr, "az[\xc3\x84]az");
    const struct str printed = str_printf(arena, "%s-%d-%.*s", "x", 7, STR_ARGS(STR_NONE));
    cr_assert_str_eq(printed.ptr, "x-7-");
    cr_assert_eq(printed.len, 4u);
    cr_assert_eq(str_printf(arena, "%020000d", 1).len, 20000u);
    arena_destroy(arena);
}
