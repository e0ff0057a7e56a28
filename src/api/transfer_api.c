// SPDX-License-Identifier: MIT
#include "transfer_api_internal.h"

#include <string.h>

#include "auth/domain/audit.h"
#include "auth/domain/scopes.h"
#include "auth/http/stream.h"

#define PAGE_ARENA_BYTES (8u * 1024u * 1024u)
#define PAGE_TIME_MS     INT64_C(10000)
#define LINE_BYTES_MIN   2u /* braces: how many lines a body may have at most */

/* --- import ------------------------------------------------------------------------------------------------------- */

struct import_query {
    bool updates;
    bool makes_groups;
    bool is_dry_run;
};

static const struct field IMPORT_QUERY_ROWS[] = {
    {.name = "update",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct import_query, updates),
     .description = "Bring accounts that are there up to date; needs admin:users as well"},
    {.name = "create_groups",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct import_query, makes_groups),
     .description = "Make groups that are not there"},
    {.name = "dry_run",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct import_query, is_dry_run),
     .description = "Everything but storing"},
};
const struct fields import_query_fields = FIELDS(IMPORT_QUERY_ROWS, struct import_query, "ImportQuery");

struct outcome_reply {
    int64_t line;
    struct str outcome;
    struct id id;
    struct str email;
    struct str field;
    struct str reason;
};

static const struct field OUTCOME_ROWS[] = {
    {.name = "line",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct outcome_reply, line),
     .description = "From 1; empty lines count"},
    {.name = "outcome",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct outcome_reply, outcome),
     .description = "created, updated, unchanged or refused"},
    {.name = "id",
     .type = FIELD_ID,
     .offset = offsetof(struct outcome_reply, id),
     .description = "Of the account; none where it was refused"},
    {.name = "email",
     .type = FIELD_STRING,
     .offset = offsetof(struct outcome_reply, email),
     .description = "As it was given"},
    {.name = "field",
     .type = FIELD_STRING,
     .offset = offsetof(struct outcome_reply, field),
     .description = "What is wrong with the line"},
    {.name = "reason",
     .type = FIELD_STRING,
     .offset = offsetof(struct outcome_reply, reason),
     .description = "Why it was refused"},
};
static const struct fields OUTCOME_FIELDS = FIELDS(OUTCOME_ROWS, struct outcome_reply, "ImportOutcome");

struct import_reply {
    struct object_list data;
    int64_t counts[IMPORT_VERDICT_COUNT];
};

#define COUNT_FIELD(member_name, verdict)                                              \
    {                                                                                  \
        .name = (member_name), .type = FIELD_INTEGER, .flags = FIELD_REQUIRED,         \
        .offset = offsetof(struct import_reply, counts) + (verdict) * sizeof(int64_t), \
        .description = "How many"                                                      \
    }
static const struct field IMPORT_REPLY_ROWS[] = {
    {.name = "data",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct import_reply, data),
     .object = &OUTCOME_FIELDS,
     .description = "What became of each line"},
    COUNT_FIELD("created", IMPORT_CREATED),
    COUNT_FIELD("updated", IMPORT_UPDATED),
    COUNT_FIELD("unchanged", IMPORT_UNCHANGED),
    COUNT_FIELD("refused", IMPORT_REFUSED),
};
const struct fields import_reply_fields = FIELDS(IMPORT_REPLY_ROWS, struct import_reply, "ImportReply");

/* One body under way. */
struct import_run {
    struct request *request;
    struct import_options options;
    struct str rest;
    int64_t line;
    bool may_grant; /* roles and groups: powers */
    struct import_item *items;
    size_t item_count;
    struct outcome_reply *outcomes;
    size_t outcome_count;
    struct import_reply reply;
};

static void tell(struct import_run *run, const struct import_outcome *outcome)
{
    run->reply.counts[outcome->verdict]++;
    run->outcomes[run->outcome_count++] =
        (struct outcome_reply){.line = outcome->number,
                               .outcome = str_from(import_verdict_name(outcome->verdict)),
                               .id = outcome->id,
                               .email = outcome->email,
                               .field = str_from(outcome->pointer),
                               .reason = str_from(outcome->reason)};
}

/* Who brings people in does not thereby hand out powers. */
static bool is_within_powers(const struct import_run *run, const struct import_account *account,
                             struct import_outcome *outcome)
{
    if (run->may_grant || account->roles.count + account->groups.count == 0) return true;
    outcome->verdict = IMPORT_REFUSED;
    outcome->pointer = account->roles.count > 0 ? "/roles" : "/groups";
    outcome->reason = "is given only by who has all scopes of administration";
    return false;
}

static void take_line(struct import_run *run, struct str line)
{
    struct import_item *item = &run->items[run->item_count];
    const struct import_record record = {.text = line, .number = run->line};
    const bool is_read =
        import_read(&run->options, &run->request->task, &record, &item->account, &item->outcome);
    if (is_read && is_within_powers(run, &item->account, &item->outcome))
        run->item_count++;
    else
        tell(run, &item->outcome);
}

static result store_items(struct import_run *run)
{
    TRY(import_batch(service_of(run->request), &run->request->task, &run->options, run->items,
                     run->item_count));
    for (size_t i = 0; i < run->item_count; i++) tell(run, &run->items[i].outcome);
    run->item_count = 0;
    return RESULT_OK;
}

static result take_lines(struct import_run *run)
{
    while (!is_empty(run->rest)) {
        const struct str line = str_split(&run->rest, '\n');
        run->line++;
        if (is_empty(str_trim(line)) || str_equal(line, STR("\r"))) continue;
        take_line(run, line);
        if (run->item_count == IMPORT_BATCH_MAX) TRY(store_items(run));
    }
    return store_items(run);
}

result admin_users_import_post(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct import_query *query = request->query_value;
    const struct str scope = caller_of(request)->principal.scope;
    if (query->updates && !has_scope(scope, STR("admin:users")))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "update needs admin:users");
    const size_t lines_max = request->body.len / LINE_BYTES_MIN + 1;
    struct import_run run = {
        .request = request,
        .options = {.format = import_format_find(STR("auth")),
                    .updates = query->updates,
                    .makes_groups = query->makes_groups,
                    .is_dry_run = query->is_dry_run,
                    .granter = scope},
        .rest = request->body,
        .may_grant = is_scope_covered(role_scopes(STR(ROLE_ADMINISTRATOR), STR_NONE), scope),
        .items = arena_alloc_array(request->task.arena, IMPORT_BATCH_MAX, sizeof *run.items),
        .outcomes = arena_alloc_array(request->task.arena, lines_max, sizeof *run.outcomes),
    };
    TRY(take_lines(&run));
    run.reply.data = (struct object_list){run.outcomes, run.outcome_count};
    return response_json(response, request->task.arena, &import_reply_fields, &run.reply);
}

/* --- export ------------------------------------------------------------------------------------------------------- */

struct export_query {
    bool with_hashes;
};

static const struct field EXPORT_QUERY_ROWS[] = {
    {.name = "with_hashes",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct export_query, with_hashes),
     .description = "Tell password hashes as well; needs admin:import, not only admin:import:read"},
};
const struct fields export_query_fields = FIELDS(EXPORT_QUERY_ROWS, struct export_query, "ExportQuery");

struct export_run {
    bool with_hashes;
    struct id after;
};

static bool write_page(struct export_run *run, struct service *service, struct task *task,
                       struct stream *stream)
{
    struct export_page page;
    if (!is_ok(export_page(service, task, run->after, run->with_hashes, &page))) {
        /* The status has been sent: a line that is no account tells that the list is not whole. */
        (void)stream_write(stream, STR("{\"error\":\"database_unavailable\"}\n"));
        return false;
    }
    for (size_t i = 0; i < page.count; i++)
        if (!stream_write(stream, page.records[i]) || !stream_write(stream, STR("\n"))) return false;
    run->after = page.last;
    return !is_nil(page.last);
}

/* Each page with an arena and a deadline of its own: there may be millions. */
static void write_accounts(struct request *request, struct stream *stream, void *argument)
{
    struct export_run *run = argument;
    bool goes_on = true;
    while (goes_on) {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        struct task *task = arena_alloc(arena, sizeof *task);
        task_init(task, arena, request->task.id, PAGE_TIME_MS);
        goes_on = write_page(run, service_of(request), task, stream);
    }
}

result admin_users_export_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct export_query *query = request->query_value;
    struct service *service = service_of(request);
    if (query->with_hashes && !has_scope(caller_of(request)->principal.scope, STR("admin:import")))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "hashes need admin:import");
    struct export_run *run = arena_alloc(request->task.arena, sizeof *run);
    run->with_hashes = query->with_hashes;
    response->content_type = STR("application/x-ndjson");
    if (request->method == HTTP_HEAD) return RESULT_OK;
    TRY(audit_note(service, service->db, &request->task,
                   &(struct audit_event){.type = AUDIT_ACCOUNTS_EXPORTED,
                                         .detail = query->with_hashes ? "with password hashes" : NULL}));
    response->stream = write_accounts;
    response->stream_argument = run;
    return RESULT_OK;
}
