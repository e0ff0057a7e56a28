// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/clients.h"
#include "auth/store/client_repo.h"
#include "commands_internal.h"
#include "runtime_internal.h"

#define PAGE_ROWS        500
#define PAGE_ARENA_BYTES (4u * 1024u * 1024u)

struct client_row {
    struct str id;
    struct str name;
    bool is_confidential;
    struct str grants;
    struct str scopes;
    int64_t created_at_ms;
};

static const struct field CLIENT_ROWS[] = {
    {.name = "client_id",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, id)},
    {.name = "client_name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, name)},
    {.name = "confidential",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, is_confidential)},
    {.name = "grant_types",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, grants)},
    {.name = "scope",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, scopes)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, created_at_ms)},
};
static const struct fields CLIENT_FIELDS = FIELDS(CLIENT_ROWS, struct client_row, "Client");

/* What is printed once, when a client is made (the names are RFC 7591's). */
struct client_made {
    struct str id;
    struct str secret;
};

static const struct field MADE_ROWS[] = {
    {.name = "client_id",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_made, id)},
    {.name = "client_secret", .type = FIELD_STRING, .offset = offsetof(struct client_made, secret)},
};
static const struct fields MADE_FIELDS = FIELDS(MADE_ROWS, struct client_made, "ClientMade");

struct client_work {
    const struct command_line *line;
    const char *id;
    const char *grants;
    const char *scopes;
    bool is_public;
};

static result create(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const struct client_registration registration = {
        .id = str_from(work->id),
        .name = str_from(work->line->words[1]),
        .is_confidential = !work->is_public,
        .grants = str_from(work->grants      ? work->grants
                           : work->is_public ? "refresh_token"
                                             : "client_credentials"),
        .scopes = str_from(work->scopes),
    };
    struct client client;
    struct secret secret;
    const result created = clients_create(service, task, &registration, &client, &secret);
    if (created.code == STATUS_CONFLICT)
        FAIL(&task->fault, CONFLICT, "a client with this id is there already");
    TRY(created);
    const struct client_made made = {client.id, secret_expose(secret)};
    list_print(&MADE_FIELDS, &(struct object_list){&made, 1}, work->line->is_json);
    return RESULT_OK;
}

static result list_page(struct service *service, struct task *task, bool is_json,
                        char after[CLIENT_ID_MAX + 1], size_t *ret_count)
{
    struct client_list page;
    TRY(client_list_page(service->db, task, str_from(after), PAGE_ROWS, &page));
    struct client_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        const struct client *client = &page.items[i];
        rows[i] = (struct client_row){client->id,     client->name,   client->is_confidential,
                                      client->grants, client->scopes, client->created_at_ms};
        (void)snprintf(after, CLIENT_ID_MAX + 1, "%.*s", STR_ARGS(client->id));
    }
    list_print(&CLIENT_FIELDS, &(struct object_list){rows, page.count}, is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

/* Each page in an arena of its own. */
static result list(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    struct arena *const kept = task->arena;
    char after[CLIENT_ID_MAX + 1] = "";
    size_t count;
    do {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        task->arena = arena;
        const result listed = list_page(service, task, work->line->is_json, after, &count);
        task->arena = kept;
        TRY(listed);
    } while (count == PAGE_ROWS);
    return RESULT_OK;
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const result deleted = clients_delete(service, task, str_from(work->line->words[1]));
    if (deleted.code == STATUS_NOT_FOUND) FAIL(&task->fault, NOT_FOUND, "no client %s", work->line->words[1]);
    return deleted;
}

static const struct subcommand SUBCOMMANDS[] = {{"create", 1, 1}, {"list", 0, 0}, {"delete", 1, 1}};
static service_work *const WORKS[] = {create, list, delete};

int client_command(int argc, char **argv)
{
    struct client_work work = {0};
    const struct command_option options[] = {{"--id", &work.id, NULL},
                                             {"--grants", &work.grants, NULL},
                                             {"--scopes", &work.scopes, NULL},
                                             {"--public", NULL, &work.is_public},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("client", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("client", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
