/* jwt.h — signed claims: made here, and verified strictly.
 * Shape:   JWS compact form: base64url header, payload and signature. No JWE, no unsigned tokens.
 * Errors:  INVALID_TOKEN for every token that is not right; the task's fault tells the operator why.
 * Units:   *_ms are Unix milliseconds; 0 where the claim is absent.
 * Owner:   texts live in the task's arena.
 * Waits:   no; ES256 15 us to sign, 45 us to verify. Tokens beyond JWT_BYTES_MAX are refused unread.
 * Source:  RFC 7515, RFC 7519, RFC 8725 (all of §3), RFC 9068 (access tokens), OWASP ASVS 9.1, 9.2.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_JWT_H
#define AUTH_CRYPTO_JWT_H

#include "auth/crypto/jwk.h"

#define JWT_BYTES_MAX    8192u
#define JWT_SKEW_SECONDS 10

/* What the token is for: the header's typ, so that one kind never passes for another (RFC 8725 §3.11). */
enum jwt_type {
    JWT_ACCESS,           /* at+jwt, RFC 9068 */
    JWT_IDENTITY,         /* JWT, OpenID Connect */
    JWT_LOGOUT,           /* logout+jwt, OpenID Connect Back-Channel Logout */
    JWT_CLIENT_ASSERTION, /* read only: client-authentication+jwt, JWT or none, RFC 7523 */
    JWT_CHECKPOINT,       /* audit-checkpoint+jwt: where the audit log stood; never expires, see jws_verify */
    JWT_TYPE_COUNT
};

/* `claims` is the JSON object to sign. TOO_LARGE beyond JWT_BYTES_MAX. */
NODISCARD result jwt_sign(struct task *task, const struct signing_key *key, enum jwt_type type,
                          struct str claims, struct str *ret_token);

/* The signature and the type alone; what the JSON object says is the caller's to judge. */
NODISCARD result jws_verify(struct task *task, struct str token, const struct jwk_set *keys,
                            enum jwt_type type, struct str *ret_payload);

struct jwt_expectation {
    enum jwt_type type;
    struct str issuer;   /* exact */
    struct str audience; /* one of the token's, exact; an empty one is a mistake of the caller: INTERNAL */
    bool ignores_expiry; /* id_token_hint at logout may be old (OpenID Connect RP-Initiated Logout §4) */
};

struct jwt_claims {
    struct str issuer;
    struct str subject;
    struct str client_id;
    struct str jwt_id;
    struct str session_id;
    struct str scope;
    struct str nonce;
    struct str acr;
    int64_t expires_at_ms;
    int64_t issued_at_ms;
    int64_t not_before_ms;
    int64_t auth_time_ms;
    struct str payload; /* the JSON object, for claims that are not above */
    const struct signing_key *key;
};

/* Time is the task's now_ms. Claims are written only if everything holds (RFC 8725 §3.3, §3.10). */
NODISCARD result jwt_verify(struct task *task, struct str token, const struct jwk_set *keys,
                            const struct jwt_expectation *expectation, struct jwt_claims *ret_claims);

#endif
