// SPDX-License-Identifier: MIT
#include "api_internal.h"

/* Scheme, host and port (RFC 6454 §4): the issuer may lie below a path. */
static struct str origin_of(struct str url)
{
    struct str rest = url;
    if (is_empty(url)) return url;
    (void)str_split(&rest, '/');
    (void)str_split(&rest, '/');
    const struct str authority = str_split(&rest, '/');
    return (struct str){url.ptr, (size_t)(authority.ptr - url.ptr) + authority.len};
}

/* Exact match with one of the listed origins, or the issuer's own. */
static bool is_allowed(const struct api_shared *shared, struct str origin)
{
    if (str_equal(origin, origin_of(shared->policy->issuer))) return true;
    struct str rest = shared->cors_origins;
    while (!is_empty(rest)) {
        const struct str listed = str_trim(str_split(&rest, ','));
        if (!is_empty(listed) && str_equal(listed, origin)) return true;
    }
    return false;
}

static void allow(struct response *response, struct str origin)
{
    response_header_set(response, "Access-Control-Allow-Origin", origin);
    response_header_set(response, "Vary", STR("Origin"));
    response_header_set(
        response, "Access-Control-Expose-Headers",
        STR("ETag, Idempotency-Replayed, Location, Retry-After, WWW-Authenticate, X-Request-Id"));
}

void announce_origin(const struct request *request, struct response *response)
{
    const struct str origin = request_header(request, "Origin");
    if (!is_empty(origin) && is_allowed(api_of(request)->shared, origin)) allow(response, origin);
}

/* Nothing here rests on cookies, so a foreign page gains nothing by sending; it is refused all the same
 * (OWASP ASVS 3.5.1), and never told what was answered. */
result check_origin(struct request *request)
{
    const struct str origin = request_header(request, "Origin");
    if (is_empty(origin) || request->route->access == ACCESS_OPERATIONS) return RESULT_OK;
    if (is_allowed(api_of(request)->shared, origin)) return RESULT_OK;
    if (request->method == HTTP_GET || request->method == HTTP_HEAD) return RESULT_OK;
    FAIL(&request->task.fault, ORIGIN_REFUSED, "origin is not on the list");
}

bool answer_preflight(struct request *request, struct response *response)
{
    if (request->method != HTTP_OPTIONS) return false;
    const struct str origin = request_header(request, "Origin");
    if (is_empty(request_header(request, "Access-Control-Request-Method"))) return false;
    if (is_empty(origin) || !is_allowed(api_of(request)->shared, origin)) return false;
    allow(response, origin);
    response_header_set(response, "Access-Control-Allow-Methods", STR("GET, POST, PUT, PATCH, DELETE"));
    response_header_set(
        response, "Access-Control-Allow-Headers",
        STR("Authorization, Content-Type, Idempotency-Key, If-Match, X-Request-Id, traceparent"));
    response_header_set(response, "Access-Control-Max-Age", STR("600"));
    response->status = 204;
    return true;
}
