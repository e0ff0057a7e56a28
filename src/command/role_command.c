// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/command/command.h"
#include "auth/domain/administrators.h"
#include "auth/domain/groups.h"
#include "auth/domain/roles.h"
#include "auth/domain/scopes.h"
#include "commands_internal.h"
#include "group_word_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

struct role_row {
    struct str name;
    struct str_list scopes;
    struct str description;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

/* A list shows the first ones. */
#define LIST_ROWS 3u
static const struct field ROLE_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_row, name)},
    {.name = "scopes",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_row, scopes)},
    {.name = "description", .type = FIELD_STRING, .offset = offsetof(struct role_row, description)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_row, created_at_ms)},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct role_row, updated_at_ms)},
};
static const struct fields ROLE_LIST_FIELDS = {
    .title = "RoleRow", .rows = ROLE_ROWS, .count = LIST_ROWS, .size = sizeof(struct role_row)};
static const struct fields ROLE_FIELDS = FIELDS(ROLE_ROWS, struct role_row, "Role");

struct role_work {
    const struct command_line *line;
    const char *scopes;
    const char *description;
    const char *group;
    char after[ROLE_NAME_MAX + 1]; /* of a list: the last one that was printed */
};

static struct role_row row_of(struct arena *arena, const struct role *role)
{
    const struct str_list scopes = list_words(arena, role_scopes(role->name, role->scopes), ' ');
    return (struct role_row){role->name, scopes, role->description, role->created_at_ms, role->updated_at_ms};
}

static result create(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    const struct role wanted = {.name = str_from(work->line->words[1]),
                                .description = str_from(work->description),
                                .scopes = str_from(work->scopes)};
    struct role made;
    const result created = roles_create(service, task, &wanted, scopes_of_shell(), &made);
    if (created.code == STATUS_CONFLICT)
        EXPLAIN(task, CONFLICT, "there is such a role already; see: auth role show %s", work->line->words[1]);
    TRY(created);
    const struct role_row row = row_of(task->arena, &made);
    list_print(&ROLE_LIST_FIELDS, &(struct object_list){&row, 1}, work->line->is_json);
    return RESULT_OK;
}

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct role_work *work = argument;
    struct role_list page;
    TRY(role_list_page(service->db, task, str_from(work->after), PAGE_ROWS, &page));
    struct role_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(task->arena, &page.items[i]);
        (void)snprintf(work->after, sizeof work->after, "%.*s", STR_ARGS(rows[i].name));
    }
    list_print(&ROLE_LIST_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    TRY(administrators_prepare(service->db, task));
    return pages_print(service, task, list_page, argument);
}

static result no_role(struct task *task, const char *name)
{
    EXPLAIN(task, NOT_FOUND, "no role %s; see: auth role list", name);
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    const char *name = work->line->words[1];
    struct role role;
    const result found = roles_find(service, task, str_from(name), &role);
    if (found.code == STATUS_NOT_FOUND) return no_role(task, name);
    TRY(found);
    const struct role_row row = row_of(task->arena, &role);
    record_print(&ROLE_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result set(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    const char *name = work->line->words[1];
    const struct role_change change = {.sets_description = work->description != NULL,
                                       .description = str_from(work->description),
                                       .sets_scopes = work->scopes != NULL,
                                       .scopes = str_from(work->scopes)};
    struct role role;
    if (!change.sets_description && !change.sets_scopes)
        FAIL(&task->fault, BAD_REQUEST, "nothing to change; say --scopes or --description");
    const result updated = roles_update(service, task, str_from(name), &change, scopes_of_shell(), &role);
    if (updated.code == STATUS_NOT_FOUND) return no_role(task, name);
    TRY(updated);
    const struct role_row row = row_of(task->arena, &role);
    record_print(&ROLE_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

struct scope_row {
    struct str name;
    struct str read_name;
    struct str meaning;
};

static const struct field SCOPE_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_row, name)},
    {.name = "read",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_row, read_name)},
    {.name = "meaning",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct scope_row, meaning)},
};
static const struct fields SCOPE_FIELDS = FIELDS(SCOPE_ROWS, struct scope_row, "AdminScope");

/* Those of this service; others' words are theirs. */
static result scopes(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    (void)service;
    struct scope_row *rows = arena_alloc_array(task->arena, admin_scope_count, sizeof *rows);
    for (size_t i = 0; i < admin_scope_count; i++)
        rows[i] = (struct scope_row){str_from(admin_scopes[i].name),
                                     str_printf(task->arena, "%s:read", admin_scopes[i].name),
                                     str_from(admin_scopes[i].meaning)};
    list_print(&SCOPE_FIELDS, &(struct object_list){rows, admin_scope_count}, work->line->is_json);
    return RESULT_OK;
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    const result deleted =
        roles_delete(service, task, str_from(work->line->words[1]), NULL, scopes_of_shell());
    if (deleted.code == STATUS_NOT_FOUND) return no_role(task, work->line->words[1]);
    return deleted;
}

/* Exactly one of the two is named: a user by a word, a group by its option. */
static result check_target(struct task *task, const struct role_work *work)
{
    const bool has_user = work->line->word_count > 2;
    if (has_user == (work->group != NULL))
        FAIL(&task->fault, BAD_REQUEST, "name a user, or a group with --group");
    return RESULT_OK;
}

static result of_group(struct service *service, struct task *task, const struct role_work *work,
                       struct group_grant *ret_grant)
{
    struct group group;
    TRY(group_of_word(service, task, work->group, &group));
    *ret_grant = (struct group_grant){
        .group_id = group.id, .role = str_from(work->line->words[1]), .granter = scopes_of_shell()};
    return RESULT_OK;
}

static result of_account(struct service *service, struct task *task, const struct role_work *work,
                         struct role_grant *ret_grant)
{
    struct account account;
    TRY(account_of_word(service, task, work->line->words[2], &account));
    *ret_grant = (struct role_grant){account.id, str_from(work->line->words[1]), scopes_of_shell()};
    return RESULT_OK;
}

static result grant(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    struct group_grant for_group;
    struct role_grant for_account;
    TRY(check_target(task, work));
    if (work->group)
        TRY(of_group(service, task, work, &for_group));
    else
        TRY(of_account(service, task, work, &for_account));
    const result granted =
        work->group ? groups_add_role(service, task, &for_group) : roles_grant(service, task, &for_account);
    if (granted.code == STATUS_NOT_FOUND) return no_role(task, work->line->words[1]);
    return granted;
}

static result revoke(struct service *service, struct task *task, void *argument)
{
    const struct role_work *work = argument;
    struct group_grant from_group;
    struct role_grant from_account;
    TRY(check_target(task, work));
    if (work->group)
        TRY(of_group(service, task, work, &from_group));
    else
        TRY(of_account(service, task, work, &from_account));
    const result revoked = work->group ? groups_remove_role(service, task, &from_group)
                                       : roles_withdraw(service, task, &from_account);
    if (revoked.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "the role %s was not given; see: auth %s show %s", work->line->words[1],
                work->group ? "group" : "user", work->group ? work->group : work->line->words[2]);
    return revoked;
}

static const struct subcommand SUBCOMMANDS[] = {
    {"list", 0, 0, ""},          {"create", 1, 1, "--scopes --description"},
    {"show", 1, 1, ""},          {"set", 1, 1, "--scopes --description"},
    {"delete", 1, 1, ""},        {"grant", 1, 2, "--group"},
    {"revoke", 1, 2, "--group"}, {"scopes", 0, 0, ""}};
static service_work *const WORKS[] = {list, create, show, set, delete, grant, revoke, scopes};

int role_command(int argc, char **argv)
{
    struct role_work work = {0};
    const struct command_option options[] = {{"--scopes", &work.scopes, NULL},
                                             {"--description", &work.description, NULL},
                                             {"--group", &work.group, NULL},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("role", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("role", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
