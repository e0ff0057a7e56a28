// SPDX-License-Identifier: MIT
#include "webhook_api_internal.h"

#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "paging_internal.h"
#include "precondition_internal.h"

struct webhook_reply {
    struct id id;
    struct str name;
    struct str url;
    struct str_list events;
    bool enabled;
    struct str disabled_reason;
    int64_t failing_since_ms;
    int64_t previous_secret_until_ms;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    struct secret secret;
};

#define WEBHOOK_ROWS                                                                                         \
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct webhook_reply, id)}, \
        {.name = "name",                                                                                     \
         .type = FIELD_STRING,                                                                               \
         .flags = FIELD_REQUIRED,                                                                            \
         .offset = offsetof(struct webhook_reply, name),                                                     \
         .description = "Its name for people"},                                                              \
        {.name = "url",                                                                                      \
         .type = FIELD_STRING,                                                                               \
         .flags = FIELD_REQUIRED,                                                                            \
         .offset = offsetof(struct webhook_reply, url),                                                      \
         .description = "Where events are posted to"},                                                       \
        {.name = "events",                                                                                   \
         .type = FIELD_STRINGS,                                                                              \
         .flags = FIELD_REQUIRED,                                                                            \
         .offset = offsetof(struct webhook_reply, events),                                                   \
         .description = "Types of events it is sent; login.* is all of a group, * is all"},                  \
        {.name = "enabled",                                                                                  \
         .type = FIELD_BOOLEAN,                                                                              \
         .flags = FIELD_REQUIRED,                                                                            \
         .offset = offsetof(struct webhook_reply, enabled),                                                  \
         .description = "Whether it is sent anything"},                                                      \
        {.name = "disabled_reason",                                                                          \
         .type = FIELD_STRING,                                                                               \
         .offset = offsetof(struct webhook_reply, disabled_reason),                                          \
         .description = "Why it was disabled, when no administrator did it"},                                \
        {.name = "failing_since",                                                                            \
         .type = FIELD_TIME,                                                                                 \
         .offset = offsetof(struct webhook_reply, failing_since_ms),                                         \
         .description = "Since when nothing could be delivered"},                                            \
        {.name = "previous_secret_until",                                                                    \
         .type = FIELD_TIME,                                                                                 \
         .offset = offsetof(struct webhook_reply, previous_secret_until_ms),                                 \
         .description = "Until when requests are signed with the secret before the last rotation, \
 too"},                                                                                                      \
        {.name = "created_at",                                                                               \
         .type = FIELD_TIME,                                                                                 \
         .flags = FIELD_REQUIRED,                                                                            \
         .offset = offsetof(struct webhook_reply, created_at_ms)},                                           \
    {                                                                                                        \
        .name = "updated_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED,                                   \
        .offset = offsetof(struct webhook_reply, updated_at_ms)                                              \
    }

static const struct field WEBHOOK_REPLY_ROWS[] = {WEBHOOK_ROWS};
const struct fields webhook_reply_fields = FIELDS(WEBHOOK_REPLY_ROWS, struct webhook_reply, "Webhook");
static const struct field WEBHOOK_MADE_ROWS[] = {
    WEBHOOK_ROWS,
    {.name = "secret",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED | FIELD_SHOWN,
     .offset = offsetof(struct webhook_reply, secret),
     .description = "What requests are signed with, whsec_ and base64, shown this once"},
};
const struct fields webhook_made_reply_fields =
    FIELDS(WEBHOOK_MADE_ROWS, struct webhook_reply, "WebhookMade");
static const struct field WEBHOOK_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&webhook_reply_fields, "The webhooks, oldest first")};
const struct fields webhook_list_reply_fields = FIELDS(WEBHOOK_LIST_ROWS, struct page_reply, "WebhookList");

struct webhook_body {
    struct str name;
    struct str url;
    struct str_list events;
    bool enabled;
    enum presence name_presence, url_presence, events_presence, enabled_presence;
};

#define NAME_ROW(required)                                                                                  \
    {                                                                                                       \
        .name = "name", .type = FIELD_STRING, .flags = (required),                                          \
        .offset = offsetof(struct webhook_body, name),                                                      \
        .presence_offset = offsetof(struct webhook_body, name_presence), .min = 1, .max = WEBHOOK_NAME_MAX, \
        .description = "Its name for people", .example = "\"Alarms\""                                       \
    }
#define URL_ROW(required)                                                                                   \
    {                                                                                                       \
        .name = "url", .type = FIELD_STRING, .flags = (required),                                           \
        .offset = offsetof(struct webhook_body, url),                                                       \
        .presence_offset = offsetof(struct webhook_body, url_presence), .min = 1,                           \
        .max = WEBHOOK_URL_BYTES_MAX,                                                                       \
        .description = "https; http and addresses that are not public only where AUTH_FETCH_ALLOW says so", \
        .example = "\"https://hooks.example.org/auth\""                                                     \
    }
#define EVENTS_ROW(required)                                                                              \
    {                                                                                                     \
        .name = "events", .type = FIELD_STRINGS, .flags = (required),                                     \
        .offset = offsetof(struct webhook_body, events),                                                  \
        .presence_offset = offsetof(struct webhook_body, events_presence), .min = 1,                      \
        .max = WEBHOOK_EVENTS_MAX, .description = "Types of events; login.* is all of a group, * is all", \
        .example = "[\"login.failed\",\"account.*\"]"                                                     \
    }
#define ENABLED_ROW(words)                                                                          \
    {                                                                                               \
        .name = "enabled", .type = FIELD_BOOLEAN, .offset = offsetof(struct webhook_body, enabled), \
        .presence_offset = offsetof(struct webhook_body, enabled_presence), .description = (words), \
        .example = "true"                                                                           \
    }

static const struct field WEBHOOK_BODY_ROWS[] = {
    NAME_ROW(FIELD_REQUIRED), URL_ROW(FIELD_REQUIRED), EVENTS_ROW(FIELD_REQUIRED),
    ENABLED_ROW("Whether it is sent anything; true when left out")};
const struct fields webhook_body_fields = FIELDS(WEBHOOK_BODY_ROWS, struct webhook_body, "WebhookRequest");
static const struct field WEBHOOK_PATCH_ROWS[] = {
    NAME_ROW(0), URL_ROW(0), EVENTS_ROW(0),
    ENABLED_ROW("false: what waits has failed, and nothing more is sent; true: it begins anew")};
const struct fields webhook_patch_body_fields =
    FIELDS(WEBHOOK_PATCH_ROWS, struct webhook_body, "WebhookPatch");

struct webhook_secret_body {
    int64_t overlap_seconds;
    enum presence overlap_presence;
};

static const struct field WEBHOOK_SECRET_ROWS[] = {
    {.name = "overlap_seconds",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct webhook_secret_body, overlap_seconds),
     .presence_offset = offsetof(struct webhook_secret_body, overlap_presence),
     .min = 0,
     .max = WEBHOOK_OVERLAP_SECONDS_LONGEST,
     .description =
         "How long requests are signed with the old secret, too; 86400 when left out, 0: not at all",
     .example = "3600"},
};
const struct fields webhook_secret_body_fields =
    FIELDS(WEBHOOK_SECRET_ROWS, struct webhook_secret_body, "WebhookSecretRequest");

static struct str_list words_of(struct arena *arena, struct str words)
{
    struct str *items = arena_alloc_array(arena, words.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(words)) items[count++] = str_split(&words, ' ');
    return (struct str_list){items, count};
}

static struct webhook_reply reply_of(const struct request *request, const struct webhook *webhook)
{
    return (struct webhook_reply){
        .id = webhook->id,
        .name = webhook->name,
        .url = webhook->url,
        .events = words_of(request->task.arena, webhook->events),
        .enabled = webhook->is_enabled,
        .disabled_reason = webhook->disabled_reason,
        .failing_since_ms = webhook->failing_since_ms,
        .previous_secret_until_ms =
            webhook->previous_until_ms > request->task.now_ms ? webhook->previous_until_ms : 0,
        .created_at_ms = webhook->created_at_ms,
        .updated_at_ms = webhook->updated_at_ms,
    };
}

static result answer(struct request *request, const struct webhook *webhook, struct response *response)
{
    const struct webhook_reply reply = reply_of(request, webhook);
    etag_set(request, response, webhook->version);
    return response_json(response, request->task.arena, &webhook_reply_fields, &reply);
}

static result answer_made(struct request *request, const struct webhook *webhook, struct secret secret,
                          struct response *response)
{
    struct webhook_reply reply = reply_of(request, webhook);
    reply.secret = secret;
    etag_set(request, response, webhook->version);
    return response_json(response, request->task.arena, &webhook_made_reply_fields, &reply);
}

static result read_target(struct request *request, const struct versions_expected *expected,
                          struct webhook_target *ret_target)
{
    ret_target->expected = expected;
    REQUIRE(id_parse(request->path_values[0], &ret_target->id), NOT_FOUND);
    return RESULT_OK;
}

result admin_webhooks_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct page_query *page = &((const struct page_only_query *)request->query_value)->page;
    struct id after;
    struct webhook_list list;
    TRY(page_after_id(request, page, &after));
    TRY(webhook_list_page(service_of(request)->db, &request->task, after, page_rows_wanted(page), &list));
    const size_t count = page_count(page, list.count);
    struct webhook_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(request, &list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &webhook_list_reply_fields, &reply);
}

static struct webhook_order order_of(const struct webhook_body *given)
{
    return (struct webhook_order){.name = given->name,
                                  .url = given->url,
                                  .events = given->events,
                                  .is_enabled = !is_present(given->enabled_presence) || given->enabled};
}

result admin_webhooks_post(struct request *request, const void *body, struct response *response)
{
    const struct webhook_order order = order_of(body);
    struct webhook webhook;
    struct secret secret;
    char id[ID_TEXT_SIZE];
    TRY(webhooks_create(service_of(request), &request->task, &order, &webhook, &secret));
    id_print(webhook.id, id);
    response_header_set(response, "Location", str_printf(request->task.arena, "/v1/admin/webhooks/%s", id));
    return answer_made(request, &webhook, secret, response);
}

result admin_webhook_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct webhook_target target;
    struct webhook webhook;
    TRY(read_target(request, NULL, &target));
    TRY(webhook_find(service_of(request)->db, &request->task, target.id, &webhook));
    return answer(request, &webhook, response);
}

result admin_webhook_patch(struct request *request, const void *body, struct response *response)
{
    const struct webhook_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    const struct webhook_changes changes = {.sets_name = is_present(given->name_presence),
                                            .sets_url = is_present(given->url_presence),
                                            .sets_events = is_present(given->events_presence),
                                            .sets_enabled = is_present(given->enabled_presence),
                                            .order = order_of(given)};
    struct webhook_target target;
    struct webhook webhook;
    if (changes.sets_url) TRY(authorise_sensitive(request));
    TRY(read_target(request, &expected, &target));
    TRY(webhooks_update(service_of(request), &request->task, &target, &changes, &webhook));
    return answer(request, &webhook, response);
}

result admin_webhook_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct versions_expected expected = versions_expected(request);
    struct webhook_target target;
    TRY(read_target(request, &expected, &target));
    return webhooks_delete(service_of(request), &request->task, &target);
}

result admin_webhook_secret_post(struct request *request, const void *body, struct response *response)
{
    const struct webhook_secret_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    const int64_t overlap_seconds =
        given && is_present(given->overlap_presence) ? given->overlap_seconds : WEBHOOK_OVERLAP_SECONDS;
    struct webhook_target target;
    struct webhook webhook;
    struct secret secret;
    TRY(read_target(request, &expected, &target));
    TRY(webhooks_rotate_secret(service_of(request), &request->task, &target, overlap_seconds, &webhook,
                               &secret));
    return answer_made(request, &webhook, secret, response);
}
