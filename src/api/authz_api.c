// SPDX-License-Identifier: MIT
#include "auth/domain/scopes.h"
#include "auth/model/session.h"
#include "factor_api_internal.h"

/* What a proxy takes with all other fields of an answer (nginx: proxy_buffer_size, 4 KiB at least). */
#define NAMES_FIELD_MAX 2048u

/* Names by commas; what a field may not hold, or would be read as something else, as %XX (RFC 3986 §2.1). */
static struct str field_of(struct arena *arena, struct str names)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = arena_alloc(arena, 3 * names.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < names.len; i++) {
        const unsigned char byte = (unsigned char)names.ptr[i];
        const bool is_plain = byte >= ' ' && byte <= '~' && byte != '%';
        text[len++] = is_plain ? (char)byte : '%';
        if (is_plain) continue;
        text[len++] = digits[byte >> 4];
        text[len++] = digits[byte & 15];
    }
    return (struct str){text, len};
}

/* A list that is too long is left out whole: half of it would be wrong. */
static void set_names(struct request *request, struct response *response, const char *field,
                      const char *omitted_field, struct str names)
{
    if (is_empty(names)) return;
    const struct str text = field_of(request->task.arena, names);
    if (text.len > NAMES_FIELD_MAX)
        response_header_set(response, omitted_field, STR("true"));
    else
        response_header_set(response, field, text);
}

static bool has_name(struct str names, struct str name)
{
    while (!is_empty(names))
        if (str_equal(str_split(&names, ','), name)) return true;
    return false;
}

/* Whether one of the demanded names is among those there are; nothing demanded is always there. */
static bool has_one(struct str names, struct str demanded)
{
    if (is_empty(demanded)) return true;
    while (!is_empty(demanded))
        if (has_name(names, str_split(&demanded, ','))) return true;
    return false;
}

/* What the proxy's location demands of whoever comes. A client is let through only for a scope: without one, whatever
 * stands behind the proxy would take it for a person. */
static result check_demands(struct request *request, const struct authz_query *wanted)
{
    const struct principal *principal = &caller_of(request)->principal;
    if (!principal->is_person && is_empty(wanted->scope))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "a client, where no scope is demanded");
    if (!is_scope(wanted->scope) || !is_scope_covered(wanted->scope, principal->scope))
        FAIL(&request->task.fault, INSUFFICIENT_SCOPE, "lacks a scope that the location demands");
    if (!has_one(principal->groups, wanted->group))
        FAIL(&request->task.fault, FORBIDDEN, "belongs to none of the groups that the location demands");
    if (!has_one(principal->roles, wanted->role))
        FAIL(&request->task.fault, FORBIDDEN, "has none of the roles that the location demands");
    return RESULT_OK;
}

result authz_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct principal *principal = &caller_of(request)->principal;
    const struct authz_query *wanted = request->query_value;
    const int64_t max_age = is_present(wanted->max_age_presence) ? wanted->max_age_seconds : -1;
    TRY(check_demands(request, wanted));
    TRY(check_step_up(request, wanted->acr == ACR_INDEX_TWO, max_age));
    if (!principal->is_person) {
        response_header_set(response, "Remote-Client", principal->subject);
        return RESULT_OK;
    }
    response_header_set(response, "Remote-User", principal->subject);
    response_header_set(response, "Remote-Email", principal->email);
    if (!is_key(principal))
        response_header_set(response, "Remote-Acr", principal->is_assured ? STR(ACR_TWO) : STR(ACR_ONE));
    set_names(request, response, "Remote-Groups", "Remote-Groups-Omitted", principal->groups);
    set_names(request, response, "Remote-Roles", "Remote-Roles-Omitted", principal->roles);
    return RESULT_OK;
}
