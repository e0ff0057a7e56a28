// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "webhook_sender_internal.h"

#define STEP_TIME_MS         INT64_C(10000)
#define STEP_ARENA_BYTES     (1024u * 1024u)
#define LANE_ARENA_BYTES     (256u * 1024u)
#define DELIVERY_ARENA_BYTES (1024u * 1024u)
#define TURN_MS              INT64_C(10000) /* then others get theirs */
#define SPARE_MS             INT64_C(20000) /* for a thread, and for the database before and after */
#define PAUSE_LONGEST_MS     INT64_C(300000)
#define DOUBLINGS_MAX        20
#define RACE_MS              20u /* another worker was faster: once more, and not at the same moment */
#define STATUS_GONE          410
#define PLACE_LOOK_MS        INT64_C(250) /* all places may be taken by other loops */
#define COUNT_PAUSE_MS       INT64_C(10000)

/* One webhook's turn. Stands in its own arena. */
struct lane {
    struct fiber_job job;
    struct arena *arena;
    struct task task;
    struct service *service;
    int64_t began_ms;      /* monotonic */
    int64_t began_wall_ms; /* the task's time at the same moment */
    int64_t turn_ms;
    struct webhook webhook;
    bool is_over;
};

/* --- times -------------------------------------------------------------------------------------------------------- */

/* A turn may take half a minute. */
static int64_t now_of(const struct lane *lane)
{
    return lane->began_wall_ms + (clock_monotonic_ms() - lane->began_ms);
}

static int64_t claim_ms_of(const struct service *service)
{
    return TURN_MS + service->webhooks->options.timeout_ms + SPARE_MS;
}

/* A quarter more or less, so that what failed together does not come back together. */
static int64_t with_jitter(int64_t delay_ms)
{
    const int64_t quarter_ms = delay_ms / 4;
    return delay_ms - quarter_ms + (int64_t)random_below((unsigned)(2 * quarter_ms + 1));
}

static int64_t pause_ms(const struct webhook_sender *sender, int64_t failures)
{
    int64_t delay_ms = sender->retry_ms[0];
    for (int64_t i = 1; i < failures && i < DOUBLINGS_MAX && delay_ms < PAUSE_LONGEST_MS; i++) delay_ms *= 2;
    return with_jitter(delay_ms < PAUSE_LONGEST_MS ? delay_ms : PAUSE_LONGEST_MS);
}

/* --- what becomes of a delivery ----------------------------------------------------------------------------------- */

static void log_failure(const struct lane *lane, const struct webhook_delivery *delivery, const char *words)
{
    char id[ID_TEXT_SIZE];
    id_print(lane->webhook.id, id);
    log_event(LOG_LEVEL_WARN, words, LOG_TEXT("webhook", str_from(id)),
              LOG_TEXT("event", delivery->event_type), LOG_NUMBER("attempts", delivery->attempts),
              LOG_TEXT("reason", delivery->last_error));
}

static result note_success(struct lane *lane, struct task *task, struct webhook_delivery *delivery)
{
    atomic_fetch_add(&lane->service->webhooks->delivered, 1);
    lane->webhook.failures = lane->webhook.failing_since_ms = lane->webhook.paused_until_ms = 0;
    delivery->state = STR("delivered");
    delivery->finished_at_ms = now_of(lane);
    return webhook_delivery_finish(lane->service->db, task, delivery);
}

static result give_up(struct lane *lane, struct task *task, struct webhook_delivery *delivery)
{
    log_failure(lane, delivery, "a webhook is not delivered");
    atomic_fetch_add(&lane->service->webhooks->given_up, 1);
    delivery->state = STR("failed");
    delivery->finished_at_ms = now_of(lane);
    return webhook_delivery_finish(lane->service->db, task, delivery);
}

static result try_later(struct lane *lane, struct task *task, struct webhook_delivery *delivery)
{
    const struct webhook_sender *sender = lane->service->webhooks;
    const size_t attempts = (size_t)delivery->attempts;
    if (attempts > sender->retry_count) return give_up(lane, task, delivery);
    log_failure(lane, delivery, "a webhook is delivered later");
    delivery->next_attempt_at_ms = now_of(lane) + with_jitter(sender->retry_ms[attempts - 1]);
    return webhook_delivery_postpone(lane->service->db, task, delivery);
}

static result disable(struct service *service, struct task *task, const struct webhook_disabling *disabling,
                      bool *ret_is_disabled)
{
    char id[ID_TEXT_SIZE];
    id_print(disabling->id, id);
    const result disabled = webhooks_disable(service, task, disabling, ret_is_disabled);
    if (!*ret_is_disabled) return disabled;
    log_event(LOG_LEVEL_WARN, "a webhook is disabled", LOG_TEXT("webhook", str_from(id)),
              LOG_TEXT("reason", str_from(disabling->reason)));
    atomic_fetch_add(&service->webhooks->disabled, 1);
    return disabled;
}

/* One that was changed meanwhile has failed in nothing yet. What the lane tells of the failures is told of the version that
 * this makes. */
static result disable_own(struct lane *lane, struct task *task, const char *reason)
{
    const struct webhook_disabling disabling = {
        .id = lane->webhook.id, .reason = reason, .is_of_version = true, .version = lane->webhook.version};
    bool is_disabled;
    const result disabled = disable(lane->service, task, &disabling, &is_disabled);
    if (is_disabled) lane->webhook.version++;
    return disabled;
}

/* As long as the receiver asks for, where that is longer. */
static int64_t pause_of(const struct lane *lane, int64_t wait_ms)
{
    const int64_t own_ms = pause_ms(lane->service->webhooks, lane->webhook.failures);
    return own_ms > wait_ms ? own_ms : wait_ms;
}

/* The receiver has its pause, and this its next attempt; what else waits for it waits as well. */
static result note_failure(struct lane *lane, struct task *task, int64_t wait_ms,
                           struct webhook_delivery *delivery)
{
    const struct webhook_sender *sender = lane->service->webhooks;
    struct webhook *webhook = &lane->webhook;
    const int64_t now_ms = now_of(lane);
    const int64_t longest_ms = sender->options.disable_after_ms;
    atomic_fetch_add(&lane->service->webhooks->attempts_failed, 1);
    lane->is_over = true;
    webhook->failures++;
    if (webhook->failing_since_ms == 0) webhook->failing_since_ms = now_ms;
    webhook->paused_until_ms = now_ms + pause_of(lane, wait_ms);
    if (delivery->last_status == STATUS_GONE) {
        TRY(give_up(lane, task, delivery));
        return disable_own(lane, task, "the receiver answered 410 Gone");
    }
    TRY(try_later(lane, task, delivery));
    if (longest_ms == 0 || now_ms - webhook->failing_since_ms < longest_ms) return RESULT_OK;
    return disable_own(lane, task, "it has failed for too long");
}

/* --- a turn ------------------------------------------------------------------------------------------------------- */

static result note_attempt(struct lane *lane, struct task *task, const struct webhook_attempt *attempt,
                           struct webhook_delivery *delivery)
{
    switch (attempt->outcome) {
    case WEBHOOK_DELIVERED:
        return note_success(lane, task, delivery);
    case WEBHOOK_VOID:
        return give_up(lane, task, delivery);
    case WEBHOOK_FAILED:
        break;
    }
    return note_failure(lane, task, attempt->wait_ms, delivery);
}

static result deliver(struct lane *lane, struct task *task)
{
    struct webhook_delivery delivery;
    struct webhook_attempt attempt;
    const result taken =
        webhook_delivery_take(lane->service->db, task, &lane->webhook, now_of(lane), &delivery);
    if (taken.code == STATUS_NOT_FOUND) lane->is_over = true;
    if (lane->is_over) return RESULT_OK;
    TRY(taken);
    TRY(webhook_try(lane->service, task, &lane->webhook, now_of(lane), &delivery, &attempt));
    /* However long that took, what came of it is recorded. */
    task->now_ms = now_of(lane);
    task->deadline_ms = clock_monotonic_ms() + STEP_TIME_MS;
    return note_attempt(lane, task, &attempt, &delivery);
}

/* Each in an arena and a time of its own: there may be thousands. */
static result deliver_next(struct lane *lane)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(DELIVERY_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, lane->task.id, lane->service->webhooks->options.timeout_ms + SPARE_MS);
    task->now_ms = now_of(lane);
    task->actor = lane->task.id;
    const result delivered = deliver(lane, task);
    if (is_ok(delivered)) return delivered;
    FAIL(&lane->task.fault, DATABASE_UNAVAILABLE, "%s: %s", status_name(delivered.code), task->fault.detail);
}

static bool is_turn_over(const struct lane *lane)
{
    return lane->is_over || atomic_load(&lane->service->webhooks->is_stopping) ||
           clock_monotonic_ms() - lane->began_ms >= lane->turn_ms;
}

static result take_turn(struct lane *lane)
{
    result delivered = RESULT_OK;
    while (is_ok(delivered) && !is_turn_over(lane)) delivered = deliver_next(lane);
    /* What could not be recorded is found when the claim has run out. */
    TRY(delivered);
    lane->task.deadline_ms = clock_monotonic_ms() + STEP_TIME_MS;
    return webhook_release(lane->service->db, &lane->task, &lane->webhook, now_of(lane));
}

/* What has failed in it is the caller's to tell of. */
static void lane_close(struct lane *lane, struct task *task)
{
    if (task->fault.code == STATUS_OK) task->fault = lane->task.fault;
    arena_destroy(lane->arena);
}

/* With a webhook that something is due for; NOT_FOUND, and no lane, when there is none. */
static result lane_open(struct service *service, struct task *task, int64_t now_ms, struct lane **ret_lane)
{
    struct arena *arena = arena_create(LANE_ARENA_BYTES);
    struct lane *lane = arena_alloc(arena, sizeof *lane);
    lane->arena = arena;
    lane->service = service;
    lane->turn_ms = TURN_MS;
    task_init(&lane->task, arena, STR("webhooks"), STEP_TIME_MS);
    lane->task.deadline_ms = task->deadline_ms;
    lane->task.now_ms = now_ms;
    lane->began_ms = clock_monotonic_ms();
    lane->began_wall_ms = now_ms;
    const result claimed =
        webhook_claim(service->db, &lane->task, now_ms, now_ms + claim_ms_of(service), &lane->webhook);
    if (is_ok(claimed))
        *ret_lane = lane;
    else
        lane_close(lane, task);
    return claimed;
}

/* --- in the background -------------------------------------------------------------------------------------------- */

static void lane_run(struct fiber_job *job)
{
    struct lane *lane = CONTAINER_OF(job, struct lane, job);
    const result taken = take_turn(lane);
    if (is_ok(taken)) return;
    log_event(LOG_LEVEL_WARN, "work in the background has failed", LOG_TEXT("work", lane->task.id),
              LOG_TEXT("code", str_from(status_name(taken.code))),
              LOG_TEXT("detail", str_from(lane->task.fault.detail)));
}

static void lane_ended(struct fiber_job *job)
{
    struct lane *lane = CONTAINER_OF(job, struct lane, job);
    struct service *service = lane->service;
    atomic_fetch_sub(&service->webhooks->lanes, 1);
    background_wake(service->webhook_worker, service, 0);
    arena_destroy(lane->arena);
}

/* All fibers may be in use: the webhook's claim is given back then. */
static result lane_start(struct lane *lane, struct task *task)
{
    lane->job = (struct fiber_job){.run = lane_run, .ended = lane_ended};
    if (is_ok(fiber_start(&lane->job))) return RESULT_OK;
    const result released =
        webhook_release(lane->service->db, &lane->task, &lane->webhook, lane->began_wall_ms);
    lane_close(lane, task);
    TRY(released);
    return RESULT(OVERLOADED);
}

/* Of all loops together there are no more than there are threads: none waits in line while its claim runs out. */
static bool take_place(struct webhook_sender *sender)
{
    if (atomic_fetch_add(&sender->lanes, 1) < WEBHOOK_LANES) return true;
    atomic_fetch_sub(&sender->lanes, 1);
    return false;
}

/* Not often, since it takes long where much waits; one loop for all. */
static result count_waiting(struct service *service, struct task *task)
{
    struct webhook_sender *sender = service->webhooks;
    const int64_t now_ms = clock_monotonic_ms();
    const int64_t most = sender->options.backlog_max + 1;
    int64_t due_ms = atomic_load(&sender->count_due_ms);
    struct webhook_backlog backlog;
    bool is_disabled;
    if (now_ms < due_ms) return RESULT_OK;
    if (!atomic_compare_exchange_strong(&sender->count_due_ms, &due_ms, now_ms + COUNT_PAUSE_MS))
        return RESULT_OK;
    TRY(webhook_backlog_find(service->db, task, most, &backlog));
    atomic_store(&sender->waiting, backlog.waiting);
    if (backlog.longest < most) return RESULT_OK;
    return disable(service, task,
                   &(struct webhook_disabling){.id = backlog.longest_id,
                                               .reason = "more events wait for it than are kept"},
                   &is_disabled);
}

/* When to go on by itself; 0: nothing waits. */
static result look_ahead(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    struct webhook_due due;
    TRY(webhook_due_find(service->db, task, &due));
    *ret_again_ms = 0;
    if (!due.is_anything_waiting) {
        atomic_store(&service->webhooks->waiting, 0);
        return RESULT_OK;
    }
    const int64_t wait_ms = due.at_ms - task->now_ms;
    *ret_again_ms = wait_ms > 0 ? wait_ms : 1 + (int64_t)random_below(RACE_MS);
    return count_waiting(service, task);
}

static result begin_lane(struct service *service, struct task *task)
{
    struct lane *lane = NULL;
    result begun = lane_open(service, task, task->now_ms, &lane);
    if (is_ok(begun)) begun = lane_start(lane, task);
    if (!is_ok(begun)) atomic_fetch_sub(&service->webhooks->lanes, 1);
    return begun;
}

/* A lane for each webhook that something is due for, as many as there may be; a lane that ends wakes this again. */
static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    struct webhook_sender *sender = service->webhooks;
    *ret_again_ms = PLACE_LOOK_MS;
    while (!atomic_load(&sender->is_stopping) && take_place(sender)) {
        const result begun = begin_lane(service, task);
        if (begun.code == STATUS_NOT_FOUND) return look_ahead(service, task, ret_again_ms);
        TRY(begun);
    }
    return count_waiting(service, task);
}

const struct background_work webhook_work = {.name = "webhooks",
                                             .pause_ms = 0,
                                             .time_limit_ms = STEP_TIME_MS,
                                             .arena_bytes = STEP_ARENA_BYTES,
                                             .step = step};

/* --- in a command ------------------------------------------------------------------------------------------------- */

result webhook_sender_drain(struct service *service, struct task *task, int64_t limit_ms)
{
    const int64_t began_ms = clock_monotonic_ms();
    const int64_t deadline_ms = task->deadline_ms;
    int64_t passed_ms = 0;
    result drained = RESULT_OK;
    service->is_webhook_due = false;
    while (is_ok(drained) && passed_ms < limit_ms) {
        struct lane *lane;
        task->deadline_ms = clock_monotonic_ms() + STEP_TIME_MS;
        drained = lane_open(service, task, task->now_ms + passed_ms, &lane);
        if (!is_ok(drained)) break;
        lane->turn_ms = limit_ms - passed_ms;
        drained = take_turn(lane);
        lane_close(lane, task);
        passed_ms = clock_monotonic_ms() - began_ms;
    }
    task->deadline_ms = deadline_ms;
    return drained.code == STATUS_NOT_FOUND ? RESULT_OK : drained;
}
