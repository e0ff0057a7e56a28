// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/command/command.h"
#include "auth/domain/email.h"
#include "auth/domain/mailer.h"
#include "commands_internal.h"
#include "pages_internal.h"
#include "runtime_internal.h"

static const struct field ENTRY_ROWS[] = {
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct mail_entry, id)},
    {.name = "kind",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct mail_entry, kind)},
    {.name = "recipient",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct mail_entry, recipient)},
    {.name = "state",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct mail_entry, state)},
    {.name = "attempts",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct mail_entry, attempts)},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct mail_entry, created_at_ms)},
    {.name = "next_attempt_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct mail_entry, next_attempt_at_ms)},
    {.name = "finished_at", .type = FIELD_TIME, .offset = offsetof(struct mail_entry, finished_at_ms)},
    {.name = "last_error", .type = FIELD_STRING, .offset = offsetof(struct mail_entry, last_error)},
};
static const struct fields ENTRY_FIELDS = FIELDS(ENTRY_ROWS, struct mail_entry, "Mail");

struct mail_work {
    const struct command_line *line;
    const char *language;
    struct id after; /* of a list: the last one that was printed */
};

static void id_argument(const struct mail_work *work, struct task *task, struct id *ret_id,
                        result *ret_outcome)
{
    const struct str text = str_from(work->line->words[1]);
    *ret_outcome = RESULT_OK;
    if (id_parse(text, ret_id)) return;
    fault_add_field(&task->fault, "ID", "not_an_id", "must be an id as auth mail list prints them");
    *ret_outcome = RESULT(VALIDATION_FAILED);
}

static result tell_outcome(struct service *service, struct task *task, struct id id)
{
    struct mail_entry entry;
    TRY(mail_entry_find(service->db, task, id, &entry));
    if (str_equal(entry.state, STR("sent")) || str_equal(entry.state, STR("printed"))) {
        printf("%.*s\n", STR_ARGS(entry.state));
        return RESULT_OK;
    }
    FAIL(&task->fault, OVERLOADED, "not sent (%.*s): %.*s", STR_ARGS(entry.state),
         STR_ARGS(entry.last_error));
}

static result test(struct service *service, struct task *task, void *argument)
{
    const struct mail_work *work = argument;
    const struct mail mail = {.kind = MAIL_TEST,
                              .to = str_from(work->line->words[1]),
                              .locale = str_from(work->language),
                              .device = STR("auth mail test")};
    struct str key;
    const struct id id = id_new(task->now_ms);
    TRY(email_canonicalize(task, "ADDRESS", mail.to, &key));
    TRY(mailer_enqueue_as(service, service->db, task, id, &mail));
    TRY(mailer_drain(service, task));
    return tell_outcome(service, task, id);
}

static result list_page(struct service *service, struct task *task, void *argument, size_t *ret_count)
{
    struct mail_work *work = argument;
    struct mail_entries page;
    TRY(mail_list_page(service->db, task, work->after, PAGE_ROWS, &page));
    if (page.count > 0 || is_nil(work->after))
        list_print(&ENTRY_FIELDS, &(struct object_list){page.items, page.count}, work->line->is_json);
    if (page.count > 0) work->after = page.items[page.count - 1].id;
    *ret_count = page.count;
    return RESULT_OK;
}

static result list(struct service *service, struct task *task, void *argument)
{
    return pages_print(service, task, list_page, argument);
}

static result retry(struct service *service, struct task *task, void *argument)
{
    const struct mail_work *work = argument;
    struct mail_entry entry;
    struct id id;
    result outcome;
    id_argument(work, task, &id, &outcome);
    TRY(outcome);
    const result found = mail_entry_find(service->db, task, id, &entry);
    if (found.code == STATUS_NOT_FOUND) EXPLAIN(task, NOT_FOUND, "there is no such mail");
    TRY(found);
    if (!str_equal(entry.state, STR("waiting")))
        FAIL(&task->fault, CONFLICT, "this mail is %.*s, and what it held has been erased",
             STR_ARGS(entry.state));
    const result due = mail_retry(service->db, task, id);
    if (due.code == STATUS_NOT_FOUND) EXPLAIN(task, CONFLICT, "this mail is being sent");
    TRY(due);
    TRY(mailer_drain(service, task));
    return tell_outcome(service, task, id);
}

static const struct subcommand SUBCOMMANDS[] = {
    {"test", 1, 1, "--language"}, {"list", 0, 0, ""}, {"retry", 1, 1, ""}};
static service_work *const WORKS[] = {test, list, retry};

int mail_command(int argc, char **argv)
{
    struct mail_work work = {0};
    const struct command_option options[] = {{"--language", &work.language, NULL}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("mail", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    work.line = &line;
    return runtime_command("mail", &line, WORKS[chosen - SUBCOMMANDS], &work);
}
