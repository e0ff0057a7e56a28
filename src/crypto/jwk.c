// SPDX-License-Identifier: MIT
#include "auth/crypto/jwk.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdio.h>

#include "auth/json/fields.h"
#include "auth/json/writer.h"
#include "signing_key_internal.h"

#define MODULUS_CHARS_MAX  BASE64URL_LEN(RSA_BITS_MAX / 8u)
#define EXPONENT_BYTES_MAX 5u
#define POINT_UNCOMPRESSED 0x04u
#define JWK_JSON_BYTES_MAX 8192u

struct jwk {
    struct str kty, crv, x, y, n, e, alg, kid, use, d;
    enum presence has_d;
};

#define MEMBER(member, limit)                                                                         \
    {                                                                                                 \
        .name = #member, .type = FIELD_STRING, .offset = offsetof(struct jwk, member), .max = (limit) \
    }

static const struct field jwk_rows[] = {
    {.name = "kty",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct jwk, kty),
     .max = 16},
    MEMBER(crv, 16),
    MEMBER(x, 64),
    MEMBER(y, 64),
    MEMBER(n, MODULUS_CHARS_MAX),
    MEMBER(e, 16),
    MEMBER(alg, 16),
    MEMBER(kid, KEY_ID_MAX),
    MEMBER(use, 16),
    {.name = "d",
     .type = FIELD_STRING,
     .offset = offsetof(struct jwk, d),
     .presence_offset = offsetof(struct jwk, has_d)},
};

static const struct fields jwk_fields = {
    .title = "JSON Web Key",
    .rows = jwk_rows,
    .count = ARRAY_COUNT(jwk_rows),
    .size = sizeof(struct jwk),
    .ignores_unknown = true,
};

void jwk_print(const struct signing_key *key, struct strbuf *out)
{
    strbuf_add_char(out, '{');
    strbuf_add(out, str_from(key->members));
    strbuf_printf(out, ",\"kid\":\"%s\",\"alg\":\"%s\",\"use\":\"sig\"}", key->id,
                  signing_algorithm_name(key->algorithm));
}

void jwk_set_print(const struct jwk_set *set, struct strbuf *out)
{
    strbuf_add(out, STR("{\"keys\":["));
    for (size_t i = 0; i < set->count; i++) {
        if (i > 0) strbuf_add_char(out, ',');
        jwk_print(set->keys[i], out);
    }
    strbuf_add(out, STR("]}"));
}

const struct signing_key *jwk_set_find(const struct jwk_set *set, struct str key_id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_equal(signing_key_id(set->keys[i]), key_id)) return set->keys[i];
    }
    return NULL;
}

static void params_free_scoped(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void builder_free_scoped(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void number_free_scoped(BIGNUM **number)
{
    BN_free(*number);
}

static void context_free_scoped(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* NULL unless libcrypto takes the members and finds the key sound ("Validate Cryptographic Inputs",
 * RFC 8725 §3.4). */
static EVP_PKEY *pair_from(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pair = NULL;
    SCOPED(params_free_scoped) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    SCOPED(context_free_scoped) EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !making || EVP_PKEY_fromdata_init(making) != 1) return NULL;
    if (EVP_PKEY_fromdata(making, &pair, EVP_PKEY_PUBLIC_KEY, params) != 1) return NULL;
    SCOPED(context_free_scoped) EVP_PKEY_CTX *checking = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    if (checking && EVP_PKEY_public_check(checking) == 1) return pair;
    EVP_PKEY_free(pair);
    return NULL;
}

static result parse_ec(const struct jwk *jwk, struct signing_key **ret_key)
{
    unsigned char point[1u + 2u * COORDINATE_BYTES] = {POINT_UNCOMPRESSED};
    REQUIRE(str_equal(jwk->crv, STR("P-256")), INVALID_REQUEST);
    REQUIRE(base64url_decode(jwk->x, point + 1, COORDINATE_BYTES), INVALID_REQUEST);
    REQUIRE(base64url_decode(jwk->y, point + 1 + COORDINATE_BYTES, COORDINATE_BYTES), INVALID_REQUEST);
    SCOPED(builder_free_scoped) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    REQUIRE(builder, INTERNAL);
    REQUIRE(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1, INTERNAL);
    REQUIRE(OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1,
            INTERNAL);
    EVP_PKEY *pair = pair_from("EC", builder);
    REQUIRE(pair, INVALID_REQUEST);
    return signing_key_from_pair(pair, false, ret_key);
}

static result parse_ed25519(const struct jwk *jwk, struct signing_key **ret_key)
{
    unsigned char point[ED25519_BYTES];
    REQUIRE(str_equal(jwk->crv, STR("Ed25519")), INVALID_REQUEST);
    REQUIRE(base64url_decode(jwk->x, point, sizeof point), INVALID_REQUEST);
    REQUIRE(crypto_core_ed25519_is_valid_point(point) == 1, INVALID_REQUEST);
    return signing_key_from_ed25519(point, NULL, ret_key);
}

static BIGNUM *number_parse(struct arena *arena, struct str text, size_t bytes_max)
{
    struct str bytes;
    if (!base64url_parse(arena, text, &bytes)) return NULL;
    /* "the minimum number of octets" (RFC 7518 §2, Base64urlUInt): no leading zero. */
    if (bytes.len == 0 || bytes.len > bytes_max || bytes.ptr[0] == '\0') return NULL;
    return BN_bin2bn((const unsigned char *)bytes.ptr, (int)bytes.len, NULL);
}

static result parse_rsa(struct arena *arena, const struct jwk *jwk, struct signing_key **ret_key)
{
    SCOPED(number_free_scoped) BIGNUM *n = number_parse(arena, jwk->n, RSA_BITS_MAX / 8u);
    SCOPED(number_free_scoped) BIGNUM *e = number_parse(arena, jwk->e, EXPONENT_BYTES_MAX);
    REQUIRE(n && e && BN_num_bits(n) >= RSA_BITS_MIN && BN_is_odd(n), INVALID_REQUEST);
    REQUIRE(BN_is_odd(e) && !BN_is_one(e), INVALID_REQUEST);
    SCOPED(builder_free_scoped) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    REQUIRE(builder, INTERNAL);
    REQUIRE(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1, INTERNAL);
    REQUIRE(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1, INTERNAL);
    EVP_PKEY *pair = pair_from("RSA", builder);
    REQUIRE(pair, INVALID_REQUEST);
    return signing_key_from_pair(pair, false, ret_key);
}

static result parse_kind(struct task *task, const struct jwk *jwk, struct signing_key **ret_key)
{
    if (str_equal(jwk->kty, STR("EC"))) return parse_ec(jwk, ret_key);
    if (str_equal(jwk->kty, STR("OKP"))) return parse_ed25519(jwk, ret_key);
    if (str_equal(jwk->kty, STR("RSA"))) return parse_rsa(task->arena, jwk, ret_key);
    return RESULT(INVALID_REQUEST);
}

/* "use" and "alg" narrow what a key is for (RFC 7517 §4.2, §4.4): one that is for something else is not
 * taken. */
static bool is_for_signing(const struct jwk *jwk, const struct signing_key *key)
{
    if (!is_empty(jwk->use) && !str_equal(jwk->use, STR("sig"))) return false;
    const char *name = signing_algorithm_name(signing_key_algorithm(key));
    return is_empty(jwk->alg) || str_equal(jwk->alg, str_from(name));
}

result jwk_parse(struct task *task, struct str json, struct signing_key **ret_key)
{
    struct signing_key *key = NULL;
    struct jwk *jwk = arena_alloc(task->arena, sizeof *jwk);
    if (json.len > JWK_JSON_BYTES_MAX || !is_ok(fields_read_json(&jwk_fields, task, json, jwk))) {
        fault_clear(&task->fault);
        FAIL(&task->fault, INVALID_REQUEST, "a JSON Web Key has a member of the wrong form");
    }
    if (is_present(jwk->has_d)) FAIL(&task->fault, INVALID_REQUEST, "a JSON Web Key shows its private half");
    const result parsed = parse_kind(task, jwk, &key);
    if (!is_ok(parsed))
        return fault_record(&task->fault, parsed.code, __FILE__, __LINE__, __func__,
                            "a JSON Web Key is of no kind taken here, or not sound");
    if (!is_for_signing(jwk, key)) {
        signing_key_destroy(key);
        FAIL(&task->fault, INVALID_REQUEST, "a JSON Web Key is not for signing, or for another algorithm");
    }
    if (!is_empty(jwk->kid)) snprintf(key->id, sizeof key->id, "%.*s", STR_ARGS(jwk->kid));
    *ret_key = key;
    return RESULT_OK;
}
