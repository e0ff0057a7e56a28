// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/base/log.h"
#include "auth/command/command.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/mailer.h"
#include "auth/domain/webhook_sender.h"
#include "auth/loop/fiber.h"
#include "runtime_internal.h"

#define WORK_ARENA_BYTES   (64u * 1024u * 1024u)
#define WORK_TIME_MS       INT64_C(30000)
#define WEBHOOK_COMMAND_MS INT64_C(10000)

/* Without the slash of a JSON pointer, which means nothing on a command line. */
static const char *field_name(const char *pointer)
{
    return pointer[0] == '/' ? pointer + 1 : pointer;
}

void failure_print(const char *command, const struct task *task, result outcome)
{
    const struct fault *fault = &task->fault;
    const size_t count = fault->error_count < FIELD_ERRORS_MAX ? fault->error_count : FIELD_ERRORS_MAX;
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "auth %s: %s: %s\n", command, field_name(fault->errors[i].pointer),
                fault->errors[i].detail);
    if (count == 0)
        fprintf(stderr, "auth %s: %s\n", command,
                fault->detail[0] ? fault->detail : status_sentence(outcome.code));
}

struct alone {
    struct fiber_job job;
    struct runtime *runtime;
    service_work *work;
    void *argument;
    result outcome;
};

/* The work is done, whatever comes of this: a server gives the events their places otherwise. */
static void flush_events(struct service *service, const struct task *done)
{
    if (!service->has_noted) return;
    struct task *task = arena_alloc(done->arena, sizeof *task);
    task_init(task, done->arena, done->id, WORK_TIME_MS);
    if (!is_ok(audit_chain_flush(service, task)))
        log_event(LOG_LEVEL_WARN, "security events have not been chained yet",
                  LOG_TEXT("detail", str_from(task->fault.detail)));
}

/* What waits for a mail server that is away is in the outbox, and no failure of the command. */
static void send_mail(struct service *service, struct task *task)
{
    if (!service->is_mail_due || is_ok(mailer_drain(service, task))) return;
    log_event(LOG_LEVEL_WARN, "mail is left to the server", LOG_TEXT("detail", str_from(task->fault.detail)));
    fault_clear(&task->fault);
}

/* What a receiver that is slow or away does not take now is the server's. */
static void send_webhooks(struct service *service, const struct task *done)
{
    if (!service->is_webhook_due) return;
    struct task *task = arena_alloc(done->arena, sizeof *task);
    task_init(task, done->arena, done->id, WORK_TIME_MS);
    if (!is_ok(webhook_sender_drain(service, task, WEBHOOK_COMMAND_MS)))
        log_event(LOG_LEVEL_WARN, "webhooks are left to the server", LOG_TEXT("command", done->id));
}

static result work_alone(struct alone *alone, struct task *task)
{
    struct service service;
    const result opened = service_open(alone->runtime, loop_self(), &service);
    const result outcome = is_ok(opened) ? alone->work(&service, task, alone->argument) : opened;
    if (is_ok(outcome)) send_mail(&service, task);
    flush_events(&service, task);
    send_webhooks(&service, task);
    service_close(&service);
    return outcome;
}

static void run_alone(struct fiber_job *job)
{
    struct alone *alone = CONTAINER_OF(job, struct alone, job);
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(WORK_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, alone->runtime->task.id, WORK_TIME_MS);
    task->actor = str_printf(arena, "command:%.*s", STR_ARGS(task->id));
    alone->outcome = work_alone(alone, task);
    if (!is_ok(alone->outcome)) failure_print(task->id.ptr, task, alone->outcome);
}

int runtime_run(struct runtime *runtime, service_work *work, void *argument)
{
    struct alone alone = {.job.run = run_alone, .runtime = runtime, .work = work, .argument = argument};
    const result ran = fiber_run_alone(&alone.job);
    return is_ok(ran) && is_ok(alone.outcome) ? EXIT_DONE : EXIT_FAILED;
}

int runtime_command(const char *command, const struct command_line *line, service_work *work, void *argument)
{
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, line, command);
    if (code == EXIT_DONE) code = runtime_start(&runtime);
    if (code == EXIT_DONE) code = runtime_run(&runtime, work, argument);
    runtime_done(&runtime);
    return code;
}
