// SPDX-License-Identifier: MIT
#include "auth/crypto/signing_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "signing_key_internal.h"

#define PKCS8_BYTES_MAX 8192
#define CURVE_NAME_SIZE 32u

static const char *const algorithm_names[SIGNING_ALGORITHM_COUNT] = {
    [SIGNING_ES256] = "ES256",
    [SIGNING_EDDSA] = "EdDSA",
    [SIGNING_RS256] = "RS256",
};

const char *signing_algorithm_name(enum signing_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

bool signing_algorithm_parse(struct str name, enum signing_algorithm *ret_algorithm)
{
    for (int i = 0; i < SIGNING_ALGORITHM_COUNT; i++) {
        if (!str_equal(name, str_from(algorithm_names[i]))) continue;
        *ret_algorithm = (enum signing_algorithm)i;
        return true;
    }
    return false;
}

enum signing_algorithm signing_key_algorithm(const struct signing_key *key)
{
    return key->algorithm;
}

struct str signing_key_id(const struct signing_key *key)
{
    return str_from(key->id);
}

bool signing_key_is_private(const struct signing_key *key)
{
    return key->is_private;
}

void signing_key_destroy(struct signing_key *key)
{
    if (!key) return;
    EVP_PKEY_CTX_free(key->signing);
    EVP_PKEY_CTX_free(key->verifying);
    EVP_PKEY_free(key->pair);
    wipe(key, sizeof *key);
    free(key);
}

static void key_destroy_scoped(struct signing_key **key)
{
    signing_key_destroy(*key);
}

static void pair_free_scoped(EVP_PKEY **pair)
{
    EVP_PKEY_free(*pair);
}

static void info_free_scoped(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

static bool is_p256(const EVP_PKEY *pair)
{
    char curve[CURVE_NAME_SIZE];
    size_t len = 0;
    if (EVP_PKEY_get_group_name(pair, curve, sizeof curve, &len) != 1) return false;
    return str_equal(str_from(curve), STR("prime256v1"));
}

/* "A key of size 2048 bits or larger MUST be used" (RFC 7518 §3.3). */
static bool find_algorithm(const EVP_PKEY *pair, enum signing_algorithm *ret_algorithm)
{
    if (EVP_PKEY_is_a(pair, "EC") && is_p256(pair)) {
        *ret_algorithm = SIGNING_ES256;
        return true;
    }
    const int bits = EVP_PKEY_get_bits(pair);
    if (EVP_PKEY_is_a(pair, "RSA") && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX) {
        *ret_algorithm = SIGNING_RS256;
        return true;
    }
    return false;
}

static bool is_prepared(EVP_PKEY_CTX *context, int is_initialised, enum signing_algorithm algorithm)
{
    if (!context || is_initialised != 1) return false;
    if (EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) return false;
    if (algorithm != SIGNING_RS256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
}

static bool prepare_contexts(struct signing_key *key)
{
    key->verifying = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
    if (!key->verifying) return false;
    if (!is_prepared(key->verifying, EVP_PKEY_verify_init(key->verifying), key->algorithm)) return false;
    if (!key->is_private) return true;
    key->signing = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
    if (!key->signing) return false;
    return is_prepared(key->signing, EVP_PKEY_sign_init(key->signing), key->algorithm);
}

static result finish(struct signing_key *key)
{
    TRY(thumbprint_make(key));
    jwt_heads_make(key);
    return RESULT_OK;
}

result signing_key_from_pair(EVP_PKEY *pair, bool is_private, struct signing_key **ret_key)
{
    SCOPED(key_destroy_scoped) struct signing_key *key = calloc(1, sizeof *key);
    if (!key) {
        EVP_PKEY_free(pair);
        return RESULT(INTERNAL);
    }
    key->pair = pair;
    key->is_private = is_private;
    REQUIRE(find_algorithm(pair, &key->algorithm), INTERNAL);
    REQUIRE(prepare_contexts(key), INTERNAL);
    TRY(finish(key));
    *ret_key = key;
    key = NULL;
    return RESULT_OK;
}

result signing_key_from_ed25519(const unsigned char public_key[ED25519_BYTES],
                                const unsigned char *seed_or_null, struct signing_key **ret_key)
{
    SCOPED(key_destroy_scoped) struct signing_key *key = calloc(1, sizeof *key);
    REQUIRE(key, INTERNAL);
    key->algorithm = SIGNING_EDDSA;
    key->is_private = seed_or_null != NULL;
    memcpy(key->ed25519_public, public_key, ED25519_BYTES);
    if (seed_or_null) {
        unsigned char derived[ED25519_BYTES];
        crypto_sign_seed_keypair(derived, key->ed25519_private, seed_or_null);
        REQUIRE(bytes_equal(derived, public_key, ED25519_BYTES), INTERNAL);
    }
    TRY(finish(key));
    *ret_key = key;
    key = NULL;
    return RESULT_OK;
}

static result generate_ed25519(struct signing_key **ret_key)
{
    unsigned char public_key[ED25519_BYTES];
    unsigned char private_key[crypto_sign_SECRETKEYBYTES];
    unsigned char seed[crypto_sign_SEEDBYTES];
    random_bytes(seed, sizeof seed);
    crypto_sign_seed_keypair(public_key, private_key, seed);
    const result made = signing_key_from_ed25519(public_key, seed, ret_key);
    wipe(private_key, sizeof private_key);
    wipe(seed, sizeof seed);
    return made;
}

result signing_key_generate(struct fault *fault, enum signing_algorithm algorithm,
                            struct signing_key **ret_key)
{
    if (algorithm == SIGNING_EDDSA) return generate_ed25519(ret_key);
    EVP_PKEY *pair = algorithm == SIGNING_ES256 ? EVP_EC_gen("P-256") : EVP_RSA_gen((size_t)RSA_BITS_MADE);
    if (!pair) FAIL(fault, INTERNAL, "no %s key could be made", signing_algorithm_name(algorithm));
    return signing_key_from_pair(pair, true, ret_key);
}

static EVP_PKEY *pair_of(const struct signing_key *key)
{
    if (key->algorithm == SIGNING_EDDSA) {
        return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->ed25519_private,
                                            crypto_sign_SEEDBYTES);
    }
    return EVP_PKEY_up_ref(key->pair) == 1 ? key->pair : NULL;
}

result signing_key_serialize(struct task *task, const struct signing_key *key, struct secret *ret_pkcs8)
{
    if (!key->is_private) FAIL(&task->fault, INTERNAL, "the key has no private half to keep");
    SCOPED(pair_free_scoped) EVP_PKEY *pair = pair_of(key);
    SCOPED(info_free_scoped) PKCS8_PRIV_KEY_INFO *info = pair ? EVP_PKEY2PKCS8(pair) : NULL;
    const int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;
    if (len <= 0 || len > PKCS8_BYTES_MAX) FAIL(&task->fault, INTERNAL, "the key cannot be written");
    unsigned char *bytes = arena_alloc(task->arena, (size_t)len);
    unsigned char *end = bytes;
    if (i2d_PKCS8_PRIV_KEY_INFO(info, &end) != len) FAIL(&task->fault, INTERNAL, "the key cannot be written");
    *ret_pkcs8 = (struct secret){bytes, (size_t)len};
    return RESULT_OK;
}

static result load_ed25519(const EVP_PKEY *pair, struct signing_key **ret_key)
{
    unsigned char public_key[ED25519_BYTES];
    unsigned char seed[crypto_sign_SEEDBYTES];
    size_t public_len = sizeof public_key;
    size_t seed_len = sizeof seed;
    REQUIRE(EVP_PKEY_get_raw_public_key(pair, public_key, &public_len) == 1, INTERNAL);
    REQUIRE(EVP_PKEY_get_raw_private_key(pair, seed, &seed_len) == 1, INTERNAL);
    const result made = signing_key_from_ed25519(public_key, seed, ret_key);
    wipe(seed, sizeof seed);
    return made;
}

result signing_key_load(struct fault *fault, struct secret pkcs8, struct signing_key **ret_key)
{
    const unsigned char *end = pkcs8.bytes;
    if (pkcs8.len == 0 || pkcs8.len > PKCS8_BYTES_MAX) FAIL(fault, INTERNAL, "a key of %zu bytes", pkcs8.len);
    SCOPED(info_free_scoped)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, (long)pkcs8.len);
    if (!info || end != pkcs8.bytes + pkcs8.len) FAIL(fault, INTERNAL, "a stored key is not PKCS #8");
    EVP_PKEY *pair = EVP_PKCS82PKEY(info);
    if (!pair) FAIL(fault, INTERNAL, "a stored key cannot be read");
    if (!EVP_PKEY_is_a(pair, "ED25519")) {
        TRY(signing_key_from_pair(pair, true, ret_key));
        return RESULT_OK;
    }
    const result made = load_ed25519(pair, ret_key);
    EVP_PKEY_free(pair);
    return made;
}
