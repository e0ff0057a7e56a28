// SPDX-License-Identifier: MIT
#include "auth/domain/api_keys.h"
#include "auth/domain/scopes.h"
#include "keys_api_internal.h"

static const struct field KEY_BODY_ROWS[] = {KEY_BODY_FIELDS};
const struct fields key_body_fields = FIELDS(KEY_BODY_ROWS, struct key_body, "ApiKeyRequest");

static const struct field KEY_REPLY_ROWS[] = {KEY_REPLY_FIELDS};
const struct fields key_reply_fields = FIELDS(KEY_REPLY_ROWS, struct key_reply, "ApiKey");

static const struct field KEY_MADE_ROWS[] = {KEY_REPLY_FIELDS, KEY_SECRET_FIELD};
const struct fields key_made_reply_fields = FIELDS(KEY_MADE_ROWS, struct key_reply, "ApiKeyMade");

static const struct field KEY_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&key_reply_fields, "The keys that were not revoked, oldest first")};
const struct fields key_list_reply_fields = FIELDS(KEY_LIST_ROWS, struct page_reply, "ApiKeyList");

struct key_reply key_reply_of(struct request *request, const struct api_key *key)
{
    return (struct key_reply){.id = key->id,
                              .name = key->name,
                              .hint = key->hint,
                              .scopes = words_of(request->task.arena, key->scopes, ' '),
                              .created_at_ms = key->created_at_ms,
                              .expires_at_ms = key->expires_at_ms,
                              .last_used_at_ms = key->last_used_at_ms};
}

/* Whoever asks, and nobody else: no body and no path says whose key it is. */
static struct api_key_owner own(const struct request *request)
{
    return (struct api_key_owner){.account_id = caller_of(request)->principal.account_id};
}

result me_keys_post(struct request *request, const void *body, struct response *response)
{
    const struct key_body *given = body;
    struct api_key_request wanted = {.owner = own(request),
                                     .name = given->name,
                                     .expires_at_ms = given->expires_at_ms,
                                     .client_address = request->client_text};
    struct api_key key;
    struct secret secret;
    TRY(join_scopes(request, &given->scopes, &wanted.scopes));
    TRY(api_keys_create(service_of(request), &request->task, &wanted, &key, &secret));
    struct key_reply reply = key_reply_of(request, &key);
    char id[ID_TEXT_SIZE];
    id_print(key.id, id);
    reply.key = secret_expose(secret);
    response_header_set(response, "Location", str_printf(request->task.arena, "/v1/me/keys/%s", id));
    return response_json(response, request->task.arena, &key_made_reply_fields, &reply);
}

result me_keys_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct api_key_owner owner = own(request);
    struct arena *arena = request->task.arena;
    const struct page_query *page = page_of(request);
    struct id after;
    struct api_key_list list;
    TRY(page_after_id(request, page, &after));
    TRY(api_key_list_page(service_of(request)->db, &request->task, &owner, after, page_rows_wanted(page),
                          &list));
    const size_t count = page_count(page, list.count);
    struct key_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = key_reply_of(request, &list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &key_list_reply_fields, &reply);
}

static result key_id_of(struct request *request, struct id *ret_id)
{
    REQUIRE(id_parse(request->path_values[0], ret_id), NOT_FOUND);
    return RESULT_OK;
}

result me_key_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct api_key key;
    TRY(key_id_of(request, &id));
    TRY(api_key_find(service_of(request)->db, &request->task, id, &key));
    REQUIRE(id_equal(key.account_id, caller_of(request)->principal.account_id), NOT_FOUND);
    const struct key_reply reply = key_reply_of(request, &key);
    return response_json(response, request->task.arena, &key_reply_fields, &reply);
}

result me_key_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    const struct api_key_owner owner = own(request);
    TRY(key_id_of(request, &id));
    return api_keys_revoke(service_of(request), &request->task, &owner, id);
}
