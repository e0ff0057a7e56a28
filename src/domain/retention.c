// SPDX-License-Identifier: MIT
#include "auth/domain/retention.h"

#include "auth/domain/audit.h"
#include "auth/domain/audit_retention.h"
#include "auth/domain/background.h"
#include "auth/store/account_repo.h"
#include "auth/store/code_repo.h"
#include "auth/store/idempotency_repo.h"
#include "auth/store/invitation_repo.h"
#include "auth/store/login_challenge_repo.h"
#include "auth/store/mail_repo.h"
#include "auth/store/revoked_token_repo.h"
#include "auth/store/session_repo.h"
#include "auth/store/webhook_repo.h"

#define STEP_ARENA_BYTES  (1024u * 1024u)
#define STEP_TIME_MS      INT64_C(5000)
#define STEP_ROWS         500
#define CODE_RETENTION_MS INT64_C(86400000)
#define UNTHROTTLED_MS    INT64_C(86400000)
#define CLOCK_ALLOWANCE_MS \
    INT64_C(3600000) /* a token that has expired here may be good elsewhere for a while */

/* The account, its sessions with it, and a trace that this has happened. */
static result erase_account(struct service *service, struct task *task, struct id id)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    const result erased = account_erase_closed(tx, task, id);
    /* Its owner came back, or another server was first. */
    if (erased.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(erased);
    TRY(audit_note(service, tx, task, &(struct audit_event){.type = AUDIT_ACCOUNT_ERASED, .account_id = id}));
    return db_commit(&tx, task);
}

/* On through the accounts, window by window; from the first again after the last. */
static result sweep_accounts(struct service *service, struct task *task)
{
    struct closed_accounts window;
    TRY(account_closed_window(service->db, task, service->retention_after, STEP_ROWS, &window));
    for (size_t i = 0; i < window.due_count; i++) TRY(erase_account(service, task, window.due[i]));
    service->retention_after = window.is_last ? (struct id){{0}} : window.last;
    return RESULT_OK;
}

/* Rows that go by their age alone, a bounded number of each in a step. */
static const struct eraser {
    result (*erase)(struct db *db, struct task *task, int64_t before_ms, int64_t count);
    int64_t age_ms; /* how long after its end a row is kept */
} ERASERS[] = {
    {session_erase_expired, RETENTION_MS},
    {revoked_token_erase_expired, CLOCK_ALLOWANCE_MS},
    {code_erase_expired, CODE_RETENTION_MS},
    {invitation_erase_expired, RETENTION_MS},
    {login_challenge_erase_old, CLOCK_ALLOWANCE_MS},
    {idempotency_erase_expired, CLOCK_ALLOWANCE_MS},
    {mail_erase_finished, RETENTION_MS},
    {mail_limit_erase_over, 0},
    {webhook_delivery_erase_old, RETENTION_MS},
};

result retention_step(struct service *service, struct task *task)
{
    const struct throttle_retention throttles = {
        .free_attempts = service->policy->throttle.free_attempts,
        .stop = service->policy->throttle.stop,
        .unthrottled_before_ms = task->now_ms - UNTHROTTLED_MS,
        .throttled_before_ms = task->now_ms - RETENTION_MS,
    };
    TRY(sweep_accounts(service, task));
    for (size_t i = 0; i < ARRAY_COUNT(ERASERS); i++)
        TRY(ERASERS[i].erase(service->db, task, task->now_ms - ERASERS[i].age_ms, STEP_ROWS));
    TRY(throttle_erase_old(service->db, task, &throttles, STEP_ROWS));
    return audit_retention_step(service, task, STEP_ROWS);
}

static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    *ret_again_ms = 0;
    return retention_step(service, task);
}

const struct background_work retention_work = {.name = "retention",
                                               .pause_ms = RETENTION_INTERVAL_MS,
                                               .time_limit_ms = STEP_TIME_MS,
                                               .arena_bytes = STEP_ARENA_BYTES,
                                               .step = step};

void retention_touch(struct service *service)
{
    background_wake(service->retention, service, 0);
}
