// SPDX-License-Identifier: MIT
#include "auth/crypto/signing_key.h"

#include "auth/crypto/jwk.h"
#include "crypto_fixture.h"
#include "crypto_vectors.h"

TestSuite(signing_key, .init = fixture_begin, .fini = fixture_end);

static struct signing_key *generate(enum signing_algorithm algorithm)
{
    struct signing_key *key = NULL;
    cr_assert(is_ok(signing_key_generate(&fixture_task.fault, algorithm, &key)));
    return key;
}

Test(signing_key, damaged_or_foreign_bytes_are_not_loaded)
{
    struct signing_key *key = NULL;
    struct secret pkcs8;
    struct signing_key *made = generate(SIGNING_ES256);
    cr_assert(is_ok(signing_key_serialize(&fixture_task, made, &pkcs8)));
    cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, secret_of(""), &key)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, secret_of("not a key"), &key)),
                 STATUS_INTERNAL);
    for (size_t len = 1; len < pkcs8.len; len++) {
        const struct secret cut = {pkcs8.bytes, len};
        cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, cut, &key)), STATUS_INTERNAL);
    }
    unsigned char *longer = arena_alloc(fixture_task.arena, pkcs8.len + 1);
    memcpy(longer, pkcs8.bytes, pkcs8.len);
    const struct secret with_tail = {longer, pkcs8.len + 1};
    cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, with_tail, &key)), STATUS_INTERNAL);
    signing_key_destroy(made);
}

/* X25519 (RFC 8410): a key of a kind that does not sign. */
Test(signing_key, another_kind_of_key_is_not_loaded)
{
    struct signing_key *key = NULL;
    struct str x25519 = hex_bytes("302e020100300506032b656e042204209d61b19deffd5a60ba844af492ec2cc4"
                                  "4449c5697b326919703bac031cae7f60");
    const struct secret pkcs8 = secret_copy(fixture_task.arena, x25519.ptr, x25519.len);
    cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, pkcs8, &key)), STATUS_INTERNAL);
}

Test(signing_key, an_rsa_key_below_2048_bits_is_not_loaded)
{
    struct signing_key *key = NULL;
    const struct str der = hex_bytes(RSA_1024_HEX);
    const struct secret pkcs8 = secret_copy(fixture_task.arena, der.ptr, der.len);
    cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, pkcs8, &key)), STATUS_INTERNAL);
}

Test(signing_key, another_curve_is_not_loaded)
{
    static const char *const others[] = {P384_HEX, SECP256K1_HEX};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        struct signing_key *key = NULL;
        const struct str der = hex_bytes(others[i]);
        const struct secret pkcs8 = secret_copy(fixture_task.arena, der.ptr, der.len);
        cr_assert_eq(CODE_OF(signing_key_load(&fixture_task.fault, pkcs8, &key)), STATUS_INTERNAL);
    }
}

Test(signing_key, a_public_key_neither_signs_nor_is_kept)
{
    struct signing_key *key = NULL;
    struct secret pkcs8;
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t len;
    cr_assert(is_ok(jwk_parse(&fixture_task, STR(RFC8037_JWK), &key)));
    cr_assert_not(signing_key_is_private(key));
    cr_assert_eq(CODE_OF(signing_key_sign(key, STR("x"), signature, &len)), STATUS_INTERNAL);
    cr_assert_eq(CODE_OF(signing_key_serialize(&fixture_task, key, &pkcs8)), STATUS_INTERNAL);
    signing_key_destroy(key);
}

Test(signing_key, comes_back_from_its_stored_form_with_the_same_name)
{
    for (int algorithm = 0; algorithm < SIGNING_ALGORITHM_COUNT; algorithm++) {
        struct signing_key *made = generate((enum signing_algorithm)algorithm);
        struct signing_key *loaded = NULL;
        struct secret pkcs8;
        unsigned char signature[SIGNATURE_BYTES_MAX];
        size_t len = 0;
        cr_assert(is_ok(signing_key_serialize(&fixture_task, made, &pkcs8)));
        cr_assert(is_ok(signing_key_load(&fixture_task.fault, pkcs8, &loaded)));
        cr_assert_eq((int)signing_key_algorithm(loaded), algorithm);
        cr_assert_eq(signing_key_id(made).len, KEY_ID_CHARS);
        cr_assert(str_equal(signing_key_id(made), signing_key_id(loaded)));
        cr_assert(signing_key_is_private(loaded));
        cr_assert(is_ok(signing_key_sign(loaded, STR("text"), signature, &len)));
        const struct str text = {(const char *)signature, len};
        cr_assert(is_ok(signing_key_verify(made, STR("text"), text)));
        signing_key_destroy(made);
        signing_key_destroy(loaded);
    }
}

Test(signing_key, an_ed25519_key_of_rfc_8037_signs_as_printed_there)
{
    struct signing_key *key = NULL;
    unsigned char signature[SIGNATURE_BYTES_MAX];
    size_t len = 0;
    /* PKCS #8 of RFC 8410, section 7, around the seed. */
    const struct str der = hex_bytes("302e020100300506032b657004220420" RFC8037_SEED_HEX);
    const struct secret pkcs8 = secret_copy(fixture_task.arena, der.ptr, der.len);
    cr_assert(is_ok(signing_key_load(&fixture_task.fault, pkcs8, &key)));
    cr_assert(str_equal(signing_key_id(key), STR(RFC8037_THUMBPRINT)));
    cr_assert(is_ok(signing_key_sign(key, STR(RFC8037_MESSAGE), signature, &len)));
    cr_assert(str_equal(base64url_print(fixture_task.arena, signature, len), STR(RFC8037_SIGNATURE)));
    signing_key_destroy(key);
}

Test(signing_key, algorithms_have_their_registered_names_and_no_other)
{
    static const char *const others[] = {"",       "none",  "None",  "NONE",   "es256",
                                         "ES256 ", "ES384", "ES512", "ES256K", "HS256",
                                         "HS512",  "PS256", "RS384", "eddsa",  "Ed25519"};
    enum signing_algorithm algorithm;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        cr_assert_not(signing_algorithm_parse(str_from(others[i]), &algorithm), "%s", others[i]);
    }
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) {
        const char *name = signing_algorithm_name((enum signing_algorithm)i);
        cr_assert(signing_algorithm_parse(str_from(name), &algorithm));
        cr_assert_eq((int)algorithm, i);
    }
}
