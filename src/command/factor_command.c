// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/email.h"
#include "auth/domain/factors.h"
#include "auth/store/account_repo.h"
#include "commands_internal.h"
#include "runtime_internal.h"

struct factor_row {
    struct id id;
    struct str type;
    struct str name;
    bool is_confirmed;
    int64_t created_at_ms;
    int64_t last_used_at_ms;
};

static const struct field FACTOR_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct factor_row, id)},
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_row, type)},
    {.name = "name", .type = FIELD_STRING, .offset = offsetof(struct factor_row, name)},
    {.name = "confirmed",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_row, is_confirmed)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct factor_row, created_at_ms)},
    {.name = "last_used_at", .type = FIELD_TIME, .offset = offsetof(struct factor_row, last_used_at_ms)},
};
static const struct fields FACTOR_FIELDS = FIELDS(FACTOR_ROWS, struct factor_row, "Factor");

/* By address or by id. */
static result find_account(struct service *service, struct task *task, const struct command_line *line,
                           struct account *ret_account)
{
    const struct str word = str_from(line->words[1]);
    struct id id;
    struct str email_key;
    if (id_parse(word, &id)) return account_find(service->db, task, id, ret_account);
    TRY(email_canonicalize(task, "EMAIL", word, &email_key));
    const result found = account_find_by_email_key(service->db, task, email_key, ret_account);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, NOT_FOUND, "no account of %.*s", STR_ARGS(word));
    return found;
}

static result list(struct service *service, struct task *task, void *argument)
{
    const struct command_line *line = argument;
    struct account account;
    struct factor_list factors;
    TRY(find_account(service, task, line, &account));
    TRY(factor_list_of_account(service->db, task, account.id, &factors));
    struct factor_row *rows = arena_alloc_array(task->arena, factors.count + 1, sizeof *rows);
    for (size_t i = 0; i < factors.count; i++) {
        const struct factor *factor = &factors.items[i];
        rows[i] = (struct factor_row){.id = factor->id,
                                      .type = factor->kind,
                                      .name = factor->name,
                                      .is_confirmed = factor->confirmed_at_ms != 0,
                                      .created_at_ms = factor->created_at_ms,
                                      .last_used_at_ms = factor->last_used_at_ms};
    }
    list_print(&FACTOR_FIELDS, &(struct object_list){rows, factors.count}, line->is_json);
    return RESULT_OK;
}

static result reset(struct service *service, struct task *task, void *argument)
{
    struct account account;
    TRY(find_account(service, task, argument, &account));
    return factors_reset(service, task, account.id);
}

static result demand(struct service *service, struct task *task, void *argument)
{
    struct account account;
    TRY(find_account(service, task, argument, &account));
    return factors_demand(service, task, account.id, true);
}

static result release(struct service *service, struct task *task, void *argument)
{
    struct account account;
    TRY(find_account(service, task, argument, &account));
    return factors_demand(service, task, account.id, false);
}

static const struct subcommand SUBCOMMANDS[] = {
    {"list", 1, 1}, {"reset", 1, 1}, {"require", 1, 1}, {"release", 1, 1}};
static service_work *const WORKS[] = {list, reset, demand, release};

int factor_command(int argc, char **argv)
{
    const struct command_option options[] = {{0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("factor", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, &line, "factor");
    if (code == EXIT_DONE) code = runtime_start(&runtime);
    if (code == EXIT_DONE) code = runtime_run(&runtime, WORKS[chosen - SUBCOMMANDS], &line);
    runtime_done(&runtime);
    return code;
}
