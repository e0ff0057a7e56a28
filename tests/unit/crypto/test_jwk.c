// SPDX-License-Identifier: MIT
#include "auth/crypto/jwk.h"

#include "crypto_fixture.h"
#include "crypto_vectors.h"

TestSuite(jwk, .init = fixture_begin, .fini = fixture_end);

#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

Test(jwk, what_is_not_a_sound_public_key_is_refused)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"kty\":\"EC\"}",
        "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"}",
        "{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "=\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":7,\"y\":\"" EC_Y "\"}",
        /* off the curve: the coordinates are swapped, or zero */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        /* for something else */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\",\"use\":\"enc\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\",\"alg\":\"RS256\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\",\"alg\":\"HS256\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\",\"alg\":\"none\"}",
        /* with its private half */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
        "\",\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"}",
        /* points of small order: one, and zero */
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        /* not below the field's prime */
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7v_______________________________________38\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"AQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"AA\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"Ag\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"AAEAAQ\"}",
        "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"AQAAAAAAAAE\"}",
        "{\"kty\":\"EC\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct signing_key *key = NULL;
        fault_clear(&fixture_task.fault);
        cr_assert_eq(CODE_OF(jwk_parse(&fixture_task, str_from(texts[i]), &key)), STATUS_INVALID_REQUEST,
                     "%s", texts[i]);
        cr_assert_null(key);
        cr_assert_eq(fixture_task.fault.error_count, 0);
    }
}

static void assert_name(const char *jwk, const char *name)
{
    struct signing_key *key = NULL;
    cr_assert(is_ok(jwk_parse(&fixture_task, str_from(jwk), &key)));
    cr_assert(str_equal(signing_key_id(key), str_from(name)));
    signing_key_destroy(key);
}

Test(jwk, is_named_by_its_kid_or_else_by_its_thumbprint)
{
    assert_name(RFC7638_JWK, "2011-04-29");
    assert_name(RFC8037_JWK, RFC8037_THUMBPRINT);
    char without_kid[sizeof RFC7638_JWK];
    const size_t len = (size_t)(strstr(RFC7638_JWK, ",\"kid\"") - RFC7638_JWK);
    memcpy(without_kid, RFC7638_JWK, len);
    without_kid[len] = '}';
    without_kid[len + 1] = '\0';
    assert_name(without_kid, RFC7638_THUMBPRINT);
}

Test(jwk, prints_the_public_half_alone_and_reads_it_again)
{
    for (int algorithm = 0; algorithm < SIGNING_ALGORITHM_COUNT; algorithm++) {
        struct signing_key *key = NULL, *read = NULL;
        struct strbuf out;
        struct str text;
        cr_assert(is_ok(signing_key_generate(&fixture_task.fault, (enum signing_algorithm)algorithm, &key)));
        strbuf_init(&out, fixture_task.arena, 256, 4096);
        jwk_print(key, &out);
        cr_assert(is_ok(strbuf_finish(&out, &text)));
        cr_assert_null(strstr(text.ptr, "\"d\""));
        cr_assert(is_ok(jwk_parse(&fixture_task, text, &read)));
        cr_assert(str_equal(signing_key_id(key), signing_key_id(read)));
        cr_assert_eq((int)signing_key_algorithm(read), algorithm);
        signing_key_destroy(key);
        signing_key_destroy(read);
    }
}

Test(jwk, prints_as_documented)
{
    struct signing_key *key = NULL;
    struct strbuf out;
    struct str text;
    cr_assert(is_ok(jwk_parse(&fixture_task, STR(RFC8037_JWK), &key)));
    const struct jwk_set set = {.keys = {key, key}, .count = 2};
    strbuf_init(&out, fixture_task.arena, 256, 4096);
    jwk_set_print(&set, &out);
    cr_assert(is_ok(strbuf_finish(&out, &text)));
    const char *one = "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED_X "\",\"kid\":\"" RFC8037_THUMBPRINT
                      "\",\"alg\":\"EdDSA\",\"use\":\"sig\"}";
    cr_assert(str_equal(text, str_printf(fixture_task.arena, "{\"keys\":[%s,%s]}", one, one)));
    signing_key_destroy(key);
}

Test(jwk, a_set_finds_by_the_exact_name)
{
    struct signing_key *key = NULL;
    cr_assert(is_ok(jwk_parse(&fixture_task, STR(RFC7638_JWK), &key)));
    const struct jwk_set set = {.keys = {key}, .count = 1};
    cr_assert_null(jwk_set_find(&set, STR("2011-04-2")));
    cr_assert_null(jwk_set_find(&set, STR("../2011-04-29")));
    cr_assert_null(jwk_set_find(&set, STR_NONE));
    cr_assert_eq(jwk_set_find(&set, STR("2011-04-29")), key);
    signing_key_destroy(key);
}
