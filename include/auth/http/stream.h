/* stream.h — an answer of unknown length, written piece by piece by a fiber that waits in between.
 * Shape:   a handler sets response->stream; once it has returned and the head is on its way, the function runs on the same
 *          fiber, with the same request, and writes what it has. It ends the answer by returning. What is written waits in
 *          a buffer of STREAM_BUFFER_BYTES until the client has taken it; meanwhile the writer waits.
 * Limits:  a client that takes nothing for STREAM_STALL_MS (or as the options have it) is cut off. How many streams there are, and how long one may
 *          live, is the writer's to limit. The request's deadline is over by then: who asks the database renews it.
 * Note:    when a function has returned false the answer is over; the writer cleans up and returns. Header fields of the
 *          request are gone by then: what is needed of them is copied before.
 * Waits:   stream_write and stream_wait.
 * Threads: the loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_STREAM_H
#define AUTH_HTTP_STREAM_H

#include "auth/http/request.h"

#define STREAM_BUFFER_BYTES ((size_t)64 * 1024)
#define STREAM_STALL_MS     INT64_C(30000)

struct stream;

/* Waits while the buffer is full. False when the client has gone or was cut off. */
bool stream_write(struct stream *stream, struct str bytes);

/* Waits until stream_wake, or the time has passed. False when the client has gone, or the server is draining. */
bool stream_wait(struct stream *stream, int64_t duration_ms);
/* Accepts a stream that does not wait: its next stream_wait returns at once. */
void stream_wake(struct stream *stream);

#endif
