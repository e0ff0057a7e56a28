// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/base/strbuf.h"

static struct arena *arena;
static struct strbuf buffer;

static void begin(void)
{
    arena = arena_create(1u << 20);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(strbuf, .init = begin, .fini = end);

Test(strbuf, what_does_not_fit_is_dropped_and_told)
{
    struct str text = STR("untouched");
    strbuf_init(&buffer, arena, 0, 5);
    strbuf_add(&buffer, STR("abc"));
    strbuf_add(&buffer, STR("def"));
    strbuf_add(&buffer, STR("g"));
    strbuf_add_char(&buffer, 'h');
    strbuf_add_int64(&buffer, 1);
    strbuf_printf(&buffer, "%d", 2);
    cr_assert(buffer.overflowed);
    cr_assert_eq(strbuf_finish(&buffer, &text).code, STATUS_TOO_LARGE);
    cr_assert(str_equal(text, STR("untouched")));
    cr_assert(str_equal(strbuf_str(&buffer), STR("abc")), "nothing follows a hole");
    cr_assert_str_eq(buffer.bytes, "abc");
}

Test(strbuf, each_writer_keeps_the_maximum)
{
    struct str text;
    strbuf_init(&buffer, arena, 100, 3);
    strbuf_printf(&buffer, "%s", "abcd");
    cr_assert_eq(strbuf_finish(&buffer, &text).code, STATUS_TOO_LARGE);
    strbuf_init(&buffer, arena, 0, 3);
    strbuf_add_int64(&buffer, -123);
    cr_assert_eq(strbuf_finish(&buffer, &text).code, STATUS_TOO_LARGE);
    strbuf_init(&buffer, arena, 0, 1);
    strbuf_add_char(&buffer, 'a');
    strbuf_add_char(&buffer, 'b');
    cr_assert_eq(strbuf_finish(&buffer, &text).code, STATUS_TOO_LARGE);
    strbuf_init(&buffer, arena, 0, 10);
    strbuf_add(&buffer, (struct str){"x", SIZE_MAX});
    cr_assert_eq(strbuf_finish(&buffer, &text).code, STATUS_TOO_LARGE);
}

Test(strbuf, the_maximum_itself_fits)
{
    struct str text;
    strbuf_init(&buffer, arena, 2, 6);
    strbuf_add(&buffer, STR("abc"));
    strbuf_printf(&buffer, "%s", "def");
    strbuf_add(&buffer, STR_NONE);
    cr_assert(is_ok(strbuf_finish(&buffer, &text)));
    cr_assert(str_equal(text, STR("abcdef")));
    cr_assert_eq(text.ptr[6], '\0');
}

Test(strbuf, nothing_written_is_the_empty_text)
{
    struct str text;
    strbuf_init(&buffer, arena, 0, 0);
    strbuf_add(&buffer, STR(""));
    cr_assert(is_ok(strbuf_finish(&buffer, &text)));
    cr_assert_str_eq(text.ptr, "");
    strbuf_init(&buffer, arena, 0, 10);
    cr_assert_str_eq(strbuf_str(&buffer).ptr, "");
}

Test(strbuf, numbers_are_written_to_their_limits)
{
    static const int64_t numbers[] = {0, 7, -7, 10, 99, 100, -1000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
        strbuf_init(&buffer, arena, 0, 20);
        strbuf_add_int64(&buffer, numbers[i]);
        cr_expect(!buffer.overflowed);
        cr_expect_str_eq(buffer.bytes, expected);
    }
}

Test(strbuf, growth_keeps_what_stands)
{
    struct str text;
    strbuf_init(&buffer, arena, 1, 20000);
    for (int i = 0; i < 20000; i++) strbuf_add_char(&buffer, (char)('a' + i % 26));
    cr_assert(is_ok(strbuf_finish(&buffer, &text)));
    cr_assert_eq(text.len, 20000u);
    for (int i = 0; i < 20000; i++) cr_assert_eq(text.ptr[i], 'a' + i % 26);
    cr_assert_lt(arena_used(arena), 100000u, "it doubles");
}
