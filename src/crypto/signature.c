// SPDX-License-Identifier: MIT
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "auth/crypto/digest.h"
#include "auth/crypto/signing_key.h"
#include "signing_key_internal.h"

#define ES256_DER_MAX 80u

static void context_free_scoped(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void ecdsa_free_scoped(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

/* "The octet sequence representations MUST NOT be shortened to omit any leading zero octets" (RFC 7518 §3.4). */
static result raw_from_der(const unsigned char *der, size_t der_len, unsigned char *ret_raw)
{
    const unsigned char *end = der;
    SCOPED(ecdsa_free_scoped) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &end, (long)der_len);
    REQUIRE(signature, INTERNAL);
    const int size = (int)COORDINATE_BYTES;
    REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, size) == size, INTERNAL);
    REQUIRE(BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + size, size) == size, INTERNAL);
    return RESULT_OK;
}

static result sign_digest(const struct signing_key *key, struct str message, unsigned char *ret_bytes,
                          size_t *ret_len)
{
    unsigned char digest[SHA256_BYTES];
    sha256(message, digest);
    SCOPED(context_free_scoped) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->signing);
    REQUIRE(context, INTERNAL);
    REQUIRE(EVP_PKEY_sign(context, ret_bytes, ret_len, digest, sizeof digest) == 1, INTERNAL);
    return RESULT_OK;
}

static result sign_es256(const struct signing_key *key, struct str message, unsigned char *ret_signature,
                         size_t *ret_len)
{
    unsigned char der[ES256_DER_MAX];
    size_t der_len = sizeof der;
    TRY(sign_digest(key, message, der, &der_len));
    TRY(raw_from_der(der, der_len, ret_signature));
    *ret_len = ES256_BYTES;
    return RESULT_OK;
}

static result sign_rs256(const struct signing_key *key, struct str message, unsigned char *ret_signature,
                         size_t *ret_len)
{
    size_t len = SIGNATURE_BYTES_MAX;
    TRY(sign_digest(key, message, ret_signature, &len));
    *ret_len = len;
    return RESULT_OK;
}

static result sign_eddsa(const struct signing_key *key, struct str message, unsigned char *ret_signature,
                         size_t *ret_len)
{
    crypto_sign_detached(ret_signature, NULL, (const unsigned char *)message.ptr, message.len,
                         key->ed25519_private);
    *ret_len = crypto_sign_BYTES;
    return RESULT_OK;
}

result signing_key_sign(const struct signing_key *key, struct str message,
                        unsigned char ret_signature[SIGNATURE_BYTES_MAX], size_t *ret_len)
{
    REQUIRE(key->is_private, INTERNAL);
    switch (key->algorithm) {
    case SIGNING_ES256:
        return sign_es256(key, message, ret_signature, ret_len);
    case SIGNING_EDDSA:
        return sign_eddsa(key, message, ret_signature, ret_len);
    case SIGNING_RS256:
        return sign_rs256(key, message, ret_signature, ret_len);
    case SIGNING_ALGORITHM_COUNT:
        break;
    }
    return RESULT(INTERNAL);
}

static bool is_all_zero(const unsigned char *bytes, size_t len)
{
    return sodium_is_zero(bytes, len) == 1;
}

/* DER as libcrypto reads it, written from the only form JWS has. */
static result der_from_raw(const unsigned char *raw, unsigned char der[ES256_DER_MAX], size_t *ret_len)
{
    const int size = (int)COORDINATE_BYTES;
    SCOPED(ecdsa_free_scoped) ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, size, NULL);
    BIGNUM *s = BN_bin2bn(raw + size, size, NULL);
    if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return RESULT(INTERNAL);
    }
    unsigned char *end = der;
    const int len = i2d_ECDSA_SIG(signature, NULL);
    REQUIRE(len > 0 && len <= (int)ES256_DER_MAX && i2d_ECDSA_SIG(signature, &end) == len, INTERNAL);
    *ret_len = (size_t)len;
    return RESULT_OK;
}

static result verify_digest(const struct signing_key *key, struct str message, const unsigned char *signature,
                            size_t len)
{
    unsigned char digest[SHA256_BYTES];
    sha256(message, digest);
    SCOPED(context_free_scoped) EVP_PKEY_CTX *context = EVP_PKEY_CTX_dup(key->verifying);
    REQUIRE(context, INTERNAL);
    const int verified = EVP_PKEY_verify(context, signature, len, digest, sizeof digest);
    /* A refused signature leaves entries in libcrypto's per-thread queue, which nobody reads. */
    if (verified != 1) ERR_clear_error();
    return verified == 1 ? RESULT_OK : RESULT(INVALID_TOKEN);
}

static result verify_es256(const struct signing_key *key, struct str message, struct str signature)
{
    unsigned char der[ES256_DER_MAX];
    size_t der_len = 0;
    const unsigned char *raw = (const unsigned char *)signature.ptr;
    /* "If it is not a 64-octet sequence, the validation has failed." (RFC 7518 §3.4) */
    REQUIRE(signature.len == ES256_BYTES, INVALID_TOKEN);
    /* r or s of zero verified anything in some libraries (CVE-2022-21449); libcrypto refuses them as well. */
    REQUIRE(!is_all_zero(raw, COORDINATE_BYTES), INVALID_TOKEN);
    REQUIRE(!is_all_zero(raw + COORDINATE_BYTES, COORDINATE_BYTES), INVALID_TOKEN);
    TRY(der_from_raw(raw, der, &der_len));
    return verify_digest(key, message, der, der_len);
}

static result verify_eddsa(const struct signing_key *key, struct str message, struct str signature)
{
    REQUIRE(signature.len == crypto_sign_BYTES, INVALID_TOKEN);
    REQUIRE(crypto_sign_verify_detached((const unsigned char *)signature.ptr,
                                        (const unsigned char *)message.ptr, message.len,
                                        key->ed25519_public) == 0,
            INVALID_TOKEN);
    return RESULT_OK;
}

static result verify_rs256(const struct signing_key *key, struct str message, struct str signature)
{
    REQUIRE(signature.len == (size_t)EVP_PKEY_get_size(key->pair), INVALID_TOKEN);
    return verify_digest(key, message, (const unsigned char *)signature.ptr, signature.len);
}

result signing_key_verify(const struct signing_key *key, struct str message, struct str signature)
{
    switch (key->algorithm) {
    case SIGNING_ES256:
        return verify_es256(key, message, signature);
    case SIGNING_EDDSA:
        return verify_eddsa(key, message, signature);
    case SIGNING_RS256:
        return verify_rs256(key, message, signature);
    case SIGNING_ALGORITHM_COUNT:
        break;
    }
    return RESULT(INTERNAL);
}
