// SPDX-License-Identifier: MIT
#include "precondition_internal.h"

/* Ours are "<decimal>"; a weak or a foreign one matches nothing. */
static bool parse_tag(struct str tag, int64_t *ret_version)
{
    if (tag.len < 3 || tag.ptr[0] != '"' || tag.ptr[tag.len - 1] != '"') return false;
    const struct str digits = {tag.ptr + 1, tag.len - 2};
    const bool is_canonical = digits.ptr[0] != '-' && (digits.len == 1 || digits.ptr[0] != '0');
    return is_canonical && str_to_int64(digits, ret_version);
}

struct versions_expected versions_expected(const struct request *request)
{
    struct versions_expected expected = {0};
    struct str rest = str_trim(request_header(request, "If-Match"));
    /* RFC 9110 §13.1.1: "If the field value is "*", the condition is true if the origin server has a current
     * representation for the target resource." One that is not there is NOT_FOUND anyway. */
    if (is_empty(rest) || str_equal(rest, STR("*"))) return expected;
    expected.is_given = true;
    while (!is_empty(rest) && expected.count < VERSIONS_EXPECTED_MAX) {
        int64_t version;
        if (parse_tag(str_trim(str_split(&rest, ',')), &version))
            expected.versions[expected.count++] = version;
    }
    return expected;
}

void etag_set(const struct request *request, struct response *response, int64_t version)
{
    response_header_set(response, "ETag", str_printf(request->task.arena, "\"%lld\"", (long long)version));
}

result check_precondition(struct request *request)
{
    const struct route *route = request->route;
    const bool is_ignored =
        route->is_versioned || !route->scope || route->method == HTTP_GET || route->method == HTTP_POST;
    if (is_ignored || !versions_expected(request).is_given) return RESULT_OK;
    FAIL(&request->task.fault, PRECONDITION_FAILED, "If-Match where there are no versions");
}
