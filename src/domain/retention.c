// SPDX-License-Identifier: MIT
#include "auth/domain/retention.h"

#include <stdlib.h>

#include "auth/base/log.h"
#include "auth/store/account_repo.h"
#include "auth/store/audit_repo.h"
#include "auth/store/revoked_token_repo.h"
#include "auth/store/session_repo.h"

#define STEP_ARENA_BYTES (1024u * 1024u)
#define STEP_TIME_MS     INT64_C(5000)
#define STEP_ROWS        500
#define UNTHROTTLED_MS   INT64_C(86400000)
#define CLOCK_ALLOWANCE_MS \
    INT64_C(3600000) /* a token that has expired here may be good elsewhere for a while */

struct retention {
    struct id after;  /* accounts up to this one were looked at */
    int64_t begun_ms; /* monotonic; of the last step */
    bool is_running;
    struct fiber_job job;
    struct service *service;
};

struct retention *retention_create(void)
{
    struct retention *retention = calloc(1, sizeof *retention);
    if (!retention) panic("out of memory");
    return retention;
}

void retention_destroy(struct retention *retention)
{
    free(retention);
}

/* The account, its sessions with it, and a trace that this has happened. */
static result erase_account(struct service *service, struct task *task, struct id id)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    const result erased = account_erase_closed(tx, task, id);
    /* Its owner came back, or another server was first. */
    if (erased.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(erased);
    TRY(audit_event_insert(tx, task, &(struct audit_event){.type = AUDIT_ACCOUNT_ERASED, .account_id = id}));
    return db_commit(&tx, task);
}

/* On through the accounts, window by window; from the first again after the last. */
static result sweep_accounts(struct service *service, struct task *task)
{
    struct retention *retention = service->retention;
    struct closed_accounts window;
    TRY(account_closed_window(service->db, task, retention->after, STEP_ROWS, &window));
    for (size_t i = 0; i < window.due_count; i++) TRY(erase_account(service, task, window.due[i]));
    retention->after = window.is_last ? (struct id){{0}} : window.last;
    return RESULT_OK;
}

result retention_step(struct service *service, struct task *task)
{
    const struct throttle_retention throttles = {
        .free_attempts = service->policy->throttle.free_attempts,
        .stop = service->policy->throttle.stop,
        .unthrottled_before_ms = task->now_ms - UNTHROTTLED_MS,
        .throttled_before_ms = task->now_ms - RETENTION_MS,
    };
    TRY(sweep_accounts(service, task));
    TRY(session_erase_expired(service->db, task, task->now_ms - RETENTION_MS, STEP_ROWS));
    TRY(revoked_token_erase_expired(service->db, task, task->now_ms - CLOCK_ALLOWANCE_MS, STEP_ROWS));
    return throttle_erase_old(service->db, task, &throttles, STEP_ROWS);
}

/* A background fiber of its own: nobody waits for it. */
static void step_run(struct fiber_job *job)
{
    struct retention *retention = CONTAINER_OF(job, struct retention, job);
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(STEP_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, STR("retention"), STEP_TIME_MS);
    const result done = retention_step(retention->service, task);
    if (!is_ok(done))
        log_event(LOG_LEVEL_WARN, "what is no longer needed could not be erased",
                  LOG_TEXT("code", str_from(status_name(done.code))),
                  LOG_TEXT("detail", str_from(task->fault.detail)));
    retention->is_running = false;
}

void retention_touch(struct service *service)
{
    struct retention *retention = service->retention;
    const int64_t now_ms = clock_monotonic_ms();
    if (!retention || retention->is_running || now_ms - retention->begun_ms < RETENTION_INTERVAL_MS) return;
    retention->begun_ms = now_ms;
    retention->service = service;
    retention->job = (struct fiber_job){.run = step_run};
    retention->is_running = true;
    /* With all fibers in use there is no time for it now. */
    if (!is_ok(fiber_start(&retention->job))) retention->is_running = false;
}
