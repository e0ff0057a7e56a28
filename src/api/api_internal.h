/* api_internal.h — what the files of this module share.
 * Owner:   a caller lives in the request's arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_INTERNAL_H
#define AUTH_API_INTERNAL_H

#include "auth/api/api.h"
#include "auth/domain/sessions.h"
#include "auth/model/client.h"
#include "auth/model/principal.h"

/* Who is asking: request->principal, set by authenticate. */
struct caller {
    struct principal principal; /* ACCESS_BEARER */
    struct client client;       /* ACCESS_CLIENT */
};

static inline struct api *api_of(const struct request *request)
{
    return request->context;
}

static inline struct service *service_of(const struct request *request)
{
    return api_of(request)->service;
}

static inline const struct caller *caller_of(const struct request *request)
{
    return request->principal;
}

/* The device a request comes from. */
struct device device_of(const struct request *request);

/* Step by step what dispatch.c does before the handler. */
NODISCARD result authenticate(struct request *request);
NODISCARD result authorise(struct request *request);
/* For a handler, where what the body has makes the request a sensitive one (needs_fresh_with of its route): as the rows of
 * the table ask it, of a person a recent authentication, as strong as her account can give. */
NODISCARD result authorise_sensitive(struct request *request);
/* For an answer that lasts: whether the caller, by the Authorization header kept from the request, may still do this. */
NODISCARD result check_again(struct request *request, struct secret authorization);
NODISCARD result check_origin(struct request *request);
/* Lets pages of the listed origins read the answer, whatever it will be. */
void announce_origin(const struct request *request, struct response *response);
/* A preflight request (Fetch standard) is answered here; false for any other. */
bool answer_preflight(struct request *request, struct response *response);
NODISCARD result read_body(struct request *request, const void **ret_body);
/* Into request->query_value, where the route takes query parameters. */
NODISCARD result read_query(struct request *request);

/* Handlers, one for each row of routes.c. */
#define HANDLER(name) result name(struct request *request, const void *body, struct response *response)
HANDLER(signup_post);
HANDLER(login_post);
HANDLER(logout_post);
HANDLER(me_get);
HANDLER(me_patch);
HANDLER(me_delete);
HANDLER(me_password_put);
HANDLER(me_sessions_get);
HANDLER(me_sessions_delete);
HANDLER(me_session_get);
HANDLER(me_session_delete);
HANDLER(authz_get);
HANDLER(config_get);
HANDLER(openapi_get);
HANDLER(oauth_token_post);
HANDLER(oauth_revoke_post);
HANDLER(oauth_introspect_post);
HANDLER(jwks_get);
HANDLER(discovery_get);
HANDLER(livez_get);
HANDLER(readyz_get);
HANDLER(metrics_get);

/* Field tables, beside their handlers. */
extern const struct fields signup_body_fields, signup_reply_fields, login_body_fields, logout_body_fields;
extern const struct fields account_reply_fields, me_patch_body_fields, me_delete_reply_fields,
    password_body_fields;
extern const struct fields session_reply_fields, session_list_reply_fields;
extern const struct fields oauth_token_body_fields, oauth_token_only_body_fields, introspection_reply_fields;

/* The documents made once: discovery_api.c, config_api.c. */
NODISCARD result discovery_print(struct arena *arena, const struct policy *policy, struct str *ret_text);
NODISCARD result config_print(struct arena *arena, const struct policy *policy, struct str *ret_text);

#endif
