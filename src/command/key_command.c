// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/keyring.h"
#include "auth/store/signing_key_repo.h"
#include "commands_internal.h"
#include "runtime_internal.h"

struct key_row {
    struct str kid;
    struct str algorithm;
    struct str state;
    int64_t created_at_ms;
    int64_t active_from_ms;
    int64_t remove_at_ms;
};

static const struct field KEY_ROWS[] = {
    {.name = "kid", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_row, kid)},
    {.name = "algorithm",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, algorithm)},
    {.name = "state",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, state)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, created_at_ms)},
    {.name = "active_from",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, active_from_ms)},
    {.name = "remove_at", .type = FIELD_TIME, .offset = offsetof(struct key_row, remove_at_ms)},
};
static const struct fields KEY_FIELDS = FIELDS(KEY_ROWS, struct key_row, "SigningKey");

struct key_work {
    const struct command_line *line;
    bool is_immediate;
};

static result list(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct signing_key_list keys;
    TRY(signing_key_list(service->db, task, &keys));
    struct key_row *rows = arena_alloc_array(task->arena, keys.count + 1, sizeof *rows);
    for (size_t i = 0; i < keys.count; i++) {
        const struct signing_key_record *key = &keys.items[i];
        const enum signing_key_state state = signing_key_state_of(&keys, i, task->now_ms);
        rows[i] =
            (struct key_row){key->kid,           key->algorithm,      str_from(signing_key_state_name(state)),
                             key->created_at_ms, key->active_from_ms, key->remove_at_ms};
    }
    list_print(&KEY_FIELDS, &(struct object_list){rows, keys.count}, work->line->is_json);
    return RESULT_OK;
}

static result rotate(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct str kid;
    TRY(keyring_rotate(service, task, work->is_immediate, &kid));
    printf("%.*s\n", STR_ARGS(kid));
    return RESULT_OK;
}

static const struct subcommand SUBCOMMANDS[] = {{"list", 0, 0}, {"rotate", 0, 0}};
static service_work *const WORKS[] = {list, rotate};

int key_command(int argc, char **argv)
{
    struct key_work work = {0};
    const struct command_option options[] = {{"--now", NULL, &work.is_immediate}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("key", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("key", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
