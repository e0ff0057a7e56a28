// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/command/command.h"
#include "auth/domain/factors.h"
#include "auth/domain/users.h"
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

static result find_account(struct service *service, struct task *task, const struct command_line *line,
                           struct account *ret_account)
{
    return account_of_word(service, task, line->words[1], ret_account);
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

/* All its sessions end, as the API's do that an administrator asks. */
static result remove_one(struct service *service, struct task *task, void *argument)
{
    const struct command_line *line = argument;
    const char *user = line->words[1], *word = line->words[2];
    struct account account;
    struct factor_change change = {0};
    TRY(find_account(service, task, line, &account));
    if (!id_parse(str_from(word), &change.factor_id))
        FAIL(&task->fault, BAD_REQUEST, "%s is not the id of a factor; see: auth factor list %s", word, user);
    change.account_id = account.id;
    const result removed = factors_remove(service, task, &change);
    if (removed.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no factor %s of %s; see: auth factor list %s", word, user, user);
    if (removed.code == STATUS_CONFLICT)
        EXPLAIN(
            task, CONFLICT,
            "it is the last one, and this account must have one; to let its owner begin anew: auth factor "
            "reset %s",
            user);
    return removed;
}

static result reset(struct service *service, struct task *task, void *argument)
{
    struct account account;
    TRY(find_account(service, task, argument, &account));
    return factors_reset(service, task, account.id);
}

static result set_demand(struct service *service, struct task *task, void *argument, bool requires_mfa)
{
    struct account account;
    TRY(find_account(service, task, argument, &account));
    const struct user_target target = {.id = account.id, .granter = scopes_of_shell()};
    return factors_demand(service, task, &target, requires_mfa);
}

static result demand(struct service *service, struct task *task, void *argument)
{
    return set_demand(service, task, argument, true);
}

static result release(struct service *service, struct task *task, void *argument)
{
    return set_demand(service, task, argument, false);
}

static const struct subcommand SUBCOMMANDS[] = {{"list", 1, 1, ""},
                                                {"remove", 2, 2, ""},
                                                {"reset", 1, 1, ""},
                                                {"require", 1, 1, ""},
                                                {"release", 1, 1, ""}};
static service_work *const WORKS[] = {list, remove_one, reset, demand, release};

int factor_command(int argc, char **argv)
{
    const struct command_option options[] = {{0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("factor", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    return runtime_command("factor", &line, WORKS[chosen - SUBCOMMANDS], &line);
}
