// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/base/log.h"
#include "auth/http/problem.h"
#include "auth/loop/fiber.h"
#include "idempotency_internal.h"
#include "precondition_internal.h"

#define LOGGED_PATH_MAX 256u
#define START_LOOK_MS   INT64_C(10)

/* A start takes a moment: who comes meanwhile waits for it, so that a restart behind a proxy refuses nobody. */
static result check_ready(struct request *request)
{
    const struct api_shared *shared = api_of(request)->shared;
    while (!is_serving(shared->readiness)) {
        const bool is_starting = clock_monotonic_ms() < shared->patient_until_ms;
        if (!is_starting || is_late(&request->task)) FAIL(&request->task.fault, NOT_READY, "not ready");
        fiber_sleep(START_LOOK_MS);
    }
    return RESULT_OK;
}

/* Whether the path has routes of this listener, asked by the first of the methods it takes. */
static bool is_of_listener(struct request *request, bool is_operations, struct str methods)
{
    struct str unused = STR_NONE;
    const enum http_method asked = request->method;
    enum http_method first;
    if (!http_method_parse(str_trim(str_split(&methods, ',')), &first)) return false;
    request->method = first;
    const result matched = router_match(api_of(request)->shared->router, request, &unused);
    const bool is_here = is_ok(matched) && (request->route->access == ACCESS_OPERATIONS) == is_operations;
    request->method = asked;
    request->route = NULL;
    return is_here;
}

/* The operations listener and the public one do not know each other's paths. */
static result match(struct request *request, bool is_operations, struct response *response)
{
    struct str allow = STR_NONE;
    const result matched = router_match(api_of(request)->shared->router, request, &allow);
    if (matched.code == STATUS_METHOD_NOT_ALLOWED) {
        REQUIRE(is_of_listener(request, is_operations, allow), NOT_FOUND);
        response_header_set(response, "Allow", allow);
    }
    TRY(matched);
    const bool is_for_operations = request->route->access == ACCESS_OPERATIONS;
    if (is_for_operations == is_operations) return RESULT_OK;
    request->route = NULL;
    return RESULT(NOT_FOUND);
}

static result check_size(struct request *request)
{
    const struct route *route = request->route;
    if (route->body_kind == BODY_NONE && !is_empty(request->body))
        FAIL(&request->task.fault, BAD_REQUEST, "a body where none is taken");
    if (!route->query && !is_empty(request->query)) {
        fault_add_field(&request->task.fault, "?", "unknown", "this path takes no query parameters");
        FAIL(&request->task.fault, BAD_REQUEST, "a query string where none is taken");
    }
    return RESULT_OK;
}

static result check_rate(struct request *request)
{
    const struct api *api = api_of(request);
    const struct rate_limit *limit = request->route->limit;
    if (!limit || !api->shared->has_rate_limits || !request->client.is_known) return RESULT_OK;
    const struct str name =
        str_printf(request->task.arena, "%s %.*s", limit->name, STR_ARGS(client_rate_name(request)));
    const int64_t count =
        cache_count(api->service->cache, &request->task, CACHE_RATE, name, limit->window_ms);
    if (count <= limit->requests) return RESULT_OK;
    request->task.retry_after_seconds = (limit->window_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
    FAIL(&request->task.fault, RATE_LIMITED, "limit %s reached", limit->name);
}

static result check_deadline(struct request *request)
{
    if (is_late(&request->task))
        FAIL(&request->task.fault, DEADLINE_EXCEEDED, "no time left before the handler");
    return RESULT_OK;
}

/* The security model on one screen: each step may refuse, none may be skipped. */
static result serve(struct request *request, bool is_operations, struct response *response)
{
    const void *body = NULL;
    if (!is_operations) announce_origin(request, response);
    if (!is_operations) TRY(check_ready(request));
    if (!is_operations && answer_preflight(request, response)) return RESULT_OK;
    TRY(match(request, is_operations, response));
    TRY(check_size(request));
    TRY(check_rate(request));
    TRY(authenticate(request));
    TRY(authorise(request));
    TRY(check_origin(request));
    TRY(check_precondition(request));
    TRY(read_query(request));
    TRY(read_body(request, &body));
    TRY(check_deadline(request));
    return handle_once(request, body, response);
}

/* Probes ask every other second: what they are told is of interest only when it is bad news. */
static enum log_level level_of(const struct request *request, int status)
{
    const bool is_probe = request->route && request->route->access == ACCESS_OPERATIONS;
    if (is_probe) return status < 400 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
    if (status == 503) return LOG_LEVEL_WARN;
    return status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
}

/* Who asked, for the log: the account or the client. */
static struct log_field caller_field(const struct request *request)
{
    const struct caller *caller = caller_of(request);
    if (!caller) return LOG_TEXT("account", STR_NONE);
    if (caller->principal.is_person) return LOG_TEXT("account", caller->principal.subject);
    const bool is_token = !is_empty(caller->principal.client_id);
    return LOG_TEXT("client", is_token ? caller->principal.client_id : caller->client.id);
}

static void log_request(const struct request *request, const struct response *response, result outcome,
                        int64_t duration_us)
{
    const enum log_level level = level_of(request, response->status);
    if (!log_is_on(level)) return;
    const struct fault *fault = &request->task.fault;
    const bool has_failed = !is_ok(outcome);
    const struct str path = {request->path.ptr,
                             request->path.len < LOGGED_PATH_MAX ? request->path.len : LOGGED_PATH_MAX};
    log_event(level, "request", LOG_TEXT("id", request->task.id),
              LOG_TEXT("method", str_from(http_method_name(request->method))), LOG_TEXT("path", path),
              LOG_NUMBER("status", response->status), LOG_DURATION("ms", duration_us),
              LOG_TEXT("from", request->client_text), caller_field(request),
              LOG_TEXT("trace", request->trace_id),
              LOG_TEXT("code", has_failed ? str_from(status_code(outcome.code)) : STR_NONE),
              LOG_TEXT("detail", has_failed ? str_from(fault->detail) : STR_NONE),
              LOG_TEXT("at", has_failed && fault->function ? str_from(fault->function) : STR_NONE));
}

static void finish(struct request *request, result outcome, struct response *response)
{
    const struct api *api = api_of(request);
    const struct route *route = request->route;
    if (!is_ok(outcome)) {
        const enum surface surface = route ? route->surface : SURFACE_APPLICATION;
        problem_write(request, outcome.code, surface, api->shared->policy->issuer, response);
    } else if (response->status == 0) {
        response->status = route ? route->success : 200;
    }
    log_request(request, response, outcome, clock_monotonic_us() - request->began_us);
}

void api_serve_public(struct request *request, struct response *response)
{
    finish(request, serve(request, false, response), response);
}

void api_serve_operations(struct request *request, struct response *response)
{
    finish(request, serve(request, true, response), response);
}
