// SPDX-License-Identifier: MIT
#include "connection_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "connection_parts_internal.h"

#define CONNECT_LIMIT_MS   INT64_C(1000) /* nobody waits for it: a network's latency, not a request's */
#define PAUSE_FIRST_MS     INT64_C(100)
#define PAUSE_LAST_MS      INT64_C(5000)
#define REPLY_BYTES_MAX    4096u /* the longest of ours is a value of CACHE_VALUE_MAX and its seal */
#define REPLY_ELEMENTS_MAX 4     /* ours have three */

static void socket_close(struct connection *connection)
{
    loop_timer_stop(&connection->limit);
    loop_timer_stop(&connection->flush);
    if (connection->watch.fd >= 0) {
        loop_unwatch(&connection->watch);
        close(connection->watch.fd);
    }
    connection->watch.fd = -1;
    if (connection->reader) redisReaderFree(connection->reader);
    connection->reader = NULL;
    wipe(connection->out, connection->out_len); /* the password may be in it */
    connection->out_len = 0;
    connection->out_sent = 0;
}

void connection_drop(struct connection *connection)
{
    if (connection->state == CONNECTION_DOWN) return;
    socket_close(connection);
    resolution_forget(connection);
    connection->state = CONNECTION_DOWN;
    /* Up to a quarter more or less, so that many instances do not come back in step. */
    const int64_t quarter = connection->pause_ms / 4;
    const int64_t spread = (int64_t)random_below((unsigned)(2 * quarter + 1)) - quarter;
    connection->retry_at_ms = clock_monotonic_ms() + connection->pause_ms + spread;
    connection->pause_ms *= 2;
    if (connection->pause_ms > PAUSE_LAST_MS) connection->pause_ms = PAUSE_LAST_MS;
    connection->address_index++;
    connection->events->lost(connection);
}

void connection_praise(struct connection *connection)
{
    connection->pause_ms = PAUSE_FIRST_MS;
}

/* hiredis takes the number of elements at its word and sets memory aside before the first has come. */
static void *create_array_bounded(const redisReadTask *task, int elements)
{
    const struct connection *connection = task->privdata;
    if (elements > REPLY_ELEMENTS_MAX) return NULL;
    return connection->plain->createArray(task, elements);
}

static bool reader_create(struct connection *connection)
{
    connection->reader = redisReaderCreate();
    if (!connection->reader) return false;
    connection->plain = connection->reader->fn;
    connection->bounded = *connection->plain;
    connection->bounded.createArray = create_array_bounded;
    connection->reader->fn = &connection->bounded;
    connection->reader->privdata = connection;
    return true;
}

static bool is_greeting_reply(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STATUS &&
           (strcmp(reply->str, "OK") == 0 || strcmp(reply->str, "PONG") == 0);
}

static bool reply_take(struct connection *connection, const redisReply *reply)
{
    if (connection->state == CONNECTION_UP) return connection->events->replied(connection, reply);
    if (connection->greetings_left == 0 || !is_greeting_reply(reply)) return false;
    if (--connection->greetings_left > 0) return true;
    loop_timer_stop(&connection->limit);
    connection->state = CONNECTION_UP;
    connection->events->opened(connection);
    return true;
}

/* False when the connection must be dropped. */
static bool replies_take(struct connection *connection)
{
    redisReader *reader = connection->reader;
    while (true) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK) return false;
        if (!reply) return reader->len - reader->pos <= REPLY_BYTES_MAX;
        const bool is_sane = reply_take(connection, reply);
        freeReplyObject(reply);
        if (!is_sane) return false;
    }
}

static bool input_take(struct connection *connection)
{
    const ssize_t count = recv(connection->watch.fd, connection->in, sizeof connection->in, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    if (redisReaderFeed(connection->reader, connection->in, (size_t)count) != REDIS_OK) return false;
    return replies_take(connection);
}

/* Sends what the socket takes and asks to be told when it takes more. */
static bool output_send(struct connection *connection)
{
    while (connection->out_sent < connection->out_len) {
        const ssize_t count = send(connection->watch.fd, connection->out + connection->out_sent,
                                   connection->out_len - connection->out_sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) {
            loop_rewatch(&connection->watch, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (count < 0 && errno != EINTR) return false;
        if (count > 0) connection->out_sent += (size_t)count;
    }
    if (connection->state == CONNECTION_GREETING) wipe(connection->out, connection->out_len);
    connection->out_len = 0;
    connection->out_sent = 0;
    return true;
}

static void on_flush(struct timer *timer)
{
    struct connection *connection = CONTAINER_OF(timer, struct connection, flush);
    if (!output_send(connection)) connection_drop(connection);
}

static bool greeting_send(struct connection *connection)
{
    const struct redis_target *target = connection->target;
    struct command commands[3];
    unsigned count = 0;
    if (target->password.len > 0) {
        const struct str password = secret_expose(target->password);
        commands[count++] = is_empty(target->user)
                                ? (struct command){REPLIES_STATUS, 2, {STR("AUTH"), password}}
                                : (struct command){REPLIES_STATUS, 3, {STR("AUTH"), target->user, password}};
    }
    char number[24];
    snprintf(number, sizeof number, "%lld", (long long)target->database);
    if (target->database != 0)
        commands[count++] = (struct command){REPLIES_STATUS, 2, {STR("SELECT"), str_from(number)}};
    /* Always asked: a server that is stopped still accepts connections, its kernel does that. */
    commands[count++] = (struct command){REPLIES_STATUS, 1, {STR("PING")}};
    connection->state = CONNECTION_GREETING;
    connection->greetings_left = count;
    for (unsigned i = 0; i < count; i++) {
        if (!connection_send(connection, &commands[i])) return false;
    }
    return true;
}

static bool connect_finish(struct connection *connection)
{
    int problem = 0;
    socklen_t size = sizeof problem;
    if (getsockopt(connection->watch.fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0) {
        return false;
    }
    loop_rewatch(&connection->watch, EPOLLIN);
    return greeting_send(connection);
}

static bool turn_take(struct connection *connection, uint32_t epoll_events)
{
    if (connection->state == CONNECTION_CONNECTING) return connect_finish(connection);
    if (epoll_events & EPOLLOUT) {
        loop_rewatch(&connection->watch, EPOLLIN);
        if (!output_send(connection)) return false;
    }
    if (epoll_events & (EPOLLIN | EPOLLHUP | EPOLLERR)) return input_take(connection);
    return true;
}

static void on_ready(struct watch *watch, uint32_t epoll_events)
{
    struct connection *connection = CONTAINER_OF(watch, struct connection, watch);
    if (!turn_take(connection, epoll_events)) connection_drop(connection);
}

static void on_limit(struct timer *timer)
{
    connection_drop(CONTAINER_OF(timer, struct connection, limit));
}

static bool socket_open(struct connection *connection, const struct sockaddr *address, socklen_t size)
{
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    connection->watch.fd = fd;
    const int one = 1;
    if (address->sa_family != AF_UNIX) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, address, size) == 0 || errno == EINPROGRESS) {
        return is_ok(loop_watch(connection->loop, &connection->watch, EPOLLOUT));
    }
    return false;
}

void connection_start(struct connection *connection, const struct redis_addresses *addresses)
{
    connection->state = CONNECTION_CONNECTING;
    if (addresses->count == 0 || !reader_create(connection)) {
        connection_drop(connection);
        return;
    }
    const size_t index = connection->address_index % addresses->count;
    const struct sockaddr *address = (const struct sockaddr *)&addresses->items[index];
    if (!socket_open(connection, address, addresses->sizes[index])) {
        connection_drop(connection);
        return;
    }
    loop_timer_start(connection->loop, &connection->limit, clock_monotonic_ms() + CONNECT_LIMIT_MS);
}

void connection_want(struct connection *connection)
{
    if (connection->state != CONNECTION_DOWN || clock_monotonic_ms() < connection->retry_at_ms) return;
    if (is_empty(connection->target->host)) {
        connection_start(connection, &connection->target->addresses);
        return;
    }
    connection->state = CONNECTION_RESOLVING;
    if (!resolution_start(connection)) connection_drop(connection);
}

static bool out_add(struct connection *connection, const char *bytes, size_t len)
{
    if (CONNECTION_OUT_BYTES - connection->out_len < len) return false;
    memcpy(connection->out + connection->out_len, bytes, len);
    connection->out_len += len;
    return true;
}

static bool out_add_head(struct connection *connection, char sign, size_t number)
{
    char text[32];
    const int len = snprintf(text, sizeof text, "%c%zu\r\n", sign, number);
    return out_add(connection, text, (size_t)len);
}

bool connection_send(struct connection *connection, const struct command *command)
{
    const size_t start = connection->out_len;
    bool fits = out_add_head(connection, '*', command->count);
    for (size_t i = 0; fits && i < command->count; i++) {
        fits = out_add_head(connection, '$', command->words[i].len) &&
               out_add(connection, command->words[i].ptr, command->words[i].len) &&
               out_add(connection, "\r\n", 2);
    }
    if (!fits) connection->out_len = start;
    /* Once in each turn, after everybody has spoken: the requests of one wake travel together. */
    if (connection->flush.heap_index == 0) {
        loop_timer_start(connection->loop, &connection->flush, clock_monotonic_ms());
    }
    return fits;
}

result connection_init(struct connection *connection, struct loop *loop, const struct redis_target *target,
                       const struct connection_events *events)
{
    connection->target = target;
    connection->events = events;
    connection->loop = loop;
    connection->pause_ms = PAUSE_FIRST_MS;
    connection->watch = (struct watch){.fd = -1, .priority = LOOP_FIRST, .ready = on_ready};
    connection->limit = (struct timer){.due = on_limit};
    connection->flush = (struct timer){.due = on_flush};
    connection->out = malloc(CONNECTION_OUT_BYTES);
    REQUIRE(connection->out, INTERNAL);
    return RESULT_OK;
}

void connection_done(struct connection *connection)
{
    if (!connection->out) return;
    socket_close(connection);
    resolution_forget(connection);
    free(connection->out);
    connection->out = NULL;
}
