// SPDX-License-Identifier: MIT
#include <sys/socket.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "server_internal.h"

/* Longer than the 60 s after which nginx closes an idle upstream connection, so that it is never we who close
 * one while a request is on its way. */
#define IDLE_MS       (75 * MS_PER_SECOND)
#define DRAIN_IDLE_MS (2 * MS_PER_SECOND)
#define SWEEP_MAX_MS  MS_PER_SECOND
#define SWEEP_MIN_MS  INT64_C(20)

static void sweep_start(struct http_server *server)
{
    int64_t interval_ms = server->options.request_ms / 4;
    if (interval_ms > SWEEP_MAX_MS) interval_ms = SWEEP_MAX_MS;
    if (interval_ms < SWEEP_MIN_MS) interval_ms = SWEEP_MIN_MS;
    loop_timer_start(server->loop, &server->sweep, clock_monotonic_ms() + interval_ms);
}

struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void connection_open(struct http_server *server, struct MHD_Connection *mhd, void **socket_context)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection) panic("out of memory for a connection");
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection->fd = info->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    connection->peer = address_of(server->listener.is_unix ? NULL : info->client_addr);
    connection->is_trusted = is_trusted_proxy(&server->proxies, &connection->peer);
    connection->server = server;
    connection->next = server->connections;
    if (connection->next) connection->next->previous = connection;
    server->connections = connection;
    if (server->connection_count++ == 0) sweep_start(server);
    connection_is_receiving(connection);
    *socket_context = connection;
}

static void connection_close(struct http_server *server, struct connection *connection)
{
    if (connection->next) connection->next->previous = connection->previous;
    if (connection->previous) connection->previous->next = connection->next;
    if (server->connections == connection) server->connections = connection->next;
    server->connection_count--;
    free(connection);
}

void connection_notify(void *server, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_open(server, mhd, socket_context);
        return;
    }
    if (*socket_context) connection_close(server, *socket_context);
    *socket_context = NULL;
}

static bool has_unread(int fd)
{
    char byte;
    return recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* libmicrohttpd's own timeout counts from the last byte, so a byte now and then keeps a connection open for
 * ever; these deadlines count from the beginning. The shut-down socket is closed by libmicrohttpd, which
 * alone may. */
static void close_if_late(struct connection *connection, int64_t now_ms)
{
    if (connection->is_closing || now_ms < connection->deadline_ms) return;
    const bool is_idle = !connection->exchange && connection->has_begun;
    const bool is_ending = connection->server->is_draining;
    if (is_idle && is_ending && has_unread(connection->fd)) return;
    connection->is_closing = true;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

void connections_sweep(struct http_server *server)
{
    const int64_t now_ms = clock_coarse_ms();
    for (struct connection *c = server->connections; c; c = c->next) close_if_late(c, now_ms);
    if (server->connections) sweep_start(server);
}

void connections_drain(struct http_server *server)
{
    for (struct connection *c = server->connections; c; c = c->next)
        if (!c->exchange && c->has_begun)
            connection_is_idle(c);
        else if (c->exchange && c->exchange->stream)
            stream_drain(c->exchange);
}

void connection_is_receiving(struct connection *connection)
{
    connection->deadline_ms = clock_coarse_ms() + connection->server->options.request_ms;
}

void connection_is_working(struct connection *connection)
{
    connection->deadline_ms = INT64_MAX;
}

void connection_is_sending(struct connection *connection)
{
    connection->deadline_ms = clock_coarse_ms() + connection->server->options.stall_ms;
}

void connection_is_idle(struct connection *connection)
{
    const bool is_ending = connection->server->is_draining;
    connection->deadline_ms = clock_coarse_ms() + (is_ending ? DRAIN_IDLE_MS : IDLE_MS);
}
