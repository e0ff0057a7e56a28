// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "auth/base/clock.h"

Test(clock, other_forms_of_a_time_are_refused)
{
    static const char *const refused[] = {
        "",
        "2026-01-05",
        "2026-01-05T10:00:00",
        "2026-01-05T10:00Z",
        "2026-01-05T10:00:00.Z",
        "2026-01-05T10:00:00,5Z",
        "2026-01-05 10:00:00Z",
        "2026-01-05t10:00:00Z",
        "2026-01-05T10:00:00z",
        "2026-01-05T10:00:00Z ",
        " 2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00ZZ",
        "2026-1-05T10:00:00Z",
        "+2026-01-05T10:00:00Z",
        "0000-01-05T10:00:00Z",
        "2026-00-05T10:00:00Z",
        "2026-13-05T10:00:00Z",
        "2026-01-00T10:00:00Z",
        "2026-01-32T10:00:00Z",
        "2026-04-31T10:00:00Z",
        "2026-02-29T10:00:00Z",
        "2100-02-29T10:00:00Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T10:60:00Z",
        "2026-01-05T23:59:60Z",
        "2026-01-05T10:00:00+0100",
        "2026-01-05T10:00:00+01",
        "2026-01-05T10:00:00+24:00",
        "2026-01-05T10:00:00+01:60",
        "2026-01-05T10:00:00+01:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        int64_t wall_ms = 42;
        cr_expect(!time_parse(str_from(refused[i]), &wall_ms), "accepted: \"%s\"", refused[i]);
        cr_expect_eq(wall_ms, 42, "written on failure");
    }
    int64_t wall_ms;
    cr_assert(!time_parse(STR("2026-01-05T10:00:00Z\0"), &wall_ms));
    cr_assert(!time_parse(STR_NONE, &wall_ms));
}

Test(clock, known_times_are_printed_and_parsed)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } known[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(1767607200123), "2026-01-05T10:00:00.123Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(951868800000), "2000-03-01T00:00:00.000Z"},
        {INT64_C(4107542399999), "2100-02-28T23:59:59.999Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"},
        {INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        char text[RFC3339_SIZE];
        int64_t wall_ms = 0;
        time_print(known[i].wall_ms, text);
        cr_expect_str_eq(text, known[i].text);
        cr_expect(time_parse(str_from(known[i].text), &wall_ms));
        cr_expect_eq(wall_ms, known[i].wall_ms, "%s", known[i].text);
    }
}

Test(clock, times_outside_four_digit_years_are_clamped)
{
    char text[RFC3339_SIZE];
    time_print(INT64_MIN, text);
    cr_assert_str_eq(text, "0001-01-01T00:00:00.000Z");
    time_print(INT64_MAX, text);
    cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
}

Test(clock, printing_agrees_with_the_c_library_and_parsing_reverses_it)
{
    /* A prime step of about 97 days walks through every part of the calendar. */
    for (int64_t wall_ms = INT64_C(-62135596800000); wall_ms < INT64_C(253402300800000);
         wall_ms += INT64_C(8400000011)) {
        const int64_t ms = ((wall_ms % 1000) + 1000) % 1000;
        const time_t seconds = (time_t)((wall_ms - ms) / 1000);
        struct tm parts;
        char expected[128];
        char text[RFC3339_SIZE];
        int64_t parsed = 0;
        gmtime_r(&seconds, &parts);
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (int)ms);
        time_print(wall_ms, text);
        cr_assert_str_eq(text, expected);
        cr_assert(time_parse(str_from(text), &parsed));
        cr_assert_eq(parsed, wall_ms);
    }
}

Test(clock, fractions_and_offsets_are_understood)
{
    static const struct {
        const char *text;
        int64_t wall_ms;
    } accepted[] = {
        {"2026-01-05T10:00:00Z", INT64_C(1767607200000)},
        {"2026-01-05T10:00:00.5Z", INT64_C(1767607200500)},
        {"2026-01-05T10:00:00.1239999999999999999999Z", INT64_C(1767607200123)},
        {"2026-01-05T11:30:00+01:30", INT64_C(1767607200000)},
        {"2026-01-05T04:00:00.000-06:00", INT64_C(1767607200000)},
        {"2026-01-05T10:00:00-00:00", INT64_C(1767607200000)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        int64_t wall_ms = 0;
        cr_expect(time_parse(str_from(accepted[i].text), &wall_ms), "%s", accepted[i].text);
        cr_expect_eq(wall_ms, accepted[i].wall_ms, "%s", accepted[i].text);
    }
}

Test(clock, the_clocks_run_forward_in_their_units)
{
    const int64_t before_us = clock_monotonic_us();
    const int64_t before_ms = clock_monotonic_ms();
    const struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    cr_assert_geq(clock_monotonic_us() - before_us, 20000);
    cr_assert_geq(clock_monotonic_ms() - before_ms, 19);
    cr_assert_leq(clock_monotonic_us() / 1000 - clock_monotonic_ms(), 1);
    cr_assert_lt(llabs(clock_wall_ms() / 1000 - (int64_t)time(NULL)), 2);
}
