// SPDX-License-Identifier: MIT
#include "auth/domain/access_tokens.h"

#include "auth/domain/audit.h"

#include <string.h>

#include "auth/crypto/digest.h"
#include "auth/crypto/jwt.h"
#include "auth/domain/api_keys.h"
#include "auth/domain/clients.h"
#include "auth/domain/keyring.h"
#include "auth/domain/rights.h"
#include "auth/domain/sessions.h"
#include "auth/store/revoked_token_repo.h"

#define TOKEN_STATE_VERSION 2u

/* What a verified token says, remembered by the token's digest; every text has a fixed place. */
struct token_state {
    unsigned char version;
    bool is_person;
    bool is_revoked;
    bool is_assured;
    struct id account_id;
    struct id session_id;
    int64_t authenticated_at_ms;
    int64_t issued_at_ms;
    int64_t expires_at_ms;
    unsigned short client_id_len;
    unsigned short scope_len;
    unsigned short jti_len;
    char client_id[CLIENT_ID_MAX];
    char jti[ID_TEXT_SIZE];
    char scope[TOKEN_SCOPES_MAX];
};

_Static_assert(sizeof(struct token_state) <= CACHE_VALUE_MAX, "a token's state must fit into the cache");

#define STATE_HEAD_BYTES offsetof(struct token_state, scope)

static struct str cache_name(const unsigned char digest[TOKEN_DIGEST_BYTES])
{
    return (struct str){(const char *)digest, TOKEN_DIGEST_BYTES};
}

static bool keep_text(struct str text, char *place, size_t room, unsigned short *ret_len)
{
    if (text.len > room) return false;
    memcpy(place, text.ptr ? text.ptr : "", text.len);
    *ret_len = (unsigned short)text.len;
    return true;
}

static struct str text_copy(struct task *task, const char *place, unsigned short len)
{
    return str_copy(task->arena, (struct str){place, len});
}

/* Our own claims: a person's token names its session, a client's is about itself. */
static result state_from_claims(struct task *task, const struct jwt_claims *claims,
                                struct token_state *ret_state)
{
    memset(ret_state, 0, sizeof *ret_state);
    ret_state->version = TOKEN_STATE_VERSION;
    ret_state->is_person = !is_empty(claims->session_id);
    ret_state->is_assured = str_equal(claims->acr, STR(ACR_TWO));
    ret_state->authenticated_at_ms = claims->auth_time_ms;
    ret_state->issued_at_ms = claims->issued_at_ms;
    ret_state->expires_at_ms = claims->expires_at_ms;
    const bool is_kept =
        keep_text(claims->client_id, ret_state->client_id, sizeof ret_state->client_id,
                  &ret_state->client_id_len) &&
        keep_text(claims->scope, ret_state->scope, sizeof ret_state->scope, &ret_state->scope_len) &&
        keep_text(claims->jwt_id, ret_state->jti, sizeof ret_state->jti, &ret_state->jti_len);
    if (!is_kept || is_empty(claims->client_id)) FAIL(&task->fault, INVALID_TOKEN, "claims are not ours");
    if (!ret_state->is_person) {
        if (!str_equal(claims->subject, claims->client_id))
            FAIL(&task->fault, INVALID_TOKEN, "sub is not the client");
        return RESULT_OK;
    }
    if (!id_parse(claims->session_id, &ret_state->session_id) ||
        !id_parse(claims->subject, &ret_state->account_id))
        FAIL(&task->fault, INVALID_TOKEN, "sid or sub is not an id");
    return RESULT_OK;
}

static result verify_signature(struct service *service, struct task *task, struct str token,
                               struct jwt_claims *ret_claims)
{
    SCOPED_KEYS(keys, service->keyring);
    if (!keys) FAIL(&task->fault, NOT_READY, "no keys are loaded");
    const struct jwt_expectation expectation = {
        .type = JWT_ACCESS, .issuer = service->policy->issuer, .audience = service->policy->audience};
    return jwt_verify(task, token, keyring_verifiers(keys), &expectation, ret_claims);
}

/* The long way: signature, claims, the list of revoked tokens. */
static result read_state(struct service *service, struct task *task, struct str token,
                         const unsigned char digest[TOKEN_DIGEST_BYTES], struct token_state *ret_state)
{
    struct jwt_claims claims;
    TRY(keyring_wake(service, task));
    keyring_touch(service);
    result verified = verify_signature(service, task, token, &claims);
    if (verified.code == STATUS_INVALID_TOKEN) {
        /* Another replica may have begun to sign with a key that is new here. */
        const struct fault first = task->fault;
        fault_clear(&task->fault);
        bool has_changed;
        TRY(keyring_find_again(service, task, &has_changed));
        if (has_changed) verified = verify_signature(service, task, token, &claims);
        if (!is_ok(verified)) task->fault = first;
    }
    TRY(verified);
    TRY(state_from_claims(task, &claims, ret_state));
    TRY(revoked_token_find(service->db, task, digest, &ret_state->is_revoked));
    cache_offer(service->cache, CACHE_TOKEN, cache_name(digest),
                (struct str){(const char *)ret_state, STATE_HEAD_BYTES + ret_state->scope_len},
                service->policy->session_cache_ms);
    return RESULT_OK;
}

static bool state_from_cache(struct service *service, const unsigned char digest[TOKEN_DIGEST_BYTES],
                             struct token_state *ret_state)
{
    size_t size = sizeof *ret_state;
    if (!cache_peek(service->cache, CACHE_TOKEN, cache_name(digest), ret_state, &size)) return false;
    return size >= STATE_HEAD_BYTES && ret_state->version == TOKEN_STATE_VERSION &&
           size == STATE_HEAD_BYTES + ret_state->scope_len;
}

static void principal_from_state(struct task *task, const struct token_state *state,
                                 const unsigned char digest[TOKEN_DIGEST_BYTES],
                                 struct principal *ret_principal)
{
    *ret_principal = (struct principal){
        .is_person = state->is_person,
        .account_id = state->account_id,
        .session_id = state->session_id,
        .client_id = text_copy(task, state->client_id, state->client_id_len),
        .scope = text_copy(task, state->scope, state->scope_len),
        .jti = text_copy(task, state->jti, state->jti_len),
        .is_assured = state->is_assured,
        .authenticated_at_ms = state->authenticated_at_ms,
        .issued_at_ms = state->issued_at_ms,
        .expires_at_ms = state->expires_at_ms,
    };
    memcpy(ret_principal->token_digest, digest, TOKEN_DIGEST_BYTES);
}

static result find_client(struct service *service, struct task *task, struct str id,
                          struct client *ret_client)
{
    const result found = clients_find(service, task, id, ret_client);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "client is gone or disabled");
    return found;
}

/* What the person has now: a role taken away is refused at once, also where the token still names its scopes. */
static result read_rights(struct service *service, struct task *task, const struct session_state *session,
                          struct principal *principal)
{
    struct client client;
    struct rights rights = {0};
    TRY(find_client(service, task, principal->client_id, &client));
    if (session->has_rights) {
        const result found = rights_find(service, task, principal->account_id, &rights);
        if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "account is gone");
        TRY(found);
        if (!rights.is_active) FAIL(&task->fault, INVALID_TOKEN, "account is not active");
    }
    principal->groups = rights.groups;
    principal->roles = rights.roles;
    principal->claims = rights.claims;
    if (is_empty(principal->scope)) return RESULT_OK;
    const struct str now = scopes_of_person(service, task, &client, client.scopes, rights.scopes);
    principal->scope = rights_narrow(task, principal->scope, now);
    return RESULT_OK;
}

/* The session's account, as it is now. */
static result check_person(struct service *service, struct task *task, struct principal *principal)
{
    struct session_state *session = arena_alloc(task->arena, sizeof *session);
    TRY(sessions_check(service, task, principal->session_id, session));
    if (!id_equal(session->account_id, principal->account_id))
        FAIL(&task->fault, INVALID_TOKEN, "session belongs to another account");
    char *subject = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(principal->account_id, subject);
    principal->subject = str_from(subject);
    principal->email = (struct str){session->email, session->email_len};
    return read_rights(service, task, session, principal);
}

static result check_client(struct service *service, struct task *task, struct principal *principal)
{
    struct client client;
    TRY(find_client(service, task, principal->client_id, &client));
    principal->scope = rights_narrow(task, principal->scope, client.scopes);
    principal->subject = principal->client_id;
    return RESULT_OK;
}

result access_token_verify(struct service *service, struct task *task, struct str token,
                           struct principal *ret_principal)
{
    if (is_api_key(token)) return api_key_verify(service, task, token, ret_principal);
    if (is_empty(token) || token.len > JWT_BYTES_MAX)
        FAIL(&task->fault, INVALID_TOKEN, "no token of a sensible size");
    unsigned char digest[TOKEN_DIGEST_BYTES];
    sha256(token, digest);

    struct token_state *state = arena_alloc(task->arena, sizeof *state);
    if (!state_from_cache(service, digest, state)) TRY(read_state(service, task, token, digest, state));
    /* On a hit, too: what was right when it was remembered may have expired or been revoked since. */
    if (state->is_revoked) FAIL(&task->fault, INVALID_TOKEN, "token is revoked");
    if (state->expires_at_ms <= task->now_ms) FAIL(&task->fault, INVALID_TOKEN, "token has expired");

    struct principal principal;
    principal_from_state(task, state, digest, &principal);
    TRY(state->is_person ? check_person(service, task, &principal) : check_client(service, task, &principal));
    *ret_principal = principal;
    return RESULT_OK;
}

result access_token_revoke(struct service *service, struct task *task, const struct principal *principal)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(revoked_token_insert(tx, task, principal->token_digest, principal->expires_at_ms));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_TOKEN_REVOKED,
                                         .account_id = principal->account_id,
                                         .session_id = principal->session_id,
                                         .client_id = principal->client_id}));
    TRY(db_commit(&tx, task));
    cache_deny(service->cache, task, CACHE_TOKEN, cache_name(principal->token_digest));
    return RESULT_OK;
}
