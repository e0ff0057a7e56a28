// SPDX-License-Identifier: MIT
#include "auth/http/server.h"

#include <poll.h>
#include <sys/epoll.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "auth/base/secret.h"
#include "server_internal.h"

/* One field of HTTP_HEADER_BYTES_MAX, the rest of a usual head, and the response's head fit; more is answered
 * 431. */
#define CONNECTION_POOL_BYTES ((size_t)12 * 1024)
#define SERVER_ARENA_BYTES    ((size_t)64 * 1024)
#define RUN_ROUNDS_MAX        16
/* Connections that the kernel has taken for us are served before the listener closes. */
#define DRAIN_ACCEPT_ROUNDS 128

/* The target is routed as it came: decoding it here would make "%2f" a separator. */
static size_t leave_raw(void *server, struct MHD_Connection *mhd, char *text)
{
    (void)server;
    (void)mhd;
    return strlen(text);
}

static bool has_more(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    return MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES;
}

/* libmicrohttpd with edge-triggered epoll keeps a list of connections that have more to do than one run did. A timer
 * goes on with them in the next millisecond, so that a flood leaves the others their turn. */
static void run_daemon(struct http_server *server)
{
    for (int round = 0; round < RUN_ROUNDS_MAX; round++) {
        (void)MHD_run(server->daemon);
        if (!has_more(server)) return;
    }
    loop_timer_start(server->loop, &server->again, clock_monotonic_ms());
}

static void on_ready(struct watch *watch, uint32_t epoll_events)
{
    (void)epoll_events;
    run_daemon(CONTAINER_OF(watch, struct http_server, watch));
}

static void on_again(struct timer *timer)
{
    run_daemon(CONTAINER_OF(timer, struct http_server, again));
}

static void on_sweep(struct timer *timer)
{
    connections_sweep(CONTAINER_OF(timer, struct http_server, sweep));
}

/* External epoll: the library's internal threads stall when 128 sockets, or a multiple, are ready at once.
 * Its idle timeout is off, for connection.c keeps deadlines that a slow drip cannot put off. */
static result start_daemon(struct http_server *server, struct fault *fault)
{
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, exchange_handle, server,
        MHD_OPTION_LISTEN_SOCKET, server->listener.fd, MHD_OPTION_CONNECTION_LIMIT,
        server->options.connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_POOL_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, server, MHD_OPTION_UNESCAPE_CALLBACK, leave_raw, server, MHD_OPTION_NOTIFY_COMPLETED,
        exchange_completed, server, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server, MHD_OPTION_END);
    if (!server->daemon) FAIL(fault, INTERNAL, "libmicrohttpd does not start");
    return RESULT_OK;
}

static result watch_daemon(struct http_server *server, struct fault *fault)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info) FAIL(fault, INTERNAL, "libmicrohttpd has no epoll descriptor");
    server->watch = (struct watch){.fd = info->epoll_fd, .priority = LOOP_LAST, .ready = on_ready};
    server->again.due = on_again;
    server->sweep.due = on_sweep;
    return loop_watch(server->loop, &server->watch, EPOLLIN);
}

static result server_open(struct http_server *server, struct task *task)
{
    TRY(trusted_proxies_parse(server->options.trusted_proxies, server->arena, &task->fault,
                              &server->proxies));
    TRY(listener_open(server->options.listen, server->options.reuse_port, server->arena, &task->fault,
                      &server->listener));
    TRY(start_daemon(server, &task->fault));
    return watch_daemon(server, &task->fault);
}

result http_server_create(struct loop *loop, const struct http_server_options *options, struct task *task,
                          struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server) panic("out of memory for a server");
    server->options = *options;
    if (server->options.stall_ms == 0) server->options.stall_ms = STREAM_STALL_MS;
    server->loop = loop;
    server->listener.fd = -1;
    random_bytes(server->id_prefix, sizeof(server->id_prefix));
    server->arena = arena_create(SERVER_ARENA_BYTES);
    const result opened = server_open(server, task);
    if (!is_ok(opened)) {
        http_server_destroy(server);
        return opened;
    }
    *ret_server = server;
    return RESULT_OK;
}

struct str http_server_address(const struct http_server *server)
{
    return server->listener.address;
}

static bool has_newcomers(const struct http_server *server)
{
    struct pollfd asked = {.fd = server->listener.fd, .events = POLLIN};
    return server->connection_count < server->options.connections_max && poll(&asked, 1, 0) > 0;
}

void http_server_drain(struct http_server *server)
{
    if (server->is_draining) return;
    for (int round = 0; round < DRAIN_ACCEPT_ROUNDS && has_newcomers(server); round++) run_daemon(server);
    server->is_draining = true;
    (void)MHD_quiesce_daemon(server->daemon);
    listener_close(&server->listener);
    connections_drain(server);
}

size_t http_server_in_flight(const struct http_server *server)
{
    return server->is_draining ? server->connection_count : server->active_exchanges;
}

static void server_free(struct http_server *server)
{
    shared_responses_destroy(server);
    exchanges_destroy(server);
    listener_close(&server->listener);
    arena_destroy(server->arena);
    free(server);
}

void http_server_destroy(struct http_server *server)
{
    if (!server) return;
    loop_unwatch(&server->watch);
    loop_timer_stop(&server->again);
    loop_timer_stop(&server->sweep);
    /* Fibers that still wait hold their requests, and libmicrohttpd cannot be stopped over suspended
     * connections: what such a server owns stays until the process ends. */
    if (server->waiting_exchanges > 0) {
        listener_close(&server->listener);
        return;
    }
    if (server->daemon) {
        /* The listener is ours: libmicrohttpd would close it. */
        if (!server->is_draining) (void)MHD_quiesce_daemon(server->daemon);
        MHD_stop_daemon(server->daemon);
    }
    server_free(server);
}
