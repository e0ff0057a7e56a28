// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/invitations.h"
#include "commands_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

struct invitation_row {
    struct id id;
    struct str email;
    struct str_list roles;
    struct str_list groups;
    int64_t expires_at_ms;
    int64_t accepted_at_ms;
    struct str invited_by;
    int64_t created_at_ms;
    struct str locale;
    struct id account_id;
};

#define ROW(key, row_type, row_flags, member)                    \
    {                                                            \
        .name = (key), .type = (row_type), .flags = (row_flags), \
        .offset = offsetof(struct invitation_row, member)        \
    }

/* A table shows the first ones; --json has all, as the API tells them. */
#define TABLE_ROWS 6u
static const struct field INVITATION_ROWS[] = {
    ROW("id", FIELD_ID, FIELD_REQUIRED, id),
    ROW("email", FIELD_STRING, FIELD_REQUIRED, email),
    ROW("roles", FIELD_STRINGS, FIELD_REQUIRED, roles),
    ROW("groups", FIELD_STRINGS, FIELD_REQUIRED, groups),
    ROW("expires_at", FIELD_TIME, FIELD_REQUIRED, expires_at_ms),
    ROW("accepted_at", FIELD_TIME, 0, accepted_at_ms),
    ROW("invited_by", FIELD_STRING, FIELD_REQUIRED, invited_by),
    ROW("created_at", FIELD_TIME, FIELD_REQUIRED, created_at_ms),
    ROW("locale", FIELD_STRING, 0, locale),
    ROW("account_id", FIELD_ID, 0, account_id),
};
static const struct fields INVITATION_FIELDS = FIELDS(INVITATION_ROWS, struct invitation_row, "Invitation");
static const struct fields INVITATION_TABLE_FIELDS = {.title = "InvitationRow",
                                                      .rows = INVITATION_ROWS,
                                                      .count = TABLE_ROWS,
                                                      .size = sizeof(struct invitation_row)};

struct invitation_work {
    const struct command_line *line;
    struct id after; /* of a list: the last one that was printed */
};

static struct invitation_row row_of(struct arena *arena, const struct invitation *invitation)
{
    return (struct invitation_row){
        .id = invitation->id,
        .email = invitation->email,
        .roles = list_words(arena, invitation->roles, ' '),
        .groups = list_words(arena, invitation->group_ids, ' '),
        .expires_at_ms = invitation->expires_at_ms,
        .accepted_at_ms = invitation->accepted_at_ms,
        .invited_by = invitation->invited_by,
        .created_at_ms = invitation->created_at_ms,
        .locale = invitation->locale,
        .account_id = invitation->account_id,
    };
}

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct invitation_work *work = argument;
    const bool is_json = work->line->is_json;
    struct invitation_list page;
    TRY(invitation_list_page(service->db, task, work->after, PAGE_ROWS, &page));
    struct invitation_row *rows = arena_alloc_array(task->arena, page.count + 1, sizeof *rows);
    for (size_t i = 0; i < page.count; i++) {
        rows[i] = row_of(task->arena, &page.items[i]);
        work->after = rows[i].id;
    }
    list_print(is_json ? &INVITATION_FIELDS : &INVITATION_TABLE_FIELDS,
               &(struct object_list){rows, page.count}, is_json);
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    return pages_print(service, task, list_page, argument);
}

static result read_id(struct task *task, const char *word, struct id *ret_id)
{
    if (!id_parse(str_from(word), ret_id))
        FAIL(&task->fault, BAD_REQUEST, "%s is not the id of an invitation; see: auth invitation list", word);
    return RESULT_OK;
}

static result explain(struct task *task, result outcome, const char *id)
{
    if (outcome.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no invitation %s; see: auth invitation list", id);
    return outcome;
}

static result show(struct service *service, struct task *task, void *argument)
{
    const struct invitation_work *work = argument;
    const char *word = work->line->words[1];
    struct id id;
    struct invitation invitation;
    TRY(read_id(task, word, &id));
    TRY(explain(task, invitation_find(service->db, task, id, &invitation), word));
    const struct invitation_row row = row_of(task->arena, &invitation);
    record_print(&INVITATION_FIELDS, &row, work->line->is_json);
    return RESULT_OK;
}

static result revoke(struct service *service, struct task *task, void *argument)
{
    const struct invitation_work *work = argument;
    const char *word = work->line->words[1];
    struct id id;
    TRY(read_id(task, word, &id));
    const result revoked = explain(task, invitations_revoke(service, task, id), word);
    if (revoked.code == STATUS_CONFLICT)
        EXPLAIN(task, CONFLICT, "it was accepted: its account is there; see: auth invitation show %s", word);
    return revoked;
}

static const struct subcommand SUBCOMMANDS[] = {{"list", 0, 0, ""}, {"show", 1, 1, ""}, {"revoke", 1, 1, ""}};
static service_work *const WORKS[] = {list, show, revoke};

int invitation_command(int argc, char **argv)
{
    const struct command_option options[] = {{0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen =
        subcommand_find("invitation", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    struct invitation_work work = {.line = &line};
    return runtime_command("invitation", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
