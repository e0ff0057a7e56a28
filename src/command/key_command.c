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
    bool says_yes;
};

static struct key_row row_of(const struct signing_key_list *keys, size_t index, int64_t now_ms)
{
    const struct signing_key_record *key = &keys->items[index];
    const enum signing_key_state state = signing_key_state_of(keys, index, now_ms);
    return (struct key_row){key->kid,           key->algorithm,      str_from(signing_key_state_name(state)),
                            key->created_at_ms, key->active_from_ms, key->remove_at_ms};
}

static result list(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct signing_key_list keys;
    TRY(signing_key_list(service->db, task, &keys));
    struct key_row *rows = arena_alloc_array(task->arena, keys.count + 1, sizeof *rows);
    for (size_t i = 0; i < keys.count; i++) rows[i] = row_of(&keys, i, task->now_ms);
    list_print(&KEY_FIELDS, &(struct object_list){rows, keys.count}, work->line->is_json);
    return RESULT_OK;
}

static result print_one(struct service *service, struct task *task, struct str kid, bool is_json)
{
    struct signing_key_list keys;
    TRY(signing_key_list(service->db, task, &keys));
    for (size_t i = 0; i < keys.count; i++) {
        if (!str_equal(keys.items[i].kid, kid)) continue;
        const struct key_row row = row_of(&keys, i, task->now_ms);
        record_print(&KEY_FIELDS, &row, is_json);
        return RESULT_OK;
    }
    return RESULT(NOT_FOUND);
}

static result no_key(struct task *task, const char *kid)
{
    EXPLAIN(task, NOT_FOUND, "no signing key %s; see: auth key list", kid);
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    const char *kid = work->line->words[1];
    const result printed = print_one(service, task, str_from(kid), work->line->is_json);
    return printed.code == STATUS_NOT_FOUND ? no_key(task, kid) : printed;
}

static result rotate(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct str kid;
    TRY(keyring_rotate(service, task, work->is_immediate, &kid));
    if (work->line->is_json) return print_one(service, task, kid, true);
    printf("%.*s\n", STR_ARGS(kid));
    return RESULT_OK;
}

static result retire(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    const char *kid = work->line->words[1];
    const result retired = keyring_retire(service, task, str_from(kid), work->is_immediate);
    if (retired.code == STATUS_NOT_FOUND) return no_key(task, kid);
    if (retired.code == STATUS_CONFLICT)
        EXPLAIN(task, CONFLICT, "this key signs; put another in its place first: auth key rotate%s",
                work->is_immediate ? " --now" : "");
    TRY(retired);
    const result printed = print_one(service, task, str_from(kid), work->line->is_json);
    return printed.code == STATUS_NOT_FOUND ? RESULT_OK
                                            : printed; /* one that is gone has no state to be told */
}

static const struct subcommand SUBCOMMANDS[] = {
    {"list", 0, 0, ""}, {"show", 1, 1, ""}, {"rotate", 0, 0, "--now"}, {"retire", 1, 1, "--now --yes"}};
static service_work *const WORKS[] = {list, show, rotate, retire};

/* What ends something asks first. */
static bool is_agreed(service_work *found, const struct key_work *work)
{
    if (found != retire || !work->is_immediate) return true;
    return is_confirmed("What this key has signed is refused at once. Take it away?", work->says_yes);
}

int key_command(int argc, char **argv)
{
    struct key_work work = {0};
    const struct command_option options[] = {
        {"--now", NULL, &work.is_immediate}, {"--yes", NULL, &work.says_yes}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("key", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    service_work *found = WORKS[chosen - SUBCOMMANDS];
    work.line = &line;
    if (!is_agreed(found, &work)) return EXIT_USAGE;
    return runtime_command("key", &line, found, &work);
}
