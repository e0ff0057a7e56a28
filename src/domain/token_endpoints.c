// SPDX-License-Identifier: MIT
#include "auth/domain/token_endpoints.h"

#include "auth/crypto/refresh_token.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/api_keys.h"
#include "auth/domain/claims.h"
#include "auth/domain/refresh.h"
#include "auth/domain/sessions.h"

static bool is_refresh_token(struct str token)
{
    return str_starts_with(token, STR(REFRESH_TOKEN_PREFIX));
}

/* RFC 7662 §2.2: "the authorization server MAY respond differently to different protected resources". */
static bool may_see(const struct client *client, struct str token_client_id)
{
    return str_equal(client->id, token_client_id) || has_word(client->scopes, STR("introspect"));
}

/* A bad token is inactive; only what keeps us from knowing is a failure. */
static result inactive_unless(result outcome, struct task *task, struct introspection *ret_introspection)
{
    if (outcome.code != STATUS_INVALID_TOKEN && outcome.code != STATUS_INVALID_GRANT) return outcome;
    fault_clear(&task->fault);
    *ret_introspection = (struct introspection){0};
    return RESULT_OK;
}

static struct str id_text(struct task *task, struct id id)
{
    char *text = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(id, text);
    return str_from(text);
}

/* Names parted by commas; NULL where there are none. */
static struct str_list names_of(struct task *task, struct str names)
{
    if (is_empty(names)) return (struct str_list){NULL, 0};
    struct str *items = arena_alloc_array(task->arena, names.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(names)) items[count++] = str_split(&names, ',');
    return (struct str_list){items, count};
}

/* RFC 9470 §6.2 */
static struct str acr_of(bool is_signed_in, bool is_assured)
{
    if (!is_signed_in) return STR_NONE;
    return is_assured ? STR(ACR_TWO) : STR(ACR_ONE);
}

static result introspect_access(struct service *service, struct task *task, const struct client *client,
                                struct str token, struct introspection *ret_introspection)
{
    struct principal principal;
    TRY(access_token_verify(service, task, token, &principal));
    REQUIRE(may_see(client, principal.client_id), INVALID_TOKEN);
    *ret_introspection = (struct introspection){
        .is_active = true,
        .scope = principal.scope,
        .client_id = principal.client_id,
        .username = principal.email,
        .token_type = STR("Bearer"),
        .expires_at_ms = principal.expires_at_ms,
        .issued_at_ms = principal.issued_at_ms,
        .subject = principal.subject,
        .audience = service->policy->audience,
        .issuer = service->policy->issuer,
        .jti = principal.jti,
        .session_id = is_nil(principal.session_id) ? STR_NONE : id_text(task, principal.session_id),
        .groups = names_of(task, principal.groups),
        .roles = names_of(task, principal.roles),
        .authenticated_at_ms = principal.authenticated_at_ms,
        .acr = acr_of(principal.is_person && !is_key(&principal), principal.is_assured),
        .claims = claims_members(principal.claims),
    };
    return RESULT_OK;
}

static result introspect_refresh(struct service *service, struct task *task, const struct client *client,
                                 struct str token, struct introspection *ret_introspection)
{
    struct session session;
    TRY(refresh_inspect(service, task, token, &session));
    REQUIRE(may_see(client, session.client_id), INVALID_TOKEN);
    *ret_introspection = (struct introspection){
        .is_active = true,
        .scope = session.scope,
        .client_id = session.client_id,
        .username = session.account_email,
        .expires_at_ms = session.idle_expires_at_ms < session.expires_at_ms ? session.idle_expires_at_ms
                                                                            : session.expires_at_ms,
        .issued_at_ms = session.refreshed_at_ms,
        .subject = id_text(task, session.account_id),
        .issuer = service->policy->issuer,
        .session_id = id_text(task, session.id),
        .authenticated_at_ms = session.authenticated_at_ms,
        .acr = acr_of(true, is_session_assured(&session, task->now_ms)),
    };
    return RESULT_OK;
}

result token_introspect(struct service *service, struct task *task, const struct client *client,
                        struct str token, struct introspection *ret_introspection)
{
    const result outcome = is_refresh_token(token)
                               ? introspect_refresh(service, task, client, token, ret_introspection)
                               : introspect_access(service, task, client, token, ret_introspection);
    return inactive_unless(outcome, task, ret_introspection);
}

/* RFC 7009 §2.2: "invalid tokens do not cause an error response since the client cannot handle such an error
 * in a reasonable way". */
static result quiet_if_invalid(result outcome, struct task *task)
{
    if (outcome.code != STATUS_INVALID_TOKEN && outcome.code != STATUS_INVALID_GRANT &&
        outcome.code != STATUS_NOT_FOUND)
        return outcome;
    fault_clear(&task->fault);
    return RESULT_OK;
}

/* RFC 7009 §2.1: the server "verifies whether the token was issued to the client making the revocation
 * request". */
static result check_owner(struct task *task, const struct client *client, struct str token_client_id)
{
    if (!str_equal(client->id, token_client_id))
        FAIL(&task->fault, UNAUTHORIZED_CLIENT, "token belongs to another client");
    return RESULT_OK;
}

/* Also a used token: whoever gives it up wants the session to end. */
static result revoke_refresh(struct service *service, struct task *task, const struct client *client,
                             struct str token)
{
    struct id session_id;
    int64_t counter;
    struct session session;
    TRY(refresh_token_parse(&service->secrets->refresh_key, token, &session_id, &counter));
    TRY(session_find(service->db, task, session_id, &session));
    TRY(check_owner(task, client, session.client_id));
    return sessions_end(service, task, session.id, session.account_id, "revoked");
}

/* A client gives up its own key as it does a token; a person's keys are hers to revoke. */
static result revoke_key(struct service *service, struct task *task, const struct client *client,
                         const struct principal *principal)
{
    const struct api_key_owner owner = {.client_id = client->id};
    return api_keys_revoke(service, task, &owner, principal->key_id);
}

static result revoke_access(struct service *service, struct task *task, const struct client *client,
                            struct str token)
{
    struct principal principal;
    TRY(access_token_verify(service, task, token, &principal));
    TRY(check_owner(task, client, principal.client_id));
    if (is_key(&principal)) return revoke_key(service, task, client, &principal);
    return access_token_revoke(service, task, &principal);
}

result token_revoke(struct service *service, struct task *task, const struct client *client, struct str token)
{
    const result outcome = is_refresh_token(token) ? revoke_refresh(service, task, client, token)
                                                   : revoke_access(service, task, client, token);
    return quiet_if_invalid(outcome, task);
}
