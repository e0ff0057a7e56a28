/* server.h — libmicrohttpd behind an adapter: one listener on one loop.
 * Shape:   external-epoll mode inside our loop; whole requests become fibers that run options.serve.
 * Guard:   any Transfer-Encoding, more than one Content-Length or Host, a length that is not plain digits,
 *          methods and versions not on the list, NUL or control characters in fields, an oversize target,
 *          field or body are refused with 4xx and the connection closed, before any route is looked at.
 * Limits:  connections, body bytes, requests in flight (fibers), time per request.
 * Threads: the loop's.
 * Source:  RFC 9112 §3.2, §6 (framing), §11 (smuggling); the probes of tests/integration/http/test_framing.c.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_SERVER_H
#define AUTH_HTTP_SERVER_H

#include "auth/http/metrics.h"
#include "auth/http/request.h"
#include "auth/http/response.h"
#include "auth/http/stream.h"
#include "auth/loop/loop.h"

struct http_server;

struct http_server_options {
    struct str listen;          /* "host:port", "[v6]:port" or "unix:/path" */
    bool reuse_port;            /* several loops listen on the same address */
    struct str trusted_proxies; /* comma-separated addresses, CIDR blocks, "unix" */
    size_t body_bytes_max;
    unsigned connections_max;
    int64_t request_ms; /* deadline of each request */
    int64_t
        stall_ms; /* a client that takes nothing of its answer for so long is cut off; 0: STREAM_STALL_MS */
    bool sends_hsts; /* the issuer is https */
    /* Runs on a fiber; fills the response; never fails. */
    void (*serve)(struct request *request, struct response *response);
    void *context;                /* becomes request->context */
    struct http_metrics *metrics; /* may be NULL */
};

/* BAD_REQUEST with the reason for an address that cannot be listened on. */
NODISCARD result http_server_create(struct loop *loop, const struct http_server_options *options,
                                    struct task *task, struct http_server **ret_server);

/* The address really bound ("127.0.0.1:8080"), for port 0. */
struct str http_server_address(const struct http_server *server);

/* Stops accepting; what has begun is finished; kept-alive connections are closed after their response, idle ones
 * after two seconds. On the loop's own stack, not from a fiber. */
void http_server_drain(struct http_server *server);
/* Requests begun and not yet answered, plus connections still open while draining. */
size_t http_server_in_flight(const struct http_server *server);
/* Accepts NULL. While handlers still wait (http_server_in_flight) only the listener is closed: their fibers hold the
 * server's memory, which then stays until the process ends. */
void http_server_destroy(struct http_server *server);

#endif
