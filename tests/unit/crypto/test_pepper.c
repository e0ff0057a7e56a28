// SPDX-License-Identifier: MIT
#include "auth/crypto/pepper.h"

#include "auth/crypto/password.h"
#include "crypto_fixture.h"

TestSuite(pepper, .init = fixture_begin, .fini = fixture_end);

#define KEY_A "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEY_B "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

static const struct password_cost cheap = {.memory_kib = 8, .iterations = 1};

/* Made with python3-argon2's low-level interface and Python's hmac: Argon2id of "password" and "0123456789abcdef", then
 * HMAC-SHA-256 under KEY_A of "auth password pepper v1" and the tag. */
#define REFERENCE                                                                                         \
    "$pepper$k=a$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$Asg76miXxzqHGt9F6+mkCUsnKuUSNpEfSk+Kz+" \
    "aUd74"

static struct pepper_ring ring_of(const char *text)
{
    struct pepper_ring ring;
    const char *problem = pepper_ring_parse(fixture_task.arena, secret_of(text), &ring);
    cr_assert_null(problem, "%s", problem);
    return ring;
}

Test(pepper, rings_that_are_none_are_refused)
{
    static const char *const texts[] = {"x",
                                        "a:",
                                        ":" KEY_A,
                                        "a:" KEY_A ",a:" KEY_B,
                                        "A:" KEY_A,
                                        "a b:" KEY_A,
                                        "a:MDEy",
                                        KEY_A KEY_A,
                                        "a:" KEY_A ";b:" KEY_B,
                                        "seventeen-letters:" KEY_A,
                                        KEY_A "," KEY_B,
                                        "a$:" KEY_A,
                                        "a:" KEY_A ",b:" KEY_A ",c:" KEY_A ",d:" KEY_A ",e:" KEY_A ",f:" KEY_A
                                        ",g:" KEY_A ",h:" KEY_A ",i:" KEY_A};
    struct pepper_ring ring;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        cr_assert_not_null(pepper_ring_parse(fixture_task.arena, secret_of(texts[i]), &ring), "%s", texts[i]);
}

Test(pepper, another_key_or_none_opens_nothing)
{
    const struct pepper_ring a = ring_of("a:" KEY_A), other = ring_of("a:" KEY_B), b = ring_of("b:" KEY_A);
    const struct secret password = secret_of("password");
    char text[PASSWORD_TEXT_MAX + 1];
    cr_assert(is_ok(password_hash(cheap, &a, password, text)));
    cr_assert_eq(CODE_OF(password_verify(&other, str_from(text), password)), STATUS_INVALID_CREDENTIALS);
    cr_assert_eq(CODE_OF(password_verify(&b, str_from(text), password)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(password_verify(NULL, str_from(text), password)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(password_verify(&a, str_from(text), secret_of("Password"))),
                 STATUS_INVALID_CREDENTIALS);
    cr_assert_str_eq(password_text_problem(&b, str_from(text)), "has a pepper that is not configured here");
    /* The hash behind the head is not the hash without a pepper. */
    const struct str bare = str_from_offset(str_from(text), strlen("$pepper$k=a"));
    cr_assert_eq(CODE_OF(password_verify(&a, bare, password)), STATUS_INVALID_CREDENTIALS);
}

Test(pepper, heads_that_are_none_are_not_taken)
{
    static const char *const texts[] = {"$pepper$k=$argon2id$",
                                        "$pepper$argon2id$",
                                        "$pepper$k=A$argon2id$",
                                        "$pepper$",
                                        "$pepper$k=seventeen-letters$argon2id$",
                                        "pepper$k=a$argon2id$"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct str text = str_from(texts[i]), id;
        cr_assert_not(pepper_take_head(&text, &id), "%s", texts[i]);
        cr_assert(str_equal(text, str_from(texts[i])));
    }
}

Test(pepper, a_foreign_hash_has_none)
{
    const struct pepper_ring a = ring_of("a:" KEY_A);
    const struct str text = STR("$pepper$k=a$2b$04$Dg04ZR6o1XeAa5V1LlplkuD.Ce1tUCS7O85khOHyJZSm3CqtrPk1e");
    cr_assert_eq(CODE_OF(password_verify(&a, text, secret_of("password"))), STATUS_INTERNAL);
    cr_assert_not_null(password_text_problem(&a, text));
}

Test(pepper, the_reference_is_recognised_and_kept_until_the_ring_turns)
{
    const struct pepper_ring a = ring_of("a:" KEY_A), both = ring_of("b:" KEY_B ",a:" KEY_A),
                             one = ring_of(KEY_A);
    cr_assert(is_ok(password_verify(&a, STR(REFERENCE), secret_of("password"))));
    cr_assert(is_ok(password_verify(&both, STR(REFERENCE), secret_of("password"))));
    cr_assert_not(password_needs_rehash(&a, STR(REFERENCE), cheap));
    cr_assert(password_needs_rehash(&both, STR(REFERENCE), cheap));
    cr_assert(password_needs_rehash(NULL, STR(REFERENCE), cheap));
    cr_assert(password_needs_rehash(&a, STR(REFERENCE), PASSWORD_COST_DEFAULT));
    cr_assert_null(password_text_problem(&a, STR(REFERENCE)));
    cr_assert_str_eq(one.keys[0].id, "1");
}
