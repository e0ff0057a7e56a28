// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "auth/command/command.h"
#include "auth/domain/accounts.h"
#include "auth/domain/email.h"
#include "commands_internal.h"
#include "runtime_internal.h"
#include "user_command_internal.h"

#define PAGE_ROWS        500
#define PAGE_ARENA_BYTES (4u * 1024u * 1024u)

struct user_row {
    struct id id;
    struct str email;
    struct str status;
    struct str name;
    int64_t created_at_ms;
};

static const struct field USER_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct user_row, id)},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_row, email)},
    {.name = "status",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_row, status)},
    {.name = "name", .type = FIELD_STRING, .offset = offsetof(struct user_row, name)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_row, created_at_ms)},
};
static const struct fields USER_FIELDS = FIELDS(USER_ROWS, struct user_row, "User");

static result create(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    const struct signup signup = {.email = str_from(work->line->words[1]),
                                  .password = work->password,
                                  .name = str_from(work->name),
                                  .is_by_operator = true};
    struct account account;
    bool is_new;
    TRY(accounts_sign_up(service, task, &signup, &account, &is_new));
    if (!is_new) FAIL(&task->fault, CONFLICT, "%.*s has an account already", STR_ARGS(signup.email));
    char id[ID_TEXT_SIZE];
    id_print(account.id, id);
    printf("%s\n", id);
    return RESULT_OK;
}

static result list_page(struct service *service, struct task *task, bool is_json, struct id *after,
                        size_t *ret_count)
{
    struct account_list page;
    TRY(account_list_page(service->db, task, *after, PAGE_ROWS, &page));
    struct user_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        const struct account *account = &page.items[i];
        rows[i] =
            (struct user_row){account->id, account->email, str_from(account_status_name(account->status)),
                              account->name, account->created_at_ms};
        *after = account->id;
    }
    list_print(&USER_FIELDS, &(struct object_list){rows, page.count}, is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

/* Each page in an arena of its own: there may be millions of users. */
static result list(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct arena *const kept = task->arena;
    struct id after = {{0}};
    size_t count;
    do {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        task->arena = arena;
        const result listed = list_page(service, task, work->line->is_json, &after, &count);
        task->arena = kept;
        TRY(listed);
    } while (count == PAGE_ROWS);
    return RESULT_OK;
}

/* By address or by id. */
static result find_user(struct service *service, struct task *task, const char *word,
                        struct account *ret_account)
{
    struct id id;
    struct str email_key;
    if (id_parse(str_from(word), &id)) return account_find(service->db, task, id, ret_account);
    TRY(email_canonicalize(task, "EMAIL", str_from(word), &email_key));
    const result found = account_find_by_email_key(service->db, task, email_key, ret_account);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, NOT_FOUND, "no account of %s", word);
    return found;
}

static result lock(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct account account;
    TRY(find_user(service, task, work->line->words[1], &account));
    if (account.status != ACCOUNT_ACTIVE) FAIL(&task->fault, CONFLICT, "account is not active");
    return accounts_lock(service, task, account.id);
}

static result unlock(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct account account;
    TRY(find_user(service, task, work->line->words[1], &account));
    if (account.status == ACCOUNT_CLOSING)
        FAIL(&task->fault, CONFLICT, "account is being deleted by its owner");
    return accounts_unlock(service, task, account.id);
}

static const struct subcommand SUBCOMMANDS[] = {{"create", 1, 1}, {"list", 0, 0},   {"lock", 1, 1},
                                                {"unlock", 1, 1}, {"invite", 1, 1}, {"link", 2, 2}};
static service_work *const WORKS[] = {create, list, lock, unlock, user_invite, user_link};

static int run(const struct command_line *line, const struct subcommand *chosen, struct user_work *work)
{
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, line, "user");
    if (code == EXIT_DONE && strcmp(chosen->name, "create") == 0 &&
        !password_read(runtime.arena, &work->password))
        code = EXIT_USAGE;
    if (code == EXIT_DONE) code = runtime_start(&runtime);
    if (code == EXIT_DONE) code = runtime_run(&runtime, WORKS[chosen - SUBCOMMANDS], work);
    runtime_done(&runtime);
    return code;
}

int user_command(int argc, char **argv)
{
    struct user_work work = {0};
    const struct command_option options[] = {
        {"--name", &work.name, NULL},     {"--roles", &work.roles, NULL},    {"--groups", &work.groups, NULL},
        {"--locale", &work.locale, NULL}, {"--mail", NULL, &work.is_mailed}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("user", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return run(&line, chosen, &work);
}
