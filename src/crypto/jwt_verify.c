// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "auth/crypto/jwt.h"
#include "auth/json/fields.h"
#include "signing_key_internal.h"

#define NUMERIC_DATE_MAX (INT64_C(1) << 53) /* beyond, numbers of JSON lose their units (RFC 8259 §6) */
#define ALG_CHARS_MAX    16
#define TYP_CHARS_MAX    64

struct jwt_parts {
    struct str head;
    struct str payload;
    struct str signature;
    struct str message; /* head and payload with their dot: what is signed */
};

/* What a header may say that is heeded. jku, jwk, x5u and x5c are unknown here, so they are never followed.
 */
struct jose_header {
    struct str alg, typ, kid;
    struct str_list crit;
    enum presence has_crit;
};

static const struct field header_rows[] = {
    {.name = "alg",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct jose_header, alg),
     .max = ALG_CHARS_MAX},
    {.name = "typ", .type = FIELD_STRING, .offset = offsetof(struct jose_header, typ), .max = TYP_CHARS_MAX},
    {.name = "kid", .type = FIELD_STRING, .offset = offsetof(struct jose_header, kid), .max = KEY_ID_MAX},
    {.name = "crit",
     .type = FIELD_STRINGS,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct jose_header, crit),
     .presence_offset = offsetof(struct jose_header, has_crit)},
};

static const struct fields header_fields = {
    .title = "JOSE header",
    .rows = header_rows,
    .count = ARRAY_COUNT(header_rows),
    .size = sizeof(struct jose_header),
    .ignores_unknown = true,
};

/* Times in seconds, 0 where absent: the rows take no value below 1. */
struct payload {
    struct str iss, sub, client_id, jti, sid, scope, nonce, acr;
    struct str audience;
    struct str_list audiences;
    int64_t exp, iat, nbf, auth_time;
};

#define TEXT_CLAIM(claim)                                                               \
    {                                                                                   \
        .name = #claim, .type = FIELD_STRING, .offset = offsetof(struct payload, claim) \
    }
#define TIME_CLAIM(claim)                                                                           \
    {                                                                                               \
        .name = #claim, .type = FIELD_INTEGER, .offset = offsetof(struct payload, claim), .min = 1, \
        .max = NUMERIC_DATE_MAX                                                                     \
    }
#define CLAIMS_BUT_AUDIENCE                                                                      \
    TEXT_CLAIM(iss), TEXT_CLAIM(sub), TEXT_CLAIM(client_id), TEXT_CLAIM(jti), TEXT_CLAIM(sid),   \
        TEXT_CLAIM(scope), TEXT_CLAIM(nonce), TEXT_CLAIM(acr), TIME_CLAIM(exp), TIME_CLAIM(iat), \
        TIME_CLAIM(nbf), TIME_CLAIM(auth_time)
#define PAYLOAD_FIELDS(payload_rows)                                                   \
    {                                                                                  \
        .title = "claims", .rows = (payload_rows), .count = ARRAY_COUNT(payload_rows), \
        .size = sizeof(struct payload), .ignores_unknown = true                        \
    }

/* "In the general case, the "aud" value is an array … In the special case when the JWT has one audience, the
 * "aud" value MAY be a single … string" (RFC 7519 §4.1.3): a table for each form. */
static const struct field one_audience_rows[] = {
    CLAIMS_BUT_AUDIENCE,
    {.name = "aud", .type = FIELD_STRING, .offset = offsetof(struct payload, audience)},
};
static const struct field many_audiences_rows[] = {
    CLAIMS_BUT_AUDIENCE,
    {.name = "aud", .type = FIELD_STRINGS, .offset = offsetof(struct payload, audiences)},
};
static const struct fields one_audience_fields = PAYLOAD_FIELDS(one_audience_rows);
static const struct fields many_audiences_fields = PAYLOAD_FIELDS(many_audiences_rows);

static result split_parts(struct str token, struct jwt_parts *ret_parts)
{
    struct str rest = token;
    REQUIRE(token.len <= JWT_BYTES_MAX, INVALID_TOKEN);
    ret_parts->head = str_split(&rest, '.');
    ret_parts->payload = str_split(&rest, '.');
    ret_parts->signature = rest;
    /* The last part holds whatever is left, another dot too, which base64url then refuses. */
    const size_t message_len = ret_parts->head.len + 1u + ret_parts->payload.len;
    REQUIRE(ret_parts->head.len > 0 && ret_parts->payload.len > 0 && rest.len > 0, INVALID_TOKEN);
    ret_parts->message = (struct str){token.ptr, message_len};
    return RESULT_OK;
}

static bool read_object(const struct fields *fields, struct task *task, struct str json, void *ret_value)
{
    if (is_ok(fields_read_json(fields, task, json, ret_value))) return true;
    /* The fields of a token are not the client's input fields: they are not told. */
    fault_clear(&task->fault);
    return false;
}

static const struct signing_key *find_key(const struct jwk_set *keys, enum jwt_type type, struct str key_id)
{
    if (!is_empty(key_id)) return jwk_set_find(keys, key_id);
    /* A client with one key need not name it (RFC 7515 §4.1.4); our own tokens always do. */
    return type == JWT_CLIENT_ASSERTION && keys->count == 1 ? keys->keys[0] : NULL;
}

/* "each key MUST be used with exactly one algorithm, and this MUST be checked when the cryptographic operation
 * is performed" (RFC 8725 §3.1): the key decides, the header may only agree. "none" and HMAC are no key's
 * algorithm. */
static result check_header(struct task *task, const struct jwk_set *keys, enum jwt_type type, struct str text,
                           const struct signing_key **ret_key)
{
    struct str json;
    enum signing_algorithm algorithm;
    struct jose_header *header = arena_alloc(task->arena, sizeof *header);
    if (!base64url_parse(task->arena, text, &json) || !read_object(&header_fields, task, json, header)) {
        FAIL(&task->fault, INVALID_TOKEN, "the header of a token is not well formed");
    }
    /* "If any of the listed extension Header Parameters are not understood …, then the JWS is invalid."
     * (RFC 7515 §4.1.11). None is understood. */
    if (is_present(header->has_crit)) FAIL(&task->fault, INVALID_TOKEN, "a token asks for extensions");
    if (!jwt_type_matches(type, header->typ)) FAIL(&task->fault, INVALID_TOKEN, "a token of another type");
    const struct signing_key *key = find_key(keys, type, header->kid);
    if (!key) FAIL(&task->fault, INVALID_TOKEN, "a token names a key that is not here");
    if (!signing_algorithm_parse(header->alg, &algorithm) || algorithm != signing_key_algorithm(key)) {
        FAIL(&task->fault, INVALID_TOKEN, "a token names an algorithm that is not its key's");
    }
    *ret_key = key;
    return RESULT_OK;
}

static result check_signature(struct task *task, const struct signing_key *key, const struct jwt_parts *parts)
{
    struct str signature;
    if (!base64url_parse(task->arena, parts->signature, &signature)) {
        FAIL(&task->fault, INVALID_TOKEN, "the signature of a token is not base64url");
    }
    const result verified = signing_key_verify(key, parts->message, signature);
    if (!is_ok(verified)) {
        return fault_record(&task->fault, verified.code, __FILE__, __LINE__, __func__,
                            "the signature of a token is not right");
    }
    return RESULT_OK;
}

static result read_payload(struct task *task, struct str text, struct str *ret_json,
                           struct payload **ret_payload)
{
    struct payload *payload = arena_alloc(task->arena, sizeof *payload);
    if (!base64url_parse(task->arena, text, ret_json)) {
        FAIL(&task->fault, INVALID_TOKEN, "the claims of a token are not base64url");
    }
    if (!read_object(&one_audience_fields, task, *ret_json, payload) &&
        !read_object(&many_audiences_fields, task, *ret_json, payload)) {
        FAIL(&task->fault, INVALID_TOKEN, "the claims of a token are not well formed");
    }
    *ret_payload = payload;
    return RESULT_OK;
}

static bool is_for_audience(const struct payload *payload, struct str audience)
{
    if (str_equal(payload->audience, audience)) return true;
    for (size_t i = 0; i < payload->audiences.count; i++) {
        if (str_equal(payload->audiences.items[i], audience)) return true;
    }
    return false;
}

static result check_times(struct task *task, const struct payload *payload, bool ignores_expiry)
{
    const int64_t now_seconds = task->now_ms / MS_PER_SECOND;
    if (payload->exp == 0) FAIL(&task->fault, INVALID_TOKEN, "a token without expiry");
    if (!ignores_expiry && payload->exp + JWT_SKEW_SECONDS <= now_seconds) {
        FAIL(&task->fault, INVALID_TOKEN, "a token expired %lld s ago",
             (long long)(now_seconds - payload->exp));
    }
    if (payload->nbf - JWT_SKEW_SECONDS > now_seconds || payload->iat - JWT_SKEW_SECONDS > now_seconds) {
        FAIL(&task->fault, INVALID_TOKEN, "a token from the future");
    }
    return RESULT_OK;
}

/* Claims a type must carry beside iss, aud and exp: RFC 9068 §2.2, OpenID Connect Core §2 and Back-Channel
 * Logout §2.4, RFC 7523 §3. */
static bool has_required(enum jwt_type type, const struct payload *payload)
{
    const bool has_subject = !is_empty(payload->sub);
    const bool has_id = !is_empty(payload->jti);
    const bool has_issue_time = payload->iat != 0;
    switch (type) {
    case JWT_ACCESS:
        return has_subject && has_id && has_issue_time && !is_empty(payload->client_id);
    case JWT_IDENTITY:
        return has_subject && has_issue_time;
    case JWT_LOGOUT:
        return has_id && has_issue_time && (has_subject || !is_empty(payload->sid));
    case JWT_CLIENT_ASSERTION:
        return has_subject && has_id;
    case JWT_CHECKPOINT: /* has no audience and no expiry */
    case JWT_TYPE_COUNT:
        break;
    }
    return false;
}

static result check_payload(struct task *task, const struct jwt_expectation *expectation,
                            const struct payload *payload)
{
    if (!str_equal(payload->iss, expectation->issuer)) FAIL(&task->fault, INVALID_TOKEN, "another issuer");
    if (!is_for_audience(payload, expectation->audience)) {
        FAIL(&task->fault, INVALID_TOKEN, "a token for another audience");
    }
    if (!has_required(expectation->type, payload)) {
        FAIL(&task->fault, INVALID_TOKEN, "a token misses a claim its type must carry");
    }
    return check_times(task, payload, expectation->ignores_expiry);
}

static struct jwt_claims claims_of(const struct payload *payload, struct str json,
                                   const struct signing_key *key)
{
    return (struct jwt_claims){
        .issuer = payload->iss,
        .subject = payload->sub,
        .client_id = payload->client_id,
        .jwt_id = payload->jti,
        .session_id = payload->sid,
        .scope = payload->scope,
        .nonce = payload->nonce,
        .acr = payload->acr,
        .expires_at_ms = payload->exp * MS_PER_SECOND,
        .issued_at_ms = payload->iat * MS_PER_SECOND,
        .not_before_ms = payload->nbf * MS_PER_SECOND,
        .auth_time_ms = payload->auth_time * MS_PER_SECOND,
        .payload = json,
        .key = key,
    };
}

result jws_verify(struct task *task, struct str token, const struct jwk_set *keys, enum jwt_type type,
                  struct str *ret_payload)
{
    struct jwt_parts parts;
    const struct signing_key *key = NULL;
    if (!is_ok(split_parts(token, &parts))) FAIL(&task->fault, INVALID_TOKEN, "not a token of three parts");
    TRY(check_header(task, keys, type, parts.head, &key));
    TRY(check_signature(task, key, &parts));
    if (!base64url_parse(task->arena, parts.payload, ret_payload))
        FAIL(&task->fault, INVALID_TOKEN, "the claims of a token are not base64url");
    return RESULT_OK;
}

result jwt_verify(struct task *task, struct str token, const struct jwk_set *keys,
                  const struct jwt_expectation *expectation, struct jwt_claims *ret_claims)
{
    struct jwt_parts parts;
    const struct signing_key *key = NULL;
    struct str json;
    struct payload *payload = NULL;
    if (is_empty(expectation->issuer) || is_empty(expectation->audience)) {
        FAIL(&task->fault, INTERNAL, "a token is verified without an issuer or an audience to expect");
    }
    if (!is_ok(split_parts(token, &parts))) FAIL(&task->fault, INVALID_TOKEN, "not a token of three parts");
    TRY(check_header(task, keys, expectation->type, parts.head, &key));
    TRY(check_signature(task, key, &parts));
    TRY(read_payload(task, parts.payload, &json, &payload));
    TRY(check_payload(task, expectation, payload));
    *ret_claims = claims_of(payload, json, key);
    return RESULT_OK;
}
