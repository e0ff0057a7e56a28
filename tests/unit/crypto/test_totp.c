// SPDX-License-Identifier: MIT
#include "auth/crypto/totp.h"

#include "crypto_fixture.h"

TestSuite(totp, .init = fixture_begin, .fini = fixture_end);

/* The seed of RFC 4226 appendix D and RFC 6238 appendix B. */
#define RFC_SEED "12345678901234567890"

static int match(const char *seed, int64_t now_step, int64_t drift, const char *code)
{
    int64_t step = -1;
    const result matched = totp_match(secret_of(seed), now_step, drift, secret_of(code), &step);
    return is_ok(matched) ? (int)(step - now_step) : 100 + (int)matched.code;
}

Test(totp, codes_that_are_none_match_no_step)
{
    static const char *const none[] = {"", "75522", "7552244", "75522x", " 755224", "755225"};
    for (size_t i = 0; i < ARRAY_COUNT(none); i++)
        cr_expect_eq(match(RFC_SEED, 0, 0, none[i]), 100 + STATUS_NOT_FOUND, "%s", none[i]);
}

Test(totp, a_short_seed_is_refused)
{
    char code[TOTP_DIGITS + 1];
    cr_expect_eq(totp_code(secret_of("1234567890123456789"), 1, code).code, STATUS_INTERNAL);
    cr_expect_eq(totp_code(secret_of(RFC_SEED), -1, code).code, STATUS_INTERNAL);
}

Test(totp, the_codes_of_rfc_4226_come_out)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        char code[TOTP_DIGITS + 1];
        cr_assert(is_ok(totp_code(secret_of(RFC_SEED), (int64_t)i, code)));
        cr_expect_str_eq(code, codes[i], "counter %zu", i);
    }
}

/* Appendix B shows eight digits; ours are their last six. */
Test(totp, the_codes_of_rfc_6238_come_out)
{
    static const struct {
        int64_t seconds;
        char eight[9];
    } rows[] = {{59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
                {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char code[TOTP_DIGITS + 1];
        cr_assert(is_ok(totp_code(secret_of(RFC_SEED), totp_step_at(rows[i].seconds * 1000), code)));
        cr_expect_str_eq(code, rows[i].eight + 2, "at %lld", (long long)rows[i].seconds);
    }
}

/* Security incident 22: codes outside of their window. */
Test(totp, a_clock_walk_accepts_the_window_and_nothing_beside_it)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314", "254676", "287922"};
    for (int drift = 0; drift <= TOTP_DRIFT_STEPS_MAX; drift++) {
        for (int step = 0; step < 7; step++) {
            const int away = step - 3;
            const bool is_within = away >= -drift && away <= drift;
            cr_expect_eq(match(RFC_SEED, 3, drift, codes[step]), is_within ? away : 100 + STATUS_NOT_FOUND,
                         "drift %d, step %d", drift, step);
        }
    }
}

Test(totp, seeds_are_long_and_never_the_same)
{
    const struct secret first = totp_seed_make(fixture_task.arena),
                        second = totp_seed_make(fixture_task.arena);
    cr_expect_eq(first.len, 20u);
    cr_expect(!secret_equal(first, second));
}
