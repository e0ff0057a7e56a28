// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/command/command.h"
#include "auth/domain/api_keys.h"
#include "auth/domain/scopes.h"
#include "commands_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

#define DAYS_MAX 36500
#define DAY_MS   INT64_C(86400000)

struct key_row {
    struct id id;
    struct str owner;
    struct str name;
    struct str hint;
    struct str_list scopes;
    int64_t expires_at_ms;
    int64_t last_used_at_ms;
    int64_t created_at_ms;
};

/* A list shows the first ones. */
#define LIST_ROWS 7u
static const struct field KEY_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_row, id)},
    {.name = "owner",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, owner)},
    {.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_row, name)},
    {.name = "hint", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_row, hint)},
    {.name = "scopes",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, scopes)},
    {.name = "expires_at", .type = FIELD_TIME, .offset = offsetof(struct key_row, expires_at_ms)},
    {.name = "last_used_at", .type = FIELD_TIME, .offset = offsetof(struct key_row, last_used_at_ms)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct key_row, created_at_ms)},
};
static const struct fields KEY_LIST_FIELDS = {
    .title = "ApiKeyRow", .rows = KEY_ROWS, .count = LIST_ROWS, .size = sizeof(struct key_row)};
static const struct fields KEY_FIELDS = FIELDS(KEY_ROWS, struct key_row, "ApiKey");

/* What is printed once, when a key is made. */
struct key_made {
    struct id id;
    struct str key;
};

static const struct field MADE_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_made, id)},
    {.name = "key", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct key_made, key)},
};
static const struct fields MADE_FIELDS = FIELDS(MADE_ROWS, struct key_made, "ApiKeyMade");

struct key_work {
    const struct command_line *line;
    const char *user;
    const char *client;
    const char *scopes;
    const char *days;
    struct api_key_owner owner; /* whose keys are listed */
    struct id after;            /* the last one that was printed */
};

static result read_owner(struct service *service, struct task *task, const struct key_work *work,
                         struct api_key_owner *ret_owner)
{
    struct account account;
    *ret_owner = (struct api_key_owner){0};
    if ((work->user != NULL) == (work->client != NULL))
        FAIL(&task->fault, BAD_REQUEST, "name the owner by --user or by --client");
    if (work->client) {
        ret_owner->client_id = str_from(work->client);
        return RESULT_OK;
    }
    TRY(account_of_word(service, task, work->user, &account));
    ret_owner->account_id = account.id;
    return RESULT_OK;
}

static result read_days(struct task *task, const char *days, int64_t *ret_expires_at_ms)
{
    int64_t number = 0;
    *ret_expires_at_ms = 0;
    if (!days) return RESULT_OK;
    if (!str_to_int64(str_from(days), &number) || number < 1 || number > DAYS_MAX)
        FAIL(&task->fault, BAD_REQUEST, "--days must be 1 to %d", DAYS_MAX);
    *ret_expires_at_ms = task->now_ms + number * DAY_MS;
    return RESULT_OK;
}

static result create(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct api_key_request request = {.name = str_from(work->line->words[1]),
                                      .scopes = str_from(work->scopes),
                                      .granter = scopes_of_shell()};
    struct api_key key;
    struct secret secret;
    TRY(read_owner(service, task, work, &request.owner));
    TRY(read_days(task, work->days, &request.expires_at_ms));
    const result created = api_keys_create(service, task, &request, &key, &secret);
    if (created.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no active account or confidential client of that name; see: auth %s",
                work->client ? "client list" : "user list --status active");
    TRY(created);
    const struct key_made made = {key.id, secret_expose(secret)};
    list_print(&MADE_FIELDS, &(struct object_list){&made, 1}, work->line->is_json);
    return RESULT_OK;
}

static struct str owner_text(struct task *task, const struct api_key *key)
{
    char text[ID_TEXT_SIZE];
    if (!is_empty(key->client_id)) return str_printf(task->arena, "client:%.*s", STR_ARGS(key->client_id));
    id_print(key->account_id, text);
    return str_printf(task->arena, "account:%s", text);
}

static struct key_row row_of(struct task *task, const struct api_key *key)
{
    return (struct key_row){.id = key->id,
                            .owner = owner_text(task, key),
                            .name = key->name,
                            .hint = key->hint,
                            .scopes = list_words(task->arena, key->scopes, ' '),
                            .expires_at_ms = key->expires_at_ms,
                            .last_used_at_ms = key->last_used_at_ms,
                            .created_at_ms = key->created_at_ms};
}

/* No owner is named. */
static bool is_all(const struct key_work *work)
{
    return !work->user && !work->client;
}

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct key_work *work = argument;
    struct api_key_list page;
    TRY(api_key_list_page(service->db, task, is_all(work) ? NULL : &work->owner, work->after, PAGE_ROWS,
                          &page));
    struct key_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(task, &page.items[i]);
        work->after = rows[i].id;
    }
    list_print(&KEY_LIST_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    struct key_work *work = argument;
    if (!is_all(work)) TRY(read_owner(service, task, work, &work->owner));
    return pages_print(service, task, list_page, work);
}

static result explain(struct task *task, result outcome, const char *id)
{
    if (outcome.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no API key %s; see: auth apikey list", id);
    return outcome;
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct api_key key;
    struct id id;
    const bool is_id = id_parse(str_from(work->line->words[1]), &id);
    const result found = is_id ? api_key_find(service->db, task, id, &key) : RESULT(NOT_FOUND);
    TRY(explain(task, found, work->line->words[1]));
    const struct key_row row = row_of(task, &key);
    record_print(&KEY_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result revoke_all(struct service *service, struct task *task, const struct key_work *work)
{
    struct account account;
    TRY(account_of_word(service, task, work->user, &account));
    return api_keys_revoke_all(service, task, account.id);
}

static result revoke(struct service *service, struct task *task, void *argument)
{
    const struct key_work *work = argument;
    struct id id;
    if ((work->line->word_count == 2) == (work->user != NULL))
        FAIL(&task->fault, BAD_REQUEST, "say which one, or whose by --user; see: auth apikey list");
    if (work->user) return revoke_all(service, task, work);
    const bool is_id = id_parse(str_from(work->line->words[1]), &id);
    const result revoked = is_id ? api_keys_revoke(service, task, NULL, id) : RESULT(NOT_FOUND);
    return explain(task, revoked, work->line->words[1]);
}

static const struct subcommand SUBCOMMANDS[] = {{"list", 0, 0, "--user --client"},
                                                {"create", 1, 1, "--user --client --scopes --days"},
                                                {"show", 1, 1, ""},
                                                {"revoke", 0, 1, "--user"}};
static service_work *const WORKS[] = {list, create, show, revoke};

int apikey_command(int argc, char **argv)
{
    struct key_work work = {0};
    const struct command_option options[] = {{"--user", &work.user, NULL},
                                             {"--client", &work.client, NULL},
                                             {"--scopes", &work.scopes, NULL},
                                             {"--days", &work.days, NULL},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("apikey", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("apikey", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
