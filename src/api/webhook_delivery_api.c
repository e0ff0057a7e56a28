// SPDX-License-Identifier: MIT
#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "paging_internal.h"
#include "webhook_api_internal.h"

struct delivery_reply {
    struct id id;
    struct str type;
    int64_t seq;
    enum presence seq_presence;
    struct str state;
    int64_t attempts;
    int64_t created_at_ms;
    int64_t next_attempt_at_ms;
    int64_t finished_at_ms;
    int64_t status;
    int64_t duration_ms;
    enum presence status_presence;
    enum presence duration_presence;
    struct str error;
};

static const struct field DELIVERY_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct delivery_reply, id),
     .description = "The event's id, and the request's webhook-id"},
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct delivery_reply, type),
     .description = "The event's type; webhook.test for a test"},
    {.name = "seq",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct delivery_reply, seq),
     .presence_offset = offsetof(struct delivery_reply, seq_presence),
     .description = "The event's place in the chain; a test has none"},
    {.name = "state",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct delivery_reply, state),
     .description = "waiting, delivered or failed"},
    {.name = "attempts",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct delivery_reply, attempts),
     .description = "How often it was sent"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct delivery_reply, created_at_ms)},
    {.name = "next_attempt_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct delivery_reply, next_attempt_at_ms),
     .description = "While it waits: not before then"},
    {.name = "finished_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct delivery_reply, finished_at_ms),
     .description = "When it was delivered or given up"},
    {.name = "last_status",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct delivery_reply, status),
     .presence_offset = offsetof(struct delivery_reply, status_presence),
     .description = "HTTP status of the last answer; left out when there was none"},
    {.name = "last_duration_ms",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct delivery_reply, duration_ms),
     .presence_offset = offsetof(struct delivery_reply, duration_presence),
     .description = "How long the last attempt took"},
    {.name = "last_error",
     .type = FIELD_STRING,
     .offset = offsetof(struct delivery_reply, error),
     .description = "Why the last attempt failed"},
};
const struct fields webhook_delivery_reply_fields =
    FIELDS(DELIVERY_ROWS, struct delivery_reply, "WebhookDelivery");
static const struct field DELIVERY_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&webhook_delivery_reply_fields, "The deliveries, newest first")};
const struct fields webhook_delivery_list_reply_fields =
    FIELDS(DELIVERY_LIST_ROWS, struct page_reply, "WebhookDeliveryList");

struct delivery_query {
    struct page_query page;
    int state;
    enum presence state_presence;
};

static const char *const STATES[] = {"waiting", "delivered", "failed", NULL};

static const struct field DELIVERY_QUERY_ROWS[] = {
    PAGE_QUERY_ROWS(struct delivery_query),
    {.name = "state",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct delivery_query, state),
     .presence_offset = offsetof(struct delivery_query, state_presence),
     .choices = STATES,
     .description = "Only those in this state"},
};
const struct fields webhook_delivery_query_fields =
    FIELDS(DELIVERY_QUERY_ROWS, struct delivery_query, "WebhookDeliveryQuery");

static enum presence presence_if(bool is_there)
{
    return is_there ? PRESENCE_VALUE : PRESENCE_ABSENT;
}

static struct delivery_reply reply_of(const struct webhook_delivery *delivery)
{
    const bool is_waiting = str_equal(delivery->state, STR("waiting"));
    return (struct delivery_reply){
        .id = delivery->event_id,
        .type = delivery->event_type,
        .seq = delivery->event_seq,
        .seq_presence = presence_if(delivery->event_seq > 0),
        .state = delivery->state,
        .attempts = delivery->attempts,
        .created_at_ms = delivery->created_at_ms,
        .next_attempt_at_ms = is_waiting ? delivery->next_attempt_at_ms : 0,
        .finished_at_ms = delivery->finished_at_ms,
        .status = delivery->last_status,
        .status_presence = presence_if(delivery->last_status > 0),
        .duration_ms = delivery->last_duration_ms,
        .duration_presence = presence_if(delivery->attempts > 0),
        .error = delivery->last_error,
    };
}

static result answer(struct request *request, const struct webhook_delivery *delivery,
                     struct response *response)
{
    const struct delivery_reply reply = reply_of(delivery);
    return response_json(response, request->task.arena, &webhook_delivery_reply_fields, &reply);
}

result admin_webhook_deliveries_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct delivery_query *query = request->query_value;
    struct webhook webhook;
    struct webhook_delivery_list list;
    struct webhook_delivery_filter filter = {
        .state = is_present(query->state_presence) ? str_from(STATES[query->state]) : STR_NONE,
        .count = page_rows_wanted(&query->page)};
    REQUIRE(id_parse(request->path_values[0], &filter.webhook_id), NOT_FOUND);
    TRY(page_after_id(request, &query->page, &filter.before));
    TRY(webhook_find(service_of(request)->db, &request->task, filter.webhook_id, &webhook));
    TRY(webhook_delivery_page(service_of(request)->db, &request->task, &filter, &list));
    const size_t count = page_count(&query->page, list.count);
    struct delivery_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(&list.items[i]);
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &webhook_delivery_list_reply_fields, &reply);
}

result admin_webhook_delivery_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id, event_id;
    struct webhook_delivery delivery;
    REQUIRE(id_parse(request->path_values[0], &id), NOT_FOUND);
    REQUIRE(id_parse(request->path_values[1], &event_id), NOT_FOUND);
    TRY(webhook_delivery_find(service_of(request)->db, &request->task, id, event_id, &delivery));
    return answer(request, &delivery, response);
}

result admin_webhook_delivery_retry_post(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id, event_id;
    struct webhook_delivery delivery;
    REQUIRE(id_parse(request->path_values[0], &id), NOT_FOUND);
    REQUIRE(id_parse(request->path_values[1], &event_id), NOT_FOUND);
    TRY(webhooks_retry(service_of(request), &request->task, id, event_id, &delivery));
    return answer(request, &delivery, response);
}

result admin_webhook_test_post(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct webhook_delivery delivery;
    char event_id[ID_TEXT_SIZE];
    REQUIRE(id_parse(request->path_values[0], &id), NOT_FOUND);
    TRY(webhooks_test(service_of(request), &request->task, id, &delivery));
    id_print(delivery.event_id, event_id);
    response_header_set(response, "Location",
                        str_printf(request->task.arena, "/v1/admin/webhooks/%.*s/deliveries/%s",
                                   STR_ARGS(request->path_values[0]), event_id));
    return answer(request, &delivery, response);
}
