// SPDX-License-Identifier: MIT
#include "auth/domain/audit.h"
#include "auth/domain/audit_feed.h"
#include "auth/http/stream.h"
#include "events_api_internal.h"

/* What is sent follows the WHATWG HTML standard, "Server-sent events": fields id and data, comments for life. */

#define STEP_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define STEP_TIME_MS     INT64_C(5000)
#define PAGE_EVENTS      100
#define TEXT_BYTES_MAX   ((size_t)2 * 1024 * 1024)
#define LOOK_MS          INT64_C(1000)
#define CHECK_MS         INT64_C(5000)  /* how often the caller is looked at again */
#define HEARTBEAT_MS     INT64_C(10000) /* less than any proxy waits */

struct follower {
    struct audit_listener listener;
    struct request *request;
    struct stream *stream;
    struct audit_filter filter;
    struct secret authorization;
    int64_t expires_at_ms; /* 0: never */
    int64_t checked_at_ms; /* monotonic */
    int64_t sent_at_ms;    /* monotonic */
};

/* The chain has grown. */
static void notify(struct audit_listener *listener)
{
    struct follower *follower = CONTAINER_OF(listener, struct follower, listener);
    if (follower->stream) stream_wake(follower->stream);
}

static bool send(struct follower *follower, struct str text)
{
    follower->sent_at_ms = clock_monotonic_ms();
    return stream_write(follower->stream, text);
}

/* Events are objects on one line, which no text of theirs can leave: they hold no control character. */
static bool send_page(struct follower *follower, const struct audit_page *page)
{
    struct arena *arena = follower->request->task.arena;
    struct strbuf text;
    strbuf_init(&text, arena, 4096, TEXT_BYTES_MAX);
    for (size_t i = 0; i < page->count; i++) {
        const struct audit_view view = audit_view_of(arena, &page->items[i]);
        strbuf_printf(&text, "id: %lld\ndata: ", (long long)view.seq);
        fields_write_json(&audit_event_fields, &view, &text);
        strbuf_add(&text, STR("\n\n"));
    }
    return send(follower, strbuf_str(&text));
}

/* All there is up to the end, page by page. */
static result catch_up(struct follower *follower, int64_t end, bool *ret_goes_on)
{
    struct request *request = follower->request;
    struct audit_filter *filter = &follower->filter;
    struct audit_page page;
    *ret_goes_on = true;
    filter->before = end + 1;
    filter->count = PAGE_EVENTS;
    TRY(audit_events_find(service_of(request), &request->task, filter, &page));
    const bool is_all = page.count < PAGE_EVENTS;
    filter->after = is_all ? end : page.items[page.count - 1].seq;
    if (page.count > 0) *ret_goes_on = send_page(follower, &page);
    /* The rest in the next step, at once. */
    if (!is_all) stream_wake(follower->stream);
    return RESULT_OK;
}

static result check_caller(struct follower *follower)
{
    struct request *request = follower->request;
    const int64_t now_ms = clock_monotonic_ms();
    if (follower->expires_at_ms != 0 && follower->expires_at_ms <= request->task.now_ms)
        return RESULT(INVALID_TOKEN);
    if (now_ms - follower->checked_at_ms < CHECK_MS) return RESULT_OK;
    follower->checked_at_ms = now_ms;
    return check_again(request, follower->authorization);
}

/* What the feed knows may be of the past. */
static result begin_at_end(struct follower *follower)
{
    struct request *request = follower->request;
    struct audit_chain chain;
    TRY(audit_chain_find(service_of(request)->db, &request->task, &chain));
    follower->filter.after = chain.end.seq;
    return RESULT_OK;
}

static result look(struct follower *follower, bool *ret_goes_on)
{
    struct request *request = follower->request;
    int64_t end;
    *ret_goes_on = true;
    TRY(check_caller(follower));
    if (follower->filter.after < 0) TRY(begin_at_end(follower));
    TRY(audit_feed_end(service_of(request), &request->task, &end));
    if (end > follower->filter.after) return catch_up(follower, end, ret_goes_on);
    if (clock_monotonic_ms() - follower->sent_at_ms >= HEARTBEAT_MS)
        *ret_goes_on = send(follower, STR(":\n\n"));
    return RESULT_OK;
}

/* In memory and with a deadline of its own: the stream may last for days. */
static result step(struct follower *follower, struct arena *arena, bool *ret_goes_on)
{
    struct task *task = &follower->request->task;
    struct arena *const kept = task->arena;
    arena_reset(arena);
    task->arena = arena;
    task->now_ms = clock_wall_ms();
    task->deadline_ms = clock_monotonic_ms() + STEP_TIME_MS;
    fault_clear(&task->fault);
    const result looked = look(follower, ret_goes_on);
    task->arena = kept;
    return looked;
}

/* Why it ends, for who might come again at once: a token that has expired needs a new one first. */
static struct str farewell(result outcome)
{
    return outcome.code == STATUS_INVALID_TOKEN || outcome.code == STATUS_INSUFFICIENT_SCOPE
               ? STR("event: end\ndata: {\"reason\":\"invalid_token\"}\n\n")
               : STR("event: end\ndata: {\"reason\":\"unavailable\"}\n\n");
}

static void follow(struct request *request, struct stream *stream, void *argument)
{
    struct follower *follower = argument;
    follower->stream = stream;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(STEP_ARENA_BYTES);
    bool goes_on = send(follower, STR("retry: 2000\n\n"));
    result looked = RESULT_OK;
    while (goes_on && is_ok(looked)) {
        looked = step(follower, arena, &goes_on);
        if (goes_on && is_ok(looked)) goes_on = stream_wait(stream, LOOK_MS);
    }
    if (!is_ok(looked)) (void)stream_write(stream, farewell(looked));
    audit_feed_leave(service_of(request), &follower->listener);
}

result events_stream(struct request *request, const struct audit_filter *filter, struct response *response)
{
    struct arena *arena = request->task.arena;
    const struct str authorization = request_header(request, "Authorization");
    struct follower *follower = arena_alloc(arena, sizeof *follower);
    *follower = (struct follower){
        .listener.notify = notify,
        .request = request,
        .filter = *filter,
        .authorization = secret_copy(arena, authorization.ptr, authorization.len),
        .expires_at_ms = caller_of(request)->principal.expires_at_ms,
        .checked_at_ms = clock_monotonic_ms(),
    };
    response->content_type = STR("text/event-stream; charset=utf-8");
    /* nginx passes it on as it comes. */
    response_header_set(response, "X-Accel-Buffering", STR("no"));
    response->stream = follow;
    response->stream_argument = follower;
    return request->method == HTTP_HEAD
               ? RESULT_OK
               : audit_feed_join(service_of(request), &request->task, &follower->listener);
}
