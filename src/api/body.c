// SPDX-License-Identifier: MIT
#include "api_internal.h"

/* The media type without its parameters. A charset other than UTF-8 is another type to us. */
static bool is_media_type(struct str header, struct str expected)
{
    struct str rest = header;
    if (!str_equal_nocase(str_trim(str_split(&rest, ';')), expected)) return false;
    rest = str_trim(rest);
    return is_empty(rest) || str_equal_nocase(rest, STR("charset=utf-8")) ||
           str_equal_nocase(rest, STR("charset=\"utf-8\""));
}

static bool has_right_type(const struct request *request)
{
    const struct str type = request_header(request, "Content-Type");
    if (request->route->body_kind == BODY_FORM)
        return is_media_type(type, STR("application/x-www-form-urlencoded"));
    if (request->route->body_kind == BODY_LINES) return is_media_type(type, STR("application/x-ndjson"));
    if (is_media_type(type, STR("application/json"))) return true;
    /* RFC 7396 §4 */
    return request->method == HTTP_PATCH && is_media_type(type, STR("application/merge-patch+json"));
}

result read_body(struct request *request, const void **ret_body)
{
    const struct route *route = request->route;
    if (route->body_kind == BODY_NONE) return RESULT_OK;
    void *value = arena_alloc(request->task.arena, route->body->size);
    *ret_body = value;
    if (is_empty(request->body) && route->is_body_optional) return RESULT_OK;
    if (!has_right_type(request))
        FAIL(&request->task.fault, UNSUPPORTED_MEDIA, "content type is not taken here");
    if (route->body_kind == BODY_LINES) return RESULT_OK;
    if (route->body_kind == BODY_FORM)
        return fields_read_form(route->body, &request->task, request->body, value);
    return fields_read_json(route->body, &request->task, request->body, value);
}

result read_query(struct request *request)
{
    const struct fields *fields = request->route->query;
    if (!fields) return RESULT_OK;
    void *value = arena_alloc(request->task.arena, fields->size);
    request->query_value = value;
    return fields_read_query(fields, &request->task, request->query, value);
}
