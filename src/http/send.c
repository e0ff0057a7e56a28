// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/http/route.h"
#include "prebuilt_internal.h"
#include "server_internal.h"

#define REQUEST_ID_HEADER "X-Request-Id"

/* On every response (OWASP ASVS 3.4): this service answers programs, so a browser is told to do nothing with
 * it. */
static const struct fixed_header {
    const char *name;
    const char *value;
} fixed_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Cache-Control", "no-store"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static const struct fixed_header hsts_header = {"Strict-Transport-Security",
                                                "max-age=63072000; includeSubDomains"};

static void add(struct MHD_Response *mhd, const char *name, const char *value)
{
    if (value[0] == '\0') return;
    if (MHD_add_response_header(mhd, name, value) != MHD_YES)
        panic("no memory for the header field %s", name);
}

static bool is_replaced(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (str_equal_nocase(str_from(response->headers[i].name), str_from(name))) return true;
    return false;
}

static void add_fixed(struct MHD_Response *mhd, const struct http_server *server,
                      const struct response *response)
{
    for (size_t i = 0; i < ARRAY_COUNT(fixed_headers); i++)
        if (!is_replaced(response, fixed_headers[i].name))
            add(mhd, fixed_headers[i].name, fixed_headers[i].value);
    if (server->options.sends_hsts) add(mhd, hsts_header.name, hsts_header.value);
}

/* libmicrohttpd reads the body where it lies until the request is completed, which is when its owner frees
 * it. */
static struct MHD_Response *create(struct str body)
{
    struct MHD_Response *mhd =
        MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_PERSISTENT);
    if (!mhd) panic("no memory for a response");
    return mhd;
}

static enum MHD_Result queue(struct http_exchange *exchange, int status, struct MHD_Response *mhd)
{
    exchange->phase = PHASE_SENT;
    exchange->sent_status = status;
    connection_is_sending(exchange->connection);
    return MHD_queue_response(exchange->mhd, (unsigned)status, mhd);
}

/* With the response's own fields and the fixed ones; released. */
static enum MHD_Result send_with_fields(struct http_exchange *exchange, int status,
                                        const struct response *response, struct MHD_Response *mhd)
{
    struct arena *arena = exchange->request.task.arena;
    if (response->body.len > 0 || response->stream) {
        const struct str type =
            is_empty(response->content_type) ? STR("application/json") : response->content_type;
        add(mhd, "Content-Type", str_copy(arena, type).ptr);
    }
    for (size_t i = 0; i < response->header_count; i++) {
        const struct str value = str_copy(arena, response->headers[i].value);
        if (is_field_value(value)) add(mhd, response->headers[i].name, value.ptr);
    }
    add_fixed(mhd, exchange->server, response);
    add(mhd, REQUEST_ID_HEADER, str_copy(arena, exchange->request.task.id).ptr);
    if (exchange->server->is_draining || response->stream) add(mhd, "Connection", "close");
    const enum MHD_Result queued = queue(exchange, status, mhd);
    MHD_destroy_response(mhd);
    return queued;
}

static enum MHD_Result send_fresh(struct http_exchange *exchange, int status, const struct response *response)
{
    return send_with_fields(exchange, status, response, create(response->body));
}

static enum MHD_Result send_stream(struct http_exchange *exchange, int status)
{
    struct MHD_Response *mhd = stream_response(exchange);
    if (!mhd) panic("no memory for a response");
    /* The library ends a chunked answer without content by a chunk all the same (RFC 9110 §9.3.2 wants none). */
    if (exchange->request.method == HTTP_HEAD)
        (void)MHD_set_response_options(mhd, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return send_with_fields(exchange, status, &exchange->response, mhd);
}

static void empty_add(struct empty_response *empty, const char *name, struct str value)
{
    if (is_empty(value) || !is_field_value(value)) return;
    char *kept = empty->fields[empty->field_count].value;
    memcpy(kept, value.ptr, value.len);
    kept[value.len] = '\0';
    empty->fields[empty->field_count++].name = name;
    add(empty->mhd, name, kept);
}

static void empty_clear(struct empty_response *empty)
{
    for (size_t i = 0; i < empty->field_count; i++)
        (void)MHD_del_response_header(empty->mhd, empty->fields[i].name, empty->fields[i].value);
    empty->field_count = 0;
}

static bool is_empty_like_others(const struct http_exchange *exchange, const struct response *response)
{
    if (response->body.len > 0 || exchange->server->is_draining) return false;
    if (response->header_count >= EMPTY_FIELDS_MAX) return false; /* one place is for the request id */
    for (size_t i = 0; i < response->header_count; i++)
        if (response->headers[i].value.len >= EMPTY_VALUE_BYTES) return false;
    for (size_t i = 0; i < ARRAY_COUNT(fixed_headers); i++)
        if (is_replaced(response, fixed_headers[i].name)) return false;
    return true;
}

/* libmicrohttpd prints the header when the handler that queued the response returns, so one object serves all:
 * nothing else runs in between. */
static enum MHD_Result send_empty(struct http_exchange *exchange, int status, const struct response *response)
{
    struct empty_response *empty = &exchange->server->empty;
    if (!empty->mhd) {
        empty->mhd = create(STR(""));
        add_fixed(empty->mhd, exchange->server, &(struct response){0});
    }
    empty_clear(empty);
    for (size_t i = 0; i < response->header_count; i++)
        empty_add(empty, response->headers[i].name, response->headers[i].value);
    empty_add(empty, REQUEST_ID_HEADER, exchange->request.task.id);
    return queue(exchange, status, empty->mhd);
}

/* The same bytes for everybody, with nothing of anybody in them: any page may read them, also from a cache. */
static void set_prebuilt_fields(struct response *response, const struct prebuilt *prebuilt)
{
    response_header_set(response, "ETag", str_from(prebuilt->etag));
    response_header_set(response, "Cache-Control", str_from(prebuilt->cache_control));
    response_header_set(response, "Access-Control-Allow-Origin", STR("*"));
}

static enum MHD_Result send_not_modified(struct http_exchange *exchange, const struct prebuilt *prebuilt)
{
    /* RFC 9110 §15.4.5: what a 200 would have said of ETag and Cache-Control. */
    struct response response = {0};
    set_prebuilt_fields(&response, prebuilt);
    return send_fresh(exchange, MHD_HTTP_NOT_MODIFIED, &response);
}

static void shared_clear(struct shared_response *shared)
{
    if (!shared->prebuilt) return;
    MHD_destroy_response(shared->mhd);
    prebuilt_unref(shared->prebuilt);
    *shared = (struct shared_response){0};
}

void shared_responses_destroy(struct http_server *server)
{
    for (size_t i = 0; i < SHARED_RESPONSES_MAX; i++) shared_clear(&server->shared[i]);
    if (server->empty.mhd) MHD_destroy_response(server->empty.mhd);
    server->empty = (struct empty_response){0};
}

static void add_prebuilt_fields(struct MHD_Response *mhd, const struct http_server *server,
                                const struct prebuilt *prebuilt)
{
    struct response fields = {0};
    set_prebuilt_fields(&fields, prebuilt);
    add(mhd, "Content-Type", prebuilt->content_type);
    for (size_t i = 0; i < fields.header_count; i++)
        add(mhd, fields.headers[i].name, fields.headers[i].value.ptr);
    add_fixed(mhd, server, &fields);
}

/* The table is a ring: contents change seldom (a key rotation), and then the oldest goes. */
static struct shared_response *shared_of(struct http_server *server, const struct prebuilt *prebuilt)
{
    for (size_t i = 0; i < SHARED_RESPONSES_MAX; i++)
        if (server->shared[i].prebuilt == prebuilt) return &server->shared[i];
    struct shared_response *shared = &server->shared[server->next_shared++ % SHARED_RESPONSES_MAX];
    shared_clear(shared);
    shared->prebuilt = prebuilt_ref((struct prebuilt *)(uintptr_t)prebuilt);
    shared->mhd = create(prebuilt->body);
    add_prebuilt_fields(shared->mhd, server, prebuilt);
    return shared;
}

/* One object serves all requests although each has its own id, as in send_empty. */
static enum MHD_Result send_shared(struct http_exchange *exchange, int status,
                                   const struct prebuilt *prebuilt)
{
    struct shared_response *shared = shared_of(exchange->server, prebuilt);
    if (shared->request_id[0] != '\0')
        (void)MHD_del_response_header(shared->mhd, REQUEST_ID_HEADER, shared->request_id);
    const struct str id = exchange->request.task.id;
    const size_t len = id.len < sizeof(shared->request_id) ? id.len : sizeof(shared->request_id) - 1;
    memcpy(shared->request_id, id.ptr, len);
    shared->request_id[len] = '\0';
    add(shared->mhd, REQUEST_ID_HEADER, shared->request_id);
    return queue(exchange, status, shared->mhd);
}

static enum MHD_Result send_prebuilt(struct http_exchange *exchange, int status,
                                     const struct prebuilt *prebuilt)
{
    const struct request *request = &exchange->request;
    const bool is_safe = request->method == HTTP_GET || request->method == HTTP_HEAD;
    const struct str if_none_match = request_header(request, "If-None-Match");
    if (is_safe && status == MHD_HTTP_OK && if_none_match.len > 0 && is_matched(prebuilt, if_none_match))
        return send_not_modified(exchange, prebuilt);
    if (!exchange->server->is_draining) return send_shared(exchange, status, prebuilt);

    struct response response = {.content_type = str_from(prebuilt->content_type), .body = prebuilt->body};
    struct arena *arena = exchange->request.task.arena;
    response.body =
        str_copy(arena, prebuilt->body); /* the caller's reference may end before the sending does */
    set_prebuilt_fields(&response, prebuilt);
    return send_fresh(exchange, status, &response);
}

enum MHD_Result exchange_send(struct http_exchange *exchange)
{
    const struct response *response = &exchange->response;
    const struct route *route = exchange->request.route;
    int status = response->status;
    if (status == 0) status = route && route->success && !exchange->is_refused ? route->success : MHD_HTTP_OK;
    if (exchange->stream) return send_stream(exchange, status);
    if (response->prebuilt) return send_prebuilt(exchange, status, response->prebuilt);
    if (is_empty_like_others(exchange, response)) return send_empty(exchange, status, response);
    return send_fresh(exchange, status, response);
}
