/* jwt_fixture.h — keys of every algorithm, and tokens with any header and any claims. */
// SPDX-License-Identifier: MIT
#ifndef JWT_FIXTURE_H
#define JWT_FIXTURE_H

#include "auth/crypto/jwt.h"
#include "crypto_fixture.h"

#define NOW_SECONDS 1800000000
#define ISSUER      "https://auth.example"
#define AUDIENCE    "https://api.example"

static struct signing_key *fixture_keys[SIGNING_ALGORITHM_COUNT];
static struct jwk_set fixture_set;

static void jwt_begin(void)
{
    fixture_begin();
    fixture_task.now_ms = INT64_C(1000) * NOW_SECONDS;
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) {
        const enum signing_algorithm algorithm = (enum signing_algorithm)i;
        cr_assert(is_ok(signing_key_generate(&fixture_task.fault, algorithm, &fixture_keys[i])));
        fixture_set.keys[i] = fixture_keys[i];
    }
    fixture_set.count = SIGNING_ALGORITHM_COUNT;
}

static void jwt_end(void)
{
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) signing_key_destroy(fixture_keys[i]);
    fixture_end();
}

/* A token as an attacker with a signing key could make it: any header, any claims, a right signature. */
static inline struct str forge(const struct signing_key *key, const char *header, const char *claims)
{
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t len = 0;
    struct arena *arena = fixture_task.arena;
    const struct str message = str_printf(arena, "%s.%s", base64url_print(arena, header, strlen(header)).ptr,
                                          base64url_print(arena, claims, strlen(claims)).ptr);
    cr_assert(is_ok(signing_key_sign(key, message, signature, &len)));
    return str_printf(arena, "%s.%s", message.ptr, base64url_print(arena, signature, len).ptr);
}

static inline const char *header_of(const struct signing_key *key, const char *typ)
{
    return str_printf(fixture_task.arena, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}",
                      signing_algorithm_name(signing_key_algorithm(key)), typ, signing_key_id(key).ptr)
        .ptr;
}

/* Good claims of an access token; `extra` is added, beginning with a comma. */
static inline const char *claims_with(const char *extra)
{
    return str_printf(fixture_task.arena,
                      "{\"iss\":\"" ISSUER "\",\"sub\":\"user-1\",\"client_id\":\"client-1\",\"jti\":\"j1\","
                      "\"aud\":\"" AUDIENCE "\",\"iat\":%d,\"exp\":%d%s}",
                      NOW_SECONDS - 10, NOW_SECONDS + 300, extra)
        .ptr;
}

static const struct jwt_expectation access_expected = {
    .type = JWT_ACCESS,
    .issuer = STR_INIT(ISSUER),
    .audience = STR_INIT(AUDIENCE),
};

static inline int verify_token(struct str token, const struct jwt_expectation *expectation)
{
    struct jwt_claims claims;
    fault_clear(&fixture_task.fault);
    const int code = CODE_OF(jwt_verify(&fixture_task, token, &fixture_set, expectation, &claims));
    /* What is wrong with a token is for the operator, not a list of input fields. */
    cr_assert_eq(fixture_task.fault.error_count, 0);
    return code;
}

static inline int verify_access(struct str token)
{
    return verify_token(token, &access_expected);
}

#endif
