// SPDX-License-Identifier: MIT
#include "auth/domain/administrators.h"
#include "auth/domain/api_keys.h"
#include "auth/domain/clients.h"
#include "auth/domain/rights.h"
#include "keys_api_internal.h"

struct keys_query {
    struct page_query page;
    struct str client_id;
};

static const struct field KEYS_QUERY_ROWS[] = {
    PAGE_QUERY_ROWS(struct keys_query),
    {.name = "client_id",
     .type = FIELD_STRING,
     .offset = offsetof(struct keys_query, client_id),
     .max = CLIENT_ID_MAX,
     .description = "Those of this client alone"},
};
const struct fields admin_keys_query_fields = FIELDS(KEYS_QUERY_ROWS, struct keys_query, "ApiKeysQuery");

static const struct field ADMIN_KEY_BODY_ROWS[] = {
    {.name = "client_id",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_body, client_id),
     .min = 1,
     .max = CLIENT_ID_MAX,
     .description = "The client it is for; people make their own keys",
     .example = "\"report\""},
    KEY_BODY_FIELDS,
};
const struct fields admin_key_body_fields =
    FIELDS(ADMIN_KEY_BODY_ROWS, struct key_body, "ClientApiKeyRequest");

#define OWNER_FIELDS                                                                                \
    {.name = "account_id",                                                                          \
     .type = FIELD_ID,                                                                              \
     .offset = offsetof(struct key_reply, account_id),                                              \
     .description = "Whose it is, when a person's"},                                                \
    {                                                                                               \
        .name = "client_id", .type = FIELD_STRING, .offset = offsetof(struct key_reply, client_id), \
        .description = "Whose it is, when a client's"                                               \
    }

static const struct field ADMIN_KEY_ROWS[] = {KEY_REPLY_FIELDS, OWNER_FIELDS};
const struct fields admin_key_reply_fields = FIELDS(ADMIN_KEY_ROWS, struct key_reply, "AdminApiKey");
static const struct field ADMIN_KEY_MADE_ROWS[] = {KEY_REPLY_FIELDS, OWNER_FIELDS, KEY_SECRET_FIELD};
const struct fields admin_key_made_reply_fields =
    FIELDS(ADMIN_KEY_MADE_ROWS, struct key_reply, "AdminApiKeyMade");
static const struct field ADMIN_KEY_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&admin_key_reply_fields, "The keys that were not revoked, oldest first")};
const struct fields admin_key_list_reply_fields =
    FIELDS(ADMIN_KEY_LIST_ROWS, struct page_reply, "AdminApiKeyList");

static struct key_reply reply_of(struct request *request, const struct api_key *key)
{
    struct key_reply reply = key_reply_of(request, key);
    reply.account_id = key->account_id;
    reply.client_id = key->client_id;
    return reply;
}

static result reply_keys(struct request *request, const struct page_query *page,
                         const struct api_key_owner *owner, struct response *response)
{
    struct arena *arena = request->task.arena;
    struct id after;
    struct api_key_list list;
    TRY(page_after_id(request, page, &after));
    TRY(api_key_list_page(service_of(request)->db, &request->task, owner, after, page_rows_wanted(page),
                          &list));
    const size_t count = page_count(page, list.count);
    struct key_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(request, &list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &admin_key_list_reply_fields, &reply);
}

result admin_keys_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct keys_query *query = request->query_value;
    const struct api_key_owner owner = {.client_id = query->client_id};
    return reply_keys(request, &query->page, is_empty(query->client_id) ? NULL : &owner, response);
}

result admin_user_keys_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct api_key_owner owner = {0};
    struct rights rights;
    TRY(path_id(request, 0, &owner.account_id));
    TRY(rights_read(service_of(request)->db, &request->task, owner.account_id, &rights));
    return reply_keys(request, page_of(request), &owner, response);
}

result admin_keys_post(struct request *request, const void *body, struct response *response)
{
    const struct key_body *given = body;
    struct api_key_request wanted = {.owner = {.client_id = given->client_id},
                                     .name = given->name,
                                     .expires_at_ms = given->expires_at_ms,
                                     .granter = granter_of(request),
                                     .client_address = request->client_text};
    struct api_key key;
    struct secret secret;
    char id[ID_TEXT_SIZE];
    TRY(join_scopes(request, &given->scopes, &wanted.scopes));
    TRY(api_keys_create(service_of(request), &request->task, &wanted, &key, &secret));
    struct key_reply reply = reply_of(request, &key);
    reply.key = secret_expose(secret);
    id_print(key.id, id);
    response_header_set(response, "Location", str_printf(request->task.arena, "/v1/admin/keys/%s", id));
    return response_json(response, request->task.arena, &admin_key_made_reply_fields, &reply);
}

result admin_key_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct api_key key;
    TRY(path_id(request, 0, &id));
    TRY(api_key_find(service_of(request)->db, &request->task, id, &key));
    const struct key_reply reply = reply_of(request, &key);
    return response_json(response, request->task.arena, &admin_key_reply_fields, &reply);
}

/* A key of somebody with more power, or one that has more itself, is revoked by whoever has as much. */
static result check_power(struct request *request, struct id id)
{
    struct api_key key;
    struct service *service = service_of(request);
    const struct str granter = granter_of(request);
    TRY(api_key_find(service->db, &request->task, id, &key));
    if (is_nil(key.account_id)) return administrators_may_give(&request->task, granter, key.scopes);
    return administrators_may_touch(service, &request->task, granter, key.account_id);
}

result admin_key_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    TRY(path_id(request, 0, &id));
    TRY(check_power(request, id));
    return api_keys_revoke(service_of(request), &request->task, NULL, id);
}

result admin_user_keys_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    struct service *service = service_of(request);
    TRY(path_id(request, 0, &id));
    TRY(administrators_may_touch(service, &request->task, granter_of(request), id));
    return api_keys_revoke_all(service, &request->task, id);
}
