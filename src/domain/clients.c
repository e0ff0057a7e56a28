// SPDX-License-Identifier: MIT
#include "auth/domain/clients.h"

#include "auth/domain/audit.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/token.h"
#include "auth/domain/grants.h"
#include "auth/store/client_repo.h"

#define CLIENT_STATE_VERSION 1u

/* A client as the cache keeps it; every text has a fixed place. */
struct client_state {
    unsigned char version;
    bool is_confidential;
    unsigned char secret_digest[CLIENT_SECRET_DIGEST_BYTES];
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
        state->grants_len > CLIENT_GRANTS_MAX || state->scopes_len > CLIENT_SCOPES_MAX)
        return false;
    *ret_client = (struct client){
        .id = str_copy(task->arena, id),
        .is_confidential = state->is_confidential,
        .grants = {state->grants, state->grants_len},
        .scopes = {state->scopes, state->scopes_len},
    };
    memcpy(ret_client->secret_digest, state->secret_digest, sizeof state->secret_digest);
    return true;
}

static void client_to_cache(struct service *service, const struct client *client)
{
    struct client_state state = {.version = CLIENT_STATE_VERSION,
                                 .is_confidential = client->is_confidential,
                                 .grants_len = (unsigned short)client->grants.len,
                                 .scopes_len = (unsigned short)client->scopes.len};
    if (client->grants.len > sizeof state.grants || client->scopes.len > sizeof state.scopes) return;
    memcpy(state.secret_digest, client->secret_digest, sizeof state.secret_digest);
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
    struct token_digest digest;
    memcpy(digest.bytes, client->secret_digest, sizeof digest.bytes);
    const result verified = client_secret_verify(secret_expose(secret), &digest);
    wipe(&digest, sizeof digest);
    if (!is_ok(verified)) FAIL(&task->fault, INVALID_CLIENT, "client secret is missing or wrong");
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

/* unreserved of RFC 3986, so that an id never needs escaping anywhere. */
static bool is_client_id(struct str id)
{
    if (id.len < 1 || id.len > CLIENT_ID_MAX) return false;
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.ptr[i];
        const bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (c == '\0' || !strchr("-._~", c))) return false;
    }
    return true;
}

static bool are_grants_known(struct str grants)
{
    const struct str_list supported = grants_supported();
    while (!is_empty(grants)) {
        const struct str grant = str_split(&grants, ' ');
        bool is_known = false;
        for (size_t i = 0; i < supported.count; i++)
            is_known = is_known || str_equal(grant, supported.items[i]);
        if (!is_known) return false;
    }
    return true;
}

static result check_registration(struct service *service, struct task *task,
                                 const struct client_registration *registration)
{
    struct fault *fault = &task->fault;
    if (!is_empty(registration->id) && !is_client_id(registration->id))
        fault_add_field(fault, "client_id", "wrong_type", "must be 1 to 64 letters, digits and -._~");
    if (str_equal(registration->id, service->policy->client_id))
        fault_add_field(fault, "client_id", "reserved", "is the built-in first-party client");
    if (is_empty(registration->name) || registration->name.len > CLIENT_NAME_MAX ||
        !is_utf8(registration->name))
        fault_add_field(fault, "client_name", "too_long", "must be 1 to 100 bytes of text");
    if (registration->grants.len > CLIENT_GRANTS_MAX || !are_grants_known(registration->grants))
        fault_add_field(fault, "grant_types", "not_a_choice", "must be grant types this server knows");
    if (registration->scopes.len > CLIENT_SCOPES_MAX || !is_scope(registration->scopes))
        fault_add_field(fault, "scope", "wrong_type", "must be scope words parted by single spaces");
    if (!registration->is_confidential && has_word(registration->grants, STR("client_credentials")))
        fault_add_field(fault, "grant_types", "not_a_choice",
                        "client_credentials needs a confidential client (RFC 6749 section 4.4)");
    if (fault->error_count != 0) FAIL(fault, VALIDATION_FAILED, "client registration refused");
    return RESULT_OK;
}

static struct str client_id_made(struct task *task)
{
    char *text = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(id_new(task->now_ms), text);
    return str_from(text);
}

result clients_create(struct service *service, struct task *task,
                      const struct client_registration *registration, struct client *ret_client,
                      struct secret *ret_secret)
{
    TRY(check_registration(service, task, registration));
    struct client client = {
        .id = is_empty(registration->id) ? client_id_made(task) : registration->id,
        .name = registration->name,
        .is_confidential = registration->is_confidential,
        .grants = registration->grants,
        .scopes = registration->scopes,
        .created_at_ms = task->now_ms,
    };
    struct secret secret = {0};
    if (client.is_confidential) {
        struct token_digest digest;
        secret = client_secret_make(task->arena, &digest);
        memcpy(client.secret_digest, digest.bytes, sizeof client.secret_digest);
    }
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(client_insert(tx, task, &client));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_CLIENT_CREATED, .client_id = client.id}));
    TRY(db_commit(&tx, task));
    *ret_client = client;
    *ret_secret = secret;
    return RESULT_OK;
}

result clients_delete(struct service *service, struct task *task, struct str id)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(client_delete(tx, task, id));
    TRY(audit_note(service, tx, task, &(struct audit_event){.type = AUDIT_CLIENT_DELETED, .client_id = id}));
    TRY(db_commit(&tx, task));
    cache_deny(service->cache, task, CACHE_CLIENT, id);
    return RESULT_OK;
}
