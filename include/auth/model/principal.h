/* principal.h — who is asking, once an access token or an API key has passed every check.
 * Owner:   text lives in the arena of the task.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_PRINCIPAL_H
#define AUTH_MODEL_PRINCIPAL_H

#include "auth/base/id.h"

#define TOKEN_DIGEST_BYTES 32u

struct principal {
    bool is_person;   /* or what acts for one: else a client acting for itself */
    struct id key_id; /* of the API key that was presented; nil: a token was */
    struct id account_id;
    struct id session_id; /* nil for an API key */
    struct str subject;   /* "sub": the account's id, or the client's */
    struct str client_id;
    struct str scope;  /* as far as the person, or the client, has it now */
    struct str groups; /* names of the person's groups now, parted by commas */
    struct str roles;  /* the same of her roles */
    struct str claims; /* JSON object of the account's custom claims now, or empty */
    struct str email;  /* of the account, now */
    struct str jti;
    bool is_assured; /* by two factors: acr "aal2" */
    int64_t authenticated_at_ms;
    int64_t issued_at_ms;
    int64_t expires_at_ms; /* 0: never, as some API keys */
    unsigned char token_digest[TOKEN_DIGEST_BYTES];
};

static inline bool is_key(const struct principal *principal)
{
    return !is_nil(principal->key_id);
}

#endif
