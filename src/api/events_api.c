// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_checkpoint.h"
#include "events_api_internal.h"

#define TEXT_MAX 256

/* --- what is asked for -------------------------------------------------------------------------------------------- */

struct events_query {
    struct page_query page;
    struct str type;
    struct id account_id;
    struct str client_id;
    struct str actor;
    int64_t since_ms;
    int64_t until_ms;
    int order;
};

static const char *const ORDERS[] = {"newest", "oldest", NULL};
enum { ORDER_NEWEST, ORDER_OLDEST };

static const struct field EVENTS_QUERY_ROWS[] = {
    PAGE_QUERY_ROWS(struct events_query),
    {.name = "type",
     .type = FIELD_STRING,
     .offset = offsetof(struct events_query, type),
     .max = TEXT_MAX,
     .description = "Only events of this type",
     .example = "\"login.failed\""},
    {.name = "account_id",
     .type = FIELD_ID,
     .offset = offsetof(struct events_query, account_id),
     .description = "Only those of this account"},
    {.name = "client_id",
     .type = FIELD_STRING,
     .offset = offsetof(struct events_query, client_id),
     .max = TEXT_MAX,
     .description = "Only those of this client"},
    {.name = "actor",
     .type = FIELD_STRING,
     .offset = offsetof(struct events_query, actor),
     .max = TEXT_MAX,
     .description = "Only what this one did, as events name it"},
    {.name = "since",
     .type = FIELD_TIME,
     .offset = offsetof(struct events_query, since_ms),
     .description = "Not before"},
    {.name = "until",
     .type = FIELD_TIME,
     .offset = offsetof(struct events_query, until_ms),
     .description = "Before"},
    {.name = "order",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct events_query, order),
     .choices = ORDERS,
     .description = "Which come first; newest when left out. A stream is always in the order of events"},
};
const struct fields events_query_fields = FIELDS(EVENTS_QUERY_ROWS, struct events_query, "EventsQuery");

static const struct field EVENTS_REPLY_ROWS[] = {PAGE_REPLY_ROWS(&audit_event_fields, "The events")};
const struct fields events_reply_fields = FIELDS(EVENTS_REPLY_ROWS, struct page_reply, "AuditEventList");

/* A cursor of events is a place, which is no secret: it is given as it is, as the id of a stream's event is. */
static result read_place(struct request *request, const char *pointer, struct str text, int64_t *ret_seq)
{
    if (is_empty(text) || (str_to_int64(text, ret_seq) && *ret_seq >= 0)) return RESULT_OK;
    fault_add_field(&request->task.fault, pointer, "malformed", "is not a place of this list");
    FAIL(&request->task.fault, VALIDATION_FAILED, "cursor refused");
}

static struct audit_filter filter_of(const struct events_query *query)
{
    return (struct audit_filter){
        .type = query->type,
        .account_id = query->account_id,
        .client_id = query->client_id,
        .actor = query->actor,
        .since_ms = query->since_ms,
        .until_ms = query->until_ms,
        .is_newest_first = query->order == ORDER_NEWEST,
        .count = page_rows_wanted(&query->page),
    };
}

/* --- pages -------------------------------------------------------------------------------------------------------- */

static struct str next_of(struct request *request, const struct audit_page *page, size_t told)
{
    if (page->count <= told || told == 0) return STR_NONE;
    return str_printf(request->task.arena, "%lld", (long long)page->items[told - 1].seq);
}

static result find_page(struct request *request, const struct page_query *query, struct audit_filter *filter,
                        struct audit_page *ret_page)
{
    int64_t place = 0;
    TRY(read_place(request, "after", query->after, &place));
    if (filter->is_newest_first)
        filter->before = place;
    else
        filter->after = place;
    return audit_events_find(service_of(request), &request->task, filter, ret_page);
}

static result answer_page(struct request *request, const struct events_query *query,
                          struct response *response)
{
    struct arena *arena = request->task.arena;
    struct audit_filter filter = filter_of(query);
    struct audit_page page;
    TRY(find_page(request, &query->page, &filter, &page));
    const size_t told = page_count(&query->page, page.count);
    struct audit_view *views = arena_alloc_array(arena, told + 1, sizeof *views);
    for (size_t i = 0; i < told; i++) views[i] = audit_view_of(arena, &page.items[i]);
    const struct page_reply reply = {.data = {views, told}, .next = next_of(request, &page, told)};
    return response_json(response, arena, &events_reply_fields, &reply);
}

/* The one media type that is asked for beside JSON. */
static bool wants_stream(const struct request *request)
{
    struct str accepted = request_header(request, "Accept");
    while (!is_empty(accepted)) {
        struct str one = str_split(&accepted, ',');
        if (str_equal_nocase(str_trim(str_split(&one, ';')), STR("text/event-stream"))) return true;
    }
    return false;
}

/* The header is what a client sends by itself when it comes again, so it stands above the parameter. */
static result answer_stream(struct request *request, const struct events_query *query,
                            struct response *response)
{
    struct audit_filter filter = filter_of(query);
    const struct str last = request_header(request, "Last-Event-ID");
    const bool begins_with_what_comes = is_empty(last) && is_empty(query->page.after) && query->since_ms == 0;
    filter.is_newest_first = false;
    TRY(read_place(request, "after", query->page.after, &filter.after));
    TRY(read_place(request, "Last-Event-ID", last, &filter.after));
    if (begins_with_what_comes) filter.after = -1;
    return events_stream(request, &filter, response);
}

result admin_events_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct events_query *query = request->query_value;
    response_header_set(response, "Vary", STR("Accept"));
    return wants_stream(request) ? answer_stream(request, query, response)
                                 : answer_page(request, query, response);
}

/* --- the checkpoint ----------------------------------------------------------------------------------------------- */

struct checkpoint_reply {
    int64_t seq;
    struct str chain_hash;
    int64_t at_ms;
    struct str checkpoint;
    struct str public_key;
};

static const struct field CHECKPOINT_REPLY_ROWS[] = {
    {.name = "seq",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct checkpoint_reply, seq),
     .description = "The place of the last event"},
    {.name = "chain_hash",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct checkpoint_reply, chain_hash),
     .description = "Its hash, base64url"},
    {.name = "at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct checkpoint_reply, at_ms),
     .description = "When it was signed"},
    {.name = "checkpoint",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct checkpoint_reply, checkpoint),
     .description = "The signed statement (JWS), to be kept elsewhere; auth audit verify --against takes it"},
    {.name = "public_key",
     .type = FIELD_RAW,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct checkpoint_reply, public_key),
     .description = "The JWK it verifies with"},
};
const struct fields checkpoint_reply_fields =
    FIELDS(CHECKPOINT_REPLY_ROWS, struct checkpoint_reply, "AuditCheckpoint");

result admin_events_checkpoint_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    struct audit_checkpoint made;
    TRY(audit_checkpoint_make(service_of(request), &request->task, &made));
    const struct checkpoint_reply reply = {
        .seq = made.end.seq,
        .chain_hash = base64url_print(arena, made.end.hash, sizeof made.end.hash),
        .at_ms = made.at_ms,
        .checkpoint = made.signature,
        .public_key = made.public_key,
    };
    return response_json(response, arena, &checkpoint_reply_fields, &reply);
}

/* --- one's own ---------------------------------------------------------------------------------------------------- */

struct my_events_query {
    struct page_query page;
};
static const struct field MY_EVENTS_QUERY_ROWS[] = {PAGE_QUERY_ROWS(struct my_events_query)};
const struct fields my_events_query_fields =
    FIELDS(MY_EVENTS_QUERY_ROWS, struct my_events_query, "MyEventsQuery");

#define MY_TEXT(member, text)                                                                 \
    {                                                                                         \
        .name = #member, .type = FIELD_STRING, .offset = offsetof(struct audit_view, member), \
        .description = (text)                                                                 \
    }
static const struct field MY_EVENT_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct audit_view, id)},
    {.name = "at", .type = FIELD_TIME, .flags = FIELD_REQUIRED, .offset = offsetof(struct audit_view, at_ms)},
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct audit_view, type),
     .example = "\"login.succeeded\""},
    MY_TEXT(detail, "More about it"),
    MY_TEXT(client_address, "Where it came from; forgotten after a while"),
    MY_TEXT(client_id, "The application"),
    MY_TEXT(subject, "What it was done to, when not the account itself"),
    {.name = "session_id", .type = FIELD_ID, .offset = offsetof(struct audit_view, session_id)},
    {.name = "is_by_others",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct audit_view, is_by_others),
     .description = "Whether an administrator, a client, a key or the service itself did it"},
};
static const struct fields my_event_fields = FIELDS(MY_EVENT_ROWS, struct audit_view, "MyEvent");
static const struct field MY_EVENTS_REPLY_ROWS[] = {PAGE_REPLY_ROWS(&my_event_fields, "Newest first")};
const struct fields my_events_reply_fields = FIELDS(MY_EVENTS_REPLY_ROWS, struct page_reply, "MyEventList");

result me_events_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    const struct my_events_query *query = request->query_value;
    struct audit_filter filter = {.account_id = caller_of(request)->principal.account_id,
                                  .is_newest_first = true,
                                  .count = page_rows_wanted(&query->page)};
    struct audit_page page;
    TRY(find_page(request, &query->page, &filter, &page));
    const size_t told = page_count(&query->page, page.count);
    struct audit_view *views = arena_alloc_array(arena, told + 1, sizeof *views);
    for (size_t i = 0; i < told; i++) {
        views[i] = audit_view_of(arena, &page.items[i]);
        views[i].is_by_others = !is_empty(page.items[i].actor);
    }
    const struct page_reply reply = {.data = {views, told}, .next = next_of(request, &page, told)};
    return response_json(response, arena, &my_events_reply_fields, &reply);
}
