// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/clients.h"
#include "auth/domain/scopes.h"
#include "auth/store/client_repo.h"
#include "commands_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

struct client_row {
    struct str id;
    struct str name;
    bool is_confidential;
    struct str grants;
    struct str scopes;
    bool is_disabled;
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
    {.name = "disabled",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct client_row, is_disabled)},
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

struct secret_row {
    struct str id;
    int64_t created_at_ms;
    struct str secret;
};

static const struct field SECRET_ROWS[] = {
    {.name = "id", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct secret_row, id)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct secret_row, created_at_ms)},
    {.name = "client_secret", .type = FIELD_STRING, .offset = offsetof(struct secret_row, secret)},
};
static const struct fields SECRET_MADE_FIELDS = FIELDS(SECRET_ROWS, struct secret_row, "ClientSecretMade");
/* The same without the secret itself, which is shown once. */
static const struct fields SECRET_FIELDS = {
    .title = "ClientSecret", .rows = SECRET_ROWS, .count = 2, .size = sizeof(struct secret_row)};

struct client_work {
    const struct command_line *line;
    const char *id;
    const char *name;
    const char *grants;
    const char *scopes;
    bool is_public;
    bool is_disabled;
    bool is_enabled;
    bool says_yes;
    char after[CLIENT_ID_MAX + 1]; /* of a list: the last one that was printed */
};

static struct client_target target_of(const struct client_work *work, size_t word)
{
    return (struct client_target){.id = str_from(work->line->words[word]), .granter = scopes_of_shell()};
}

static result explain(struct task *task, result outcome, const char *id)
{
    if (outcome.code == STATUS_NOT_FOUND) EXPLAIN(task, NOT_FOUND, "no client %s; see: auth client list", id);
    return outcome;
}

static struct client_row row_of(const struct client *client)
{
    return (struct client_row){client->id,           client->name,   client->is_confidential,
                               client->grants,       client->scopes, client->disabled_at_ms != 0,
                               client->created_at_ms};
}

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
        .granter = scopes_of_shell(),
    };
    struct client client;
    struct secret secret;
    const result created = clients_create(service, task, &registration, &client, &secret);
    if (created.code == STATUS_CONFLICT) EXPLAIN(task, CONFLICT, "a client with this id is there already");
    TRY(created);
    const struct client_made made = {client.id, secret_expose(secret)};
    list_print(&MADE_FIELDS, &(struct object_list){&made, 1}, work->line->is_json);
    return RESULT_OK;
}

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct client_work *work = argument;
    struct client_list page;
    TRY(client_list_page(service->db, task, str_from(work->after), PAGE_ROWS, &page));
    struct client_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(&page.items[i]);
        (void)snprintf(work->after, sizeof work->after, "%.*s", STR_ARGS(page.items[i].id));
    }
    list_print(&CLIENT_FIELDS, &(struct object_list){rows, page.count}, work->line->is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    return pages_print(service, task, list_page, argument);
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    struct client client;
    const char *id = work->line->words[1];
    TRY(explain(task, client_find(service->db, task, str_from(id), &client), id));
    const struct client_row row = row_of(&client);
    record_print(&CLIENT_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result set(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const struct client_target target = target_of(work, 1);
    const struct client_change change = {.sets_name = work->name != NULL,
                                         .name = str_from(work->name),
                                         .sets_grants = work->grants != NULL,
                                         .grants = str_from(work->grants),
                                         .sets_scopes = work->scopes != NULL,
                                         .scopes = str_from(work->scopes),
                                         .sets_disabled = work->is_disabled || work->is_enabled,
                                         .is_disabled = work->is_disabled};
    struct client client;
    TRY(explain(task, clients_update(service, task, &target, &change, &client), work->line->words[1]));
    const struct client_row row = row_of(&client);
    record_print(&CLIENT_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const struct client_target target = target_of(work, 1);
    return explain(task, clients_delete(service, task, &target), work->line->words[1]);
}

static result secret_add(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const struct client_target target = target_of(work, 2);
    struct client_secret made;
    struct secret secret;
    TRY(explain(task, clients_add_secret(service, task, &target, &made, &secret), work->line->words[2]));
    const struct secret_row row = {client_secret_name(task->arena, &made), made.created_at_ms,
                                   secret_expose(secret)};
    record_print(&SECRET_MADE_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result secret_list(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const char *id = work->line->words[2];
    struct client client;
    struct secret_row rows[CLIENT_SECRETS_MAX] = {0};
    TRY(explain(task, client_find(service->db, task, str_from(id), &client), id));
    for (size_t i = 0; i < client.secret_count; i++)
        rows[i] = (struct secret_row){.id = client_secret_name(task->arena, &client.secrets[i]),
                                      .created_at_ms = client.secrets[i].created_at_ms};
    list_print(&SECRET_FIELDS, &(struct object_list){rows, client.secret_count}, work->line->is_json);
    return RESULT_OK;
}

static result secret_remove(struct service *service, struct task *task, void *argument)
{
    const struct client_work *work = argument;
    const struct client_target target = target_of(work, 2);
    const result removed = clients_remove_secret(service, task, &target, str_from(work->line->words[3]));
    if (removed.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no client %s with a secret %s; see: auth client secret list %s",
                work->line->words[2], work->line->words[3], work->line->words[2]);
    return removed;
}

/* "auth client secret add ID": two words say what is done. */
static const struct subcommand SUBCOMMANDS[] = {{"create", 1, 1, "--id --public --grants --scopes"},
                                                {"list", 0, 0, ""},
                                                {"show", 1, 1, ""},
                                                {"set", 1, 1, "--name --grants --scopes --disable --enable"},
                                                {"delete", 1, 1, "--yes"},
                                                {"secret", 2, 3, "--yes"}};
static service_work *const WORKS[] = {create, list, show, set, delete};

static const struct subcommand SECRET_SUBCOMMANDS[] = {
    {"add", 1, 1, ""}, {"list", 1, 1, ""}, {"remove", 2, 2, "--yes"}};
static service_work *const SECRET_WORKS[] = {secret_add, secret_list, secret_remove};

static service_work *find_work(const struct command_line *line)
{
    const struct subcommand *chosen = subcommand_find("client", line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return NULL;
    const size_t index = (size_t)(chosen - SUBCOMMANDS);
    if (index < ARRAY_COUNT(WORKS)) return WORKS[index];
    struct command_line rest = *line;
    rest.word_count = line->word_count - 1;
    for (size_t i = 0; i < rest.word_count; i++) rest.words[i] = line->words[i + 1];
    chosen = subcommand_find("client secret", &rest, SECRET_SUBCOMMANDS, ARRAY_COUNT(SECRET_SUBCOMMANDS));
    return chosen ? SECRET_WORKS[chosen - SECRET_SUBCOMMANDS] : NULL;
}

/* What ends something asks first. */
static bool is_agreed(service_work *found, const struct client_work *work)
{
    if (found == delete)
        return is_confirmed("Its tokens are refused at once. Delete the client?", work->says_yes);
    if (found == secret_remove)
        return is_confirmed("Who still uses this secret is refused at once. Remove it?", work->says_yes);
    return true;
}

int client_command(int argc, char **argv)
{
    struct client_work work = {0};
    const struct command_option options[] = {{"--id", &work.id, NULL},
                                             {"--name", &work.name, NULL},
                                             {"--grants", &work.grants, NULL},
                                             {"--scopes", &work.scopes, NULL},
                                             {"--public", NULL, &work.is_public},
                                             {"--disable", NULL, &work.is_disabled},
                                             {"--enable", NULL, &work.is_enabled},
                                             {"--yes", NULL, &work.says_yes},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    service_work *found = find_work(&line);
    if (!found) return EXIT_USAGE;
    work.line = &line;
    if (!is_agreed(found, &work)) return EXIT_USAGE;
    return runtime_command("client", &line, found, &work);
}
