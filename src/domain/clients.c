// SPDX-License-Identifier: MIT
#include "auth/domain/clients.h"

#include "auth/domain/audit.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/token.h"
#include "auth/domain/grants.h"
#include "auth/store/client_repo.h"

#define CLIENT_STATE_VERSION 2u

/* A client as the cache keeps it; every text has a fixed place. */
struct client_state {
    unsigned char version;
    bool is_confidential;
    unsigned char secret_count;
    unsigned char secret_digests[CLIENT_SECRETS_MAX][CLIENT_SECRET_DIGEST_BYTES];
    unsigned short grants_len;
    unsigned short scopes_len;
    char grants[CLIENT_GRANTS_MAX];
    char scopes[CLIENT_SCOPES_MAX];
};

_Static_assert(sizeof(struct client_state) <= CACHE_VALUE_MAX, "a client's state must fit into the cache");

bool is_first_party(const struct service *service, struct str id)
{
    return is_empty(id) || str_equal(id, service->policy->client_id);
}

/* Built in, so that nothing must be registered before somebody can sign in. */
static struct client first_party(const struct service *service)
{
    return (struct client){
        .id = service->policy->client_id, .name = STR("first-party"), .grants = STR("refresh_token")};
}

static bool client_from_cache(struct service *service, struct task *task, struct str id,
                              struct client *ret_client)
{
    struct client_state *state = arena_alloc(task->arena, sizeof *state);
    size_t size = sizeof *state;
    if (!cache_get(service->cache, task, CACHE_CLIENT, id, state, &size)) return false;
    if (size != sizeof *state || state->version != CLIENT_STATE_VERSION ||
        state->secret_count > CLIENT_SECRETS_MAX || state->grants_len > CLIENT_GRANTS_MAX ||
        state->scopes_len > CLIENT_SCOPES_MAX)
        return false;
    *ret_client = (struct client){
        .id = str_copy(task->arena, id),
        .is_confidential = state->is_confidential,
        .secret_count = state->secret_count,
        .grants = {state->grants, state->grants_len},
        .scopes = {state->scopes, state->scopes_len},
    };
    for (size_t i = 0; i < state->secret_count; i++)
        memcpy(ret_client->secrets[i].digest, state->secret_digests[i], CLIENT_SECRET_DIGEST_BYTES);
    return true;
}

static void client_to_cache(struct service *service, const struct client *client)
{
    struct client_state state = {.version = CLIENT_STATE_VERSION,
                                 .is_confidential = client->is_confidential,
                                 .secret_count = (unsigned char)client->secret_count,
                                 .grants_len = (unsigned short)client->grants.len,
                                 .scopes_len = (unsigned short)client->scopes.len};
    if (client->grants.len > sizeof state.grants || client->scopes.len > sizeof state.scopes) return;
    for (size_t i = 0; i < client->secret_count; i++)
        memcpy(state.secret_digests[i], client->secrets[i].digest, CLIENT_SECRET_DIGEST_BYTES);
    memcpy(state.grants, client->grants.ptr, client->grants.len);
    memcpy(state.scopes, client->scopes.ptr, client->scopes.len);
    cache_offer(service->cache, CACHE_CLIENT, client->id, (struct str){(const char *)&state, sizeof state},
                service->policy->session_cache_ms);
}

result clients_find(struct service *service, struct task *task, struct str id, struct client *ret_client)
{
    if (is_first_party(service, id)) {
        *ret_client = first_party(service);
        return RESULT_OK;
    }
    REQUIRE(id.len <= CLIENT_ID_MAX && !has_nul(id), NOT_FOUND);
    if (client_from_cache(service, task, id, ret_client)) return RESULT_OK;
    struct client client;
    TRY(client_find(service->db, task, id, &client));
    REQUIRE(client.disabled_at_ms == 0, NOT_FOUND);
    client_to_cache(service, &client);
    *ret_client = client;
    return RESULT_OK;
}

/* RFC 6749 §2.3.1. A client that has no secret must not present one. */
static result check_secret(struct task *task, const struct client *client, struct secret secret)
{
    if (!client->is_confidential) {
        if (secret.len != 0) FAIL(&task->fault, INVALID_CLIENT, "public client presented a secret");
        return RESULT_OK;
    }
    /* All of them, whichever it is: the time does not tell. */
    bool is_right = false;
    for (size_t i = 0; i < client->secret_count; i++) {
        struct token_digest digest;
        memcpy(digest.bytes, client->secrets[i].digest, sizeof digest.bytes);
        is_right |= is_ok(client_secret_verify(secret_expose(secret), &digest));
        wipe(&digest, sizeof digest);
    }
    if (!is_right) FAIL(&task->fault, INVALID_CLIENT, "client secret is missing or wrong");
    return RESULT_OK;
}

result clients_authenticate(struct service *service, struct task *task,
                            const struct client_credentials *credentials, struct client *ret_client)
{
    if (!is_utf8(credentials->id)) FAIL(&task->fault, INVALID_CLIENT, "client_id is not text");
    struct client client;
    const result found = clients_find(service, task, credentials->id, &client);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_CLIENT, "client is unknown or disabled");
    TRY(found);
    TRY(check_secret(task, &client, credentials->secret));
    *ret_client = client;
    return RESULT_OK;
}
