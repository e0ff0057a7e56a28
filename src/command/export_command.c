// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/command/command.h"
#include "auth/domain/audit.h"
#include "auth/transfer/export.h"
#include "commands_internal.h"
#include "progress_internal.h"
#include "runtime_internal.h"

#define PAGE_ARENA_BYTES (64u * 1024u * 1024u)
#define PAGE_TIME_MS     INT64_C(60000)

struct export_work {
    bool with_hashes;
    struct progress progress;
    int64_t count;
    struct id after;
};

static result write_page(struct export_work *work, struct service *service, struct task *task)
{
    struct export_page page;
    TRY(export_page(service, task, work->after, work->with_hashes, &page));
    for (size_t i = 0; i < page.count; i++)
        if (printf("%.*s\n", STR_ARGS(page.records[i])) < 0)
            FAIL(&task->fault, INTERNAL, "the output cannot be written: %s", strerror(errno));
    work->count += (int64_t)page.count;
    work->after = page.last;
    progress_show(&work->progress, work->count, 0);
    return RESULT_OK;
}

static result run_page(struct export_work *work, struct service *service, struct task *outer)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, outer->id, PAGE_TIME_MS);
    const result written = write_page(work, service, task);
    if (!is_ok(written)) {
        progress_clear(&work->progress);
        failure_print("export", task, written);
    }
    return written;
}

/* Noted first: what leaves the service with its hashes is known to have left. */
static result export(struct service *service, struct task *task, void *argument)
{
    struct export_work *work = argument;
    task->actor = STR("command");
    TRY(audit_note(service, service->db, task,
                   &(struct audit_event){.type = AUDIT_ACCOUNTS_EXPORTED,
                                         .detail = work->with_hashes ? "with password hashes" : NULL}));
    progress_begin(&work->progress, "accounts", 0, 0);
    do TRY(run_page(work, service, task));
    while (!is_nil(work->after));
    progress_clear(&work->progress);
    if (fflush(stdout) != 0)
        FAIL(&task->fault, INTERNAL, "the output cannot be written: %s", strerror(errno));
    fprintf(stderr, "%lld account(s)\n", (long long)work->count);
    return RESULT_OK;
}

int export_command(int argc, char **argv)
{
    struct export_work work = {0};
    const struct command_option options[] = {{"--with-hashes", NULL, &work.with_hashes}, {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    return runtime_command("export", &line, export, &work);
}
