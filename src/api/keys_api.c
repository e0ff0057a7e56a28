// SPDX-License-Identifier: MIT
#include "auth/domain/api_keys.h"
#include "auth/domain/scopes.h"
#include "keys_api_internal.h"

#define KEYS_LISTED 200

struct key_body {
    struct str name;
    struct str_list scopes;
    int64_t expires_at_ms;
};

static const struct field KEY_BODY_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_body, name),
     .min = 1,
     .max = API_KEY_NAME_MAX,
     .description = "What it is for",
     .example = "\"backup script\""},
    {.name = "scopes",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct key_body, scopes),
     .description =
         "What it may, within what its owner may; account or account:read to act on the own account",
     .example = "[\"account:read\"]"},
    {.name = "expires_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct key_body, expires_at_ms),
     .description = "When it ends; never when left out",
     .example = "\"2099-01-01T00:00:00Z\""},
};
const struct fields key_body_fields = FIELDS(KEY_BODY_ROWS, struct key_body, "ApiKeyRequest");

struct key_reply {
    struct id id;
    struct str name;
    struct str hint;
    struct str_list scopes;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t last_used_at_ms;
    struct str key; /* once */
};

#define KEY_REPLY_FIELDS                                                                                   \
    {.name = "id",                                                                                         \
     .type = FIELD_ID,                                                                                     \
     .flags = FIELD_REQUIRED,                                                                              \
     .offset = offsetof(struct key_reply, id),                                                             \
     .description = "Its name in paths and in the log"},                                                   \
        {.name = "name",                                                                                   \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, name),                                                       \
         .description = "What it is for"},                                                                 \
        {.name = "hint",                                                                                   \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, hint),                                                       \
         .description = "How it begins"},                                                                  \
        {.name = "scopes",                                                                                 \
         .type = FIELD_STRINGS,                                                                            \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, scopes),                                                     \
         .description = "What it may, as long as its owner may"},                                          \
        {.name = "created_at",                                                                             \
         .type = FIELD_TIME,                                                                               \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, created_at_ms),                                              \
         .description = "When it was made"},                                                               \
        {.name = "expires_at",                                                                             \
         .type = FIELD_TIME,                                                                               \
         .flags = FIELD_REQUIRED | FIELD_NULLABLE,                                                         \
         .offset = offsetof(struct key_reply, expires_at_ms),                                              \
         .description = "When it ends; null: never"},                                                      \
    {                                                                                                      \
        .name = "last_used_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED | FIELD_NULLABLE,              \
        .offset = offsetof(struct key_reply, last_used_at_ms), .description = "To the minute; null: never" \
    }

static const struct field KEY_REPLY_ROWS[] = {KEY_REPLY_FIELDS};
const struct fields key_reply_fields = FIELDS(KEY_REPLY_ROWS, struct key_reply, "ApiKey");

static const struct field KEY_MADE_ROWS[] = {KEY_REPLY_FIELDS,
                                             {.name = "key",
                                              .type = FIELD_STRING,
                                              .flags = FIELD_REQUIRED,
                                              .offset = offsetof(struct key_reply, key),
                                              .description = "The key itself, shown this once"}};
const struct fields key_made_reply_fields = FIELDS(KEY_MADE_ROWS, struct key_reply, "ApiKeyMade");

struct key_list_reply {
    struct object_list data;
    struct str next;
};

static const struct field KEY_LIST_ROWS[] = {
    {.name = "data",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_list_reply, data),
     .object = &key_reply_fields,
     .description = "The keys that were not revoked, oldest first"},
    {.name = "next",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct key_list_reply, next),
     .description = "Where the next page begins; null on the last"},
};
const struct fields key_list_reply_fields = FIELDS(KEY_LIST_ROWS, struct key_list_reply, "ApiKeyList");

static struct str_list words_of(struct arena *arena, struct str words)
{
    struct str *items = arena_alloc_array(arena, words.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(words)) items[count++] = str_split(&words, ' ');
    return (struct str_list){items, count};
}

/* A word with a space in it would be two. */
static result join_scopes(struct task *task, const struct str_list *words, struct str *ret_scopes)
{
    struct str joined = STR("");
    for (size_t i = 0; i < words->count; i++) {
        const struct str word = words->items[i];
        if (is_empty(word) || !is_scope(word) || joined.len + word.len + 1 > API_KEY_SCOPES_MAX ||
            !has_word(word, word)) {
            fault_add_field(&task->fault, "/scopes", "wrong_type", "must be scope words, 512 bytes at most");
            FAIL(&task->fault, VALIDATION_FAILED, "scopes of an API key refused");
        }
        joined =
            is_empty(joined) ? word : str_printf(task->arena, "%.*s %.*s", STR_ARGS(joined), STR_ARGS(word));
    }
    *ret_scopes = joined;
    return RESULT_OK;
}

static struct key_reply reply_of(struct request *request, const struct api_key *key)
{
    return (struct key_reply){.id = key->id,
                              .name = key->name,
                              .hint = key->hint,
                              .scopes = words_of(request->task.arena, key->scopes),
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
    TRY(join_scopes(&request->task, &given->scopes, &wanted.scopes));
    TRY(api_keys_create(service_of(request), &request->task, &wanted, &key, &secret));
    struct key_reply reply = reply_of(request, &key);
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
    struct api_key_list list;
    TRY(api_key_list_page(service_of(request)->db, &request->task, &owner, (struct id){{0}}, KEYS_LISTED,
                          &list));
    struct key_reply *items = arena_alloc_array(arena, list.count, sizeof *items);
    for (size_t i = 0; i < list.count; i++) items[i] = reply_of(request, &list.items[i]);
    const struct key_list_reply reply = {.data = {items, list.count}};
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
    const struct key_reply reply = reply_of(request, &key);
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
