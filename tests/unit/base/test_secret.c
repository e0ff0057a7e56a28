// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/secret.h"

static struct secret view(const char *text)
{
    return (struct secret){(unsigned char *)(uintptr_t)text, strlen(text)};
}

Test(secret, secrets_of_other_length_or_content_differ)
{
    cr_assert(!secret_equal(view("abc"), view("abcd")));
    cr_assert(!secret_equal(view("abc"), view("")));
    cr_assert(!secret_equal(view("abc"), view("abd")));
    cr_assert(!secret_equal(view("abc"), view("xbc")));
    cr_assert(!bytes_equal("abc", "abd", 3));
}

Test(secret, equal_secrets_are_equal)
{
    cr_assert(secret_equal(view("abc"), view("abc")));
    cr_assert(secret_equal((struct secret){NULL, 0}, view("")));
    cr_assert(bytes_equal("abc", "abd", 2));
    cr_assert(bytes_equal(NULL, NULL, 0));
}

Test(secret, a_copy_is_its_own_and_ends_with_nul)
{
    struct arena *arena = arena_create(1000);
    char source[] = "pass\0word";
    const struct secret copy = secret_copy(arena, source, 9);
    memset(source, 'x', sizeof(source));
    cr_assert_eq(copy.len, 9u);
    cr_assert_arr_eq(copy.bytes, "pass\0word", 10);
    cr_assert(str_equal(secret_expose(copy), STR("pass\0word")));
    cr_assert_eq(secret_copy(arena, NULL, 0).bytes[0], 0);
    cr_assert_not_null(secret_expose((struct secret){NULL, 0}).ptr);
    arena_destroy(arena);
}

Test(secret, wiping_clears_the_bytes_and_forgets_them)
{
    unsigned char bytes[] = {1, 2, 3, 4};
    static const unsigned char expected[] = {0, 0, 0, 4};
    struct secret secret = {bytes, 3};
    secret_wipe(&secret);
    cr_assert_arr_eq(bytes, expected, 4);
    cr_assert_null(secret.bytes);
    cr_assert_eq(secret.len, 0u);
    secret_wipe(&secret);
    wipe(NULL, 0);
}

Test(secret, random_bytes_differ_and_fill_exactly_the_count)
{
    unsigned char first[64] = {0};
    unsigned char second[64] = {0};
    static const unsigned char zero[32];
    cr_assert(is_ok(random_init()));
    random_bytes(first, 32);
    random_bytes(second, 32);
    cr_assert_neq(memcmp(first, second, 32), 0);
    cr_assert_neq(memcmp(first, zero, 32), 0);
    cr_assert_arr_eq(first + 32, zero, 32);
}

Test(secret, random_numbers_stay_below_and_reach_every_value)
{
    unsigned seen[6] = {0};
    for (int i = 0; i < 6000; i++) {
        const unsigned value = random_below(6);
        cr_assert_lt(value, 6u);
        seen[value]++;
    }
    /* Far outside chance: about 15 standard deviations. */
    for (unsigned i = 0; i < 6; i++) cr_assert(seen[i] > 600 && seen[i] < 1400, "%u: %u times", i, seen[i]);
}
