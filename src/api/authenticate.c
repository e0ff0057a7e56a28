// SPDX-License-Identifier: MIT
#include <string.h>

#include "api_internal.h"
#include "auth/base/encoding.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/clients.h"
#include "auth/domain/second_factor.h"
#include "auth/domain/tokens.h"
#include "auth/store/session_repo.h"
#include "factor_api_internal.h"

#define CREDENTIALS_BYTES_MAX 512u

struct device device_of(const struct request *request)
{
    return (struct device){.address = request->client_text,
                           .user_agent = request_header(request, "User-Agent")};
}

/* What follows the scheme, which compares without case (RFC 9110 §11.1); false when the scheme is another
 * one. */
static bool after_scheme(struct str header, struct str scheme, struct str *ret_rest)
{
    if (header.len <= scheme.len || header.ptr[scheme.len] != ' ') return false;
    if (!str_equal_nocase((struct str){header.ptr, scheme.len}, scheme)) return false;
    *ret_rest = str_trim(str_from_offset(header, scheme.len + 1));
    return true;
}

static result authenticate_bearer(struct request *request, struct str header, struct caller *caller)
{
    struct str token;
    if (!after_scheme(header, STR("Bearer"), &token))
        FAIL(&request->task.fault, INVALID_TOKEN, "no bearer token");
    return access_token_verify(service_of(request), &request->task, token, &caller->principal);
}

/* RFC 6749 §2.3.1: id and secret are form-encoded, then joined by a colon, then base64. */
static result read_basic(struct request *request, struct str encoded,
                         struct client_credentials *ret_credentials)
{
    struct arena *arena = request->task.arena;
    struct str pair, id, secret;
    const bool is_read = encoded.len <= CREDENTIALS_BYTES_MAX && base64_parse(arena, encoded, &pair) &&
                         memchr(pair.ptr, ':', pair.len) != NULL;
    if (!is_read) FAIL(&request->task.fault, INVALID_CLIENT, "Basic credentials are not well formed");
    struct str rest = pair;
    const struct str first = str_split(&rest, ':');
    if (!percent_decode(arena, first, true, &id) || !percent_decode(arena, rest, true, &secret))
        FAIL(&request->task.fault, INVALID_CLIENT, "Basic credentials are not form-encoded");
    ret_credentials->id = id;
    ret_credentials->secret = secret_copy(arena, secret.ptr, secret.len);
    return RESULT_OK;
}

struct client_parameters {
    struct str client_id;
    struct secret client_secret;
};

static const struct field CLIENT_PARAMETER_ROWS[] = {
    {.name = "client_id",
     .type = FIELD_STRING,
     .offset = offsetof(struct client_parameters, client_id),
     .max = CLIENT_ID_MAX},
    {.name = "client_secret",
     .type = FIELD_SECRET,
     .offset = offsetof(struct client_parameters, client_secret),
     .max = 256},
};
static const struct fields CLIENT_PARAMETERS =
    FIELDS(CLIENT_PARAMETER_ROWS, struct client_parameters, "ClientParameters");

/* RFC 6749 §2.3: "the client MUST NOT use more than one authentication method in each request". */
static result read_client_credentials(struct request *request, struct client_credentials *ret_credentials)
{
    struct client_parameters parameters;
    struct str encoded;
    TRY(fields_read_form(&CLIENT_PARAMETERS, &request->task, request->body, &parameters));
    if (!after_scheme(request_header(request, "Authorization"), STR("Basic"), &encoded)) {
        *ret_credentials = (struct client_credentials){parameters.client_id, parameters.client_secret};
        return RESULT_OK;
    }
    struct client_credentials basic;
    TRY(read_basic(request, encoded, &basic));
    if (parameters.client_secret.len != 0)
        FAIL(&request->task.fault, INVALID_REQUEST, "two ways of client authentication at once");
    if (!is_empty(parameters.client_id) && !str_equal(parameters.client_id, basic.id))
        FAIL(&request->task.fault, INVALID_REQUEST, "client_id differs from the authenticated client");
    *ret_credentials = basic;
    return RESULT_OK;
}

static result authenticate_client(struct request *request, struct caller *caller)
{
    struct client_credentials credentials;
    TRY(read_client_credentials(request, &credentials));
    return clients_authenticate(service_of(request), &request->task, &credentials, &caller->client);
}

result authenticate(struct request *request)
{
    const enum access access = request->route->access;
    if (access == ACCESS_PUBLIC || access == ACCESS_OPERATIONS) return RESULT_OK;
    struct caller *caller = arena_alloc(request->task.arena, sizeof *caller);
    if (access == ACCESS_BEARER)
        TRY(authenticate_bearer(request, request_header(request, "Authorization"), caller));
    else if (access == ACCESS_CLIENT)
        TRY(authenticate_client(request, caller));
    else
        FAIL(&request->task.fault, INTERNAL, "route without access");
    request->principal = caller;
    return RESULT_OK;
}

/* An account without a password never is of two factors: mail is none. Its best is the second step, and the token must be of
 * the sign-in that took it. */
static result is_second_step_taken(struct request *request, bool *ret_is_taken)
{
    const struct service *service = service_of(request);
    const struct principal *principal = &caller_of(request)->principal;
    struct session session;
    TRY(session_find(service->db, &request->task, principal->session_id, &session));
    const bool is_of_it =
        session.authenticated_at_ms / MS_PER_SECOND == principal->authenticated_at_ms / MS_PER_SECOND;
    const bool is_over = session.authenticated_at_ms + service->policy->assured_ms <= request->task.now_ms;
    *ret_is_taken = has_second_step(session.amr) && is_of_it && !is_over;
    return RESULT_OK;
}

static result are_two_factors_needed(struct request *request, enum needed_acr needed, bool *ret_are_needed)
{
    const struct principal *principal = &caller_of(request)->principal;
    struct service *service = service_of(request);
    struct assurance assurance;
    *ret_are_needed = needed == ACR_NEEDED_AAL2;
    if (needed != ACR_NEEDED_BEST || !principal->is_person) return RESULT_OK;
    /* A demand counts from the moment it is made, whether or not there is a factor yet. */
    TRY(second_factor_demand(service, service->db, &request->task, principal->account_id, &assurance,
                             ret_are_needed));
    if (!*ret_are_needed || assurance.has_password || is_nil(principal->session_id)) return RESULT_OK;
    bool is_taken;
    TRY(is_second_step_taken(request, &is_taken));
    *ret_are_needed = !is_taken;
    return RESULT_OK;
}

/* RFC 9470: what needs a recent authentication, or one as strong as the account can give, says so. Clients and API keys have
 * none: what they may do is in their scopes, and a person's key was made after a recent and strong one. */
static result check_authentication(struct request *request, enum needed_acr needed, bool needs_fresh)
{
    const struct service *service = service_of(request);
    const struct principal *principal = &caller_of(request)->principal;
    bool needs_two_factors;
    if (request->route->scope && (!principal->is_person || is_key(principal))) return RESULT_OK;
    TRY(are_two_factors_needed(request, needed, &needs_two_factors));
    return check_step_up(request, needs_two_factors,
                         needs_fresh ? service->policy->fresh_ms / MS_PER_SECOND : -1);
}

result authorise_sensitive(struct request *request)
{
    return check_authentication(request, ACR_NEEDED_BEST, true);
}

/* A key acts for its owner only where the route says so, and with the scope it names. */
static result check_key(struct request *request, const struct principal *principal)
{
    const char *scope = request->route->key_scope;
    if (!scope) FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "API keys may not do this");
    if (scope[0] != '\0' && !has_scope(principal->scope, str_from(scope)))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "API key lacks the scope %s", scope);
    return RESULT_OK;
}

/* A route that names a scope is for whoever carries it, be it a person, a client or a key; all others are people's. */
static result check_scope(struct request *request, const struct principal *principal)
{
    const char *scope = request->route->scope;
    if (!scope && !principal->is_person && request->route->takes_clients) return RESULT_OK;
    if (!scope && !principal->is_person)
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "token is not a person's");
    if (!scope && is_key(principal)) return check_key(request, principal);
    if (scope && !has_scope(principal->scope, str_from(scope)))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "token lacks the scope %s", scope);
    return RESULT_OK;
}

/* For the audit log: what is done under a scope may be done to others, and what a key does its owner did not do by
 * hand. */
static void name_actor(struct request *request, const struct principal *principal)
{
    struct arena *arena = request->task.arena;
    if (is_key(principal))
        request->task.actor = str_printf(arena, "key:%.*s", STR_ARGS(principal->jti));
    else if (request->route->scope)
        request->task.actor = str_printf(arena, "%s:%.*s", principal->is_person ? "account" : "client",
                                         STR_ARGS(principal->subject));
}

result authorise(struct request *request)
{
    const struct route *route = request->route;
    if (route->access != ACCESS_BEARER) return RESULT_OK;
    const struct principal *principal = &caller_of(request)->principal;
    TRY(check_scope(request, principal));
    name_actor(request, principal);
    const bool is_sensitive = route->needs_fresh || route->needs_acr != ACR_NEEDED_ANY;
    return is_sensitive ? check_authentication(request, route->needs_acr, route->needs_fresh) : RESULT_OK;
}

result check_again(struct request *request, struct secret authorization)
{
    struct caller *caller = arena_alloc(request->task.arena, sizeof *caller);
    TRY(authenticate_bearer(request, secret_expose(authorization), caller));
    return check_scope(request, &caller->principal);
}
