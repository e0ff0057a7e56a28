/* principal.h — who is asking, once an access token has passed every check.
 * Owner:   text lives in the arena of the task.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_PRINCIPAL_H
#define AUTH_MODEL_PRINCIPAL_H

#include "auth/base/id.h"

#define TOKEN_DIGEST_BYTES 32u

struct principal {
    bool is_person; /* else a client acting for itself (client_credentials) */
    struct id account_id;
    struct id session_id;
    struct str subject; /* "sub": the account's id, or the client's */
    struct str client_id;
    struct str scope;
    struct str email; /* of the account, now */
    struct str jti;
    int64_t authenticated_at_ms;
    int64_t issued_at_ms;
    int64_t expires_at_ms;
    unsigned char token_digest[TOKEN_DIGEST_BYTES];
};

#endif
