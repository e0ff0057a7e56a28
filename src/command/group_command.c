// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/command/command.h"
#include "auth/domain/groups.h"
#include "auth/domain/scopes.h"
#include "auth/store/role_repo.h"
#include "commands_internal.h"
#include "group_word_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

struct group_row {
    struct id id;
    struct str name;
    struct str description;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    struct str_list roles;
};

/* A list shows the first ones. */
#define LIST_ROWS 4u
static const struct field GROUP_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct group_row, id)},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_row, name)},
    {.name = "description", .type = FIELD_STRING, .offset = offsetof(struct group_row, description)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_row, created_at_ms)},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_row, updated_at_ms)},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct group_row, roles)},
};
static const struct fields GROUP_LIST_FIELDS = {
    .title = "GroupRow", .rows = GROUP_ROWS, .count = LIST_ROWS, .size = sizeof(struct group_row)};
static const struct fields GROUP_FIELDS = FIELDS(GROUP_ROWS, struct group_row, "Group");

struct member_row {
    struct id id;
    struct str email;
    int64_t added_at_ms;
};

static const struct field MEMBER_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct member_row, id)},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_row, email)},
    {.name = "added_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct member_row, added_at_ms)},
};
static const struct fields MEMBER_FIELDS = FIELDS(MEMBER_ROWS, struct member_row, "GroupMember");

struct group_work {
    const struct command_line *line;
    const char *name, *description;
    struct id after; /* of a list: the last one that was printed */
};

static struct group_row row_of(const struct group *group)
{
    return (struct group_row){.id = group->id,
                              .name = group->name,
                              .description = group->description,
                              .created_at_ms = group->created_at_ms,
                              .updated_at_ms = group->updated_at_ms};
}

static result create(struct service *service, struct task *task, void *argument)
{
    const struct group_work *work = argument;
    const struct group wanted = {.name = str_from(work->line->words[1]),
                                 .description = str_from(work->description)};
    struct group made;
    const result created = groups_create(service, task, &wanted, &made);
    if (created.code == STATUS_CONFLICT)
        EXPLAIN(task, CONFLICT, "there is such a group already; see: auth group show %s",
                work->line->words[1]);
    TRY(created);
    const struct group_row row = row_of(&made);
    list_print(&GROUP_LIST_FIELDS, &(struct object_list){&row, 1}, work->line->is_json);
    return RESULT_OK;
}

/* With the roles its members have by it. */
static result print_one(struct service *service, struct task *task, const struct group *group, bool is_json)
{
    struct role_list roles;
    struct group_row row = row_of(group);
    TRY(role_list_of_group(service->db, task, group->id, STR(""), PAGE_ROWS, &roles));
    struct str *names = arena_alloc_array(task->arena, roles.count + 1, sizeof *names);
    for (size_t i = 0; i < roles.count; i++) names[i] = roles.items[i].name;
    row.roles = (struct str_list){names, roles.count};
    record_print(&GROUP_FIELDS, &row, is_json);
    return RESULT_OK;
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct group_work *work = argument;
    struct group group;
    TRY(group_of_word(service, task, work->line->words[1], &group));
    return print_one(service, task, &group, work->line->is_json);
}

static result set(struct service *service, struct task *task, void *argument)
{
    const struct group_work *work = argument;
    const struct group_change change = {.sets_name = work->name != NULL,
                                        .name = str_from(work->name),
                                        .sets_description = work->description != NULL,
                                        .description = str_from(work->description)};
    struct group group, changed;
    if (!change.sets_name && !change.sets_description)
        FAIL(&task->fault, BAD_REQUEST, "nothing to change; say --name or --description");
    TRY(group_of_word(service, task, work->line->words[1], &group));
    const result updated = groups_update(service, task, group.id, &change, &changed);
    if (updated.code == STATUS_CONFLICT && work->name)
        EXPLAIN(task, CONFLICT, "another group is called %s; see: auth group list", work->name);
    TRY(updated);
    return print_one(service, task, &changed, work->line->is_json);
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct group_work *work = argument;
    struct group group;
    TRY(group_of_word(service, task, work->line->words[1], &group));
    return groups_delete(service, task, group.id, NULL, scopes_of_shell());
}

static result member_grant(struct service *service, struct task *task, const struct group_work *work,
                           struct group_grant *ret_grant)
{
    struct group group;
    struct account account;
    TRY(group_of_word(service, task, work->line->words[1], &group));
    TRY(account_of_word(service, task, work->line->words[2], &account));
    *ret_grant = (struct group_grant){group.id, account.id, STR_NONE, scopes_of_shell()};
    return RESULT_OK;
}

static result add(struct service *service, struct task *task, void *argument)
{
    struct group_grant grant;
    TRY(member_grant(service, task, argument, &grant));
    return groups_add_member(service, task, &grant);
}

static result remove_member(struct service *service, struct task *task, void *argument)
{
    const struct group_work *work = argument;
    struct group_grant grant;
    TRY(member_grant(service, task, work, &grant));
    const result removed = groups_remove_member(service, task, &grant);
    if (removed.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "%s does not belong to it; see: auth group members %s", work->line->words[2],
                work->line->words[1]);
    return removed;
}

static result print_groups(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct group_work *work = argument;
    struct group_list page;
    TRY(group_list_page(service->db, task, work->after, PAGE_ROWS, &page));
    struct group_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(&page.items[i]);
        work->after = rows[i].id;
    }
    list_print(&GROUP_LIST_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result print_members(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct group_work *work = argument;
    struct group group;
    struct group_member_list page;
    TRY(group_of_word(service, task, work->line->words[1], &group));
    TRY(group_member_list_page(service->db, task, group.id, work->after, PAGE_ROWS, &page));
    struct member_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        const struct group_member *member = &page.items[i];
        rows[i] = (struct member_row){member->account_id, member->email, member->added_at_ms};
        work->after = member->account_id;
    }
    list_print(&MEMBER_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    return pages_print(service, task, print_groups, argument);
}

static result members(struct service *service, struct task *task, void *argument)
{
    return pages_print(service, task, print_members, argument);
}

static const struct subcommand SUBCOMMANDS[] = {{"list", 0, 0, ""},   {"create", 1, 1, "--description"},
                                                {"show", 1, 1, ""},   {"set", 1, 1, "--name --description"},
                                                {"delete", 1, 1, ""}, {"add", 2, 2, ""},
                                                {"remove", 2, 2, ""}, {"members", 1, 1, ""}};
static service_work *const WORKS[] = {list, create, show, set, delete, add, remove_member, members};

int group_command(int argc, char **argv)
{
    struct group_work work = {0};
    const struct command_option options[] = {
        {"--name", &work.name, NULL}, {"--description", &work.description, NULL}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("group", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("group", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
