// SPDX-License-Identifier: MIT
#include "auth/http/stream.h"

#include <string.h>
#include <sys/socket.h>

#include "auth/base/clock.h"
#include "server_internal.h"

static struct stream *stream_of(struct http_exchange *exchange)
{
    return exchange->stream;
}

/* --- the writer's side: on its fiber ------------------------------------------------------------------------------ */

static void end_wait(struct stream *stream)
{
    struct wait *wait = stream->wait;
    stream->wait = NULL;
    if (wait) wait_finish(wait);
}

static void time_is_up(struct timer *timer)
{
    struct stream *stream = CONTAINER_OF(timer, struct stream, timer);
    stream->is_late = true;
    end_wait(stream);
}

static void park(struct stream *stream, int64_t duration_ms)
{
    struct wait wait = {0};
    stream->wait = &wait;
    stream->is_late = false;
    stream->timer.due = time_is_up;
    loop_timer_start(loop_self(), &stream->timer, clock_monotonic_ms() + duration_ms);
    fiber_wait(&wait);
    loop_timer_stop(&stream->timer);
}

/* The library looks again when the loop comes round to it. */
static void resume(struct stream *stream)
{
    struct http_exchange *exchange = stream->exchange;
    if (!stream->is_suspended) return;
    stream->is_suspended = false;
    connection_is_sending(exchange->connection);
    MHD_resume_connection(exchange->mhd);
    loop_timer_start(exchange->server->loop, &exchange->server->again, clock_monotonic_ms());
}

static size_t put(struct stream *stream, struct str bytes)
{
    const size_t room = STREAM_BUFFER_BYTES - stream->len;
    const size_t count = bytes.len < room ? bytes.len : room;
    memcpy(stream->buffer + stream->len, bytes.ptr, count);
    stream->len += count;
    if (count > 0) resume(stream);
    return count;
}

/* The library notices, and says that the request has ended. */
static void cut_off(struct stream *stream)
{
    if (stream->is_gone) return;
    (void)shutdown(stream->exchange->connection->fd, SHUT_RDWR);
    stream->is_gone = true;
    resume(stream);
}

static int64_t stall_ms(const struct stream *stream)
{
    return stream->exchange->server->options.stall_ms;
}

bool stream_write(struct stream *stream, struct str bytes)
{
    while (!stream->is_gone) {
        bytes = str_from_offset(bytes, put(stream, bytes));
        if (is_empty(bytes)) return true;
        stream->needs_room = true;
        park(stream, stall_ms(stream));
        stream->needs_room = false;
        if (stream->is_late) cut_off(stream);
    }
    return false;
}

/* A connection without anything to send is not watched, so the socket is asked. */
static bool is_over(struct stream *stream)
{
    if (!stream->is_gone && stream->is_suspended && is_client_gone(&stream->exchange->request))
        cut_off(stream);
    return stream->is_gone || stream->is_draining;
}

bool stream_wait(struct stream *stream, int64_t duration_ms)
{
    if (is_over(stream)) return false;
    if (!stream->is_woken) park(stream, duration_ms);
    stream->is_woken = false;
    return !is_over(stream);
}

void stream_wake(struct stream *stream)
{
    stream->is_woken = true;
    end_wait(stream);
}

/* --- the library's side: on the loop's stack ---------------------------------------------------------------------- */

static ssize_t take(struct stream *stream, char *buffer, size_t room)
{
    const size_t count = stream->len < room ? stream->len : room;
    memcpy(buffer, stream->buffer, count);
    memmove(stream->buffer, stream->buffer + count, stream->len - count);
    stream->len -= count;
    connection_is_sending(stream->exchange->connection);
    if (stream->needs_room) end_wait(stream);
    return (ssize_t)count;
}

/* Zero bytes from a connection that is not suspended would be asked for again at once. */
static ssize_t read_stream(void *exchange_, uint64_t place, char *buffer, size_t room)
{
    struct http_exchange *exchange = exchange_;
    struct stream *stream = stream_of(exchange);
    (void)place;
    if (stream->is_gone) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (stream->len > 0) return take(stream, buffer, room);
    if (stream->has_ended) return MHD_CONTENT_READER_END_OF_STREAM;
    stream->is_suspended = true;
    connection_is_working(exchange->connection);
    MHD_suspend_connection(exchange->mhd);
    return 0;
}

struct MHD_Response *stream_response(struct http_exchange *exchange)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, exchange,
                                             NULL);
}

void stream_begin(struct http_exchange *exchange)
{
    struct arena *arena = exchange->request.task.arena;
    struct stream *stream = arena_alloc(arena, sizeof *stream);
    stream->exchange = exchange;
    stream->buffer = arena_alloc(arena, STREAM_BUFFER_BYTES);
    stream->is_draining = exchange->server->is_draining;
    exchange->stream = stream;
}

void stream_end(struct http_exchange *exchange)
{
    struct stream *stream = stream_of(exchange);
    stream->has_ended = true;
    if (!stream->is_gone) resume(stream);
}

void stream_lost(struct http_exchange *exchange)
{
    struct stream *stream = stream_of(exchange);
    stream->is_gone = true;
    stream->is_suspended = false;
    end_wait(stream);
}

void stream_drain(struct http_exchange *exchange)
{
    struct stream *stream = stream_of(exchange);
    stream->is_draining = true;
    stream_wake(stream);
}
