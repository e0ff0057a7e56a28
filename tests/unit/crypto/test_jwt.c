// SPDX-License-Identifier: MIT
#include "jwt_fixture.h"

TestSuite(jwt, .init = jwt_begin, .fini = jwt_end);

Test(jwt, client_assertions_are_never_made_here)
{
    struct str token;
    cr_assert_eq(CODE_OF(jwt_sign(&fixture_task, fixture_keys[0], JWT_CLIENT_ASSERTION, STR("{}"), &token)),
                 STATUS_INTERNAL);
}

Test(jwt, claims_that_no_token_can_hold_are_too_large)
{
    struct str token;
    char *claims = arena_alloc(fixture_task.arena, JWT_BYTES_MAX);
    memset(claims, ' ', JWT_BYTES_MAX);
    const struct str large = {claims, 6200};
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) {
        fault_clear(&fixture_task.fault);
        cr_assert_eq(CODE_OF(jwt_sign(&fixture_task, fixture_keys[i], JWT_ACCESS, large, &token)),
                     STATUS_TOO_LARGE);
    }
}

Test(jwt, signs_what_it_verifies_with_every_algorithm)
{
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) {
        struct str token;
        struct jwt_claims claims;
        const struct str text =
            str_from(claims_with(",\"sid\":\"s1\",\"scope\":\"a b\",\"auth_time\":1799999000"));
        cr_assert(is_ok(jwt_sign(&fixture_task, fixture_keys[i], JWT_ACCESS, text, &token)));
        cr_assert(is_ok(jwt_verify(&fixture_task, token, &fixture_set, &access_expected, &claims)));
        cr_assert(str_equal(claims.issuer, STR(ISSUER)));
        cr_assert(str_equal(claims.subject, STR("user-1")));
        cr_assert(str_equal(claims.client_id, STR("client-1")));
        cr_assert(str_equal(claims.jwt_id, STR("j1")));
        cr_assert(str_equal(claims.session_id, STR("s1")));
        cr_assert(str_equal(claims.scope, STR("a b")));
        cr_assert(is_empty(claims.nonce));
        cr_assert_eq(claims.expires_at_ms, INT64_C(1000) * (NOW_SECONDS + 300));
        cr_assert_eq(claims.issued_at_ms, INT64_C(1000) * (NOW_SECONDS - 10));
        cr_assert_eq(claims.auth_time_ms, INT64_C(1799999000000));
        cr_assert_eq(claims.not_before_ms, 0);
        cr_assert(str_equal(claims.payload, text));
        cr_assert_eq(claims.key, fixture_keys[i]);
    }
}

Test(jwt, the_header_is_the_documented_one)
{
    struct str token;
    struct str header;
    cr_assert(is_ok(jwt_sign(&fixture_task, fixture_keys[SIGNING_ES256], JWT_ACCESS, STR("{}"), &token)));
    struct str rest = token;
    cr_assert(base64url_parse(fixture_task.arena, str_split(&rest, '.'), &header));
    cr_assert(str_equal(header, str_from(header_of(fixture_keys[SIGNING_ES256], "at+jwt"))));
}
