// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/token.h"
#include "auth/domain/audit.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/scopes.h"
#include "auth/store/client_repo.h"

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
        fault_add_field(fault, "/client_id", "wrong_type", "must be 1 to 64 letters, digits and -._~");
    if (str_equal(registration->id, service->policy->client_id))
        fault_add_field(fault, "/client_id", "reserved", "is the built-in first-party client");
    if (is_empty(registration->name) || registration->name.len > CLIENT_NAME_MAX ||
        !is_utf8(registration->name))
        fault_add_field(fault, "/client_name", "too_long", "must be 1 to 100 bytes of text");
    if (registration->grants.len > CLIENT_GRANTS_MAX || !are_grants_known(registration->grants))
        fault_add_field(fault, "/grant_types", "not_a_choice", "must be grant types this server knows");
    if (registration->scopes.len > CLIENT_SCOPES_MAX || !is_scope(registration->scopes))
        fault_add_field(fault, "/scope", "wrong_type", "must be scope words parted by single spaces");
    if (!registration->is_confidential && has_word(registration->grants, STR("client_credentials")))
        fault_add_field(fault, "/grant_types", "not_a_choice",
                        "client_credentials needs a confidential client (RFC 6749 section 4.4)");
    if (fault->error_count != 0) FAIL(fault, VALIDATION_FAILED, "client registration refused");
    return RESULT_OK;
}

/* What makes a client powerful over this service is given by who has that power. To look at every token is a client's
 * alone: people have it through nobody. */
static result check_granter(struct task *task, struct str granter, struct str scopes)
{
    while (!is_empty(scopes)) {
        const struct str word = str_split(&scopes, ' ');
        if (str_starts_with(word, STR("admin:")) && !has_scope(granter, word))
            FAIL(&task->fault, FORBIDDEN, "power that the granter does not have: %.*s", STR_ARGS(word));
    }
    return RESULT_OK;
}

static struct str client_id_made(struct task *task)
{
    char *text = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(id_new(task->now_ms), text);
    return str_from(text);
}

/* The next of its secrets. */
static struct secret make_secret(struct task *task, struct client *client)
{
    struct token_digest digest;
    struct client_secret *made = &client->secrets[client->secret_count++];
    const struct secret secret = client_secret_make(task->arena, &digest);
    memcpy(made->digest, digest.bytes, sizeof made->digest);
    made->created_at_ms = task->now_ms;
    return secret;
}

static result note(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                   struct str id)
{
    return audit_note(service, tx, task, &(struct audit_event){.type = type, .client_id = id});
}

result clients_create(struct service *service, struct task *task,
                      const struct client_registration *registration, struct client *ret_client,
                      struct secret *ret_secret)
{
    TRY(check_registration(service, task, registration));
    TRY(check_granter(task, registration->granter, registration->scopes));
    struct client client = {
        .id = is_empty(registration->id) ? client_id_made(task) : registration->id,
        .name = registration->name,
        .is_confidential = registration->is_confidential,
        .grants = registration->grants,
        .scopes = registration->scopes,
        .created_at_ms = task->now_ms,
        .updated_at_ms = task->now_ms,
    };
    struct secret secret = {0};
    if (client.is_confidential) secret = make_secret(task, &client);
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(client_insert(tx, task, &client));
    TRY(note(service, tx, task, AUDIT_CLIENT_CREATED, client.id));
    TRY(db_commit(&tx, task));
    *ret_client = client;
    *ret_secret = secret;
    return RESULT_OK;
}

/* Held, so that it is what it is until the change is made; whoever has less power than it has does not change it. */
static result hold(struct db *tx, struct task *task, const struct client_target *target,
                   struct client *ret_client)
{
    int64_t version;
    REQUIRE(target->id.len <= CLIENT_ID_MAX && !has_nul(target->id), NOT_FOUND);
    TRY(client_hold(tx, task, target->id, &version));
    if (target->expected && !is_version_expected(target->expected, version))
        FAIL(&task->fault, PRECONDITION_FAILED, "client has another version");
    TRY(client_find(tx, task, target->id, ret_client));
    return check_granter(task, target->granter, ret_client->scopes);
}

static result commit(struct service *service, struct db **tx, struct task *task, struct str id)
{
    TRY(db_commit(tx, task));
    cache_deny(service->cache, task, CACHE_CLIENT, id);
    return RESULT_OK;
}

static enum audit_type type_of(const struct client *before, const struct client *after)
{
    const bool was_disabled = before->disabled_at_ms != 0;
    const bool is_disabled = after->disabled_at_ms != 0;
    if (was_disabled == is_disabled) return AUDIT_CLIENT_UPDATED;
    return is_disabled ? AUDIT_CLIENT_DISABLED : AUDIT_CLIENT_ENABLED;
}

static struct client changed(const struct client *client, const struct client_change *change, int64_t now_ms)
{
    struct client after = *client;
    if (change->sets_name) after.name = change->name;
    if (change->sets_grants) after.grants = change->grants;
    if (change->sets_scopes) after.scopes = change->scopes;
    if (!change->sets_disabled) return after;
    const int64_t since_ms = client->disabled_at_ms != 0 ? client->disabled_at_ms : now_ms;
    after.disabled_at_ms = change->is_disabled ? since_ms : 0;
    return after;
}

/* What a client is after a change, it could have been registered as. */
static result check_change(struct service *service, struct task *task, const struct client *after,
                           struct str granter)
{
    const struct client_registration registration = {.id = after->id,
                                                     .name = after->name,
                                                     .is_confidential = after->is_confidential,
                                                     .grants = after->grants,
                                                     .scopes = after->scopes};
    TRY(check_registration(service, task, &registration));
    return check_granter(task, granter, after->scopes);
}

result clients_update(struct service *service, struct task *task, const struct client_target *target,
                      const struct client_change *change, struct client *ret_client)
{
    struct client before;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &before));
    const struct client after = changed(&before, change, task->now_ms);
    TRY(check_change(service, task, &after, target->granter));
    TRY(client_update(tx, task, &after));
    TRY(note(service, tx, task, type_of(&before, &after), after.id));
    TRY(commit(service, &tx, task, after.id));
    *ret_client = after;
    return RESULT_OK;
}

result clients_add_secret(struct service *service, struct task *task, const struct client_target *target,
                          struct client_secret *ret_made, struct secret *ret_secret)
{
    struct client client;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &client));
    if (!client.is_confidential) FAIL(&task->fault, CONFLICT, "a public client has no secrets");
    if (client.secret_count == CLIENT_SECRETS_MAX)
        FAIL(&task->fault, CONFLICT, "client has %u secrets already", CLIENT_SECRETS_MAX);
    const struct secret secret = make_secret(task, &client);
    const struct client_secret *made = &client.secrets[client.secret_count - 1];
    TRY(client_add_secret(tx, task, client.id, made->digest));
    TRY(note(service, tx, task, AUDIT_CLIENT_SECRET_ADDED, client.id));
    TRY(commit(service, &tx, task, client.id));
    *ret_made = *made;
    *ret_secret = secret;
    return RESULT_OK;
}

struct str client_secret_name(struct arena *arena, const struct client_secret *secret)
{
    return base64url_print(arena, secret->digest, CLIENT_SECRET_NAME_BYTES);
}

static bool find_secret(struct task *task, const struct client *client, struct str name, size_t *ret_index)
{
    for (size_t i = 0; i < client->secret_count; i++) {
        if (!str_equal(client_secret_name(task->arena, &client->secrets[i]), name)) continue;
        *ret_index = i;
        return true;
    }
    return false;
}

result clients_remove_secret(struct service *service, struct task *task, const struct client_target *target,
                             struct str name)
{
    struct client client;
    size_t index;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &client));
    REQUIRE(find_secret(task, &client, name, &index), NOT_FOUND);
    if (client.secret_count == 1)
        FAIL(&task->fault, CONFLICT, "it is the last one; disable the client or delete it");
    const struct client_secret *heir =
        &client.secrets[index + 1 < client.secret_count ? index + 1 : index - 1];
    TRY(client_remove_secret(tx, task, client.id, client.secrets[index].digest, heir->digest));
    TRY(note(service, tx, task, AUDIT_CLIENT_SECRET_REMOVED, client.id));
    return commit(service, &tx, task, client.id);
}

result clients_delete(struct service *service, struct task *task, const struct client_target *target)
{
    struct client client;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(hold(tx, task, target, &client));
    TRY(client_delete(tx, task, client.id));
    TRY(note(service, tx, task, AUDIT_CLIENT_DELETED, client.id));
    return commit(service, &tx, task, client.id);
}
