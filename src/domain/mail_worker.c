// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/crypto/digest.h"
#include "auth/domain/email.h"
#include "mailer_internal.h"

#define STEP_TIME_MS     INT64_C(900000)
#define STEP_ARENA_BYTES (1024u * 1024u)
#define MAIL_ARENA_BYTES (4u * 1024u * 1024u)
#define BATCH_MS         INT64_C(30000) /* then others get their turn */
#define CLAIM_SPARE_MS   INT64_C(5000)  /* for what is done with the database before and after */
#define HOUR_MS          INT64_C(3600000)
#define DOUBLINGS_MAX    20
#define RACE_MS          20u /* another worker was faster: once more, and not at the same moment */

/* One run of the worker. */
struct batch {
    struct service *service;
    struct task *task;
    struct delivery *delivery;
    int64_t began_ms; /* monotonic */
    int64_t task_now_ms;
    bool is_over;
    bool is_unreachable;
};

/* The task's time, which goes on: a run may take minutes. */
static int64_t now_of(const struct batch *batch)
{
    return batch->task_now_ms + (clock_monotonic_ms() - batch->began_ms);
}

/* A quarter more or less, so that what failed together does not come back together. */
static int64_t with_jitter(int64_t delay_ms)
{
    const int64_t quarter_ms = delay_ms / 4;
    return delay_ms - quarter_ms + (int64_t)random_below((unsigned)(2 * quarter_ms + 1));
}

static int64_t retry_delay_ms(const struct mailer_options *options, int64_t attempts)
{
    int64_t delay_ms = options->retry_ms;
    for (int64_t i = 1; i < attempts && i < DOUBLINGS_MAX && delay_ms < options->retry_longest_ms; i++)
        delay_ms *= 2;
    return with_jitter(delay_ms < options->retry_longest_ms ? delay_ms : options->retry_longest_ms);
}

/* --- what becomes of a mail --------------------------------------------------------------------------------------- */

static result give_up(struct batch *batch, const struct mail_record *record, struct str reason)
{
    char id[ID_TEXT_SIZE];
    id_print(record->id, id);
    log_event(LOG_LEVEL_WARN, "mail is not sent", LOG_TEXT("mail", str_from(id)),
              LOG_TEXT("kind", record->kind), LOG_NUMBER("attempts", record->attempts),
              LOG_TEXT("reason", reason));
    atomic_fetch_add(&batch->service->mailer->failed, 1);
    return mail_finish(batch->service->db, batch->task, record, STR("failed"), reason);
}

static result try_later(struct batch *batch, const struct mail_record *record, struct str reason)
{
    const struct mailer_options *options = &batch->service->mailer->options;
    const int64_t next_ms = batch->task->now_ms + retry_delay_ms(options, record->attempts);
    if (next_ms - record->created_at_ms > options->give_up_ms) return give_up(batch, record, reason);
    log_event(LOG_LEVEL_WARN, "mail is sent later", LOG_TEXT("kind", record->kind),
              LOG_NUMBER("attempts", record->attempts), LOG_TEXT("reason", reason));
    return mail_postpone(batch->service->db, batch->task, record, next_ms, reason);
}

static result note_outcome(struct batch *batch, const struct mail_record *record,
                           enum delivery_outcome outcome, struct str reason)
{
    struct mailer *mailer = batch->service->mailer;
    switch (outcome) {
    case DELIVERY_SENT:
        atomic_fetch_add(&mailer->sent, 1);
        return mail_finish(batch->service->db, batch->task, record, STR("sent"), STR_NONE);
    case DELIVERY_PRINTED:
        atomic_fetch_add(&mailer->printed, 1);
        return mail_finish(batch->service->db, batch->task, record, STR("printed"), STR_NONE);
    case DELIVERY_REFUSED:
        return give_up(batch, record, reason);
    case DELIVERY_UNREACHABLE:
        batch->is_unreachable = true;
        batch->is_over = true;
        return try_later(batch, record, reason);
    case DELIVERY_POSTPONED:
        break;
    }
    return try_later(batch, record, reason);
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* A database that leaks shows no addresses that have no account. */
static struct mail_limit limit_of(const struct service *service, const char *what, struct str whose,
                                  int64_t most)
{
    const struct str parts[] = {str_from(what), whose};
    struct mail_limit limit = {.most = most, .window_ms = HOUR_MS};
    hmac_sha256(&service->secrets->throttle_key, parts, ARRAY_COUNT(parts), limit.key);
    return limit;
}

static struct str address_key(struct task *task, struct str address)
{
    struct str key;
    if (is_ok(email_canonicalize(task, "to", address, &key))) return key;
    fault_clear(&task->fault);
    return address;
}

/* OK, or RATE_LIMITED with the time from which on there is room again. */
static result take_limits(struct batch *batch, const struct mail *mail, int64_t *ret_free_at_ms)
{
    struct service *service = batch->service;
    const struct mailer_options *options = &service->mailer->options;
    const enum mail_class class = mail_class_of(mail->kind);
    const struct str address = address_key(batch->task, mail->to);
    if (class == MAIL_CLASS_FREE) return RESULT_OK;
    const struct mail_limit for_address =
        class == MAIL_CLASS_ASKED
            ? limit_of(service, "mail asked for by address\n", address, options->per_hour)
            : limit_of(service, "mail notices by address\n", address, options->notices_per_hour);
    TRY(mail_limit_take(service->db, batch->task, &for_address, batch->task->now_ms, ret_free_at_ms));
    if (class != MAIL_CLASS_ASKED || is_nil(mail->account_id)) return RESULT_OK;
    const struct str account = {(const char *)mail->account_id.bytes, sizeof mail->account_id.bytes};
    const struct mail_limit for_account =
        limit_of(service, "mail asked for by account\n", account, options->account_per_hour);
    return mail_limit_take(service->db, batch->task, &for_account, batch->task->now_ms, ret_free_at_ms);
}

/* What anybody can ask for is dropped, a notice comes later. */
static result exceed(struct batch *batch, const struct mail_record *record, const struct mail *mail,
                     int64_t free_at_ms)
{
    const struct str reason = STR("too much mail in this hour");
    if (mail_class_of(mail->kind) == MAIL_CLASS_NOTICE)
        return mail_put_back(batch->service->db, batch->task, record, free_at_ms, reason);
    atomic_fetch_add(&batch->service->mailer->limited, 1);
    return give_up(batch, record, reason);
}

/* --- one mail ----------------------------------------------------------------------------------------------------- */

static result deliver(struct batch *batch, const struct mail_record *record, const struct mail *mail)
{
    enum delivery_outcome outcome;
    struct str reason;
    TRY(delivery_run(batch->delivery, batch->task, mail, record->id, &outcome, &reason));
    batch->task->now_ms = now_of(batch);
    return note_outcome(batch, record, outcome, reason);
}

static result handle(struct batch *batch, const struct mail_record *record)
{
    struct task *task = batch->task;
    struct mail mail;
    int64_t free_at_ms;
    if (!is_ok(mailer_read(batch->service, task, record, &mail))) {
        fault_clear(&task->fault);
        return give_up(batch, record, STR("its content cannot be opened: was AUTH_SECRET_KEY changed?"));
    }
    if (mail.expires_at_ms != 0 && mail.expires_at_ms <= task->now_ms)
        return give_up(batch, record, STR("its code or link has expired"));
    /* A further attempt is the same mail. */
    const result room = record->attempts == 1 ? take_limits(batch, &mail, &free_at_ms) : RESULT_OK;
    if (room.code == STATUS_RATE_LIMITED) return exceed(batch, record, &mail, free_at_ms);
    TRY(room);
    return deliver(batch, record, &mail);
}

static result take_next(struct batch *batch)
{
    struct mail_record record;
    struct task *task = batch->task;
    /* As long as it may wait for a thread, then for the server. */
    const int64_t claim_ms = 2 * batch->service->mailer->options.smtp.timeout_ms + CLAIM_SPARE_MS;
    task->now_ms = now_of(batch);
    const result claimed =
        mail_claim(batch->service->db, task, task->now_ms, task->now_ms + claim_ms, &record);
    if (claimed.code == STATUS_NOT_FOUND) batch->is_over = true;
    if (batch->is_over) return RESULT_OK;
    TRY(claimed);
    return handle(batch, &record);
}

/* Each in an arena of its own: there may be thousands. */
static result take_all(struct batch *batch)
{
    struct arena *const kept = batch->task->arena;
    const atomic_bool *is_stopping = &batch->service->mailer->is_stopping;
    while (!batch->is_over && !atomic_load(is_stopping) &&
           clock_monotonic_ms() - batch->began_ms < BATCH_MS) {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(MAIL_ARENA_BYTES);
        batch->task->arena = arena;
        const result taken = take_next(batch);
        batch->task->arena = kept;
        TRY(taken);
    }
    return RESULT_OK;
}

/* --- the worker --------------------------------------------------------------------------------------------------- */

/* When to go on by itself; 0: nothing waits. */
static result look_ahead(struct batch *batch, int64_t *ret_again_ms)
{
    struct mailer *mailer = batch->service->mailer;
    struct mail_pending pending;
    const int64_t now_ms = now_of(batch);
    TRY(mail_pending_count(batch->service->db, batch->task, &pending));
    atomic_store(&mailer->waiting, pending.waiting);
    atomic_store(&mailer->oldest_at_ms, pending.oldest_at_ms);
    *ret_again_ms = 0;
    if (pending.waiting == 0) return RESULT_OK;
    if (batch->is_unreachable)
        *ret_again_ms = with_jitter(mailer->options.retry_ms);
    else if (pending.next_attempt_at_ms > now_ms)
        *ret_again_ms = pending.next_attempt_at_ms - now_ms;
    else
        *ret_again_ms = 1 + (int64_t)random_below(RACE_MS);
    return RESULT_OK;
}

static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    struct batch batch = {
        .service = service, .task = task, .began_ms = clock_monotonic_ms(), .task_now_ms = task->now_ms};
    TRY(delivery_open(service, task, &batch.delivery));
    const result taken = take_all(&batch);
    delivery_close(batch.delivery);
    TRY(taken);
    return look_ahead(&batch, ret_again_ms);
}

const struct background_work mailer_work = {.name = "mail",
                                            .pause_ms = 0,
                                            .time_limit_ms = STEP_TIME_MS,
                                            .arena_bytes = STEP_ARENA_BYTES,
                                            .step = step};

result mailer_drain(struct service *service, struct task *task)
{
    const int64_t now_ms = task->now_ms;
    const int64_t deadline_ms = task->deadline_ms;
    int64_t again_ms;
    task->deadline_ms = clock_monotonic_ms() + STEP_TIME_MS;
    service->is_mail_due = false;
    const result stepped = step(service, task, &again_ms);
    task->now_ms = now_ms;
    task->deadline_ms = deadline_ms;
    return stepped;
}
