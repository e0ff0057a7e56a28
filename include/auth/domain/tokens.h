/* tokens.h — the one gate every token passes.
 * Shape:   a grant has established who and how; the gate checks that tokens may be had (account, session,
 *          client, scope) and makes them. Nothing else in the service makes a token.
 * Errors:  INVALID_GRANT (account or session not fit), MFA_REQUIRED (session of one factor where two are demanded),
 *          UNAUTHORIZED_CLIENT, INVALID_SCOPE, NOT_READY (no signing key).
 * Waits:   for RS256, which signs in a worker thread, and for keys after a long rest: never call it while a transaction
 *          is open.
 * Source:  RFC 6749 §5.1 (response), RFC 9068 (access token), RFC 9700 §2.2, §4.14.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_TOKENS_H
#define AUTH_DOMAIN_TOKENS_H

#include "auth/domain/scopes.h"
#include "auth/domain/service.h"
#include "auth/json/fields.h"
#include "auth/model/client.h"
#include "auth/model/session.h"

/* The OAuth names of the grants are rows of grants.c; sign-in is the service's own. */
enum grant_kind { GRANT_SIGN_IN, GRANT_REFRESH, GRANT_CLIENT_CREDENTIALS };

#define TOKEN_SCOPES_MAX 1536u /* bytes: what a client and the roles of a person give together */

struct token_grant {
    enum grant_kind kind;
    const struct client *client;
    const struct session *session; /* NULL for a client acting for itself */
    struct str scope;              /* asked for; empty: all that was granted */
};

struct token_response {
    struct str access_token;
    struct str token_type;
    int64_t expires_in; /* seconds */
    struct str refresh_token;
    int64_t refresh_expires_in; /* seconds */
    struct str scope;
    struct str device_token; /* of a sign-in alone */
};

/* The one token response shape, RFC 6749 §5.1. */
extern const struct fields token_response_fields;

NODISCARD result tokens_issue(struct service *service, struct task *task, const struct token_grant *grant,
                              struct token_response *ret_response);

/* What tokens of a client may say of a person: `given` by the client, and with the first-party client all that her
 * roles give. */
struct str scopes_of_person(const struct service *service, struct task *task, const struct client *client,
                            struct str given, struct str role_scopes);

/* The refresh token of a session as its counter stands, and its digest: what the row keeps. */
struct secret refresh_token_of(struct service *service, struct task *task, struct id session_id,
                               int64_t counter, unsigned char ret_digest[32]);

#endif
