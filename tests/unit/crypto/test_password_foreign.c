// SPDX-License-Identifier: MIT
#include "auth/crypto/password.h"

#include "crypto_fixture.h"
#include "password_vectors.h"

TestSuite(password_foreign, .init = fixture_begin, .fini = fixture_end);

static int verify(struct str text, const char *password)
{
    return CODE_OF(password_verify(NULL, text, secret_of(password)));
}

Test(password_foreign, another_password_is_refused)
{
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct str text = str_from(vectors[i].text);
        cr_assert_eq(verify(text, "Password"), STATUS_INVALID_CREDENTIALS, "%s", vectors[i].maker);
        cr_assert_eq(verify(text, ""), STATUS_INVALID_CREDENTIALS, "%s", vectors[i].maker);
    }
}

/* Security incident 42: bcrypt looks at 72 bytes, so that what follows would open the account whatever it is. */
Test(password_foreign, bcrypt_takes_no_password_beyond_its_72_bytes)
{
    char longer[74];
    memset(longer, 'x', sizeof longer);
    longer[73] = '\0';
    cr_assert_eq(verify(STR(BCRYPT_OF_72_X), longer), STATUS_INVALID_CREDENTIALS);
    longer[72] = '\0';
    cr_assert_eq(verify(STR(BCRYPT_OF_72_X), longer), STATUS_OK);
    longer[71] = '\0';
    cr_assert_eq(verify(STR(BCRYPT_OF_72_X), longer), STATUS_INVALID_CREDENTIALS);
}

Test(password_foreign, django_digests_long_passwords_before_bcrypt)
{
    char longer[101];
    memset(longer, 'x', sizeof longer);
    longer[100] = '\0';
    cr_assert_eq(verify(STR(DJANGO_BCRYPT_SHA256_OF_100_X), longer), STATUS_OK);
    longer[99] = 'y';
    cr_assert_eq(verify(STR(DJANGO_BCRYPT_SHA256_OF_100_X), longer), STATUS_INVALID_CREDENTIALS);
}

Test(password_foreign, a_nul_does_not_end_a_password)
{
    const struct secret with_nul = secret_copy(fixture_task.arena, "password\0more", 13);
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const result outcome = password_verify(NULL, str_from(vectors[i].text), with_nul);
        cr_assert_eq(CODE_OF(outcome), STATUS_INVALID_CREDENTIALS, "%s", vectors[i].maker);
    }
}

Test(password_foreign, longer_than_any_scheme_takes_is_refused_and_not_cut)
{
    char longest[PASSWORD_BYTES_MAX + 1];
    memset(longest, 'x', sizeof longest);
    longest[PASSWORD_BYTES_MAX] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++)
        cr_assert_eq(verify(str_from(vectors[i].text), longest), STATUS_INVALID_CREDENTIALS, "%s",
                     vectors[i].maker);
}

Test(password_foreign, what_is_malformed_or_cut_is_not_a_wrong_password)
{
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct str text = str_from(vectors[i].text);
        for (size_t len = 0; len < 12 && len < text.len; len++)
            cr_assert_eq(verify((struct str){text.ptr, len}, "password"), STATUS_INTERNAL, "%s at %zu",
                         vectors[i].maker, len);
        cr_assert_eq(verify(with_byte(text, text.len - 2, '\0'), "password"), STATUS_INTERNAL);
        cr_assert_eq(verify(with_byte(text, text.len - 2, '$'), "password"), STATUS_INTERNAL);
        cr_assert_eq(verify(with_byte(text, text.len - 2, '\n'), "password"), STATUS_INTERNAL);
        cr_assert_not_null(password_text_problem(NULL, with_byte(text, text.len - 2, ':')));
    }
}

/* A stored row must not be able to demand all memory or minutes of a core; each of these would. */
Test(password_foreign, what_would_cost_too_much_is_not_begun)
{
    for (size_t i = 0; i < ARRAY_COUNT(costly); i++) {
        const char *problem = password_text_problem(NULL, str_from(costly[i]));
        cr_assert_str_eq(problem ? problem : "none", "asks for more memory or work than is allowed", "%s",
                         costly[i]);
        cr_assert_eq(verify(str_from(costly[i]), "password"), STATUS_INTERNAL, "%s", costly[i]);
    }
}

Test(password_foreign, forms_that_are_none_are_named_so)
{
    for (size_t i = 0; i < ARRAY_COUNT(unknown); i++) {
        cr_assert_str_eq(password_text_problem(NULL, str_from(unknown[i])), "is no hash of a form known here",
                         "%s", unknown[i]);
        cr_assert_null(password_scheme_name(str_from(unknown[i])));
    }
}

Test(password_foreign, what_other_tools_made_is_verified_and_made_anew)
{
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct str text = str_from(vectors[i].text);
        cr_assert_eq(verify(text, vectors[i].password), STATUS_OK, "%s", vectors[i].maker);
        cr_assert(password_needs_rehash(NULL, text, PASSWORD_COST_DEFAULT), "%s", vectors[i].maker);
        cr_assert_null(password_text_problem(NULL, text), "%s", vectors[i].maker);
        cr_assert_not_null(password_scheme_name(text));
    }
}
