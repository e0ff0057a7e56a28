/* route.h — a route is one row of one table; the table is the source of the router and of the API document.
 * Shape:   ACCESS_UNSET is zero and refuses to start: forgetting is loud.
 * Owner:   tables are constant.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_ROUTE_H
#define AUTH_HTTP_ROUTE_H

#include "auth/http/request.h"
#include "auth/http/response.h"
#include "auth/json/fields.h"

enum access {
    ACCESS_UNSET,
    ACCESS_PUBLIC,     /* anyone */
    ACCESS_BEARER,     /* a valid access token of a living session (RFC 6750) */
    ACCESS_CLIENT,     /* an OAuth client, authenticated or, where it is public, named (RFC 6749 §2.3) */
    ACCESS_OPERATIONS, /* whoever can reach the operations listener */
    ACCESS_COUNT
};

/* How errors are told. */
enum surface {
    SURFACE_APPLICATION, /* RFC 9457 problem documents */
    SURFACE_PROTOCOL     /* RFC 6749 §5.2 error objects */
};

/* BODY_LINES: JSON objects as `body` describes them, one a line (application/x-ndjson); the handler is given no structure
 * and reads request->body itself. */
enum body_kind { BODY_NONE, BODY_JSON, BODY_FORM, BODY_LINES };

/* How strong the caller's authentication must be, for people (RFC 9470). */
enum needed_acr {
    ACR_NEEDED_ANY,
    ACR_NEEDED_BEST, /* of two factors where the account has a second one */
    ACR_NEEDED_AAL2  /* of two factors */
};

/* At most `requests` per `window_ms` and client address, beside what the proxy limits. */
struct rate_limit {
    const char *name;
    int64_t requests;
    int64_t window_ms;
};

/* `body` is the structure its field table describes, or NULL. */
typedef result route_handler(struct request *request, const void *body, struct response *response);

struct route {
    const char *id; /* operationId; names the e2e case */
    enum http_method method;
    const char *path; /* "/v1/me/sessions/{id}" */
    enum surface surface;
    enum access access;
    const char *scope; /* what the token must carry, or NULL */
    const char
        *key_scope; /* of a route for people: what lets an API key act for its owner here; "": any key may;
                              NULL: none may */
    bool
        takes_clients; /* also a client acting for itself, on a route without a scope: the handler looks further */
    bool needs_fresh; /* a recent authentication (RFC 9470), else STEP_UP_REQUIRED */
    enum needed_acr needs_acr;
    const char
        *needs_fresh_with; /* members of the body that need a recent authentication and the best: the handler
                                     asks for it; NULL: none do */
    bool is_versioned;     /* answers carry the resource's version as ETag, changes honour If-Match */
    const struct rate_limit *limit;
    enum body_kind body_kind;
    bool is_body_optional;
    const struct fields *body;
    const struct fields *query; /* query parameters, read as a form; NULL: a query string is refused */
    route_handler *handler;
    int success;
    const struct fields *reply;
    const char *reply_type;    /* media type when it is not application/json */
    const enum status *errors; /* ends with STATUS_OK; for the API document */
    const char *summary;
    const char *source; /* the RFC, NIST or OWASP section it follows */
};

/* What is done under a scope may be sent again with the same Idempotency-Key. */
static inline bool takes_idempotency_key(const struct route *route)
{
    return route->method == HTTP_POST && route->scope != NULL;
}

struct router;

/* INTERNAL, naming the row, when the table is wrong: access unset, duplicates, a body without its kind. */
NODISCARD result router_create(const struct route *rows, size_t count, struct task *task,
                               struct router **ret_router);
void router_destroy(struct router *router);

/* Sets request->route and path_values. NOT_FOUND, or METHOD_NOT_ALLOWED with the methods there are in
 * *ret_allow. HEAD is served by GET's row. Exact raw match: a path with '%', "..", ";" or "//" is NOT_FOUND.
 */
NODISCARD result router_match(const struct router *router, struct request *request, struct str *ret_allow);

#endif
