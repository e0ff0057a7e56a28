// SPDX-License-Identifier: MIT
#include <time.h>

#include "crypto_vectors.h"
#include "jwt_fixture.h"

TestSuite(jwt_verify, .init = jwt_begin, .fini = jwt_end);

#define KEY fixture_keys[SIGNING_ES256]

static struct str access_token(const char *extra)
{
    return forge(KEY, header_of(KEY, "at+jwt"), claims_with(extra));
}

static struct str claims_token(const char *claims)
{
    return forge(KEY, header_of(KEY, "at+jwt"), claims);
}

Test(jwt_verify, an_algorithm_that_is_not_the_keys_is_refused)
{
    static const char *const names[] = {"none",  "None",  "nOnE",   "NONE",   "",        "HS256",  "HS384",
                                        "HS512", "ES384", "ES512",  "RS384",  "RS512",   "PS256",  "PS384",
                                        "PS512", "es256", "ES256K", "ES256 ", "Ed25519", "A128KW", "dir"};
    for (int k = 0; k < SIGNING_ALGORITHM_COUNT; k++) {
        const struct signing_key *key = fixture_keys[k];
        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
            const struct str header =
                str_printf(fixture_task.arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", names[i],
                           signing_key_id(key).ptr);
            cr_assert_eq(verify_access(forge(key, header.ptr, claims_with(""))), STATUS_INVALID_TOKEN, "%s",
                         names[i]);
        }
    }
}

/* Security incident 27. */
Test(jwt_verify, every_algorithm_with_every_other_key_is_refused)
{
    for (int k = 0; k < SIGNING_ALGORITHM_COUNT; k++) {
        for (int a = 0; a < SIGNING_ALGORITHM_COUNT; a++) {
            const char *name = signing_algorithm_name((enum signing_algorithm)a);
            const struct str header =
                str_printf(fixture_task.arena, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", name,
                           signing_key_id(fixture_keys[k]).ptr);
            /* signed once with the key that is named, once with the key the algorithm is for */
            const int expected = a == k ? STATUS_OK : STATUS_INVALID_TOKEN;
            cr_assert_eq(verify_access(forge(fixture_keys[k], header.ptr, claims_with(""))), expected);
            cr_assert_eq(verify_access(forge(fixture_keys[a], header.ptr, claims_with(""))), expected);
        }
    }
}

Test(jwt_verify, an_hmac_example_of_rfc_7519_is_refused)
{
    cr_assert_eq(
        verify_access(STR("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4M"
                          "TkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27"
                          "uhbUJU1p1r_wW1gFWFOEjXk")),
        STATUS_INVALID_TOKEN);
    /* RFC 7519, section 6.1: unsecured */
    cr_assert_eq(
        verify_access(STR("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6L"
                          "y9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.")),
        STATUS_INVALID_TOKEN);
}

Test(jwt_verify, a_header_of_another_form_is_refused)
{
    const char *id = signing_key_id(KEY).ptr;
    const char *const headers[] = {
        "",
        "[]",
        "null",
        "\"ES256\"",
        "{}",
        "{",
        "{\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"unknown\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"../../etc/passwd\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"' OR 1=1 --\"}",
        str_printf(fixture_task.arena, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":[\"%s\"]}", id).ptr,
        str_printf(fixture_task.arena, "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"%s\"}", id).ptr,
        str_printf(fixture_task.arena, "{\"alg\":null,\"typ\":\"at+jwt\",\"kid\":\"%s\"}", id).ptr,
        str_printf(fixture_task.arena,
                   "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", id)
            .ptr,
        str_printf(fixture_task.arena, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}x", id).ptr,
    };
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        cr_assert_eq(verify_access(forge(KEY, headers[i], claims_with(""))), STATUS_INVALID_TOKEN, "%s",
                     headers[i]);
    }
}

Test(jwt_verify, any_critical_extension_is_refused)
{
    static const char *const values[] = {"[]",   "[\"exp\"]", "[\"b64\"]", "[\"x\",\"y\"]",
                                         "null", "\"exp\"",   "7",         "{}"};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        const struct str header = str_printf(
            fixture_task.arena, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"crit\":%s}",
            signing_key_id(KEY).ptr, values[i]);
        cr_assert_eq(verify_access(forge(KEY, header.ptr, claims_with(""))), STATUS_INVALID_TOKEN, "%s",
                     values[i]);
    }
}

/* The key a header carries or points to counts for nothing: only the named one does. */
Test(jwt_verify, a_key_brought_along_is_not_used)
{
    struct signing_key *foreign = NULL;
    struct strbuf jwk;
    cr_assert(is_ok(signing_key_generate(&fixture_task.fault, SIGNING_ES256, &foreign)));
    strbuf_init(&jwk, fixture_task.arena, 256, 4096);
    jwk_print(foreign, &jwk);
    const char *members = str_printf(fixture_task.arena,
                                     "\"jwk\":%s,\"jku\":\"https://evil.example/jwks\",\"x5u\":\"https://e\"",
                                     strbuf_str(&jwk).ptr)
                              .ptr;
    const char *const names[] = {signing_key_id(KEY).ptr, signing_key_id(foreign).ptr};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct str header =
            str_printf(fixture_task.arena, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\",%s}",
                       names[i], members);
        cr_assert_eq(verify_access(forge(foreign, header.ptr, claims_with(""))), STATUS_INVALID_TOKEN);
    }
    signing_key_destroy(foreign);
}

Test(jwt_verify, a_token_of_another_type_is_refused)
{
    static const char *const others[] = {"JWT",
                                         "jwt",
                                         "logout+jwt",
                                         "",
                                         "at+jwt ",
                                         "at",
                                         "application/at",
                                         "dpop+jwt",
                                         "application/application/at+jwt",
                                         "client-authentication+jwt"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        const struct str token = forge(KEY, header_of(KEY, others[i]), claims_with(""));
        cr_assert_eq(verify_access(token), STATUS_INVALID_TOKEN, "%s", others[i]);
    }
    struct jwt_expectation expected = access_expected;
    expected.type = JWT_IDENTITY;
    cr_assert_eq(verify_token(access_token(""), &expected), STATUS_INVALID_TOKEN);
    expected.type = JWT_LOGOUT;
    cr_assert_eq(verify_token(access_token(""), &expected), STATUS_INVALID_TOKEN);
    expected.type = JWT_CLIENT_ASSERTION;
    cr_assert_eq(verify_token(access_token(""), &expected), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_access(forge(KEY, header_of(KEY, "application/at+jwt"), claims_with(""))), STATUS_OK);
    cr_assert_eq(verify_access(forge(KEY, header_of(KEY, "AT+JWT"), claims_with(""))), STATUS_OK);
}

Test(jwt_verify, times_of_another_form_are_refused)
{
    static const char *const values[] = {
        "0",    "-1",  "1.8e9", "1800000300.0",     "1800000300.5",        "\"1800000300\"",      "null",
        "true", "[1]", "{}",    "9007199254740993", "9223372036854775807", "9223372036854775808", "1e400",
        "-0"};
    static const char *const claims[] = {"exp", "iat", "nbf", "auth_time"};
    for (size_t c = 0; c < ARRAY_COUNT(claims); c++) {
        for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
            const char *exp = c == 0 ? "" : ",\"exp\":1800000300";
            const char *iat = c == 1 ? "" : ",\"iat\":1799999990";
            const struct str text = str_printf(
                fixture_task.arena,
                "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
                "\"%s%s,\"%s\":%s}",
                exp, iat, claims[c], values[i]);
            cr_assert_eq(verify_access(claims_token(text.ptr)), STATUS_INVALID_TOKEN, "%s", text.ptr);
        }
    }
}

static int code_at(int64_t exp_offset, int64_t nbf_offset, int64_t iat_offset)
{
    const struct str text = str_printf(
        fixture_task.arena,
        "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"exp\":%lld,\"nbf\":%lld,\"iat\":%lld}",
        (long long)(NOW_SECONDS + exp_offset), (long long)(NOW_SECONDS + nbf_offset),
        (long long)(NOW_SECONDS + iat_offset));
    return verify_access(claims_token(text.ptr));
}

Test(jwt_verify, ten_seconds_of_skew_and_no_more)
{
    cr_assert_eq(code_at(-JWT_SKEW_SECONDS, -60, -60), STATUS_INVALID_TOKEN);
    cr_assert_eq(code_at(-JWT_SKEW_SECONDS + 1, -60, -60), STATUS_OK);
    cr_assert_eq(code_at(60, JWT_SKEW_SECONDS + 1, 0), STATUS_INVALID_TOKEN);
    cr_assert_eq(code_at(60, JWT_SKEW_SECONDS, 0), STATUS_OK);
    cr_assert_eq(code_at(60, 0, JWT_SKEW_SECONDS + 1), STATUS_INVALID_TOKEN);
    cr_assert_eq(code_at(60, 0, JWT_SKEW_SECONDS), STATUS_OK);
}

Test(jwt_verify, a_missing_claim_is_refused)
{
    static const char *const claims[] = {
        "{}",
        "{\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"iat\":1,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"iat\":1,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"iat\":1,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"aud\":\"" AUDIENCE
        "\",\"iat\":1,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER
        "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"iat\":1,\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"exp\":1800000300}",
        "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\",\"aud\":\"" AUDIENCE
        "\",\"iat\":1}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(claims); i++) {
        cr_assert_eq(verify_access(claims_token(claims[i])), STATUS_INVALID_TOKEN, "%s", claims[i]);
    }
}

static int code_for_audience(const char *value)
{
    const struct str text =
        str_printf(fixture_task.arena,
                   "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\","
                   "\"iat\":1,\"exp\":1800000300,\"aud\":%s}",
                   value);
    return verify_access(claims_token(text.ptr));
}

/* Security incident 31. */
Test(jwt_verify, the_audience_must_name_us)
{
    static const char *const refused[] = {"\"\"",
                                          "[]",
                                          "[\"\"]",
                                          "null",
                                          "7",
                                          "{}",
                                          "true",
                                          "\"" AUDIENCE "/\"",
                                          "\"HTTPS://api.example\"",
                                          "\"https://api.example \"",
                                          "[\"https://other.example\"]",
                                          "[[\"" AUDIENCE "\"]]",
                                          "[\"" AUDIENCE "\",7]",
                                          "[null,\"" AUDIENCE "\"]",
                                          "{\"" AUDIENCE "\":1}",
                                          "\"https://api.example,https://b\""};
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        cr_assert_eq(code_for_audience(refused[i]), STATUS_INVALID_TOKEN, "%s", refused[i]);
    }
    cr_assert_eq(code_for_audience("\"" AUDIENCE "\""), STATUS_OK);
    cr_assert_eq(code_for_audience("[\"" AUDIENCE "\"]"), STATUS_OK);
    cr_assert_eq(code_for_audience("[\"https://other.example\",\"" AUDIENCE "\"]"), STATUS_OK);
}

Test(jwt_verify, the_issuer_must_be_the_exact_one)
{
    static const char *const others[] = {"https://auth.example/",
                                         "https://AUTH.example",
                                         "https://auth.exampl",
                                         "https://evil.example",
                                         "",
                                         "null"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        const struct str text = str_printf(fixture_task.arena,
                                           "{\"iss\":\"%s\",\"sub\":\"u\",\"client_id\":\"c\",\"jti\":\"j\","
                                           "\"iat\":1,\"exp\":1800000300,\"aud\":\"" AUDIENCE "\"}",
                                           others[i]);
        cr_assert_eq(verify_access(claims_token(text.ptr)), STATUS_INVALID_TOKEN, "%s", others[i]);
    }
}

Test(jwt_verify, a_caller_who_expects_nobody_is_at_fault)
{
    struct jwt_expectation nobody = access_expected;
    nobody.audience = STR_NONE;
    cr_assert_eq(verify_token(access_token(""), &nobody), STATUS_INTERNAL);
    nobody = access_expected;
    nobody.issuer = STR_NONE;
    cr_assert_eq(verify_token(access_token(""), &nobody), STATUS_INTERNAL);
}

Test(jwt_verify, a_change_of_any_character_is_refused)
{
    const struct str token = access_token("");
    for (size_t i = 0; i < token.len; i++) {
        const unsigned char other = token.ptr[i] == 'A' ? 'B' : 'A';
        cr_assert_eq(verify_access(with_byte(token, i, other)), STATUS_INVALID_TOKEN, "character %zu", i);
    }
}

/* The last character of 64 bytes carries two bits: the other four must be zero. */
Test(jwt_verify, a_second_spelling_of_the_signature_is_refused)
{
    const struct str token = access_token("");
    const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < sizeof alphabet - 1; i++) {
        if (alphabet[i] == token.ptr[token.len - 1]) continue;
        const struct str changed = with_byte(token, token.len - 1, (unsigned char)alphabet[i]);
        cr_assert_eq(verify_access(changed), STATUS_INVALID_TOKEN);
    }
    cr_assert_eq(verify_access(str_printf(fixture_task.arena, "%s==", token.ptr)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_access(str_printf(fixture_task.arena, "%s ", token.ptr)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_access(str_printf(fixture_task.arena, " %s", token.ptr)), STATUS_INVALID_TOKEN);
}

Test(jwt_verify, anything_but_three_parts_is_refused)
{
    const char *token = access_token("").ptr;
    const char *const texts[] = {"",
                                 ".",
                                 "..",
                                 "...",
                                 "a",
                                 "a.b",
                                 "a.b.c",
                                 str_printf(fixture_task.arena, "%s.", token).ptr,
                                 str_printf(fixture_task.arena, ".%s", token).ptr,
                                 str_printf(fixture_task.arena, "%s.AAAA", token).ptr,
                                 str_printf(fixture_task.arena, "%s.%s", token, token).ptr};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        cr_assert_eq(verify_access(str_from(texts[i])), STATUS_INVALID_TOKEN, "%s", texts[i]);
    }
    cr_assert_eq(verify_access(STR_NONE), STATUS_INVALID_TOKEN);
}

static int64_t cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Security incident 30. */
Test(jwt_verify, hostile_tokens_of_64_kib_fail_fast)
{
    static const char fillers[] = {'.', 'A', '{', '=', '\0', '"'};
    for (size_t i = 0; i < ARRAY_COUNT(fillers); i++) {
        char *bytes = arena_alloc(fixture_task.arena, 65536);
        memset(bytes, fillers[i], 65536);
        const int64_t begun = cpu_us();
        cr_assert_eq(verify_access((struct str){bytes, 65536}), STATUS_INVALID_TOKEN);
        cr_assert_eq(verify_access((struct str){bytes, JWT_BYTES_MAX}), STATUS_INVALID_TOKEN);
        cr_assert_lt(cpu_us() - begun, 2000);
    }
}

Test(jwt_verify, deep_or_long_claims_are_refused)
{
    char deep[2001];
    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    deep[2000] = '\0';
    cr_assert_eq(verify_access(access_token(str_printf(fixture_task.arena, ",\"x\":%s", deep).ptr)),
                 STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_access(access_token(",\"sub\":\"twice\"")), STATUS_INVALID_TOKEN);
}

Test(jwt_verify, an_identity_token_may_be_read_after_its_time_when_asked)
{
    const struct str claims = str_printf(fixture_task.arena,
                                         "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"aud\":\"" AUDIENCE
                                         "\",\"iat\":1,\"exp\":%d,\"nonce\":\"n\"}",
                                         NOW_SECONDS - 3600);
    struct jwt_expectation expected = access_expected;
    struct jwt_claims read;
    expected.type = JWT_IDENTITY;
    const struct str token = forge(KEY, header_of(KEY, "JWT"), claims.ptr);
    cr_assert_eq(verify_token(token, &expected), STATUS_INVALID_TOKEN);
    expected.ignores_expiry = true;
    cr_assert(is_ok(jwt_verify(&fixture_task, token, &fixture_set, &expected, &read)));
    cr_assert(str_equal(read.nonce, STR("n")));
    const char *without = "{\"iss\":\"" ISSUER "\",\"sub\":\"u\",\"aud\":\"" AUDIENCE "\",\"iat\":1}";
    cr_assert_eq(verify_token(forge(KEY, header_of(KEY, "JWT"), without), &expected), STATUS_INVALID_TOKEN);
}

Test(jwt_verify, a_client_assertion_may_leave_out_its_type_and_its_only_key)
{
    const struct jwk_set only = {.keys = {KEY}, .count = 1};
    struct jwt_expectation expected = access_expected;
    struct jwt_claims read;
    expected.type = JWT_CLIENT_ASSERTION;
    const struct str bare = forge(KEY, "{\"alg\":\"ES256\"}", claims_with(""));
    cr_assert_eq(verify_token(bare, &expected), STATUS_INVALID_TOKEN);
    fault_clear(&fixture_task.fault);
    cr_assert(is_ok(jwt_verify(&fixture_task, bare, &only, &expected, &read)));
    cr_assert_eq(CODE_OF(jwt_verify(&fixture_task, bare, &only, &access_expected, &read)),
                 STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_token(forge(KEY, header_of(KEY, "JWT"), claims_with("")), &expected), STATUS_OK);
    cr_assert_eq(
        verify_token(forge(KEY, header_of(KEY, "client-authentication+jwt"), claims_with("")), &expected),
        STATUS_OK);
}

static int logout_code(const char *claims)
{
    struct jwt_expectation expected = access_expected;
    expected.type = JWT_LOGOUT;
    const struct str text = str_printf(
        fixture_task.arena, "{\"iss\":\"" ISSUER "\",\"aud\":\"" AUDIENCE "\",\"exp\":1800000300%s}", claims);
    return verify_token(forge(KEY, header_of(KEY, "logout+jwt"), text.ptr), &expected);
}

Test(jwt_verify, a_logout_token_names_itself_and_a_subject_or_a_session)
{
    cr_assert_eq(logout_code(",\"iat\":1,\"sub\":\"u\""), STATUS_INVALID_TOKEN);
    cr_assert_eq(logout_code(",\"jti\":\"j\",\"sub\":\"u\""), STATUS_INVALID_TOKEN);
    cr_assert_eq(logout_code(",\"iat\":1,\"jti\":\"j\""), STATUS_INVALID_TOKEN);
    cr_assert_eq(logout_code(",\"iat\":1,\"jti\":\"j\",\"sub\":\"u\""), STATUS_OK);
    cr_assert_eq(logout_code(",\"iat\":1,\"jti\":\"j\",\"sid\":\"s\""), STATUS_OK);
}

/* Signed as it stands, so that nothing but the alphabet is wrong with it. */
Test(jwt_verify, a_signed_payload_that_is_not_base64url_is_refused)
{
    static const char *const payloads[] = {"eyJ9=", "e30=", "e3+/", "e31", "e30 ", "a"};
    for (size_t i = 0; i < ARRAY_COUNT(payloads); i++) {
        unsigned char signature[SIGNATURE_BYTES_MAX];
        size_t len = 0;
        const char *header = header_of(KEY, "at+jwt");
        const struct str message =
            str_printf(fixture_task.arena, "%s.%s",
                       base64url_print(fixture_task.arena, header, strlen(header)).ptr, payloads[i]);
        cr_assert(is_ok(signing_key_sign(KEY, message, signature, &len)));
        const struct str token = str_printf(fixture_task.arena, "%s.%s", message.ptr,
                                            base64url_print(fixture_task.arena, signature, len).ptr);
        cr_assert_eq(verify_access(token), STATUS_INVALID_TOKEN, "%s", payloads[i]);
    }
}

Test(jwt_verify, our_own_tokens_always_name_their_key)
{
    const struct jwk_set only = {.keys = {KEY}, .count = 1};
    struct jwt_claims read;
    const struct str nameless = forge(KEY, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", claims_with(""));
    cr_assert_eq(CODE_OF(jwt_verify(&fixture_task, nameless, &only, &access_expected, &read)),
                 STATUS_INVALID_TOKEN);
}

Test(jwt_verify, a_retired_key_verifies_while_it_is_in_the_set)
{
    const struct str token = access_token("");
    const struct jwk_set without = {.keys = {fixture_keys[SIGNING_EDDSA]}, .count = 1};
    struct jwt_claims read;
    cr_assert_eq(verify_access(token), STATUS_OK);
    cr_assert_eq(CODE_OF(jwt_verify(&fixture_task, token, &without, &access_expected, &read)),
                 STATUS_INVALID_TOKEN);
}

Test(jwt_verify, unknown_claims_are_ignored)
{
    cr_assert_eq(verify_access(access_token(",\"groups\":[\"a\"],\"x\":{\"y\":1.5}")), STATUS_OK);
}
