// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "auth/base/log.h"
#include "auth/base/secret.h"
#include "auth/http/problem.h"
#include "metrics_internal.h"
#include "server_internal.h"
#include "trace_internal.h"

#define ARENA_BASE_BYTES     ((size_t)8 * 1024 * 1024)
#define ARENA_BYTES_PER_BODY 32u
#define FREE_EXCHANGES_MAX   128u
#define BODY_FIRST_BYTES     4096u
#define REQUEST_ID_BYTES     16u

static void exchange_run(struct fiber_job *job);
static void exchange_ended(struct fiber_job *job);

static struct http_exchange *exchange_create(struct http_server *server)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));
    if (!exchange) panic("out of memory for a request");
    exchange->server = server;
    exchange->job = (struct fiber_job){.run = exchange_run, .ended = exchange_ended};
    exchange->request.task.arena =
        arena_create(ARENA_BASE_BYTES + ARENA_BYTES_PER_BODY * server->options.body_bytes_max);
    return exchange;
}

static void exchange_destroy(struct http_exchange *exchange)
{
    arena_destroy(exchange->request.task.arena);
    free(exchange);
}

static struct http_exchange *exchange_acquire(struct http_server *server)
{
    struct http_exchange *exchange = server->free_exchanges;
    if (!exchange)
        exchange = exchange_create(server);
    else {
        server->free_exchanges = exchange->next_free;
        server->free_exchange_count--;
    }
    server->active_exchanges++;
    return exchange;
}

static void exchange_release(struct http_exchange *exchange)
{
    struct http_server *server = exchange->server;
    server->active_exchanges--;
    if (server->free_exchange_count >= FREE_EXCHANGES_MAX) {
        exchange_destroy(exchange);
        return;
    }
    arena_reset(exchange->request.task.arena);
    exchange->next_free = server->free_exchanges;
    server->free_exchanges = exchange;
    server->free_exchange_count++;
}

void exchanges_destroy(struct http_server *server)
{
    while (server->free_exchanges) {
        struct http_exchange *next = server->free_exchanges->next_free;
        exchange_destroy(server->free_exchanges);
        server->free_exchanges = next;
    }
    server->free_exchange_count = 0;
}

/* Called with the target as it came, before libmicrohttpd cuts it at '?'. */
void *exchange_begin(void *server_, const char *target, struct MHD_Connection *mhd)
{
    struct http_server *server = server_;
    struct http_exchange *exchange = exchange_acquire(server);
    struct arena *arena = exchange->request.task.arena;
    exchange->connection = connection_of(mhd);
    exchange->mhd = mhd;
    exchange->phase = PHASE_HEAD;
    exchange->is_suspended = false;
    exchange->is_refused = false;
    exchange->field_count = 0;
    exchange->sent_status = 0;
    exchange->stream = NULL;
    exchange->is_detached = false;
    exchange->body = (struct strbuf){0};
    exchange->request =
        (struct request){.task.arena = arena, .exchange = exchange, .context = server->options.context};
    exchange->response = (struct response){0};
    exchange->request.began_us = clock_monotonic_us();
    exchange->target = str_copy(arena, str_from(target));
    exchange->connection->exchange = exchange;
    /* The first request had its time from the accept on. */
    if (exchange->connection->has_begun) connection_is_receiving(exchange->connection);
    exchange->connection->has_begun = true;
    return exchange;
}

static enum MHD_Result collect_field(void *exchange_, enum MHD_ValueKind kind, const char *name,
                                     size_t name_len, const char *value, size_t value_len)
{
    struct http_exchange *exchange = exchange_;
    (void)kind;
    if (exchange->field_count < REQUEST_FIELDS_MAX)
        exchange->fields[exchange->field_count] =
            (struct header_field){.name = {name, name_len}, .value = {value, value_len}};
    exchange->field_count++;
    return MHD_YES;
}

static struct str lone_header(const struct http_exchange *exchange, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < exchange->field_count; i++)
        if (str_equal_nocase(exchange->fields[i].name, str_from(name))) count++;
    return count == 1 ? request_header(&exchange->request, name) : STR_NONE;
}

/* The server's random half and a counter. An id is a name in logs and no secret, so entropy is
 * asked for once and not per request. */
static struct str request_id_new(struct http_server *server, struct arena *arena)
{
    unsigned char bytes[REQUEST_ID_BYTES];
    char *text = arena_alloc(arena, 2 * REQUEST_ID_BYTES + 1);
    uint64_t counter = ++server->request_count;
    memcpy(bytes, server->id_prefix, sizeof(server->id_prefix));
    for (size_t i = REQUEST_ID_BYTES; i > sizeof(server->id_prefix); counter >>= 8)
        bytes[--i] = counter & 0xff;
    hex_encode(bytes, sizeof(bytes), text);
    return (struct str){text, 2 * REQUEST_ID_BYTES};
}

static void exchange_identify(struct http_exchange *exchange)
{
    struct request *request = &exchange->request;
    struct str id = lone_header(exchange, "X-Request-Id");
    if (!is_request_id(id)) id = request_id_new(exchange->server, request->task.arena);
    task_init(&request->task, request->task.arena, id, exchange->server->options.request_ms);
    request->trace_id = traceparent_trace_id(lone_header(exchange, "traceparent"));
}

static result exchange_find_client(struct http_exchange *exchange)
{
    struct request *request = &exchange->request;
    char text[ADDRESS_TEXT_SIZE];
    request->client = exchange->connection->peer;
    const struct str named = request_header(request, "X-Real-IP");
    /* An address that cannot be read must not turn into another one (CVE-2024-47070 of a peer): 400. */
    if (exchange->connection->is_trusted && named.ptr && !address_parse(named, &request->client))
        FAIL(&request->task.fault, BAD_REQUEST, "X-Real-IP is no address");
    request->client_text = str_copy(request->task.arena, address_print(&request->client, text));
    return RESULT_OK;
}

static void exchange_split_target(struct http_exchange *exchange)
{
    struct str rest = exchange->target;
    exchange->request.path = str_split(&rest, '?');
    exchange->request.query = rest;
}

static result exchange_check_head(struct http_exchange *exchange, const struct request_head *head,
                                  size_t *ret_content_length)
{
    struct request *request = &exchange->request;
    if (!is_laid_out(head)) {
        exchange->field_count = 0; /* what was parsed is not what was sent */
        exchange_identify(exchange);
        FAIL(&request->task.fault, BAD_REQUEST, "line ends, folding or NUL within the head");
    }
    if (exchange->field_count > REQUEST_FIELDS_MAX) exchange->field_count = REQUEST_FIELDS_MAX;
    for (size_t i = 0; i < exchange->field_count; i++)
        exchange->fields[i].value = str_trim(exchange->fields[i].value);
    exchange_identify(exchange);
    TRY(guard_head(head, exchange->server->options.body_bytes_max, &request->task.fault, &request->method,
                   ret_content_length));
    return exchange_find_client(exchange);
}

static enum MHD_Result exchange_refuse(struct http_exchange *exchange, enum status code)
{
    exchange->is_refused = true;
    exchange->response = (struct response){0};
    problem_write(&exchange->request, code, SURFACE_APPLICATION, STR_NONE, &exchange->response);
    if (code == STATUS_METHOD_NOT_ALLOWED)
        response_header_set(&exchange->response, "Allow",
                            STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (exchange->server->options.metrics) http_metrics_refused(exchange->server->options.metrics);
    return exchange_send(exchange);
}

/* The first call for a request. An answer given here makes libmicrohttpd close the connection, which is what
 * a refused head deserves (RFC 9112 §11.2) and why all other answers are given in a later call. */
static enum MHD_Result exchange_take_head(struct http_exchange *exchange, const char *target,
                                          const char *method, const char *version)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    (void)MHD_get_connection_values_n(exchange->mhd, MHD_HEADER_KIND, collect_field, exchange);
    const struct request_head head = {
        .method = method,
        .target_place = target,
        .target = exchange->target,
        .version = version,
        .bytes = info ? info->header_size : 0,
        .fields = exchange->fields,
        .field_count = exchange->field_count,
    };
    size_t content_length = 0;
    const result checked = exchange_check_head(exchange, &head, &content_length);
    if (!is_ok(checked)) return exchange_refuse(exchange, checked.code);
    exchange_split_target(exchange);
    if (content_length > 0)
        strbuf_init(&exchange->body, exchange->request.task.arena,
                    content_length < BODY_FIRST_BYTES ? content_length : BODY_FIRST_BYTES, content_length);
    exchange->phase = PHASE_BODY;
    return MHD_YES;
}

/* libmicrohttpd frees its buffers as they are; what was consumed from them is ours to wipe. */
static void wipe_consumed(struct str text)
{
    if (text.len > 0) wipe((char *)(uintptr_t)text.ptr, text.len);
}

static enum MHD_Result exchange_take_body(struct http_exchange *exchange, const char *data, size_t *data_len)
{
    const struct str piece = {data, *data_len};
    strbuf_add(&exchange->body, piece);
    wipe_consumed(piece);
    *data_len = 0;
    return exchange->body.overflowed ? MHD_NO : MHD_YES;
}

static void exchange_answer(struct http_exchange *exchange);

/* The fiber writes while the library sends. It counts as one that waits until it has ended: what it writes into must not
 * go away. */
static void exchange_stream(struct http_exchange *exchange)
{
    const struct response *response = &exchange->response;
    exchange->answered_us = clock_monotonic_us();
    exchange->server->waiting_exchanges++;
    stream_begin(exchange);
    exchange_answer(exchange);
    if (exchange->request.method != HTTP_HEAD)
        response->stream(&exchange->request, exchange->stream, response->stream_argument);
}

static void exchange_run(struct fiber_job *job)
{
    struct http_exchange *exchange = CONTAINER_OF(job, struct http_exchange, job);
    exchange->server->options.serve(&exchange->request, &exchange->response);
    if (exchange->response.stream) exchange_stream(exchange);
}

/* The answer stands, or its head does. */
static void exchange_answer(struct http_exchange *exchange)
{
    exchange->phase = PHASE_SERVED;
    if (!exchange->is_suspended) return;
    exchange->is_suspended = false;
    exchange->server->waiting_exchanges--;
    MHD_resume_connection(exchange->mhd);
    /* With external epoll nothing else tells the library to look: the timer is due in the next wake, once for all
     * that ended in this one. */
    loop_timer_start(exchange->server->loop, &exchange->server->again, clock_monotonic_ms());
}

static void exchange_ended(struct fiber_job *job)
{
    struct http_exchange *exchange = CONTAINER_OF(job, struct http_exchange, job);
    if (!exchange->stream) {
        exchange_answer(exchange);
        return;
    }
    exchange->server->waiting_exchanges--;
    stream_end(exchange);
    if (exchange->is_detached) exchange_release(exchange);
}

static enum MHD_Result exchange_serve(struct http_exchange *exchange)
{
    exchange->request.body = strbuf_str(&exchange->body);
    exchange->phase = PHASE_SERVING;
    connection_is_working(exchange->connection);
    const result started = fiber_start(&exchange->job);
    if (!is_ok(started)) return exchange_refuse(exchange, started.code);
    if (exchange->phase == PHASE_SERVED) return exchange_send(exchange);
    exchange->is_suspended = true;
    exchange->server->waiting_exchanges++;
    MHD_suspend_connection(exchange->mhd);
    return MHD_YES;
}

/* The eight parameters are libmicrohttpd's. */
/* NOLINTNEXTLINE(readability-function-size) */
enum MHD_Result exchange_handle(void *server, struct MHD_Connection *mhd, const char *target,
                                const char *method, const char *version, const char *data, size_t *data_len,
                                void **context)
{
    struct http_exchange *exchange = *context;
    (void)server;
    (void)mhd;
    switch (exchange->phase) {
    case PHASE_HEAD:
        return exchange_take_head(exchange, target, method, version);
    case PHASE_BODY:
        return *data_len > 0 ? exchange_take_body(exchange, data, data_len) : exchange_serve(exchange);
    case PHASE_SERVED:
        return exchange_send(exchange);
    case PHASE_SERVING:
    case PHASE_SENT:
        break;
    }
    return MHD_YES;
}

/* A stream took as long as its head did: how long somebody listens is no latency. */
static void exchange_count(struct http_exchange *exchange)
{
    struct http_metrics *metrics = exchange->server->options.metrics;
    const int64_t ended_us = exchange->stream ? exchange->answered_us : clock_monotonic_us();
    if (metrics && exchange->phase == PHASE_SENT)
        http_metrics_observe(metrics, http_metrics_index(metrics, exchange->request.route),
                             exchange->sent_status, ended_us - exchange->request.began_us);
}

/* The writer of a stream may still be at it; nothing of the connection is left for it. */
static void exchange_let_go(struct http_exchange *exchange)
{
    if (!exchange->stream || exchange->stream->has_ended) {
        exchange_release(exchange);
        return;
    }
    exchange->is_detached = true;
    exchange->connection = NULL;
    exchange->mhd = NULL;
    exchange->field_count = 0;
    stream_lost(exchange);
}

void exchange_completed(void *server_, struct MHD_Connection *mhd, void **context,
                        enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *context;
    (void)server_;
    (void)mhd;
    (void)code;
    if (!exchange) return;
    *context = NULL;
    exchange_count(exchange);
    wipe_consumed(request_header(&exchange->request, "Authorization"));
    exchange->connection->exchange = NULL;
    connection_is_idle(exchange->connection);
    exchange_let_go(exchange);
}
