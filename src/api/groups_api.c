// SPDX-License-Identifier: MIT
#include "auth/domain/groups.h"
#include "auth/domain/rights.h"
#include "auth/domain/roles.h"
#include "auth/store/account_repo.h"
#include "rights_api_internal.h"

struct group_body {
    struct str name;
    enum presence name_presence;
    enum presence description_presence;
    struct str description;
};

#define GROUP_NAME_FIELD(required)                                                                      \
    {                                                                                                   \
        .name = "name", .type = FIELD_STRING, .flags = (required),                                      \
        .offset = offsetof(struct group_body, name),                                                    \
        .presence_offset = offsetof(struct group_body, name_presence), .min = 1, .max = GROUP_NAME_MAX, \
        .description = "Any text without commas", .example = "\"Editors\""                              \
    }
#define GROUP_DESCRIPTION_FIELD                                                                            \
    {                                                                                                      \
        .name = "description", .type = FIELD_STRING, .flags = FIELD_NULLABLE,                              \
        .offset = offsetof(struct group_body, description),                                                \
        .presence_offset = offsetof(struct group_body, description_presence), .max = ROLE_DESCRIPTION_MAX, \
        .description = "Who belongs to it", .example = "\"Everybody who writes\""                          \
    }

static const struct field GROUP_BODY_ROWS[] = {GROUP_NAME_FIELD(FIELD_REQUIRED), GROUP_DESCRIPTION_FIELD};
const struct fields group_body_fields = FIELDS(GROUP_BODY_ROWS, struct group_body, "GroupRequest");
static const struct field GROUP_PATCH_ROWS[] = {GROUP_NAME_FIELD(0), GROUP_DESCRIPTION_FIELD};
const struct fields group_patch_body_fields = FIELDS(GROUP_PATCH_ROWS, struct group_body, "GroupChange");

struct group_reply {
    struct id id;
    struct str name;
    struct str description;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

static const struct field GROUP_REPLY_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_reply, id),
     .description = "Its name in paths"},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_reply, name),
     .description = "What tokens and Remote-Groups call it"},
    {.name = "description",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct group_reply, description),
     .description = "Who belongs to it"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_reply, created_at_ms),
     .description = "When it was made"},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_reply, updated_at_ms),
     .description = "When it was last changed"},
};
const struct fields group_reply_fields = FIELDS(GROUP_REPLY_ROWS, struct group_reply, "Group");

static const struct field GROUP_LIST_ROWS[] = {PAGE_REPLY_ROWS(&group_reply_fields, "Oldest first")};
const struct fields group_list_reply_fields = FIELDS(GROUP_LIST_ROWS, struct page_reply, "GroupList");

struct member_reply {
    struct id id;
    struct str email;
    struct str name;
    struct str status;
    int64_t added_at_ms;
};

static const struct field MEMBER_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_reply, id),
     .description = "Of the account"},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_reply, email),
     .description = "Its address"},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct member_reply, name),
     .description = "Its name"},
    {.name = "status",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_reply, status),
     .description = "active, locked or closing"},
    {.name = "added_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_reply, added_at_ms),
     .description = "Since when"},
};
static const struct fields MEMBER_FIELDS = FIELDS(MEMBER_ROWS, struct member_reply, "GroupMember");
static const struct field MEMBER_LIST_ROWS[] = {PAGE_REPLY_ROWS(&MEMBER_FIELDS, "In order of account")};
const struct fields member_list_reply_fields = FIELDS(MEMBER_LIST_ROWS, struct page_reply, "GroupMemberList");

/* --- groups ------------------------------------------------------------------------------------------------------- */

static struct group_reply reply_of(const struct group *group)
{
    return (struct group_reply){.id = group->id,
                                .name = group->name,
                                .description = group->description,
                                .created_at_ms = group->created_at_ms,
                                .updated_at_ms = group->updated_at_ms};
}

static result reply_group(struct request *request, const struct group *group, struct response *response)
{
    const struct group_reply reply = reply_of(group);
    etag_set(request, response, group->version);
    return response_json(response, request->task.arena, &group_reply_fields, &reply);
}

static result reply_groups(struct request *request, const struct group_list *list, struct response *response)
{
    struct arena *arena = request->task.arena;
    const size_t count = page_count(page_of(request), list->count);
    struct group_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) items[i] = reply_of(&list->items[i]);
    const struct page_reply reply = {
        .data = {items, count},
        .next = count < list->count ? page_cursor_id(request, items[count - 1].id) : STR_NONE};
    return response_json(response, arena, &group_list_reply_fields, &reply);
}

result admin_groups_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id after;
    struct group_list list;
    TRY(page_after_id(request, page_of(request), &after));
    TRY(group_list_page(service_of(request)->db, &request->task, after, page_rows_wanted(page_of(request)),
                        &list));
    return reply_groups(request, &list, response);
}

result admin_groups_post(struct request *request, const void *body, struct response *response)
{
    const struct group_body *given = body;
    const struct group wanted = {.name = given->name, .description = given->description};
    struct group made;
    TRY(groups_create(service_of(request), &request->task, &wanted, &made));
    char id[ID_TEXT_SIZE];
    id_print(made.id, id);
    response_header_set(response, "Location", str_printf(request->task.arena, "/v1/admin/groups/%s", id));
    return reply_group(request, &made, response);
}

result admin_group_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id;
    struct group group;
    TRY(path_id(request, 0, &id));
    TRY(group_find(service_of(request)->db, &request->task, id, &group));
    return reply_group(request, &group, response);
}

result admin_group_patch(struct request *request, const void *body, struct response *response)
{
    const struct group_body *given = body;
    const struct group_change change = {.sets_name = is_present(given->name_presence),
                                        .name = given->name,
                                        .sets_description = is_present(given->description_presence),
                                        .description = given->description,
                                        .expected = versions_expected(request)};
    struct id id;
    struct group group;
    TRY(path_id(request, 0, &id));
    TRY(groups_update(service_of(request), &request->task, id, &change, &group));
    return reply_group(request, &group, response);
}

result admin_group_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct id id;
    const struct versions_expected expected = versions_expected(request);
    TRY(path_id(request, 0, &id));
    return groups_delete(service_of(request), &request->task, id, &expected, granter_of(request));
}

result admin_user_groups_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct id id, after;
    struct rights rights;
    struct group_list list;
    struct service *service = service_of(request);
    TRY(path_id(request, 0, &id));
    TRY(page_after_id(request, page_of(request), &after));
    TRY(rights_read(service->db, &request->task, id, &rights));
    TRY(group_list_of_account(service->db, &request->task, id, after, page_rows_wanted(page_of(request)),
                              &list));
    return reply_groups(request, &list, response);
}

/* --- members and roles -------------------------------------------------------------------------------------------- */

result admin_group_members_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    struct service *service = service_of(request);
    struct id id, after;
    struct group group;
    struct group_member_list list;
    TRY(path_id(request, 0, &id));
    TRY(page_after_id(request, page_of(request), &after));
    TRY(group_find(service->db, &request->task, id, &group));
    TRY(group_member_list_page(service->db, &request->task, id, after, page_rows_wanted(page_of(request)),
                               &list));
    const size_t count = page_count(page_of(request), list.count);
    struct member_reply *items = arena_alloc_array(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        const struct group_member *member = &list.items[i];
        items[i] = (struct member_reply){member->account_id, member->email, member->name,
                                         str_from(account_status_name(member->status)), member->added_at_ms};
    }
    const struct page_reply reply = {.data = {items, count},
                                     .next = count < list.count ? page_cursor_id(request, items[count - 1].id)
                                                                : STR_NONE};
    return response_json(response, arena, &member_list_reply_fields, &reply);
}

static result member_grant(struct request *request, struct group_grant *ret_grant)
{
    *ret_grant = (struct group_grant){.granter = granter_of(request)};
    TRY(path_id(request, 0, &ret_grant->group_id));
    return path_id(request, 1, &ret_grant->account_id);
}

result admin_group_member_put(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct group_grant grant;
    TRY(member_grant(request, &grant));
    return groups_add_member(service_of(request), &request->task, &grant);
}

result admin_group_member_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct group_grant grant;
    TRY(member_grant(request, &grant));
    return groups_remove_member(service_of(request), &request->task, &grant);
}

result admin_group_roles_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct service *service = service_of(request);
    struct id id;
    struct str after;
    struct group group;
    struct role_list list;
    TRY(path_id(request, 0, &id));
    TRY(page_after(request, page_of(request), &after));
    TRY(group_find(service->db, &request->task, id, &group));
    TRY(role_list_of_group(service->db, &request->task, id, after, page_rows_wanted(page_of(request)),
                           &list));
    return reply_roles(request, &list, response);
}

static result role_grant_of(struct request *request, struct group_grant *ret_grant)
{
    *ret_grant = (struct group_grant){.role = request->path_values[1], .granter = granter_of(request)};
    return path_id(request, 0, &ret_grant->group_id);
}

result admin_group_role_put(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct group_grant grant;
    TRY(role_grant_of(request, &grant));
    return groups_add_role(service_of(request), &request->task, &grant);
}

result admin_group_role_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    struct group_grant grant;
    TRY(role_grant_of(request, &grant));
    return groups_remove_role(service_of(request), &request->task, &grant);
}
