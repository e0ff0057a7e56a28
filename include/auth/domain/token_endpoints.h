/* token_endpoints.h — what clients may ask about tokens: introspection and revocation.
 * Errors:  introspection never fails for a bad token: it is inactive. Revocation: UNAUTHORIZED_CLIENT for a
 *          token of another client; an unknown token is a success (RFC 7009 §2.2).
 * Waits:   yes (database), not for a cached access token.
 * Source:  RFC 7662, RFC 7009.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_TOKEN_ENDPOINTS_H
#define AUTH_DOMAIN_TOKEN_ENDPOINTS_H

#include "auth/domain/tokens.h"

struct introspection {
    bool is_active;
    struct str scope;
    struct str client_id;
    struct str username;
    struct str token_type;
    int64_t expires_at_ms;
    int64_t issued_at_ms;
    struct str subject;
    struct str audience;
    struct str issuer;
    struct str jti;
    struct str session_id;
    struct str_list groups; /* NULL: none */
    struct str_list roles;
    int64_t authenticated_at_ms;
    struct str acr;
    struct str claims; /* JSON members, without braces, whose names are none of the above; or empty */
};

/* A client sees its own tokens, and those of all with the scope "introspect". */
NODISCARD result token_introspect(struct service *service, struct task *task, const struct client *client,
                                  struct str token, struct introspection *ret_introspection);

/* A refresh token ends its session; an access token is refused from now on. */
NODISCARD result token_revoke(struct service *service, struct task *task, const struct client *client,
                              struct str token);

#endif
