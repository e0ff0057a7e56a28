// SPDX-License-Identifier: MIT
#include "auth/domain/claims.h"

/* What this service says itself, and the names of the registry that stand for identity, authority or binding: from
 * those others would conclude what nobody has checked. */
static const char *const RESERVED[] = {"iss",
                                       "sub",
                                       "aud",
                                       "exp",
                                       "nbf",
                                       "iat",
                                       "jti",
                                       "client_id",
                                       "scope",
                                       "scp",
                                       "sid",
                                       "auth_time",
                                       "acr",
                                       "amr",
                                       "azp",
                                       "nonce",
                                       "at_hash",
                                       "c_hash",
                                       "s_hash",
                                       "act",
                                       "may_act",
                                       "cnf",
                                       "groups",
                                       "roles",
                                       "groups_omitted",
                                       "roles_omitted",
                                       "entitlements",
                                       "email",
                                       "email_verified",
                                       "phone_number",
                                       "phone_number_verified",
                                       "preferred_username",
                                       "name",
                                       "locale",
                                       "updated_at",
                                       "events",
                                       "toe",
                                       "txn",
                                       "rph",
                                       "sub_id",
                                       "sub_jwk",
                                       "token_introspection",
                                       "verified_claims",
                                       "authorization_details",
                                       "vot",
                                       "vtm",
                                       "orig",
                                       "dest",
                                       "typ",
                                       "active",
                                       "username",
                                       "token_type",
                                       "permissions"};

static bool is_reserved(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(RESERVED); i++)
        if (str_equal(name, str_from(RESERVED[i]))) return true;
    return false;
}

/* The length of the JSON string `text` begins with, quotes included. */
static size_t string_length(struct str text)
{
    size_t at = 1;
    while (at < text.len && text.ptr[at] != '"') at += text.ptr[at] == '\\' ? 2u : 1u;
    return at < text.len ? at + 1 : text.len;
}

/* The text comes from a parser that has checked it: strings and brackets are all there is to see. A string of the
 * outermost object that a colon follows is a name; written without escapes where that can be. */
static bool has_reserved_member(struct str claims)
{
    size_t depth = 0;
    for (size_t at = 0; at < claims.len; at++) {
        const char c = claims.ptr[at];
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        if (c != '"') continue;
        const size_t length = string_length(str_from_offset(claims, at));
        const size_t next = at + length;
        const bool is_name = depth == 1 && next < claims.len && claims.ptr[next] == ':';
        if (is_name && is_reserved((struct str){claims.ptr + at + 1, length - 2})) return true;
        at = next - 1;
    }
    return false;
}

/* Also what was set when fewer names were reserved stands over none of ours. */
struct str claims_members(struct str claims)
{
    if (claims.len <= 2 || claims.len > CLAIMS_TEXT_MAX || has_reserved_member(claims)) return STR_NONE;
    return (struct str){claims.ptr + 1, claims.len - 2};
}

result claims_check(struct task *task, const char *pointer, struct str claims)
{
    if (claims.len > CLAIMS_TEXT_MAX)
        fault_add_field(&task->fault, pointer, "too_long", "must be 2048 bytes at most, as compact text");
    else if (claims.len < 2 || claims.ptr[0] != '{')
        fault_add_field(&task->fault, pointer, "wrong_type", "must be an object");
    else if (has_reserved_member(claims))
        fault_add_field(&task->fault, pointer, "reserved",
                        "has a member whose name is a claim with a meaning of its own");
    if (task->fault.error_count != 0) FAIL(&task->fault, VALIDATION_FAILED, "claims refused");
    return RESULT_OK;
}
