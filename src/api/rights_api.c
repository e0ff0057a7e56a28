// SPDX-License-Identifier: MIT
#include "auth/domain/claims.h"
#include "auth/domain/rights.h"
#include "auth/domain/roles.h"
#include "auth/domain/scopes.h"
#include "auth/domain/users.h"
#include "rights_api_internal.h"

/* --- what the files share ------------------------------------------------------------------------------------------ */

struct str_list words_of(struct arena *arena, struct str words, char separator)
{
    struct str *items = arena_alloc_array(arena, words.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(words)) items[count++] = str_split(&words, separator);
    return (struct str_list){items, count};
}

result join_scopes(struct request *request, const struct str_list *words, struct str *ret_scopes)
{
    struct strbuf joined;
    strbuf_init(&joined, request->task.arena, 64, ROLE_SCOPES_MAX);
    for (size_t i = 0; i < words->count; i++) {
        /* A word with a space in it would be two. */
        const struct str word = words->items[i];
        if (i > 0) strbuf_add_char(&joined, ' ');
        if (is_scope(word) && has_word(word, word))
            strbuf_add(&joined, word);
        else
            joined.overflowed = true;
    }
    if (is_ok(strbuf_finish(&joined, ret_scopes))) return RESULT_OK;
    fault_add_field(&request->task.fault, "/scopes", "wrong_type", "must be scope words, 512 bytes at most");
    FAIL(&request->task.fault, VALIDATION_FAILED, "scopes refused");
}

result path_id(struct request *request, size_t index, struct id *ret_id)
{
    REQUIRE(id_parse(request->path_values[index], ret_id), NOT_FOUND);
    return RESULT_OK;
}

struct str granter_of(const struct request *request)
{
    return caller_of(request)->principal.scope;
}

/* --- scopes ------------------------------------------------------------------------------------------------------- */

struct scope_reply {
    struct str name;
    struct str read_name;
    struct str meaning;
};

static const struct field SCOPE_REPLY_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_reply, name),
     .description = "Who has it may change"},
    {.name = "read",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_reply, read_name),
     .description = "Who has it may look"},
    {.name = "meaning",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_reply, meaning),
     .description = "What it is about"},
};
static const struct fields SCOPE_REPLY = FIELDS(SCOPE_REPLY_ROWS, struct scope_reply, "AdminScope");

struct scope_list_reply {
    struct object_list data;
};

static const struct field SCOPE_LIST_ROWS[] = {
    {.name = "data",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_list_reply, data),
     .object = &SCOPE_REPLY,
     .description = "All scopes of administration"},
};
const struct fields scope_list_reply_fields =
    FIELDS(SCOPE_LIST_ROWS, struct scope_list_reply, "AdminScopeList");

result admin_scopes_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    struct scope_reply *items = arena_alloc_array(arena, admin_scope_count, sizeof *items);
    for (size_t i = 0; i < admin_scope_count; i++)
        items[i] = (struct scope_reply){.name = str_from(admin_scopes[i].name),
                                        .read_name = str_printf(arena, "%s:read", admin_scopes[i].name),
                                        .meaning = str_from(admin_scopes[i].meaning)};
    const struct scope_list_reply reply = {.data = {items, admin_scope_count}};
    return response_json(response, arena, &scope_list_reply_fields, &reply);
}

/* --- roles -------------------------------------------------------------------------------------------------------- */

struct role_body {
    struct str name;
    enum presence description_presence;
    struct str description;
    enum presence scopes_presence;
    struct str_list scopes;
};

#define ROLE_NAME_FIELD                                                                                 \
    {                                                                                                   \
        .name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED,                                  \
        .offset = offsetof(struct role_body, name), .min = 1, .max = ROLE_NAME_MAX,                     \
        .description = "Letters, digits and -._: of ASCII; it does not change", .example = "\"editor\"" \
    }
#define ROLE_DESCRIPTION_FIELD                                                                            \
    {                                                                                                     \
        .name = "description", .type = FIELD_STRING, .flags = FIELD_NULLABLE,                             \
        .offset = offsetof(struct role_body, description),                                                \
        .presence_offset = offsetof(struct role_body, description_presence), .max = ROLE_DESCRIPTION_MAX, \
        .description = "What it is for", .example = "\"Writes and publishes articles\""                   \
    }
#define ROLE_SCOPES_FIELD                                                                      \
    {                                                                                          \
        .name = "scopes", .type = FIELD_STRINGS, .offset = offsetof(struct role_body, scopes), \
        .presence_offset = offsetof(struct role_body, scopes_presence),                        \
        .description = "What who has it may", .example = "[\"articles:write\"]"                \
    }

static const struct field ROLE_BODY_ROWS[] = {ROLE_NAME_FIELD, ROLE_DESCRIPTION_FIELD, ROLE_SCOPES_FIELD};
const struct fields role_body_fields = FIELDS(ROLE_BODY_ROWS, struct role_body, "RoleRequest");
static const struct field ROLE_PATCH_ROWS[] = {ROLE_DESCRIPTION_FIELD, ROLE_SCOPES_FIELD};
const struct fields role_patch_body_fields = FIELDS(ROLE_PATCH_ROWS, struct role_body, "RoleChange");

struct role_reply {
    struct str name;
    struct str description;
    struct str_list scopes;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

static const struct field ROLE_REPLY_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_reply, name),
     .description = "What it is known by"},
    {.name = "description",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct role_reply, description),
     .description = "What it is for"},
    {.name = "scopes",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_reply, scopes),
     .description = "What who has it may"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_reply, created_at_ms),
     .description = "When it was made"},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_reply, updated_at_ms),
     .description = "When it was last changed"},
};
const struct fields role_reply_fields = FIELDS(ROLE_REPLY_ROWS, struct role_reply, "Role");

static const struct field ROLE_LIST_ROWS[] = {PAGE_REPLY_ROWS(&role_reply_fields, "In order of name")};
const struct fields role_list_reply_fields = FIELDS(ROLE_LIST_ROWS, struct page_reply, "RoleList");

static struct role_reply reply_of(struct arena *arena, const struct role *role)
{
    return (struct role_reply){.name = role->name,
                               .description = role->description,
                               .scopes = words_of(arena, role_scopes(role->name, role->scopes), ' '),
                               .created_at_ms = role->created_at_ms,
                               .updated_at_ms = role->updated_at_ms};
}

static result reply_role(struct request *request, const struct role *role, struct response *response)
{
    const struct role_reply reply = reply_of(request->task.arena, role);
    etag_set(request, response, role->version);
    return response_json(response, request->task.arena, &role_reply_fields, &reply);
}

result reply_roles(struct request *request, const struct role_list *list, struct response *response)
{
    struct arena *arena = request->task.arena;
    const size_t count = page_count(page_of(request), list->count);
    struct role_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(arena, &list->items[i]);
    const struct page_reply reply = {
        .data = {items, count},
        .next = count < list->count ? page_cursor(request, list->items[count - 1].name) : STR_NONE};
    return response_json(response, arena, &role_list_reply_fields, &reply);
}

result admin_roles_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct str after;
    struct role_list list;
    TRY(page_after(request, page_of(request), &after));
    TRY(role_list_page(service_of(request)->db, &request->task, after, page_rows_wanted(page_of(request)),
                       &list));
    return reply_roles(request, &list, response);
}

result admin_roles_post(struct request *request, const void *body, struct response *response)
{
    const struct role_body *given = body;
    struct role role = {.name = given->name, .description = given->description};
    struct role made;
    TRY(join_scopes(request, &given->scopes, &role.scopes));
    TRY(roles_create(service_of(request), &request->task, &role, granter_of(request), &made));
    response_header_set(response, "Location",
                        str_printf(request->task.arena, "/v1/admin/roles/%.*s", STR_ARGS(made.name)));
    return reply_role(request, &made, response);
}

result admin_role_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct role role;
    TRY(roles_find(service_of(request), &request->task, request->path_values[0], &role));
    return reply_role(request, &role, response);
}

result admin_role_patch(struct request *request, const void *body, struct response *response)
{
    const struct role_body *given = body;
    struct role_change change = {.sets_description = is_present(given->description_presence),
                                 .description = given->description,
                                 .sets_scopes = is_present(given->scopes_presence),
                                 .expected = versions_expected(request)};
    struct role role;
    TRY(join_scopes(request, &given->scopes, &change.scopes));
    TRY(roles_update(service_of(request), &request->task, request->path_values[0], &change,
                     granter_of(request), &role));
    return reply_role(request, &role, response);
}

result admin_role_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct versions_expected expected = versions_expected(request);
    return roles_delete(service_of(request), &request->task, request->path_values[0], &expected,
                        granter_of(request));
}

/* --- the roles and claims of one account -------------------------------------------------------------------------- */

result admin_user_roles_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct str after;
    struct rights rights;
    struct role_list list;
    struct service *service = service_of(request);
    TRY(path_id(request, 0, &id));
    TRY(page_after(request, page_of(request), &after));
    TRY(rights_read(service->db, &request->task, id, &rights));
    TRY(role_list_of_account(service->db, &request->task, id, after, page_rows_wanted(page_of(request)),
                             &list));
    return reply_roles(request, &list, response);
}

static result grant_of(struct request *request, struct role_grant *ret_grant)
{
    TRY(path_id(request, 0, &ret_grant->account_id));
    ret_grant->role = request->path_values[1];
    ret_grant->granter = granter_of(request);
    return RESULT_OK;
}

result admin_user_role_put(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct role_grant grant;
    TRY(grant_of(request, &grant));
    return roles_grant(service_of(request), &request->task, &grant);
}

result admin_user_role_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct role_grant grant;
    TRY(grant_of(request, &grant));
    return roles_withdraw(service_of(request), &request->task, &grant);
}

struct claims_body {
    struct str claims;
};

static const struct field CLAIMS_BODY_ROWS[] = {
    {.name = "claims",
     .type = FIELD_RAW,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct claims_body, claims),
     .max = CLAIMS_TEXT_MAX,
     .description = "The members go into the account's access tokens; an empty object takes them away",
     .example = "{\"department\":\"sales\"}"},
};
const struct fields claims_body_fields = FIELDS(CLAIMS_BODY_ROWS, struct claims_body, "AccountClaims");

result admin_user_claims_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct user user;
    struct rights rights;
    struct db *db = service_of(request)->db;
    TRY(path_id(request, 0, &id));
    /* The version first: of claims that are newer than it, nothing is lost. */
    TRY(user_find(db, &request->task, id, &user));
    TRY(rights_read(db, &request->task, id, &rights));
    etag_set(request, response, user.version);
    const struct claims_body reply = {.claims = is_empty(rights.claims) ? STR("{}") : rights.claims};
    return response_json(response, request->task.arena, &claims_body_fields, &reply);
}

result admin_user_claims_put(struct request *request, const void *body, struct response *response)
{
    const struct claims_body *given = body;
    const struct versions_expected expected = versions_expected(request);
    struct user_target target = {.expected = &expected, .granter = granter_of(request)};
    int64_t version;
    TRY(path_id(request, 0, &target.id));
    TRY(users_may_touch(service_of(request), &request->task, &target));
    TRY(roles_set_claims(service_of(request), &request->task, &target, given->claims, &version));
    etag_set(request, response, version);
    return response_json(response, request->task.arena, &claims_body_fields, given);
}
