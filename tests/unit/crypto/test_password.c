// SPDX-License-Identifier: MIT
#include "auth/crypto/password.h"

#include <sys/resource.h>

#include "crypto_fixture.h"

TestSuite(password, .init = fixture_begin, .fini = fixture_end);

static const struct password_cost cheap = {.memory_kib = 64, .iterations = 1};

/* Computed with the reference implementation (libargon2): "password", "somesaltsomesalt". */
#define REFERENCE \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$yrdGtGIZk/3JHsUHh5gLQUqQppLwvGjf4Z+cJbPLqew"

Test(password, a_wrong_one_is_refused)
{
    static const char *const wrong[] = {"", "Password", "password ", "passwor", "password1"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        cr_assert_eq(CODE_OF(password_verify(NULL, STR(REFERENCE), secret_of(wrong[i]))),
                     STATUS_INVALID_CREDENTIALS);
    }
}

Test(password, what_cannot_be_computed_is_not_a_wrong_password)
{
    cr_assert_eq(CODE_OF(password_verify(NULL, STR("garbage"), secret_of("password"))), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(password_verify(NULL, STR_NONE, secret_of("password"))), STATUS_INTERNAL);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define REFERENCE_64_MIB \
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"

/* A sanitizer's own mappings are larger than any limit, so there the memory cannot be made short. */
Test(password, a_shortage_of_memory_is_not_a_wrong_password)
{
    char phc[PASSWORD_TEXT_MAX + 1];
    struct rlimit limit;
    const struct password_cost cost = {.memory_kib = 64 * 1024, .iterations = 1};
    cr_assert_eq(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = 48 * 1024 * 1024;
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    const int verified = CODE_OF(password_verify(NULL, STR(REFERENCE_64_MIB), secret_of("password")));
    const int dummy = CODE_OF(password_verify_dummy(cost, secret_of("password")));
    const int hashed = CODE_OF(password_hash(cost, NULL, secret_of("password"), phc));
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    cr_assert_eq(verified, STATUS_INTERNAL);
    cr_assert_eq(dummy, STATUS_INTERNAL);
    cr_assert_eq(hashed, STATUS_INTERNAL);
    cr_assert(is_ok(password_verify(NULL, STR(REFERENCE_64_MIB), secret_of("password"))));
}
#endif

Test(password, nothing_is_cut_off)
{
    char a[PASSWORD_BYTES_MAX + 1], b[PASSWORD_BYTES_MAX];
    char phc[PASSWORD_TEXT_MAX + 1];
    static const size_t places[] = {71, 72, 127, 128, 255, 256, PASSWORD_BYTES_MAX - 1};
    memset(a, 'x', sizeof a);
    const struct secret whole = secret_copy(fixture_task.arena, a, PASSWORD_BYTES_MAX);
    cr_assert(is_ok(password_hash(cheap, NULL, whole, phc)));
    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        memset(b, 'x', sizeof b);
        b[places[i]] = 'y';
        const struct secret other = secret_copy(fixture_task.arena, b, sizeof b);
        cr_assert_eq(CODE_OF(password_verify(NULL, str_from(phc), other)), STATUS_INVALID_CREDENTIALS);
    }
    const struct secret longer = secret_copy(fixture_task.arena, a, sizeof a);
    cr_assert_eq(CODE_OF(password_hash(cheap, NULL, longer, phc)), STATUS_TOO_LARGE);
    cr_assert_eq(CODE_OF(password_verify(NULL, str_from(phc), longer)), STATUS_TOO_LARGE);
}

Test(password, a_nul_does_not_end_it)
{
    char phc[PASSWORD_TEXT_MAX + 1];
    const struct secret with_nul = secret_copy(fixture_task.arena, "ab\0cd", 5);
    cr_assert(is_ok(password_hash(cheap, NULL, with_nul, phc)));
    cr_assert_eq(CODE_OF(password_verify(NULL, str_from(phc), secret_of("ab"))), STATUS_INVALID_CREDENTIALS);
    cr_assert(is_ok(password_verify(NULL, str_from(phc), with_nul)));
}

Test(password, no_password_opens_an_account_that_does_not_exist)
{
    cr_assert_eq(CODE_OF(password_verify_dummy(cheap, secret_of("password"))), STATUS_INVALID_CREDENTIALS);
    cr_assert_eq(CODE_OF(password_verify_dummy(cheap, secret_of(""))), STATUS_INVALID_CREDENTIALS);
}

Test(password, a_cost_beyond_the_limits_is_refused)
{
    char phc[PASSWORD_TEXT_MAX + 1];
    const struct password_cost huge = {.memory_kib = 4 * 1024 * 1024, .iterations = 1};
    cr_assert_eq(CODE_OF(password_hash(huge, NULL, secret_of("x"), phc)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(password_verify_dummy(huge, secret_of("x"))), STATUS_INTERNAL);
}

Test(password, the_reference_hash_is_recognised)
{
    cr_assert(is_ok(password_verify(NULL, STR(REFERENCE), secret_of("password"))));
}

Test(password, a_hash_has_the_cost_asked_for_and_a_salt_of_its_own)
{
    char a[PASSWORD_TEXT_MAX + 1], b[PASSWORD_TEXT_MAX + 1];
    struct phc phc;
    cr_assert(is_ok(password_hash(cheap, NULL, secret_of("password"), a)));
    cr_assert(is_ok(password_hash(cheap, NULL, secret_of("password"), b)));
    cr_assert(strcmp(a, b) != 0);
    cr_assert(is_ok(phc_parse(str_from(a), &phc)));
    cr_assert_eq(phc.tag_len, 32);
    cr_assert_not(password_needs_rehash(NULL, str_from(a), cheap));
    cr_assert(password_needs_rehash(NULL, str_from(a), PASSWORD_COST_DEFAULT));
    cr_assert(password_needs_rehash(NULL, str_from(a), (struct password_cost){64, 2}));
    cr_assert(is_ok(password_verify(NULL, str_from(a), secret_of("password"))));
}
