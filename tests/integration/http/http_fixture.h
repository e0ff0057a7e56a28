/* http_fixture.h — a server on a thread of its own, and raw clients for it.
 * Routes:  GET /v1/stream/{kind} (test_stream.c), GET /v1/ping, GET /v1/wait?ms=, POST /v1/echo, GET /v1/prebuilt, GET /v1/items/{id}.
 */
// SPDX-License-Identifier: MIT
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H

#include <stdatomic.h>

#include "auth/base/clock.h"

#include "auth/http/server.h"

struct http_fixture {
    char path[64];         /* of the Unix socket */
    char address[96];      /* as bound */
    atomic_size_t entries; /* handlers entered */
    atomic_size_t gone;    /* handlers that found their client gone */
    atomic_size_t ended;   /* handlers that ended */
    atomic_size_t written; /* pieces that streams have written */
    atomic_size_t over;    /* streams whose writers have returned */
};

struct http_fixture_options {
    const char *listen;  /* NULL: the Unix socket */
    const char *trusted; /* NULL: "unix" */
    int64_t request_ms;  /* 0: 10 s */
    int64_t stall_ms;    /* 0: 30 s */
    unsigned connections_max;
    bool sends_hsts;
    size_t fiber_limit;
};

struct http_fixture *fixture_start(const struct http_fixture_options *options);
/* Drains, waits until nothing is in flight, and stops; false when that took longer than ten seconds. */
bool fixture_stop(struct http_fixture *fixture);
void fixture_begin_drain(struct http_fixture *fixture);
size_t fixture_in_flight(struct http_fixture *fixture);
/* What /metrics would show. */
const char *fixture_metrics(struct http_fixture *fixture);

int client_connect(const struct http_fixture *fixture);
bool client_send(int fd, const void *bytes, size_t len);
/* Reads one response with its body (by Content-Length); the length, or 0 when the connection ended first. */
size_t client_read_response(int fd, char *ret_text, size_t size);
/* Reads until the end of the connection or `timeout_ms` of silence. */
size_t client_read_all(int fd, char *ret_text, size_t size, int timeout_ms, bool *ret_is_closed);
/* One request on a connection of its own; the whole response. */
size_t client_ask(const struct http_fixture *fixture, const char *request, char *ret_text, size_t size);
/* Of the first response in the text, with its body; 0 when its head has not ended. */
size_t response_len(const char *text);
int response_status(const char *text);
/* The value of the field, in a static buffer; NULL when there is none. */
const char *response_field(const char *text, const char *name);

#endif
