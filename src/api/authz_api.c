// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/domain/scopes.h"
#include "auth/model/session.h"
#include "factor_api_internal.h"

/* A proxy takes only so much before the body of an answer (nginx: proxy_buffer_size, 4 KiB at least), and answers the
 * request itself where there is more: one field, and all that are lists, with the others of the answer beside them. */
#define FIELD_BYTES_MAX  2048u
#define FIELDS_BYTES_MAX 3072u

/* What is told of the principal, and how much of it still may be. */
struct telling {
    struct arena *arena;
    struct response *response;
    size_t left_bytes;
};

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

static bool has_room(const struct telling *telling, size_t bytes)
{
    return bytes <= FIELD_BYTES_MAX && bytes <= telling->left_bytes;
}

/* What is too long is left out whole: half of it would be wrong. */
static void tell(struct telling *telling, const char *field, const char *omitted_field, struct str names)
{
    if (is_empty(names)) return;
    const struct str text = field_of(telling->arena, names);
    if (!has_room(telling, text.len)) {
        response_header_set(telling->response, omitted_field, STR("true"));
        return;
    }
    response_header_set(telling->response, field, text);
    telling->left_bytes -= text.len;
}

/* As base64url, since JSON may hold what a field may not. */
static void tell_claims(struct telling *telling, struct str claims)
{
    if (is_empty(claims)) return;
    const size_t len = (claims.len * 4 + 2) / 3;
    const struct str text =
        has_room(telling, len) ? base64url_print(telling->arena, claims.ptr, claims.len) : STR_NONE;
    if (is_empty(text))
        response_header_set(telling->response, "Remote-Claims-Omitted", STR("true"));
    else
        response_header_set(telling->response, "Remote-Claims", text);
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

static void tell_who(struct request *request, const struct principal *principal, struct response *response)
{
    struct telling telling = {request->task.arena, response, FIELDS_BYTES_MAX};
    response_header_set(response, principal->is_person ? "Remote-User" : "Remote-Client", principal->subject);
    if (principal->is_person) response_header_set(response, "Remote-Email", principal->email);
    if (principal->is_person && !is_key(principal))
        response_header_set(response, "Remote-Acr", principal->is_assured ? STR(ACR_TWO) : STR(ACR_ONE));
    tell(&telling, "Remote-Groups", "Remote-Groups-Omitted", principal->groups);
    tell(&telling, "Remote-Roles", "Remote-Roles-Omitted", principal->roles);
    tell(&telling, "Remote-Scopes", "Remote-Scopes-Omitted", principal->scope);
    tell_claims(&telling, principal->claims);
}

result authz_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    const struct principal *principal = &caller_of(request)->principal;
    const struct authz_query *wanted = request->query_value;
    const int64_t max_age = is_present(wanted->max_age_presence) ? wanted->max_age_seconds : -1;
    TRY(check_demands(request, wanted));
    TRY(check_step_up(request, wanted->acr == ACR_INDEX_TWO, max_age));
    tell_who(request, principal, response);
    return RESULT_OK;
}
