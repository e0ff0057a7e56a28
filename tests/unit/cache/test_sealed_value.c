// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "../../../src/cache/redis/sealed_value_internal.h"

static const struct key256 secret = {{1, 2, 3}};
static const struct cache_key key = {{7}};
static const struct seal_time noon = {.now_ms = 1000, .wall_ms = 1700000000000};

static struct sealed_value sealed_of(size_t len)
{
    struct cache_value value = {.expires_ms = noon.now_ms + 5000, .len = len};
    memset(value.bytes, 'x', len);
    struct sealed_value sealed;
    value_seal(&secret, &key, &value, noon, &sealed);
    return sealed;
}

static enum cache_answer unseal(const struct sealed_value *sealed, struct seal_time time,
                                struct cache_value *ret_value)
{
    const struct str text = {(const char *)sealed->bytes, sealed->len};
    return value_unseal(&secret, &key, text, time, ret_value);
}

Test(sealed_value, one_changed_bit_anywhere_makes_it_a_miss)
{
    struct sealed_value sealed = sealed_of(20);
    struct cache_value value;
    for (size_t bit = 0; bit < sealed.len * 8; bit++) {
        sealed.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        cr_expect_eq(unseal(&sealed, noon, &value), CACHE_MISS, "bit %zu", bit);
        sealed.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    cr_expect_eq(unseal(&sealed, noon, &value), CACHE_HIT);
}

Test(sealed_value, every_shorter_or_longer_one_is_a_miss)
{
    struct sealed_value sealed = sealed_of(20);
    struct cache_value value;
    const size_t len = sealed.len;
    for (sealed.len = 0; sealed.len < sizeof sealed.bytes; sealed.len++) {
        if (sealed.len != len) cr_expect_eq(unseal(&sealed, noon, &value), CACHE_MISS);
    }
}

Test(sealed_value, a_value_under_another_key_or_from_another_secret_is_a_miss)
{
    const struct sealed_value sealed = sealed_of(20);
    const struct str text = {(const char *)sealed.bytes, sealed.len};
    const struct cache_key other_key = {{8}};
    const struct key256 other_secret = {{9}};
    struct cache_value value;
    cr_expect_eq(value_unseal(&secret, &other_key, text, noon, &value), CACHE_MISS);
    cr_expect_eq(value_unseal(&other_secret, &key, text, noon, &value), CACHE_MISS);
}

Test(sealed_value, its_life_ends_when_it_was_to_end)
{
    const struct sealed_value sealed = sealed_of(20);
    struct cache_value value;
    const struct seal_time before = {.now_ms = 90000, .wall_ms = noon.wall_ms + 4999};
    const struct seal_time after = {.now_ms = 90001, .wall_ms = noon.wall_ms + 5000};
    cr_assert_eq(unseal(&sealed, before, &value), CACHE_HIT);
    cr_expect_eq(value.expires_ms, 90001);
    cr_expect_eq(unseal(&sealed, after, &value), CACHE_MISS);
}

Test(sealed_value, a_clock_that_went_back_does_not_lengthen_a_life_beyond_the_longest)
{
    const struct sealed_value sealed = sealed_of(20);
    struct cache_value value;
    const struct seal_time yesterday = {.now_ms = 90000, .wall_ms = noon.wall_ms - 86400000};
    cr_assert_eq(unseal(&sealed, yesterday, &value), CACHE_HIT);
    cr_expect_eq(value.expires_ms, 90000 + CACHE_DENY_MS);
}

Test(sealed_value, a_denial_is_known_as_one)
{
    struct cache_value value;
    cr_expect_eq(value_unseal(&secret, &key, STR("d"), noon, &value), CACHE_DENIED);
}

Test(sealed_value, the_empty_and_the_largest_value_come_back)
{
    static const size_t lengths[] = {0, 1, CACHE_VALUE_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        const struct sealed_value sealed = sealed_of(lengths[i]);
        struct cache_value value;
        cr_assert_eq(unseal(&sealed, noon, &value), CACHE_HIT);
        cr_expect_eq(value.len, lengths[i]);
        cr_expect(lengths[i] == 0 || value.bytes[lengths[i] - 1] == 'x');
    }
}
