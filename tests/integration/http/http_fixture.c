// SPDX-License-Identifier: MIT
#include "http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "auth/http/problem.h"
#include "auth/http/stream.h"
#include "auth/loop/fiber.h"

#define BODY_BYTES_MAX 65536u

static result ping(struct request *request, const void *body, struct response *response);
static result wait_a_while(struct request *request, const void *body, struct response *response);
static result echo(struct request *request, const void *body, struct response *response);
static result send_prebuilt(struct request *request, const void *body, struct response *response);
static result item(struct request *request, const void *body, struct response *response);
static result item_empty(struct request *request, const void *body, struct response *response);
static result stream(struct request *request, const void *body, struct response *response);

static const struct field no_rows[] = {{.name = "unused", .type = FIELD_STRING}};
static const struct fields any_body = {
    .title = "Any", .rows = no_rows, .count = 1, .size = sizeof(struct str)};

#define ROUTE(name, verb, where, function)                                                               \
    {                                                                                                    \
        .id = (name), .method = (verb), .path = (where), .access = ACCESS_PUBLIC, .handler = (function), \
        .success = 200, .summary = (name)                                                                \
    }
static const struct route routes[] = {
    ROUTE("ping", HTTP_GET, "/v1/ping", ping),
    ROUTE("wait", HTTP_GET, "/v1/wait", wait_a_while),
    {.id = "echo",
     .method = HTTP_POST,
     .path = "/v1/echo",
     .access = ACCESS_PUBLIC,
     .body_kind = BODY_JSON,
     .body = &any_body,
     .handler = echo,
     .success = 200,
     .summary = "echo"},
    ROUTE("prebuilt", HTTP_GET, "/v1/prebuilt", send_prebuilt),
    ROUTE("item", HTTP_GET, "/v1/items/{id}", item),
    ROUTE("stream", HTTP_GET, "/v1/stream/{kind}", stream),
    ROUTE("item_empty", HTTP_GET, "/v1/empty/{id}", item_empty),
};

struct running {
    struct http_fixture fixture;
    struct http_fixture_options options;
    pthread_t thread;
    pthread_barrier_t ready;
    struct loop *loop;
    struct router *router;
    struct http_server *server;
    struct http_metrics *metrics;
    struct arena *arena;
    struct prebuilt *prebuilt;
    struct post drain;
    struct timer tick;
    atomic_size_t in_flight;
    atomic_bool is_draining;
    char metrics_text[65536];
};

static result ping(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->content_type = STR("application/json");
    response->body =
        str_printf(request->task.arena, "{\"id\":\"%.*s\",\"client\":\"%.*s\",\"trace\":\"%.*s\"}",
                   STR_ARGS(request->task.id), STR_ARGS(request->client_text), STR_ARGS(request->trace_id));
    return RESULT_OK;
}

static result wait_a_while(struct request *request, const void *body, struct response *response)
{
    struct running *running = request->context;
    int64_t ms = 1;
    struct str rest = request->query;
    (void)str_split(&rest, '=');
    (void)str_to_int64(rest, &ms);
    fiber_sleep(ms);
    if (is_client_gone(request)) running->fixture.gone++;
    return ping(request, body, response);
}

static result echo(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->content_type = STR("application/octet-stream");
    response->body = request->body;
    return RESULT_OK;
}

static result send_prebuilt(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = ((struct running *)request->context)->prebuilt;
    return RESULT_OK;
}

static result item(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->body = request->path_values[0];
    response_header_set(response, "Location", request->path_values[0]);
    return RESULT_OK;
}

/* No content; the field only when a value is given, after a wait when one begins with it. */
static result item_empty(struct request *request, const void *body, struct response *response)
{
    (void)body;
    if (str_equal(request->path_values[0], STR("none"))) return RESULT_OK;
    if (str_starts_with(request->path_values[0], STR("wait"))) fiber_sleep(1);
    response_header_set(response, "Location", request->path_values[0]);
    return RESULT_OK;
}

/* Numbered pieces of a kilobyte; how many, and whether it waits between them, is in the name: "10", "10-wait". */
static void write_pieces(struct request *request, struct stream *out, void *argument)
{
    struct running *running = request->context;
    const char *kind = argument;
    const long count = strtol(kind, NULL, 10);
    const bool waits = strstr(kind, "-wait") != NULL;
    char piece[1025];
    bool goes_on = true;
    for (long i = 0; i < count && goes_on; i++) {
        (void)snprintf(piece, sizeof(piece), "%01023ld\n", i);
        goes_on = stream_write(out, (struct str){piece, 1024});
        if (goes_on) running->fixture.written++;
        if (goes_on && waits) goes_on = stream_wait(out, 20);
    }
    while (goes_on && strstr(kind, "-open")) goes_on = stream_wait(out, 50);
    running->fixture.over++;
}

static result stream(struct request *request, const void *body, struct response *response)
{
    (void)body;
    if (strstr(request->path_values[0].ptr, "-late")) fiber_sleep(5);
    response->content_type = STR("text/plain");
    response->stream = write_pieces;
    response->stream_argument = (void *)(uintptr_t)str_copy(request->task.arena, request->path_values[0]).ptr;
    return RESULT_OK;
}

static void serve(struct request *request, struct response *response)
{
    struct running *running = request->context;
    struct str allow = STR_NONE;
    running->fixture.entries++;
    const result matched = router_match(running->router, request, &allow);
    const result served = is_ok(matched) ? request->route->handler(request, NULL, response) : matched;
    if (!is_ok(served))
        problem_write(request, served.code, SURFACE_APPLICATION, STR("https://a.test"), response);
    if (allow.len > 0) response_header_set(response, "Allow", allow);
    running->fixture.ended++;
}

static void on_tick(struct timer *timer)
{
    struct running *running = CONTAINER_OF(timer, struct running, tick);
    running->in_flight = http_server_in_flight(running->server);
    if (running->is_draining && running->in_flight == 0) {
        loop_stop(running->loop);
        return;
    }
    loop_timer_start(running->loop, timer, clock_monotonic_ms() + 5);
}

static void on_drain(struct post *post)
{
    struct running *running = CONTAINER_OF(post, struct running, drain);
    http_server_drain(running->server);
    running->is_draining = true;
}

static void must(result r, const struct task *task)
{
    if (!is_ok(r)) panic("the fixture does not start: %s: %s", status_name(r.code), task->fault.detail);
}

static void *run(void *argument)
{
    struct running *running = argument;
    const struct http_fixture_options *o = &running->options;
    struct task task;
    char listen[96];
    (void)snprintf(listen, sizeof(listen), "unix:%s", running->fixture.path);
    task_init(&task, running->arena, STR("test"), 10000);
    must(loop_create(&running->loop), &task);
    must(router_create(routes, ARRAY_COUNT(routes), &task, &running->router), &task);
    running->metrics = http_metrics_create(routes, ARRAY_COUNT(routes));
    running->prebuilt = prebuilt_create("application/json", STR("{\"keys\":[]}"), "public, max-age=300");
    if (o->fiber_limit) fiber_set_limit(running->loop, o->fiber_limit);
    const struct http_server_options options = {.listen = str_from(o->listen ? o->listen : listen),
                                                .trusted_proxies = str_from(o->trusted ? o->trusted : "unix"),
                                                .body_bytes_max = BODY_BYTES_MAX,
                                                .connections_max =
                                                    o->connections_max ? o->connections_max : 1024,
                                                .request_ms = o->request_ms ? o->request_ms : 10000,
                                                .stall_ms = o->stall_ms,
                                                .sends_hsts = o->sends_hsts,
                                                .serve = serve,
                                                .context = running,
                                                .metrics = running->metrics};
    must(http_server_create(running->loop, &options, &task, &running->server), &task);
    (void)snprintf(running->fixture.address, sizeof(running->fixture.address), "%.*s",
                   STR_ARGS(http_server_address(running->server)));
    running->tick.due = on_tick;
    running->drain.run = on_drain;
    loop_timer_start(running->loop, &running->tick, clock_monotonic_ms() + 5);
    (void)pthread_barrier_wait(&running->ready);
    loop_run(running->loop);
    http_server_destroy(running->server);
    loop_destroy(running->loop);
    return NULL;
}

struct http_fixture *fixture_start(const struct http_fixture_options *options)
{
    static _Atomic unsigned number;
    struct running *running = calloc(1, sizeof(*running));
    running->options = *options;
    running->arena = arena_create(1024 * 1024);
    (void)snprintf(running->fixture.path, sizeof(running->fixture.path), "/tmp/auth-http-%d-%u.sock",
                   (int)getpid(), number++);
    (void)pthread_barrier_init(&running->ready, NULL, 2);
    (void)pthread_create(&running->thread, NULL, run, running);
    (void)pthread_barrier_wait(&running->ready);
    return &running->fixture;
}

static struct running *running_of(struct http_fixture *fixture)
{
    return CONTAINER_OF(fixture, struct running, fixture);
}

void fixture_begin_drain(struct http_fixture *fixture)
{
    loop_post(running_of(fixture)->loop, &running_of(fixture)->drain);
}

size_t fixture_in_flight(struct http_fixture *fixture)
{
    return running_of(fixture)->in_flight;
}

const char *fixture_metrics(struct http_fixture *fixture)
{
    struct running *running = running_of(fixture);
    struct strbuf out;
    strbuf_init(&out, running->arena, 1024, sizeof(running->metrics_text) - 1);
    http_metrics_print(running->metrics, &out);
    (void)snprintf(running->metrics_text, sizeof(running->metrics_text), "%.*s", STR_ARGS(strbuf_str(&out)));
    return running->metrics_text;
}

bool fixture_stop(struct http_fixture *fixture)
{
    struct running *running = running_of(fixture);
    struct timespec limit;
    if (!running->is_draining) fixture_begin_drain(fixture);
    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 10;
    if (pthread_timedjoin_np(running->thread, NULL, &limit) != 0) return false;
    prebuilt_unref(running->prebuilt);
    http_metrics_destroy(running->metrics);
    router_destroy(running->router);
    arena_destroy(running->arena);
    (void)pthread_barrier_destroy(&running->ready);
    free(running);
    return true;
}

static int connect_tcp(const char *address)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *port = strrchr(address, ':');
    where.sin_port = htons((uint16_t)strtol(port + 1, NULL, 10));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&where, sizeof(where)) == 0) return fd;
    (void)close(fd);
    return -1;
}

int client_connect(const struct http_fixture *fixture)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    if (strncmp(fixture->address, "unix:", 5) != 0) return connect_tcp(fixture->address);
    (void)snprintf(where.sun_path, sizeof(where.sun_path), "%s", fixture->path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)&where, sizeof(where)) == 0) return fd;
    (void)close(fd);
    return -1;
}

bool client_send(int fd, const void *bytes, size_t len)
{
    const char *rest = bytes;
    while (len > 0) {
        const ssize_t sent = send(fd, rest, len, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        rest += sent;
        len -= (size_t)sent;
    }
    return true;
}

size_t response_len(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    if (!end) return 0;
    const char *length = strcasestr(text, "\r\ncontent-length:");
    const size_t body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return (size_t)(end - text) + 4 + body;
}

size_t client_read_response(int fd, char *ret_text, size_t size)
{
    size_t len = 0;
    ret_text[0] = '\0';
    while (len + 1 < size) {
        struct pollfd asked = {.fd = fd, .events = POLLIN};
        if (poll(&asked, 1, 15000) <= 0) return 0;
        /* One byte at a time up to the end of the head would be slow, so a pipelined rest is not expected here. */
        const ssize_t got = recv(fd, ret_text + len, size - 1 - len, 0);
        if (got <= 0) return 0;
        len += (size_t)got;
        ret_text[len] = '\0';
        const size_t whole = response_len(ret_text);
        if (whole > 0 && len >= whole) return len;
    }
    return 0;
}

size_t client_read_all(int fd, char *ret_text, size_t size, int timeout_ms, bool *ret_is_closed)
{
    size_t len = 0;
    *ret_is_closed = false;
    while (len + 1 < size) {
        struct pollfd asked = {.fd = fd, .events = POLLIN};
        if (poll(&asked, 1, timeout_ms) <= 0) break;
        const ssize_t got = recv(fd, ret_text + len, size - 1 - len, 0);
        *ret_is_closed = got <= 0;
        if (got <= 0) break;
        len += (size_t)got;
    }
    ret_text[len] = '\0';
    return len;
}

size_t client_ask(const struct http_fixture *fixture, const char *request, char *ret_text, size_t size)
{
    const int fd = client_connect(fixture);
    if (fd < 0) return 0;
    const size_t len =
        client_send(fd, request, strlen(request)) ? client_read_response(fd, ret_text, size) : 0;
    (void)close(fd);
    return len;
}

int response_status(const char *text)
{
    return strncmp(text, "HTTP/1.1 ", 9) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

const char *response_field(const char *text, const char *name)
{
    static char value[1024];
    char key[128];
    (void)snprintf(key, sizeof(key), "\r\n%s: ", name);
    const char *start = strcasestr(text, key);
    const char *end = strstr(text, "\r\n\r\n");
    if (!start || !end || start > end) return NULL;
    start += strlen(key);
    (void)snprintf(value, sizeof(value), "%.*s", (int)(strstr(start, "\r\n") - start), start);
    return value;
}
