// SPDX-License-Identifier: MIT
#include "auth/command/command.h"
#include "auth/domain/webhook_sender.h"
#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "commands_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

#define TEST_MS INT64_C(20000)

struct webhook_row {
    struct id id;
    struct str name;
    struct str url;
    struct str events;
    bool is_enabled;
    struct str disabled_reason;
    int64_t failing_since_ms;
    int64_t created_at_ms;
    struct str secret;
};

#define TEXT(label, member, needed)                               \
    {                                                             \
        .name = (label), .type = FIELD_STRING, .flags = (needed), \
        .offset = offsetof(struct webhook_row, member)            \
    }
#define TIME(label, member, needed)                             \
    {                                                           \
        .name = (label), .type = FIELD_TIME, .flags = (needed), \
        .offset = offsetof(struct webhook_row, member)          \
    }

static const struct field WEBHOOK_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct webhook_row, id)},
    TEXT("name", name, FIELD_REQUIRED),
    TEXT("url", url, FIELD_REQUIRED),
    TEXT("events", events, FIELD_REQUIRED),
    {.name = "enabled",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct webhook_row, is_enabled)},
    TEXT("disabled_reason", disabled_reason, 0),
    TIME("failing_since", failing_since_ms, 0),
    TIME("created_at", created_at_ms, FIELD_REQUIRED),
    TEXT("secret", secret, 0),
};
/* With the secret, which is shown once. */
static const struct fields MADE_FIELDS = FIELDS(WEBHOOK_ROWS, struct webhook_row, "WebhookMade");
static const struct fields WEBHOOK_FIELDS = {.title = "Webhook",
                                             .rows = WEBHOOK_ROWS,
                                             .count = ARRAY_COUNT(WEBHOOK_ROWS) - 1,
                                             .size = sizeof(struct webhook_row)};

#define DELIVERY(label, kind, member)                                                        \
    {                                                                                        \
        .name = (label), .type = (kind), .offset = offsetof(struct webhook_delivery, member) \
    }

static const struct field DELIVERY_ROWS[] = {
    DELIVERY("id", FIELD_ID, event_id),
    DELIVERY("type", FIELD_STRING, event_type),
    DELIVERY("state", FIELD_STRING, state),
    DELIVERY("attempts", FIELD_INTEGER, attempts),
    DELIVERY("created_at", FIELD_TIME, created_at_ms),
    DELIVERY("finished_at", FIELD_TIME, finished_at_ms),
    DELIVERY("last_status", FIELD_INTEGER, last_status),
    DELIVERY("last_duration_ms", FIELD_INTEGER, last_duration_ms),
    DELIVERY("last_error", FIELD_STRING, last_error),
};
static const struct fields DELIVERY_FIELDS =
    FIELDS(DELIVERY_ROWS, struct webhook_delivery, "WebhookDelivery");

struct webhook_work {
    const struct command_line *line;
    const char *name;
    const char *url;
    const char *state;
    const char *overlap;
    bool is_disabled;
    bool is_enabled;
    bool says_yes;
    struct webhook_delivery_filter filter; /* of deliveries that are listed */
};

static struct webhook_row row_of(const struct webhook *webhook)
{
    return (struct webhook_row){.id = webhook->id,
                                .name = webhook->name,
                                .url = webhook->url,
                                .events = webhook->events,
                                .is_enabled = webhook->is_enabled,
                                .disabled_reason = webhook->disabled_reason,
                                .failing_since_ms = webhook->failing_since_ms,
                                .created_at_ms = webhook->created_at_ms};
}

static result read_id(struct task *task, const char *word, struct id *ret_id)
{
    if (!id_parse(str_from(word), ret_id))
        FAIL(&task->fault, NOT_FOUND, "no webhook %s; see: auth webhook list", word);
    return RESULT_OK;
}

static result explain(struct task *task, result outcome, const char *id)
{
    if (outcome.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no webhook %s; see: auth webhook list", id);
    return outcome;
}

static struct webhook_order order_of(struct arena *arena, const struct webhook_work *work)
{
    const struct command_line *line = work->line;
    struct str *events = arena_alloc_array(arena, line->value_count + 1, sizeof *events);
    for (size_t i = 0; i < line->value_count; i++) events[i] = str_from(line->values[i]);
    return (struct webhook_order){.name = str_from(work->name),
                                  .url = str_from(work->url),
                                  .events = {events, line->value_count},
                                  .is_enabled = !work->is_disabled};
}

static void print_made(const struct webhook_work *work, const struct webhook *webhook, struct secret secret)
{
    struct webhook_row row = row_of(webhook);
    row.secret = secret_expose(secret);
    record_print(&MADE_FIELDS, &row, work->line->is_json);
}

static result create(struct service *service, struct task *task, void *argument)
{
    struct webhook_work *work = argument;
    struct webhook webhook;
    struct secret secret;
    work->name = work->line->words[1];
    work->url = work->line->words[2];
    const struct webhook_order order = order_of(task->arena, work);
    const result created = webhooks_create(service, task, &order, &webhook, &secret);
    if (created.code == STATUS_CONFLICT)
        EXPLAIN(task, CONFLICT, "there are %d webhooks already", WEBHOOKS_MAX);
    TRY(created);
    print_made(work, &webhook, secret);
    return RESULT_OK;
}

/* There are few of them. */
static result list(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    struct webhook_list page;
    TRY(webhook_list_page(service->db, task, (struct id){{0}}, PAGE_ROWS, &page));
    struct webhook_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) rows[i] = row_of(&page.items[i]);
    list_print(&WEBHOOK_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    return RESULT_OK;
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    struct id id;
    struct webhook webhook;
    TRY(read_id(task, word, &id));
    TRY(explain(task, webhook_find(service->db, task, id, &webhook), word));
    const struct webhook_row row = row_of(&webhook);
    record_print(&WEBHOOK_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result change(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    const struct webhook_changes changes = {.sets_name = work->name != NULL,
                                            .sets_url = work->url != NULL,
                                            .sets_events = work->line->value_count > 0,
                                            .sets_enabled = work->is_disabled || work->is_enabled,
                                            .order = order_of(task->arena, work)};
    struct webhook_target target = {.expected = NULL};
    struct webhook webhook;
    TRY(read_id(task, word, &target.id));
    TRY(explain(task, webhooks_update(service, task, &target, &changes, &webhook), word));
    const struct webhook_row row = row_of(&webhook);
    record_print(&WEBHOOK_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    struct webhook_target target = {.expected = NULL};
    TRY(read_id(task, word, &target.id));
    return explain(task, webhooks_delete(service, task, &target), word);
}

static result secret(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    int64_t overlap_seconds = WEBHOOK_OVERLAP_SECONDS;
    struct webhook_target target = {.expected = NULL};
    struct webhook webhook;
    struct secret made;
    TRY(read_id(task, word, &target.id));
    if (work->overlap && !str_to_int64(str_from(work->overlap), &overlap_seconds))
        FAIL(&task->fault, BAD_REQUEST, "--overlap must be a number of seconds");
    TRY(explain(task, webhooks_rotate_secret(service, task, &target, overlap_seconds, &webhook, &made),
                word));
    print_made(work, &webhook, made);
    return RESULT_OK;
}

/* Sent from here, so that what comes of it can be told. */
static result send_now(struct service *service, struct task *task, const struct webhook_work *work,
                       const struct webhook_delivery *asked)
{
    struct webhook_delivery delivery;
    TRY(webhook_sender_drain(service, task, TEST_MS));
    TRY(webhook_delivery_find(service->db, task, asked->webhook_id, asked->event_id, &delivery));
    record_print(&DELIVERY_FIELDS, &delivery, work->line->is_json);
    if (!str_equal(delivery.state, STR("delivered")))
        FAIL(&task->fault, CHECK_UNAVAILABLE, "it has not arrived: %.*s",
             STR_ARGS(is_empty(delivery.last_error) ? STR("others are served first") : delivery.last_error));
    return RESULT_OK;
}

static result test(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    struct id id;
    struct webhook_delivery delivery;
    TRY(read_id(task, word, &id));
    TRY(explain(task, webhooks_test(service, task, id, &delivery), word));
    return send_now(service, task, work, &delivery);
}

static result retry(struct service *service, struct task *task, void *argument)
{
    const struct webhook_work *work = argument;
    struct id id, event_id;
    struct webhook_delivery delivery;
    TRY(read_id(task, work->line->words[1], &id));
    const bool is_id = id_parse(str_from(work->line->words[2]), &event_id);
    const result retried = is_id ? webhooks_retry(service, task, id, event_id, &delivery) : RESULT(NOT_FOUND);
    if (retried.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no webhook %s with a delivery %s", work->line->words[1],
                work->line->words[2]);
    TRY(retried);
    return send_now(service, task, work, &delivery);
}

static bool is_state(struct str text)
{
    return str_equal(text, STR("waiting")) || str_equal(text, STR("delivered")) ||
           str_equal(text, STR("failed"));
}

static result delivery_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct webhook_work *work = argument;
    struct webhook_delivery_list page;
    TRY(webhook_delivery_page(service->db, task, &work->filter, &page));
    list_print(&DELIVERY_FIELDS, &(struct object_list){page.items, page.count}, work->line->is_json);
    if (page.count > 0) work->filter.before = page.items[page.count - 1].event_id;
    *ret_count = page.count;
    return RESULT_OK;
}

static result deliveries(struct service *service, struct task *task, void *argument)
{
    struct webhook_work *work = argument;
    const char *word = work->line->words[1];
    struct webhook webhook;
    work->filter = (struct webhook_delivery_filter){.state = str_from(work->state), .count = PAGE_ROWS};
    if (work->state && !is_state(work->filter.state))
        FAIL(&task->fault, BAD_REQUEST, "--state must be waiting, delivered or failed");
    TRY(read_id(task, word, &work->filter.webhook_id));
    TRY(explain(task, webhook_find(service->db, task, work->filter.webhook_id, &webhook), word));
    return pages_print(service, task, delivery_page, work);
}

static const struct subcommand SUBCOMMANDS[] = {{"create", 2, 2, "--event --disable"},
                                                {"list", 0, 0, ""},
                                                {"show", 1, 1, ""},
                                                {"change", 1, 1, "--name --url --event --enable --disable"},
                                                {"delete", 1, 1, "--yes"},
                                                {"secret", 1, 1, "--overlap"},
                                                {"test", 1, 1, ""},
                                                {"deliveries", 1, 1, "--state"},
                                                {"retry", 2, 2, ""}};
static service_work *const WORKS[] = {create, list, show, change, delete, secret, test, deliveries, retry};

int webhook_command(int argc, char **argv)
{
    struct webhook_work work = {0};
    const struct command_option options[] = {{"--name", &work.name, NULL},
                                             {"--url", &work.url, NULL},
                                             {"--event", NULL, NULL},
                                             {"--state", &work.state, NULL},
                                             {"--overlap", &work.overlap, NULL},
                                             {"--disable", NULL, &work.is_disabled},
                                             {"--enable", NULL, &work.is_enabled},
                                             {"--yes", NULL, &work.says_yes},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen =
        subcommand_find("webhook", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    if (work.is_enabled && work.is_disabled) {
        fprintf(stderr, "auth webhook: --enable and --disable are not given together\n");
        return EXIT_USAGE;
    }
    service_work *found = WORKS[chosen - SUBCOMMANDS];
    work.line = &line;
    if (found == delete &&!is_confirmed("Its deliveries go with it. Delete the webhook?", work.says_yes))
        return EXIT_USAGE;
    return runtime_command("webhook", &line, found, &work);
}
