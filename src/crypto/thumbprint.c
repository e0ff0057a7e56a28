// SPDX-License-Identifier: MIT
#include <openssl/core_names.h>
#include <stdio.h>

#include "auth/crypto/digest.h"
#include "signing_key_internal.h"

#define THUMBPRINT_TEXT_SIZE (JWK_MEMBERS_SIZE + 2u)
#define MODULUS_BYTES_MAX    (RSA_BITS_MAX / 8)
#define EXPONENT_BYTES_MAX   8

/* "only the required members … with no whitespace or line breaks … ordered lexicographically" (RFC 7638 §3). */
static result print_ec(struct signing_key *key)
{
    unsigned char point[1u + 2u * COORDINATE_BYTES];
    char x[BASE64URL_LEN(COORDINATE_BYTES) + 1u];
    char y[BASE64URL_LEN(COORDINATE_BYTES) + 1u];
    size_t len = 0;
    REQUIRE(EVP_PKEY_set_utf8_string_param(key->pair, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                           OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1,
            INTERNAL);
    REQUIRE(EVP_PKEY_get_octet_string_param(key->pair, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) ==
                    1 &&
                len == sizeof point,
            INTERNAL);
    base64url_encode(point + 1, COORDINATE_BYTES, x);
    base64url_encode(point + 1 + COORDINATE_BYTES, COORDINATE_BYTES, y);
    snprintf(key->members, sizeof key->members, "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"",
             x, y);
    return RESULT_OK;
}

static result print_ed25519(struct signing_key *key)
{
    char x[BASE64URL_LEN(ED25519_BYTES) + 1u];
    base64url_encode(key->ed25519_public, ED25519_BYTES, x);
    snprintf(key->members, sizeof key->members, "\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"", x);
    return RESULT_OK;
}

static result print_number(const EVP_PKEY *pair, const char *name, int bytes_max, char *ret_text)
{
    unsigned char bytes[MODULUS_BYTES_MAX];
    BIGNUM *number = NULL;
    REQUIRE(EVP_PKEY_get_bn_param(pair, name, &number) == 1, INTERNAL);
    const int len = BN_num_bytes(number);
    const bool fits = len > 0 && len <= bytes_max && BN_bn2bin(number, bytes) == len;
    BN_free(number);
    REQUIRE(fits, INTERNAL);
    base64url_encode(bytes, (size_t)len, ret_text);
    return RESULT_OK;
}

static result print_rsa(struct signing_key *key)
{
    char n[BASE64URL_LEN(MODULUS_BYTES_MAX) + 1u];
    char e[BASE64URL_LEN(EXPONENT_BYTES_MAX) + 1u];
    TRY(print_number(key->pair, OSSL_PKEY_PARAM_RSA_N, MODULUS_BYTES_MAX, n));
    TRY(print_number(key->pair, OSSL_PKEY_PARAM_RSA_E, EXPONENT_BYTES_MAX, e));
    snprintf(key->members, sizeof key->members, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"", e, n);
    return RESULT_OK;
}

static result print_members(struct signing_key *key)
{
    switch (key->algorithm) {
    case SIGNING_ES256:
        return print_ec(key);
    case SIGNING_EDDSA:
        return print_ed25519(key);
    case SIGNING_RS256:
        return print_rsa(key);
    case SIGNING_ALGORITHM_COUNT:
        break;
    }
    return RESULT(INTERNAL);
}

result thumbprint_make(struct signing_key *key)
{
    char text[THUMBPRINT_TEXT_SIZE];
    unsigned char digest[SHA256_BYTES];
    TRY(print_members(key));
    const int len = snprintf(text, sizeof text, "{%s}", key->members);
    REQUIRE(len > 0 && (size_t)len < sizeof text, INTERNAL);
    sha256((struct str){text, (size_t)len}, digest);
    base64url_encode(digest, sizeof digest, key->id);
    return RESULT_OK;
}
