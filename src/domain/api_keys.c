// SPDX-License-Identifier: MIT
#include "auth/domain/api_keys.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/token.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/clients.h"
#include "auth/domain/mailer.h"
#include "auth/domain/rights.h"
#include "auth/domain/scopes.h"
#include "auth/store/account_repo.h"

#define OWN_SCOPES   SCOPE_ACCOUNT " " SCOPE_ACCOUNT_READ
#define REVOKED_ROWS 500 /* in one transaction */

bool is_api_key(struct str token)
{
    return str_starts_with(token, STR(API_KEY_PREFIX));
}

static struct str digest_name(const unsigned char digest[API_KEY_DIGEST_BYTES])
{
    return (struct str){(const char *)digest, API_KEY_DIGEST_BYTES};
}

static struct str id_text(struct task *task, struct id id)
{
    char *text = arena_alloc(task->arena, ID_TEXT_SIZE);
    id_print(id, text);
    return str_from(text);
}

/* All that an account may give to a key of its own. */
static struct str givable(struct task *task, const struct rights *rights)
{
    if (is_empty(rights->scopes)) return STR(OWN_SCOPES);
    return str_printf(task->arena, OWN_SCOPES " %.*s", STR_ARGS(rights->scopes));
}

static struct str subject_of(struct task *task, struct id key_id)
{
    return str_printf(task->arena, "key:%.*s", STR_ARGS(id_text(task, key_id)));
}

/* --- making ------------------------------------------------------------------------------------------------------- */

static void refuse(struct task *task, const char *pointer, const char *code, const char *detail)
{
    fault_add_field(&task->fault, pointer, code, detail);
}

static bool is_name(struct str name)
{
    if (is_empty(name) || !is_utf8(name) || utf8_count(name) > API_KEY_NAME_MAX) return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < ' ' || name.ptr[i] == 0x7f) return false;
    return true;
}

/* What the owner has now. */
static result find_owned(struct service *service, struct task *task, const struct api_key_request *request,
                         struct str *ret_owned)
{
    struct rights rights;
    struct client client;
    if (!is_nil(request->owner.account_id)) {
        TRY(rights_read(service->db, task, request->owner.account_id, &rights));
        if (!rights.is_active) FAIL(&task->fault, NOT_FOUND, "account is not active");
        *ret_owned = givable(task, &rights);
        return RESULT_OK;
    }
    TRY(clients_find(service, task, request->owner.client_id, &client));
    /* The built-in client is nobody: what it may comes from people. */
    if (!client.is_confidential) FAIL(&task->fault, NOT_FOUND, "client is not one that acts for itself");
    *ret_owned = client.scopes;
    return RESULT_OK;
}

static result check_request(struct task *task, const struct api_key_request *request, struct str owned)
{
    const bool is_person = !is_nil(request->owner.account_id);
    if (!is_name(request->name))
        refuse(task, "/name", "wrong_type", "must be 1 to 100 characters without control characters");
    if (request->scopes.len > API_KEY_SCOPES_MAX || !is_scope(request->scopes))
        refuse(task, "/scopes", "wrong_type", "must be scope words, 512 bytes at most");
    else if (!is_scope_covered(request->scopes, owned))
        refuse(task, "/scopes", "not_held", "must be scopes its owner has");
    else if (!is_person && !is_empty(administrators_missing_power(request->granter, request->scopes)))
        refuse(task, "/scopes", "not_held", "must be scopes you have yourself");
    if (request->expires_at_ms != 0 && request->expires_at_ms <= task->now_ms)
        refuse(task, "/expires_at", "too_small", "must lie ahead");
    if (task->fault.error_count != 0) FAIL(&task->fault, VALIDATION_FAILED, "API key refused");
    return RESULT_OK;
}

/* The account is held, so that of two at the same moment the second one counts the first. */
static result check_count(struct service *service, struct db *tx, struct task *task,
                          const struct api_key_owner *owner, const struct account *account)
{
    int64_t count;
    if (account) {
        const result held = account_hold(tx, task, account->id, account->password_changed_at_ms);
        if (held.code == STATUS_NOT_FOUND) FAIL(&task->fault, CONFLICT, "account changed meanwhile");
        TRY(held);
    }
    TRY(api_key_count(tx, task, owner, &count));
    if (count >= service->policy->keys_per_account)
        FAIL(&task->fault, CONFLICT, "owner has %lld keys already", (long long)count);
    return RESULT_OK;
}

static result tell_person(struct service *service, struct db *tx, struct task *task,
                          const struct api_key_request *request, const struct account *account)
{
    return mailer_enqueue(service, tx, task,
                          &(struct mail){.kind = MAIL_API_KEY_CREATED,
                                         .account_id = account->id,
                                         .to = account->email,
                                         .locale = account->locale,
                                         .name = account->name,
                                         .client_address = request->client_address,
                                         .detail = request->name});
}

static result store(struct service *service, struct task *task, const struct api_key_request *request,
                    const struct api_key *key, const struct token_digest *digest)
{
    struct account account;
    const bool is_person = !is_nil(key->account_id);
    if (is_person) TRY(account_find(service->db, task, key->account_id, &account));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(check_count(service, tx, task, &request->owner, is_person ? &account : NULL));
    TRY(api_key_insert(tx, task, key, digest->bytes));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_API_KEY_CREATED,
                                         .account_id = key->account_id,
                                         .client_id = key->client_id,
                                         .client_address = request->client_address,
                                         .subject = subject_of(task, key->id)}));
    if (is_person) TRY(tell_person(service, tx, task, request, &account));
    TRY(db_commit(&tx, task));
    if (is_person) mailer_wake(service);
    return RESULT_OK;
}

result api_keys_create(struct service *service, struct task *task, const struct api_key_request *request,
                       struct api_key *ret_key, struct secret *ret_secret)
{
    struct str owned;
    struct token_digest digest;
    TRY(find_owned(service, task, request, &owned));
    TRY(check_request(task, request, owned));
    const struct secret secret = token_make(task->arena, API_KEY_PREFIX, &digest);
    const struct api_key key = {
        .id = id_new(task->now_ms),
        .account_id = request->owner.account_id,
        .client_id = request->owner.client_id,
        .name = request->name,
        .hint = {secret_expose(secret).ptr, API_KEY_HINT_CHARS},
        .scopes = request->scopes,
        .created_at_ms = task->now_ms,
        .expires_at_ms = request->expires_at_ms,
    };
    TRY(store(service, task, request, &key, &digest));
    *ret_key = key;
    *ret_secret = secret;
    return RESULT_OK;
}

result api_keys_revoke(struct service *service, struct task *task, const struct api_key_owner *owner,
                       struct id id)
{
    struct api_key key;
    unsigned char digest[API_KEY_DIGEST_BYTES];
    TRY(api_key_find(service->db, task, id, &key));
    const bool is_owners = !owner ||
                           (!is_nil(owner->account_id) && id_equal(owner->account_id, key.account_id)) ||
                           (!is_empty(owner->client_id) && str_equal(owner->client_id, key.client_id));
    REQUIRE(is_owners, NOT_FOUND);
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(api_key_revoke(tx, task, id, digest));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_API_KEY_REVOKED,
                                         .account_id = key.account_id,
                                         .client_id = key.client_id,
                                         .subject = subject_of(task, id)}));
    TRY(db_commit(&tx, task));
    cache_deny(service->cache, task, CACHE_API_KEY, digest_name(digest));
    return RESULT_OK;
}

static result revoke_some(struct service *service, struct task *task, struct id account_id,
                          struct api_key_ended_list *ret_ended)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(api_key_revoke_some(tx, task, account_id, REVOKED_ROWS, ret_ended));
    for (size_t i = 0; i < ret_ended->count; i++)
        TRY(audit_note(service, tx, task,
                       &(struct audit_event){.type = AUDIT_API_KEY_REVOKED,
                                             .account_id = account_id,
                                             .subject = subject_of(task, ret_ended->items[i].id)}));
    return db_commit(&tx, task);
}

result api_keys_revoke_all(struct service *service, struct task *task, struct id account_id)
{
    struct api_key_ended_list ended;
    do {
        TRY(revoke_some(service, task, account_id, &ended));
        for (size_t i = 0; i < ended.count; i++)
            cache_deny(service->cache, task, CACHE_API_KEY, digest_name(ended.items[i].digest));
    } while (ended.count == REVOKED_ROWS);
    return RESULT_OK;
}
