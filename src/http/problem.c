// SPDX-License-Identifier: MIT
#include "auth/http/problem.h"

#include "auth/json/writer.h"

#define PROBLEM_FIRST_BYTES     512u
#define PROBLEM_BYTES_MAX       ((size_t)64 * 1024)
#define RETRY_AFTER_DEFAULT     1
#define HTTP_BAD_REQUEST        400
#define HTTP_UNAUTHORIZED       401
#define HTTP_FORBIDDEN          403
#define HTTP_UNPROCESSABLE      422
#define HTTP_TOO_MANY           429
#define HTTP_SERVER_ERROR       500
#define HTTP_UNAVAILABLE        503
#define CHALLENGE_FIRST_BYTES   128u
#define CHALLENGE_BYTES_MAX     1024u
#define DESCRIPTION_FIRST_BYTES 128u
#define DESCRIPTION_BYTES_MAX   512u

static const struct {
    int status;
    const char *title;
} titles[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

static const char *title_of(int status)
{
    for (size_t i = 0; i < ARRAY_COUNT(titles); i++)
        if (titles[i].status == status) return titles[i].title;
    return "Error";
}

/* The errors that OAuth's RFCs name themselves: RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 6750 §3.1. */
static bool is_oauth_error(const char *code)
{
    static const char *const names[] = {
        "invalid_request",        "invalid_client", "invalid_grant", "unauthorized_client",
        "unsupported_grant_type", "invalid_scope",  "invalid_token", "insufficient_scope",
    };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(code, names[i]) == 0) return true;
    return false;
}

static const char *oauth_error(enum status code)
{
    const int status = status_http(code);
    if (is_oauth_error(status_code(code))) return status_code(code);
    if (code == STATUS_STEP_UP_REQUIRED) return "insufficient_user_authentication"; /* RFC 9470 §3 */
    if (code == STATUS_INVALID_CREDENTIALS || code == STATUS_EXPIRED) return "invalid_grant";
    /* RFC 6749 §4.1.2.1 has the one name for "currently unable", be it for all or for this caller. */
    if (status == HTTP_TOO_MANY || status == HTTP_UNAVAILABLE) return "temporarily_unavailable";
    if (status >= HTTP_SERVER_ERROR) return "server_error";
    if (status == HTTP_FORBIDDEN) return "access_denied";
    return "invalid_request";
}

static int status_on(enum surface surface, enum status code)
{
    const int status = status_http(code);
    /* RFC 6749 §5.2: "responds with an HTTP 400 (Bad Request) status code (unless specified otherwise)". */
    if (surface == SURFACE_PROTOCOL && status == HTTP_UNPROCESSABLE) return HTTP_BAD_REQUEST;
    return status;
}

static void write_field_errors(struct json_writer *json, const struct fault *fault)
{
    if (fault->error_count == 0) return;
    json_key(json, "errors");
    json_begin_array(json);
    for (size_t i = 0; i < fault->error_count && i < FIELD_ERRORS_MAX; i++) {
        const struct field_error *error = &fault->errors[i];
        json_begin_object(json);
        json_key(json, "pointer");
        json_string(json, str_from(error->pointer));
        json_key(json, "code");
        json_string(json, str_from(error->code));
        json_key(json, "detail");
        json_string(json, str_from(error->detail));
        json_end_object(json);
    }
    json_end_array(json);
}

static void write_member(struct json_writer *json, const char *name, struct str value)
{
    json_key(json, name);
    json_string(json, value);
}

static void write_problem(struct json_writer *json, const struct request *request, enum status code,
                          struct str issuer)
{
    struct arena *arena = request->task.arena;
    /* RFC 9457 §4.2.1: "about:blank" says no more than the status does. */
    const struct str type = is_empty(issuer)
                                ? STR("about:blank")
                                : str_printf(arena, "%.*s/problems/%s", STR_ARGS(issuer), status_code(code));
    json_begin_object(json);
    write_member(json, "type", type);
    write_member(json, "title", str_from(title_of(status_http(code))));
    json_key(json, "status");
    json_int64(json, status_http(code));
    write_member(json, "detail", str_from(status_sentence(code)));
    write_member(json, "instance", str_printf(arena, "urn:request:%.*s", STR_ARGS(request->task.id)));
    write_member(json, "code", str_from(status_code(code)));
    write_field_errors(json, &request->task.fault);
    /* RFC 9457 §3.2: "problem type definitions MAY extend the problem details object with additional members". */
    if (!is_empty(request->task.problem_members)) {
        strbuf_add_char(json->out, ',');
        strbuf_add(json->out, request->task.problem_members);
    }
    json_end_object(json);
}

/* RFC 6749 §5.2: values of error_description are of %x20-21 / %x23-5B / %x5D-7E; the same holds for a
 * quoted-string that needs no escapes. */
static void add_plain(struct strbuf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') strbuf_add_char(out, c);
    }
}

/* The sentence, and the first parameter it is about. */
static struct str describe(const struct request *request, enum status code)
{
    const struct fault *fault = &request->task.fault;
    struct strbuf out;
    strbuf_init(&out, request->task.arena, DESCRIPTION_FIRST_BYTES, DESCRIPTION_BYTES_MAX);
    add_plain(&out, str_from(status_sentence(code)));
    if (fault->error_count > 0) {
        strbuf_add(&out, STR(" ("));
        add_plain(&out, str_from(fault->errors[0].pointer));
        strbuf_add(&out, STR(": "));
        add_plain(&out, str_from(fault->errors[0].code));
        strbuf_add(&out, STR(")"));
    }
    return strbuf_str(&out);
}

static void write_oauth_error(struct json_writer *json, const struct request *request, enum status code)
{
    json_begin_object(json);
    write_member(json, "error", str_from(oauth_error(code)));
    write_member(json, "error_description", describe(request, code));
    json_end_object(json);
}

static void add_parameter(struct strbuf *out, const char *name, struct str value)
{
    strbuf_add(out, STR(", "));
    strbuf_add(out, str_from(name));
    strbuf_add(out, STR("=\""));
    add_plain(out, value);
    strbuf_add_char(out, '"');
}

/* RFC 6750 §3.1: "If the request lacks any authentication information …, the resource server SHOULD NOT
 * include an error code". */
static bool tells_bearer_error(const struct request *request, enum status code)
{
    if (code == STATUS_INSUFFICIENT_SCOPE || code == STATUS_STEP_UP_REQUIRED) return true;
    return code == STATUS_INVALID_TOKEN && !is_empty(request_header(request, "Authorization"));
}

/* RFC 9470 §3 */
static void add_step_up(struct strbuf *out, const struct task *task)
{
    if (!is_empty(task->acr_values)) add_parameter(out, "acr_values", task->acr_values);
    if (task->max_age_seconds > 0) strbuf_printf(out, ", max_age=\"%lld\"", (long long)task->max_age_seconds);
}

static struct str bearer_challenge(const struct request *request, enum status code, struct str realm)
{
    struct strbuf out;
    strbuf_init(&out, request->task.arena, CHALLENGE_FIRST_BYTES, CHALLENGE_BYTES_MAX);
    strbuf_add(&out, STR("Bearer realm=\""));
    add_plain(&out, realm);
    strbuf_add_char(&out, '"');
    if (tells_bearer_error(request, code)) {
        add_parameter(&out, "error", str_from(oauth_error(code)));
        add_parameter(&out, "error_description", str_from(status_sentence(code)));
    }
    if (code == STATUS_INSUFFICIENT_SCOPE && request->route && request->route->scope)
        add_parameter(&out, "scope", str_from(request->route->scope));
    if (code == STATUS_STEP_UP_REQUIRED) add_step_up(&out, &request->task);
    return strbuf_str(&out);
}

static struct str basic_challenge(const struct request *request, struct str realm)
{
    struct strbuf out;
    strbuf_init(&out, request->task.arena, CHALLENGE_FIRST_BYTES, CHALLENGE_BYTES_MAX);
    strbuf_add(&out, STR("Basic realm=\""));
    add_plain(&out, realm);
    strbuf_add(&out, STR("\", charset=\"UTF-8\""));
    return strbuf_str(&out);
}

/* RFC 9110 §15.5.2: a 401 "MUST send a WWW-Authenticate header field". */
static void set_challenge(const struct request *request, enum status code, struct str issuer,
                          struct response *response)
{
    const struct str realm = is_empty(issuer) ? STR("auth") : issuer;
    const bool is_unauthorized = status_http(code) == HTTP_UNAUTHORIZED;
    if (!is_unauthorized && code != STATUS_INSUFFICIENT_SCOPE) return;
    const struct str challenge = code == STATUS_INVALID_CLIENT ? basic_challenge(request, realm)
                                                               : bearer_challenge(request, code, realm);
    response_header_set(response, "WWW-Authenticate", challenge);
}

static void set_retry_after(const struct request *request, int status, struct response *response)
{
    if (status != HTTP_TOO_MANY && status != HTTP_UNAVAILABLE) return;
    const int64_t asked = request->task.retry_after_seconds;
    const long long seconds = asked > 0 ? asked : RETRY_AFTER_DEFAULT;
    response_header_set(response, "Retry-After", str_printf(request->task.arena, "%lld", seconds));
}

void problem_write(struct request *request, enum status code, enum surface surface, struct str issuer,
                   struct response *response)
{
    struct strbuf body;
    strbuf_init(&body, request->task.arena, PROBLEM_FIRST_BYTES, PROBLEM_BYTES_MAX);
    struct json_writer json = {.out = &body};
    const bool is_protocol = surface == SURFACE_PROTOCOL;
    if (is_protocol)
        write_oauth_error(&json, request, code);
    else
        write_problem(&json, request, code, issuer);

    response->prebuilt = NULL;
    response->status = status_on(surface, code);
    response->content_type = is_protocol ? STR("application/json") : STR("application/problem+json");
    response->body = strbuf_str(&body);
    set_retry_after(request, response->status, response);
    set_challenge(request, code, issuer, response);
}
