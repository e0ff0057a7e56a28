// SPDX-License-Identifier: MIT
#include "auth/domain/retention.h"

#include <string.h>

#include "auth/domain/audit.h"
#include "auth/domain/audit_retention.h"
#include "auth/domain/background.h"
#include "auth/domain/mailer.h"
#include "auth/domain/webhook_sender.h"
#include "auth/store/account_repo.h"
#include "auth/store/device_repo.h"
#include "auth/store/job_lease_repo.h"
#include "auth/store/retention_repo.h"
#include "auth/store/throttle_repo.h"

#define STEP_ARENA_BYTES (1024u * 1024u)
#define STEP_TIME_MS     INT64_C(5000)
#define STEP_ROWS        500
#define BACKLOG_ROWS     (STEP_ROWS / 2) /* of one kind in one step: there is more of it */
#define BACKLOG_PAUSE_MS INT64_C(1000)
#define QUIET_PAUSE_MS   HOUR_MS
#define LEASE_MS         (RETENTION_INTERVAL_MS + STEP_TIME_MS)
#define DAY_MS           INT64_C(86400000)
#define HOUR_MS          INT64_C(3600000)

/* How long after its end a row is kept that goes by its age alone. A token that has expired here may be good elsewhere for
 * a while: clocks differ. */
static const int64_t KEPT_MS[RETAINED_COUNT] = {
    [RETAINED_SESSIONS] = RETENTION_MS,
    [RETAINED_REVOKED_TOKENS] = HOUR_MS,
    [RETAINED_CODES] = DAY_MS,
    [RETAINED_INVITATIONS] = RETENTION_MS,
    [RETAINED_LOGIN_CHALLENGES] = HOUR_MS,
    [RETAINED_ANSWERS] = HOUR_MS,
    [RETAINED_MAIL] = RETENTION_MS,
    [RETAINED_MAIL_LIMITS] = 0,
    [RETAINED_API_KEYS] = RETENTION_MS,
    [RETAINED_DELIVERIES] = RETENTION_MS,
};

/* Erased in one step, of each kind. */
struct tally {
    int64_t rows[RETAINED_COUNT];
};

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

/* Devices that have become new ones again. On through the accounts, window by window; from the first again after the last. */
static result sweep_devices(struct service *service, struct task *task, struct tally *tally)
{
    struct id_range accounts = {.after = service->retained.account_after};
    const int64_t kept_ms = service->policy->device_ms > 0 ? service->policy->device_ms : RETENTION_MS;
    const result found = account_window_end(service->db, task, accounts.after, STEP_ROWS, &accounts.last);
    const bool is_last = found.code == STATUS_NOT_FOUND;
    if (!is_last) TRY(found);
    if (is_last) memset(&accounts.last, 0xff, sizeof accounts.last);
    TRY(known_device_erase_unseen(service->db, task, &accounts, task->now_ms - kept_ms,
                                  &tally->rows[RETAINED_DEVICES]));
    service->retained.account_after = is_last ? (struct id){{0}} : accounts.last;
    return RESULT_OK;
}

static result sweep_accounts(struct service *service, struct task *task, struct tally *tally)
{
    struct id_list closed;
    TRY(account_list_closed(service->db, task, STEP_ROWS, &closed));
    result erased = RESULT_OK;
    for (size_t i = 0; i < closed.count; i++) {
        const result one = erase_account(service, task, closed.items[i]);
        if (is_ok(one))
            tally->rows[RETAINED_ACCOUNTS]++;
        else
            erased = one;
    }
    return erased;
}

static result sweep_aged(struct service *service, struct task *task, struct tally *tally)
{
    for (unsigned kind = 0; kind < RETAINED_COUNT; kind++) {
        if (!retained_goes_by_age(kind)) continue;
        TRY(retained_erase(service->db, task, kind, task->now_ms - KEPT_MS[kind], STEP_ROWS,
                           &tally->rows[kind]));
    }
    return RESULT_OK;
}

static result sweep_throttles(struct service *service, struct task *task, struct tally *tally)
{
    const struct throttle_retention rule = {
        .free_attempts = service->policy->throttle.free_attempts,
        .stop = service->policy->throttle.stop,
        .unthrottled_before_ms = task->now_ms - DAY_MS,
        .throttled_before_ms = task->now_ms - RETENTION_MS,
    };
    return throttle_erase_old(service->db, task, &rule, STEP_ROWS, &tally->rows[RETAINED_THROTTLES]);
}

static result sweep_audit(struct service *service, struct task *task, struct tally *tally)
{
    struct audit_erased erased;
    TRY(audit_retention_step(service, task, STEP_ROWS, &erased));
    tally->rows[RETAINED_ADDRESSES] = erased.addresses;
    tally->rows[RETAINED_EVENTS] = erased.events;
    return RESULT_OK;
}

/* An account that cannot be erased holds nothing else up. */
static result sweep(struct service *service, struct task *task, struct tally *tally)
{
    const result accounts = sweep_accounts(service, task, tally);
    TRY(sweep_devices(service, task, tally));
    TRY(sweep_aged(service, task, tally));
    TRY(sweep_throttles(service, task, tally));
    TRY(sweep_audit(service, task, tally));
    return accounts;
}

static bool count(struct retention_state *state, const struct tally *tally)
{
    bool is_behind = false;
    for (size_t i = 0; i < RETAINED_COUNT; i++) {
        state->erased[i] += (uint64_t)tally->rows[i];
        if (tally->rows[i] >= BACKLOG_ROWS) is_behind = true;
    }
    return is_behind;
}

result retention_step(struct service *service, struct task *task, bool *ret_is_behind)
{
    struct retention_state *state = &service->retained;
    struct tally tally = {{0}};
    bool is_held;
    *ret_is_behind = false;
    if (is_nil(state->holder)) state->holder = id_new(task->now_ms);
    const struct job_lease lease = {.job = STR("retention"), .holder = state->holder, .lasts_ms = LEASE_MS};
    TRY(job_lease_take(service->db, task, &lease, &is_held));
    if (!is_held) return RESULT_OK;
    const result swept = sweep(service, task, &tally);
    /* What was erased before a failure is erased. */
    *ret_is_behind = count(state, &tally);
    state->steps++;
    return swept;
}

static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    bool is_behind;
    service->retained.due_ms = clock_monotonic_ms() + RETENTION_INTERVAL_MS;
    /* Also what a server has left behind that is no more: nobody else was told of it. */
    mailer_wake(service);
    webhook_sender_wake(service);
    TRY(retention_step(service, task, &is_behind));
    *ret_again_ms = is_behind ? BACKLOG_PAUSE_MS : QUIET_PAUSE_MS;
    return RESULT_OK;
}

const struct background_work retention_work = {.name = "retention",
                                               .pause_ms = BACKLOG_PAUSE_MS,
                                               .time_limit_ms = STEP_TIME_MS,
                                               .arena_bytes = STEP_ARENA_BYTES,
                                               .step = step};

void retention_touch(struct service *service)
{
    const int64_t delay_ms = service->retained.due_ms - clock_monotonic_ms();
    background_wake(service->retention, service, delay_ms > 0 ? delay_ms : 0);
}
