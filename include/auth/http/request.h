/* request.h — one request, whole, within the limits, after the framing guard.
 * Shape:   raw target (nothing decoded before routing); the body as received; each header field at most
 *          once where HTTP says so.
 * Owner:   the server; everything lives in request->task.arena until the response is sent.
 * Threads: one loop, one fiber.
 * Source:  RFC 9110, RFC 9112 (message framing), W3C Trace Context.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_REQUEST_H
#define AUTH_HTTP_REQUEST_H

#include "auth/base/task.h"

#define ROUTE_PARAMETERS_MAX  3u
#define HTTP_TARGET_BYTES_MAX 4096u
#define HTTP_HEADER_BYTES_MAX 8192u /* one field */
#define HTTP_REQUEST_ID_MAX   64u

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHOD_COUNT
};

struct route;
struct http_exchange; /* the server's side of it */

/* Who sent it: taken from X-Real-IP only when the peer is a trusted proxy. IPv4 is mapped into IPv6. */
struct client_address {
    unsigned char bytes[16];
    bool is_known; /* false behind a Unix socket without a proxy header */
};

struct request {
    struct task task;
    enum http_method method;
    struct str path;  /* raw, before '?' */
    struct str query; /* raw, after '?' */
    struct str body;
    struct client_address client;
    struct str client_text;    /* the address as text, for logs */
    struct str trace_id;       /* 32 hex digits from traceparent, or empty */
    const struct route *route; /* set by the router */
    struct str path_values[ROUTE_PARAMETERS_MAX];
    const void *query_value; /* what the route's table of query parameters describes, once it is read */
    void *context;           /* the server's options.context of this loop */
    void *principal;         /* who is asking; set and read by the layer above */
    int64_t began_us;        /* monotonic */
    struct http_exchange *exchange;
};

/* The field's value, or the empty text; `name` in any case. */
struct str request_header(const struct request *request, const char *name);

/* True when the client has gone (asks the socket); what it asked for may be abandoned at the next wait. */
bool is_client_gone(const struct request *request);

/* The address with the host part of IPv6 cut to its /64: what limits are counted by. */
struct str client_rate_name(const struct request *request);

const char *http_method_name(enum http_method method);
bool http_method_parse(struct str text, enum http_method *ret_method);

#endif
