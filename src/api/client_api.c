// SPDX-License-Identifier: MIT
#include "client_api_internal.h"

#include "auth/domain/clients.h"
#include "auth/store/client_repo.h"
#include "paging_internal.h"
#include "precondition_internal.h"

#define GRANTS_MAX 8

struct secret_reply {
    struct str id;
    int64_t created_at_ms;
    struct secret client_secret;
};

#define SECRET_ROWS                                                                               \
    {.name = "id",                                                                                \
     .type = FIELD_STRING,                                                                        \
     .flags = FIELD_REQUIRED,                                                                     \
     .offset = offsetof(struct secret_reply, id),                                                 \
     .description = "What the secret is called; it tells nothing of it"},                         \
    {                                                                                             \
        .name = "created_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED,                        \
        .offset = offsetof(struct secret_reply, created_at_ms), .description = "When it was made" \
    }

static const struct field SECRET_REPLY_ROWS[] = {SECRET_ROWS};
static const struct fields secret_reply_fields =
    FIELDS(SECRET_REPLY_ROWS, struct secret_reply, "ClientSecret");
static const struct field SECRET_MADE_ROWS[] = {
    SECRET_ROWS,
    {.name = "client_secret",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED | FIELD_SHOWN,
     .offset = offsetof(struct secret_reply, client_secret),
     .description = "The secret itself, shown this once"},
};
const struct fields client_secret_made_reply_fields =
    FIELDS(SECRET_MADE_ROWS, struct secret_reply, "ClientSecretMade");

struct client_reply {
    struct str client_id;
    struct str client_name;
    bool confidential;
    struct str_list grant_types;
    struct str scope;
    bool disabled;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    struct object_list secrets;
    struct secret client_secret;
};

#define CLIENT_ROWS                                                               \
    {.name = "client_id",                                                         \
     .type = FIELD_STRING,                                                        \
     .flags = FIELD_REQUIRED,                                                     \
     .offset = offsetof(struct client_reply, client_id),                          \
     .description = "Its name at the token endpoint (RFC 6749 section 2.2)"},     \
        {.name = "client_name",                                                   \
         .type = FIELD_STRING,                                                    \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, client_name),                    \
         .description = "Its name for people"},                                   \
        {.name = "confidential",                                                  \
         .type = FIELD_BOOLEAN,                                                   \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, confidential),                   \
         .description = "Whether it can keep a secret (RFC 6749 section 2.1)"},   \
        {.name = "grant_types",                                                   \
         .type = FIELD_STRINGS,                                                   \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, grant_types),                    \
         .description = "The grants it may use"},                                 \
        {.name = "scope",                                                         \
         .type = FIELD_STRING,                                                    \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, scope),                          \
         .description = "Space-separated scopes it may ask for"},                 \
        {.name = "disabled",                                                      \
         .type = FIELD_BOOLEAN,                                                   \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, disabled),                       \
         .description = "Whether it is refused everywhere"},                      \
        {.name = "created_at",                                                    \
         .type = FIELD_TIME,                                                      \
         .flags = FIELD_REQUIRED,                                                 \
         .offset = offsetof(struct client_reply, created_at_ms),                  \
         .description = "When it was registered"},                                \
        {.name = "updated_at",                                                    \
         .type = FIELD_TIME,                                                      \
         .offset = offsetof(struct client_reply, updated_at_ms),                  \
         .description = "When it was last changed"},                              \
    {                                                                             \
        .name = "secrets", .type = FIELD_OBJECTS, .object = &secret_reply_fields, \
        .offset = offsetof(struct client_reply, secrets),                         \
        .description = "Its secrets, any of which is good; not told in lists"     \
    }

static const struct field CLIENT_REPLY_ROWS[] = {CLIENT_ROWS};
const struct fields client_reply_fields = FIELDS(CLIENT_REPLY_ROWS, struct client_reply, "Client");
static const struct field CLIENT_MADE_ROWS[] = {
    CLIENT_ROWS,
    {.name = "client_secret",
     .type = FIELD_SECRET,
     .flags = FIELD_SHOWN,
     .offset = offsetof(struct client_reply, client_secret),
     .description = "Of a confidential client, shown this once"},
};
const struct fields client_made_reply_fields = FIELDS(CLIENT_MADE_ROWS, struct client_reply, "ClientMade");
static const struct field CLIENT_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&client_reply_fields, "The clients, in order of client_id")};
const struct fields client_list_reply_fields = FIELDS(CLIENT_LIST_ROWS, struct page_reply, "ClientList");

struct client_body {
    struct str client_id;
    struct str client_name;
    bool confidential;
    bool disabled;
    struct str_list grant_types;
    struct str scope;
    enum presence confidential_presence, name_presence, grants_presence, scope_presence, disabled_presence;
};

static const struct field CLIENT_BODY_ROWS[] = {
    {.name = "client_id",
     .type = FIELD_STRING,
     .offset = offsetof(struct client_body, client_id),
     .min = 1,
     .max = CLIENT_ID_MAX,
     .description = "Letters, digits and -._~; made when left out",
     .example = "\"report\""},
    {.name = "client_name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_body, client_name),
     .min = 1,
     .max = CLIENT_NAME_MAX,
     .description = "Its name for people",
     .example = "\"Nightly report\""},
    {.name = "confidential",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct client_body, confidential),
     .presence_offset = offsetof(struct client_body, confidential_presence),
     .description = "Whether it gets a secret; true when left out",
     .example = "true"},
    {.name = "grant_types",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct client_body, grant_types),
     .presence_offset = offsetof(struct client_body, grants_presence),
     .max = GRANTS_MAX,
     .description = "client_credentials for a confidential one when left out, else refresh_token",
     .example = "[\"client_credentials\"]"},
    {.name = "scope",
     .type = FIELD_STRING,
     .offset = offsetof(struct client_body, scope),
     .max = CLIENT_SCOPES_MAX,
     .description = "Space-separated scopes it may ask for; of the admin: scopes only what you have",
     .example = "\"report:read\""},
};
const struct fields client_body_fields = FIELDS(CLIENT_BODY_ROWS, struct client_body, "ClientRequest");

static const struct field CLIENT_PATCH_ROWS[] = {
    {.name = "client_name",
     .type = FIELD_STRING,
     .offset = offsetof(struct client_body, client_name),
     .presence_offset = offsetof(struct client_body, name_presence),
     .min = 1,
     .max = CLIENT_NAME_MAX,
     .description = "Its name for people",
     .example = "\"Weekly report\""},
    {.name = "grant_types",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct client_body, grant_types),
     .presence_offset = offsetof(struct client_body, grants_presence),
     .max = GRANTS_MAX,
     .description = "All the grants it may use from now on",
     .example = "[\"client_credentials\"]"},
    {.name = "scope",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct client_body, scope),
     .presence_offset = offsetof(struct client_body, scope_presence),
     .max = CLIENT_SCOPES_MAX,
     .description = "All the scopes it may ask for from now on; null: none",
     .example = "\"report:read\""},
    {.name = "disabled",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct client_body, disabled),
     .presence_offset = offsetof(struct client_body, disabled_presence),
     .description = "true: refused everywhere at once, its tokens too; false: good again",
     .example = "false"},
};
const struct fields client_patch_body_fields = FIELDS(CLIENT_PATCH_ROWS, struct client_body, "ClientPatch");

static struct str_list words_of(struct arena *arena, struct str words)
{
    struct str *items = arena_alloc_array(arena, words.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(words)) items[count++] = str_split(&words, ' ');
    return (struct str_list){items, count};
}

/* What is no word is no grant this server knows. */
static struct str join_words(struct arena *arena, const struct str_list *words)
{
    struct str joined = STR("");
    for (size_t i = 0; i < words->count; i++)
        joined =
            str_printf(arena, "%.*s%s%.*s", STR_ARGS(joined), i == 0 ? "" : " ", STR_ARGS(words->items[i]));
    return joined;
}

static struct object_list secrets_of(struct arena *arena, const struct client *client)
{
    struct secret_reply *items = arena_alloc_array(arena, CLIENT_SECRETS_MAX, sizeof *items);
    for (size_t i = 0; i < client->secret_count; i++)
        items[i] = (struct secret_reply){.id = client_secret_name(arena, &client->secrets[i]),
                                         .created_at_ms = client->secrets[i].created_at_ms};
    return (struct object_list){items, client->secret_count};
}

static struct client_reply reply_of(struct arena *arena, const struct client *client)
{
    return (struct client_reply){
        .client_id = client->id,
        .client_name = client->name,
        .confidential = client->is_confidential,
        .grant_types = words_of(arena, client->grants),
        .scope = client->scopes,
        .disabled = client->disabled_at_ms != 0,
        .created_at_ms = client->created_at_ms,
        .updated_at_ms = client->updated_at_ms,
    };
}

static result answer(struct request *request, const struct client *client, struct response *response)
{
    struct client_reply reply = reply_of(request->task.arena, client);
    reply.secrets = secrets_of(request->task.arena, client);
    etag_set(request, response, client->version);
    return response_json(response, request->task.arena, &client_reply_fields, &reply);
}

static struct client_target target_of(const struct request *request, const struct versions_expected *expected)
{
    return (struct client_target){
        .id = request->path_values[0], .expected = expected, .granter = caller_of(request)->principal.scope};
}

result admin_clients_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct page_query *page = &((const struct page_only_query *)request->query_value)->page;
    struct str after;
    struct client_list list;
    TRY(page_after(request, page, &after));
    TRY(client_list_page(service_of(request)->db, &request->task, after, page_rows_wanted(page), &list));
    const size_t count = page_count(page, list.count);
    struct client_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(arena, &list.items[i]);
    const struct page_reply reply = {
        .data = {items, count},
        .next = count < list.count ? page_cursor(request, items[count - 1].client_id) : STR_NONE};
    return response_json(response, arena, &client_list_reply_fields, &reply);
}

result admin_clients_post(struct request *request, const void *body, struct response *response)
{
    const struct client_body *given = body;
    struct arena *arena = request->task.arena;
    const bool is_confidential = !is_present(given->confidential_presence) || given->confidential;
    const struct client_registration registration = {
        .id = given->client_id,
        .name = given->client_name,
        .is_confidential = is_confidential,
        .grants = is_present(given->grants_presence) ? join_words(arena, &given->grant_types)
                  : is_confidential                  ? STR("client_credentials")
                                                     : STR("refresh_token"),
        .scopes = given->scope,
        .granter = caller_of(request)->principal.scope,
    };
    struct client client;
    struct secret secret;
    TRY(clients_create(service_of(request), &request->task, &registration, &client, &secret));
    struct client_reply reply = reply_of(arena, &client);
    reply.secrets = secrets_of(arena, &client);
    reply.client_secret = secret;
    etag_set(request, response, client.version);
    response_header_set(response, "Location",
                        str_printf(arena, "/v1/admin/clients/%.*s", STR_ARGS(client.id)));
    return response_json(response, arena, &client_made_reply_fields, &reply);
}

result admin_client_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct client client;
    REQUIRE(request->path_values[0].len <= CLIENT_ID_MAX, NOT_FOUND);
    TRY(client_find(service_of(request)->db, &request->task, request->path_values[0], &client));
    return answer(request, &client, response);
}

result admin_client_patch(struct request *request, const void *body, struct response *response)
{
    const struct client_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    const struct client_target target = target_of(request, &expected);
    const struct client_change change = {.sets_name = is_present(given->name_presence),
                                         .name = given->client_name,
                                         .sets_grants = is_present(given->grants_presence),
                                         .grants = join_words(request->task.arena, &given->grant_types),
                                         .sets_scopes = is_present(given->scope_presence),
                                         .scopes = given->scope,
                                         .sets_disabled = is_present(given->disabled_presence),
                                         .is_disabled = given->disabled};
    struct client client;
    if (change.sets_scopes || change.sets_grants) TRY(authorise_sensitive(request));
    TRY(clients_update(service_of(request), &request->task, &target, &change, &client));
    return answer(request, &client, response);
}

result admin_client_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct versions_expected expected = versions_expected(request);
    const struct client_target target = target_of(request, &expected);
    return clients_delete(service_of(request), &request->task, &target);
}

result admin_client_secrets_post(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct client_target target = target_of(request, NULL);
    struct client_secret made;
    struct secret secret;
    TRY(clients_add_secret(service_of(request), &request->task, &target, &made, &secret));
    const struct secret_reply reply = {
        .id = client_secret_name(arena, &made), .created_at_ms = made.created_at_ms, .client_secret = secret};
    response_header_set(
        response, "Location",
        str_printf(arena, "/v1/admin/clients/%.*s/secrets/%.*s", STR_ARGS(target.id), STR_ARGS(reply.id)));
    return response_json(response, arena, &client_secret_made_reply_fields, &reply);
}

result admin_client_secret_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct client_target target = target_of(request, NULL);
    return clients_remove_secret(service_of(request), &request->task, &target, request->path_values[1]);
}
