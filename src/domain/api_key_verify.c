// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/crypto/token.h"
#include "auth/domain/api_keys.h"
#include "auth/domain/clients.h"
#include "auth/domain/rights.h"
#include "auth/domain/scopes.h"

#define KEY_STATE_VERSION 1u
#define OWN_SCOPES        SCOPE_ACCOUNT " " SCOPE_ACCOUNT_READ
#define USED_STEP_MS      INT64_C(60000) /* the last use is kept to the minute */

/* A key as the cache keeps it, by its digest. */
struct key_state {
    unsigned char version;
    bool is_revoked;
    unsigned char client_id_len;
    unsigned short scopes_len;
    struct id id;
    struct id account_id;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    char client_id[CLIENT_ID_MAX];
    char scopes[API_KEY_SCOPES_MAX];
};

_Static_assert(sizeof(struct key_state) <= CACHE_VALUE_MAX, "a key's state must fit into the cache");

#define STATE_HEAD_BYTES offsetof(struct key_state, scopes)

static struct str digest_name(const struct token_digest *digest)
{
    return (struct str){(const char *)digest->bytes, sizeof digest->bytes};
}

static bool state_from_cache(struct service *service, struct task *task, const struct token_digest *digest,
                             struct key_state *ret_state)
{
    size_t size = sizeof *ret_state;
    if (!cache_get(service->cache, task, CACHE_API_KEY, digest_name(digest), ret_state, &size)) return false;
    return size >= STATE_HEAD_BYTES && ret_state->version == KEY_STATE_VERSION &&
           ret_state->client_id_len <= CLIENT_ID_MAX && size == STATE_HEAD_BYTES + ret_state->scopes_len;
}

static result state_of(struct task *task, const struct api_key *key, struct key_state *ret_state)
{
    if (key->client_id.len > CLIENT_ID_MAX || key->scopes.len > API_KEY_SCOPES_MAX)
        FAIL(&task->fault, INTERNAL, "an API key's row is longer than its limits");
    *ret_state = (struct key_state){.version = KEY_STATE_VERSION,
                                    .is_revoked = key->revoked_at_ms != 0,
                                    .client_id_len = (unsigned char)key->client_id.len,
                                    .scopes_len = (unsigned short)key->scopes.len,
                                    .id = key->id,
                                    .account_id = key->account_id,
                                    .created_at_ms = key->created_at_ms,
                                    .expires_at_ms = key->expires_at_ms};
    if (key->client_id.len > 0) memcpy(ret_state->client_id, key->client_id.ptr, key->client_id.len);
    if (key->scopes.len > 0) memcpy(ret_state->scopes, key->scopes.ptr, key->scopes.len);
    return RESULT_OK;
}

/* At most once a minute; a use that could not be noted is a use all the same. */
static void note_use(struct service *service, struct task *task, const struct api_key *key)
{
    const int64_t before_ms = task->now_ms - USED_STEP_MS;
    if (key->last_used_at_ms != 0 && key->last_used_at_ms >= before_ms) return;
    if (!is_ok(api_key_mark_used(service->db, task, key->id, before_ms))) fault_clear(&task->fault);
}

static result read_state(struct service *service, struct task *task, const struct token_digest *digest,
                         struct key_state *ret_state)
{
    struct api_key key;
    const result found = api_key_find_by_digest(service->db, task, digest->bytes, &key);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "API key is not known");
    TRY(found);
    TRY(state_of(task, &key, ret_state));
    cache_offer(service->cache, CACHE_API_KEY, digest_name(digest),
                (struct str){(const char *)ret_state, STATE_HEAD_BYTES + ret_state->scopes_len},
                service->policy->session_cache_ms);
    const bool is_good =
        !ret_state->is_revoked && (key.expires_at_ms == 0 || key.expires_at_ms > task->now_ms);
    if (is_good) note_use(service, task, &key);
    return RESULT_OK;
}

/* The owner as she is now: an account that is locked, closing or gone has no good keys. */
static result read_person(struct service *service, struct task *task, struct str scopes,
                          struct principal *principal)
{
    struct rights rights;
    const result found = rights_find(service, task, principal->account_id, &rights);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "the key's owner is gone");
    TRY(found);
    if (!rights.is_active) FAIL(&task->fault, INVALID_TOKEN, "the key's owner is not active");
    char *subject = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(principal->account_id, subject);
    principal->subject = str_from(subject);
    principal->email = rights.email;
    principal->groups = rights.groups;
    principal->roles = rights.roles;
    principal->claims = rights.claims;
    const struct str now = str_printf(task->arena, OWN_SCOPES " %.*s", STR_ARGS(rights.scopes));
    principal->scope = rights_narrow(task, scopes, now);
    return RESULT_OK;
}

static result read_client(struct service *service, struct task *task, struct str scopes,
                          struct principal *principal)
{
    struct client client;
    const result found = clients_find(service, task, principal->client_id, &client);
    if (found.code == STATUS_NOT_FOUND)
        FAIL(&task->fault, INVALID_TOKEN, "the key's client is gone or disabled");
    TRY(found);
    principal->subject = principal->client_id;
    principal->scope = rights_narrow(task, scopes, client.scopes);
    return RESULT_OK;
}

result api_key_verify(struct service *service, struct task *task, struct str token,
                      struct principal *ret_principal)
{
    struct token_digest digest;
    if (!is_ok(token_parse(token, API_KEY_PREFIX, &digest)))
        FAIL(&task->fault, INVALID_TOKEN, "API key is mistyped");
    struct key_state *state = arena_alloc(task->arena, sizeof *state);
    if (!state_from_cache(service, task, &digest, state)) TRY(read_state(service, task, &digest, state));
    if (state->is_revoked) FAIL(&task->fault, INVALID_TOKEN, "API key is revoked");
    if (state->expires_at_ms != 0 && state->expires_at_ms <= task->now_ms)
        FAIL(&task->fault, INVALID_TOKEN, "API key has expired");

    char *key_id = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(state->id, key_id);
    struct principal principal = {
        .is_person = !is_nil(state->account_id),
        .key_id = state->id,
        .account_id = state->account_id,
        .client_id = {state->client_id, state->client_id_len},
        .jti = str_from(key_id),
        .issued_at_ms = state->created_at_ms,
        .expires_at_ms = state->expires_at_ms,
    };
    const struct str scopes = {state->scopes, state->scopes_len};
    memcpy(principal.token_digest, digest.bytes, sizeof principal.token_digest);
    TRY(principal.is_person ? read_person(service, task, scopes, &principal)
                            : read_client(service, task, scopes, &principal));
    *ret_principal = principal;
    return RESULT_OK;
}
