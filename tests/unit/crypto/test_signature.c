// SPDX-License-Identifier: MIT
#include "auth/crypto/jwk.h"
#include "crypto_fixture.h"
#include "crypto_vectors.h"

TestSuite(signature, .init = fixture_begin, .fini = fixture_end);

/* The orders of P-256 (FIPS 186-5) and of Ed25519's subgroup, little-endian (RFC 8032 §5.1). */
#define P256_ORDER    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define ED25519_ORDER "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
#define ZERO32        "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE32         "0000000000000000000000000000000000000000000000000000000000000001"
#define ONES32        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static struct signing_key *public_key(const char *jwk)
{
    struct signing_key *key = NULL;
    cr_assert(is_ok(jwk_parse(&fixture_task, str_from(jwk), &key)));
    return key;
}

static struct str signature_of(const char *base64url)
{
    struct str bytes;
    cr_assert(base64url_parse(fixture_task.arena, str_from(base64url), &bytes));
    return bytes;
}

static int verify_code(const struct signing_key *key, const char *message, struct str signature)
{
    return CODE_OF(signing_key_verify(key, str_from(message), signature));
}

static struct str joined(struct str a, struct str b)
{
    char *bytes = arena_alloc(fixture_task.arena, a.len + b.len + 1);
    memcpy(bytes, a.ptr, a.len);
    memcpy(bytes + a.len, b.ptr, b.len);
    return (struct str){bytes, a.len + b.len};
}

Test(signature, es256_with_r_or_s_out_of_range_is_refused)
{
    static const char *const edges[] = {ZERO32, ONE32, P256_ORDER, ONES32};
    struct signing_key *key = public_key(RFC7515_EC_JWK);
    const struct str good = signature_of(RFC7515_ES256_SIGNATURE);
    const struct str r = {good.ptr, 32}, s = {good.ptr + 32, 32};
    for (size_t i = 0; i < ARRAY_COUNT(edges); i++) {
        const struct str edge = hex_bytes(edges[i]);
        cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, joined(edge, s)), STATUS_INVALID_TOKEN);
        cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, joined(r, edge)), STATUS_INVALID_TOKEN);
        for (size_t j = 0; j < ARRAY_COUNT(edges); j++) {
            const struct str both = joined(edge, hex_bytes(edges[j]));
            cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, both), STATUS_INVALID_TOKEN);
        }
    }
    signing_key_destroy(key);
}

Test(signature, es256_of_another_length_is_refused)
{
    struct signing_key *key = public_key(RFC7515_EC_JWK);
    const struct str good = signature_of(RFC7515_ES256_SIGNATURE);
    for (size_t len = 0; len < good.len; len++) {
        const struct str cut = {good.ptr, len};
        cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, cut), STATUS_INVALID_TOKEN);
    }
    cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, joined(good, hex_bytes("00"))),
                 STATUS_INVALID_TOKEN);
    const struct str r = {good.ptr, 32}, s = {good.ptr + 32, 32};
    const struct str padded = joined(joined(hex_bytes("00"), r), joined(hex_bytes("00"), s));
    cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, padded), STATUS_INVALID_TOKEN);
    signing_key_destroy(key);
}

Test(signature, es256_in_der_is_refused)
{
    struct signing_key *key = public_key(RFC7515_EC_JWK);
    const struct str good = signature_of(RFC7515_ES256_SIGNATURE);
    const struct str r = {good.ptr, 32}, s = {good.ptr + 32, 32};
    /* SEQUENCE of two INTEGER: r begins below 0x80, s does not. */
    const struct str der = joined(joined(hex_bytes("30450220"), r), joined(hex_bytes("022100"), s));
    cr_assert_eq(verify_code(key, RFC7515_ES256_MESSAGE, der), STATUS_INVALID_TOKEN);
    signing_key_destroy(key);
}

static void assert_every_bit_counts(const char *jwk, const char *message, const char *base64url)
{
    struct signing_key *key = public_key(jwk);
    const struct str good = signature_of(base64url);
    cr_assert_eq(verify_code(key, message, good), STATUS_OK);
    for (size_t i = 0; i < good.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            const struct str changed =
                with_byte(good, i, (unsigned char)((unsigned char)good.ptr[i] ^ (1u << bit)));
            cr_assert_eq(verify_code(key, message, changed), STATUS_INVALID_TOKEN, "byte %zu bit %u", i, bit);
        }
    }
    signing_key_destroy(key);
}

Test(signature, a_change_of_any_bit_is_refused)
{
    assert_every_bit_counts(RFC7515_EC_JWK, RFC7515_ES256_MESSAGE, RFC7515_ES256_SIGNATURE);
    assert_every_bit_counts(RFC8037_JWK, RFC8037_MESSAGE, RFC8037_SIGNATURE);
    assert_every_bit_counts(RFC7515_RSA_JWK, RFC7515_RS256_MESSAGE, RFC7515_RS256_SIGNATURE);
}

Test(signature, for_another_message_is_refused)
{
    struct signing_key *ec = public_key(RFC7515_EC_JWK);
    struct signing_key *ed = public_key(RFC8037_JWK);
    struct signing_key *rsa = public_key(RFC7515_RSA_JWK);
    const char *other = RFC7515_ES256_MESSAGE "A";
    cr_assert_eq(verify_code(ec, other, signature_of(RFC7515_ES256_SIGNATURE)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(ed, other, signature_of(RFC8037_SIGNATURE)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(rsa, other, signature_of(RFC7515_RS256_SIGNATURE)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(ec, "", signature_of(RFC7515_ES256_SIGNATURE)), STATUS_INVALID_TOKEN);
    signing_key_destroy(ec);
    signing_key_destroy(ed);
    signing_key_destroy(rsa);
}

/* Adding the order to S gives a second signature of the same text: RFC 8032 §5.1.7 asks for S below it. */
Test(signature, eddsa_with_s_beyond_the_order_is_refused)
{
    struct signing_key *key = public_key(RFC8037_JWK);
    const struct str good = signature_of(RFC8037_SIGNATURE);
    const struct str order = hex_bytes(ED25519_ORDER);
    char *bytes = arena_alloc(fixture_task.arena, 64);
    unsigned carry = 0;
    memcpy(bytes, good.ptr, 64);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned char)good.ptr[32 + i] + (unsigned)(unsigned char)order.ptr[i];
        bytes[32 + i] = (char)(carry & 0xffu);
        carry >>= 8u;
    }
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, (struct str){bytes, 64}), STATUS_INVALID_TOKEN);
    signing_key_destroy(key);
}

Test(signature, eddsa_of_zeros_or_of_another_length_is_refused)
{
    struct signing_key *key = public_key(RFC8037_JWK);
    const struct str good = signature_of(RFC8037_SIGNATURE);
    const struct str r = {good.ptr, 32}, s = {good.ptr + 32, 32};
    const struct str zero = hex_bytes(ZERO32);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, joined(zero, zero)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, joined(r, zero)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, joined(zero, s)), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, r), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, joined(good, hex_bytes("00"))), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC8037_MESSAGE, STR_NONE), STATUS_INVALID_TOKEN);
    signing_key_destroy(key);
}

Test(signature, rs256_of_another_length_is_refused)
{
    struct signing_key *key = public_key(RFC7515_RSA_JWK);
    const struct str good = signature_of(RFC7515_RS256_SIGNATURE);
    const struct str cut = {good.ptr, good.len - 1};
    cr_assert_eq(verify_code(key, RFC7515_RS256_MESSAGE, cut), STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC7515_RS256_MESSAGE, joined(hex_bytes("00"), good)),
                 STATUS_INVALID_TOKEN);
    cr_assert_eq(verify_code(key, RFC7515_RS256_MESSAGE, joined(good, hex_bytes("00"))),
                 STATUS_INVALID_TOKEN);
    signing_key_destroy(key);
}

/* Security incident 33: and the refusals above, of values that are out of range or spelt a second way. */
Test(signature, published_examples_verify)
{
    struct signing_key *ec = public_key(RFC7515_EC_JWK);
    struct signing_key *ed = public_key(RFC8037_JWK);
    struct signing_key *rsa = public_key(RFC7515_RSA_JWK);
    cr_assert_eq(verify_code(ec, RFC7515_ES256_MESSAGE, signature_of(RFC7515_ES256_SIGNATURE)), STATUS_OK);
    cr_assert_eq(verify_code(ed, RFC8037_MESSAGE, signature_of(RFC8037_SIGNATURE)), STATUS_OK);
    cr_assert_eq(verify_code(rsa, RFC7515_RS256_MESSAGE, signature_of(RFC7515_RS256_SIGNATURE)), STATUS_OK);
    signing_key_destroy(ec);
    signing_key_destroy(ed);
    signing_key_destroy(rsa);
}

/* Short r and s are rare: enough signatures are made that some begin with a zero byte. */
Test(signature, es256_is_always_64_bytes)
{
    struct signing_key *key = NULL;
    unsigned char bytes[SIGNATURE_BYTES_MAX];
    size_t len = 0;
    int short_ones = 0;
    cr_assert(is_ok(signing_key_generate(&fixture_task.fault, SIGNING_ES256, &key)));
    for (int i = 0; i < 3000; i++) {
        cr_assert(is_ok(signing_key_sign(key, STR("text"), bytes, &len)));
        cr_assert_eq(len, 64);
        if (bytes[0] != 0 && bytes[32] != 0) continue;
        short_ones++;
        cr_assert_eq(verify_code(key, "text", (struct str){(const char *)bytes, len}), STATUS_OK);
    }
    cr_assert_gt(short_ones, 0);
    signing_key_destroy(key);
}
