// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/id.h"

static int64_t timestamp_of(struct id id)
{
    int64_t unix_ms = 0;
    for (unsigned i = 0; i < 6; i++) unix_ms = unix_ms << 8 | id.bytes[i];
    return unix_ms;
}

Test(id, other_spellings_are_refused)
{
    static const struct str refused[] = {
        STR_INIT(""),
        STR_INIT("017f22e2-79b0-7cc3-98c4-dc0c0c07398"),
        STR_INIT("017f22e2-79b0-7cc3-98c4-dc0c0c07398f0"),
        STR_INIT("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"),
        STR_INIT("017f22e279b07cc398c4dc0c0c07398f"),
        STR_INIT("{17f22e2-79b0-7cc3-98c4-dc0c0c07398}"),
        STR_INIT("017f22e27-9b0-7cc3-98c4-dc0c0c07398f"),
        STR_INIT("017f22e2-79b0-7cc3-98c4-dc0c0c0-398f"),
        STR_INIT("017f22e2079b0-7cc3-98c4-dc0c0c07398f"),
        STR_INIT("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"),
        STR_INIT("017f22e2-79b0-7cc3-98c4-dc0c0c07398\0"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct id id = {{9}};
        cr_expect(!id_parse(refused[i], &id), "accepted: %.*s", STR_ARGS(refused[i]));
        cr_expect(id_equal(id, (struct id){{9}}), "written on failure");
    }
}

Test(id, the_example_of_rfc_9562_is_printed_and_parsed)
{
    struct id id;
    char text[ID_TEXT_SIZE];
    cr_assert(id_parse(STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), &id));
    cr_assert_eq(timestamp_of(id), INT64_C(1645557742000));
    id_print(id, text);
    cr_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

Test(id, new_ids_carry_time_version_and_variant)
{
    for (int i = 0; i < 1000; i++) {
        const struct id id = id_new(INT64_C(1767607200123) + i);
        cr_assert_eq(timestamp_of(id), INT64_C(1767607200123) + i);
        cr_assert_eq(id.bytes[6] >> 4, 7);
        cr_assert_eq(id.bytes[8] >> 6, 2);
    }
}

Test(id, ids_of_one_millisecond_ascend)
{
    struct id previous = id_new(INT64_C(1767607200123));
    for (int i = 0; i < 100000; i++) {
        const struct id next = id_new(INT64_C(1767607200123));
        cr_assert_lt(memcmp(previous.bytes, next.bytes, ID_BYTES), 0);
        previous = next;
    }
    cr_assert_leq(timestamp_of(previous), INT64_C(1767607200124), "the counter has hardly moved");
}

Test(id, ids_ascend_through_a_small_step_back_of_the_clock)
{
    const struct id before = id_new(INT64_C(1767607200123));
    const struct id after = id_new(INT64_C(1767607200123) - 5000);
    cr_assert_lt(memcmp(before.bytes, after.bytes, ID_BYTES), 0);
}

Test(id, a_large_step_back_of_the_clock_is_followed)
{
    (void)id_new(INT64_C(1767607200123));
    const struct id after = id_new(INT64_C(1767607200123) - 3600000);
    cr_assert_eq(timestamp_of(after), INT64_C(1767607200123) - 3600000);
}

Test(id, times_that_do_not_fit_are_clamped)
{
    cr_assert_eq(timestamp_of(id_new(-1)), 0);
    cr_assert_geq(timestamp_of(id_new(INT64_MAX)), (INT64_C(1) << 48) - 2);
}

Test(id, only_the_nil_id_is_nil)
{
    cr_assert(is_nil((struct id){{0}}));
    for (unsigned i = 0; i < ID_BYTES; i++) {
        struct id id = {{0}};
        id.bytes[i] = 1;
        cr_assert(!is_nil(id));
        cr_assert(!id_equal(id, (struct id){{0}}));
    }
}

Test(id, bounds_of_a_time_enclose_the_ids_made_at_it)
{
    const struct id first = id_of_time(1700000000000, 0), last = id_of_time(1700000000000, 0xff);
    const struct id made = id_new(1700000000000);
    cr_assert_leq(memcmp(first.bytes, made.bytes, ID_BYTES), 0);
    cr_assert_geq(memcmp(last.bytes, made.bytes, ID_BYTES), 0);
    cr_assert_lt(memcmp(last.bytes, id_of_time(1700000000001, 0).bytes, ID_BYTES), 0);
    cr_assert(is_nil(id_of_time(-1, 0)));
}
