// SPDX-License-Identifier: MIT
#include "auth/store/webhook_repo.h"

#include <string.h>

#include "auth/store/statements.h"

static struct db_value int_or_null(int64_t value)
{
    return value == 0 ? db_null() : db_int(value);
}

static struct db_value bytes_or_null(struct str bytes)
{
    return is_empty(bytes) ? db_null() : db_bytes(bytes.ptr, bytes.len);
}

/* All statements that return webhooks list the same columns in the same order; so do those of deliveries. */
static struct webhook webhook_from_row(const struct db_rows *rows, size_t row)
{
    return (struct webhook){
        .id = row_id(rows, row, WEBHOOK_BY_ID_ID),
        .name = row_text(rows, row, WEBHOOK_BY_ID_NAME),
        .url = row_text(rows, row, WEBHOOK_BY_ID_URL),
        .events = row_text(rows, row, WEBHOOK_BY_ID_EVENTS),
        .sealed_secret = row_text(rows, row, WEBHOOK_BY_ID_SEALED_SECRET),
        .previous_sealed_secret = row_text(rows, row, WEBHOOK_BY_ID_PREVIOUS_SEALED_SECRET),
        .previous_until_ms = row_int(rows, row, WEBHOOK_BY_ID_PREVIOUS_UNTIL_MS),
        .is_enabled = row_bool(rows, row, WEBHOOK_BY_ID_IS_ENABLED),
        .disabled_reason = row_text(rows, row, WEBHOOK_BY_ID_DISABLED_REASON),
        .failing_since_ms = row_int(rows, row, WEBHOOK_BY_ID_FAILING_SINCE_MS),
        .failures = row_int(rows, row, WEBHOOK_BY_ID_FAILURES),
        .paused_until_ms = row_int(rows, row, WEBHOOK_BY_ID_PAUSED_UNTIL_MS),
        .claimed_until_ms = row_int(rows, row, WEBHOOK_BY_ID_CLAIMED_UNTIL_MS),
        .version = row_int(rows, row, WEBHOOK_BY_ID_VERSION),
        .created_at_ms = row_int(rows, row, WEBHOOK_BY_ID_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, WEBHOOK_BY_ID_UPDATED_AT_MS),
    };
}

static struct webhook_delivery delivery_from_row(const struct db_rows *rows, size_t row)
{
    return (struct webhook_delivery){
        .webhook_id = row_id(rows, row, WEBHOOK_DELIVERY_BY_ID_WEBHOOK_ID),
        .event_id = row_id(rows, row, WEBHOOK_DELIVERY_BY_ID_EVENT_ID),
        .event_seq = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_EVENT_SEQ),
        .event_type = row_text(rows, row, WEBHOOK_DELIVERY_BY_ID_EVENT_TYPE),
        .state = row_text(rows, row, WEBHOOK_DELIVERY_BY_ID_STATE),
        .attempts = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_ATTEMPTS),
        .next_attempt_at_ms = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_NEXT_ATTEMPT_AT_MS),
        .created_at_ms = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_CREATED_AT_MS),
        .finished_at_ms = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_FINISHED_AT_MS),
        .last_status = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_LAST_STATUS),
        .last_duration_ms = row_int(rows, row, WEBHOOK_DELIVERY_BY_ID_LAST_DURATION_MS),
        .last_error = row_text(rows, row, WEBHOOK_DELIVERY_BY_ID_LAST_ERROR),
    };
}

static result run_webhook(struct db *db, struct task *task, const struct statement *statement,
                          const struct db_value *arguments, struct webhook *ret_webhook)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_webhook = webhook_from_row(&rows, 0);
    return RESULT_OK;
}

static result run_delivery(struct db *db, struct task *task, const struct statement *statement,
                           const struct db_value *arguments, struct webhook_delivery *ret_delivery)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_delivery = delivery_from_row(&rows, 0);
    return RESULT_OK;
}

/* A change that tells of nothing; and one that tells whether there was something to change. */
static result run_quiet(struct db *db, struct task *task, const struct statement *statement,
                        const struct db_value *arguments)
{
    struct db_rows rows;
    return db_run(db, task, statement, arguments, &rows);
}

static result run_told(struct db *db, struct task *task, const struct statement *statement,
                       const struct db_value *arguments)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result webhook_insert(struct db *db, struct task *task, const struct webhook *webhook, int64_t most)
{
    const struct db_value arguments[] = {
        db_id(&webhook->id),
        db_text(webhook->name),
        db_text(webhook->url),
        db_text(webhook->events),
        db_bytes(webhook->sealed_secret.ptr, webhook->sealed_secret.len),
        db_bool(webhook->is_enabled),
        db_int(task->now_ms),
        db_int(most),
    };
    const result inserted = run_told(db, task, &statement_webhook_insert, arguments);
    return inserted.code == STATUS_NOT_FOUND ? RESULT(CONFLICT) : inserted;
}

result webhook_find(struct db *db, struct task *task, struct id id, struct webhook *ret_webhook)
{
    const struct db_value arguments[] = {db_id(&id)};
    return run_webhook(db, task, &statement_webhook_by_id, arguments, ret_webhook);
}

result webhook_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                         struct webhook_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_webhook_page, arguments, &rows));
    struct webhook *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = webhook_from_row(&rows, i);
    *ret_list = (struct webhook_list){items, rows.count};
    return RESULT_OK;
}

result webhook_hold(struct db *tx, struct task *task, struct id id, struct webhook *ret_webhook,
                    int64_t *ret_old_version)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    TRY(run_webhook(tx, task, &statement_webhook_hold, arguments, ret_webhook));
    *ret_old_version = ret_webhook->version - 1;
    return RESULT_OK;
}

result webhook_change(struct db *tx, struct task *task, const struct webhook *webhook)
{
    const struct db_value arguments[] = {
        db_id(&webhook->id),
        db_text(webhook->name),
        db_text(webhook->url),
        db_text(webhook->events),
        db_bool(webhook->is_enabled),
        db_text_or_null(webhook->disabled_reason),
        int_or_null(webhook->failing_since_ms),
        db_int(webhook->failures),
        db_int(webhook->paused_until_ms),
    };
    return run_quiet(tx, task, &statement_webhook_change, arguments);
}

result webhook_set_secret(struct db *tx, struct task *task, const struct webhook *webhook)
{
    const struct db_value arguments[] = {
        db_id(&webhook->id),
        db_bytes(webhook->sealed_secret.ptr, webhook->sealed_secret.len),
        bytes_or_null(webhook->previous_sealed_secret),
        int_or_null(webhook->previous_until_ms),
    };
    return run_quiet(tx, task, &statement_webhook_set_secret, arguments);
}

result webhook_delete(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id)};
    return run_told(db, task, &statement_webhook_delete, arguments);
}

/* --- whose turn it is --------------------------------------------------------------------------------------------- */

result webhook_claim(struct db *db, struct task *task, int64_t now_ms, int64_t until_ms,
                     struct webhook *ret_webhook)
{
    const struct db_value arguments[] = {db_int(now_ms), db_int(until_ms)};
    return run_webhook(db, task, &statement_webhook_claim, arguments, ret_webhook);
}

result webhook_release(struct db *db, struct task *task, const struct webhook *webhook, int64_t now_ms)
{
    const struct db_value arguments[] = {
        db_id(&webhook->id),
        db_int(webhook->claimed_until_ms),
        db_int(now_ms),
        db_int(webhook->version),
        int_or_null(webhook->failing_since_ms),
        db_int(webhook->failures),
        db_int(webhook->paused_until_ms),
    };
    return run_quiet(db, task, &statement_webhook_release, arguments);
}

result webhook_disable(struct db *db, struct task *task, const struct webhook_disabling *disabling)
{
    const struct db_value arguments[] = {db_id(&disabling->id), db_int(task->now_ms),
                                         db_text(str_from(disabling->reason)),
                                         disabling->is_of_version ? db_int(disabling->version) : db_null()};
    return run_told(db, task, &statement_webhook_disable, arguments);
}

result webhook_hasten(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id)};
    return run_told(db, task, &statement_webhook_hasten, arguments);
}

/* --- deliveries --------------------------------------------------------------------------------------------------- */

result webhook_delivery_insert_batch(struct db *tx, struct task *task, int64_t after_seq, int64_t to_seq,
                                     int64_t *ret_count)
{
    const struct db_value arguments[] = {db_int(after_seq), db_int(to_seq), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(tx, task, &statement_webhook_delivery_insert_batch, arguments, &rows));
    *ret_count = rows.affected;
    return RESULT_OK;
}

result webhook_delivery_insert(struct db *db, struct task *task, const struct webhook_delivery *delivery)
{
    const struct db_value arguments[] = {db_id(&delivery->webhook_id), db_id(&delivery->event_id),
                                         db_text(delivery->event_type), db_int(task->now_ms)};
    return run_quiet(db, task, &statement_webhook_delivery_insert, arguments);
}

result webhook_delivery_take(struct db *db, struct task *task, const struct webhook *webhook, int64_t now_ms,
                             struct webhook_delivery *ret_delivery)
{
    const struct db_value arguments[] = {db_id(&webhook->id), db_int(now_ms),
                                         db_int(webhook->claimed_until_ms), db_int(webhook->version)};
    return run_delivery(db, task, &statement_webhook_delivery_take, arguments, ret_delivery);
}

result webhook_delivery_finish(struct db *db, struct task *task, const struct webhook_delivery *delivery)
{
    const struct db_value arguments[] = {
        db_id(&delivery->webhook_id),       db_id(&delivery->event_id),
        db_int(delivery->attempts),         db_text(delivery->state),
        db_int(delivery->finished_at_ms),   int_or_null(delivery->last_status),
        db_int(delivery->last_duration_ms), db_text_or_null(delivery->last_error),
    };
    return run_quiet(db, task, &statement_webhook_delivery_finish, arguments);
}

result webhook_delivery_postpone(struct db *db, struct task *task, const struct webhook_delivery *delivery)
{
    const struct db_value arguments[] = {
        db_id(&delivery->webhook_id),
        db_id(&delivery->event_id),
        db_int(delivery->attempts),
        db_int(delivery->next_attempt_at_ms),
        int_or_null(delivery->last_status),
        db_int(delivery->last_duration_ms),
        db_text_or_null(delivery->last_error),
    };
    return run_quiet(db, task, &statement_webhook_delivery_postpone, arguments);
}

result webhook_delivery_retry(struct db *db, struct task *task, struct id webhook_id, struct id event_id,
                              struct webhook_delivery *ret_delivery)
{
    const struct db_value arguments[] = {db_id(&webhook_id), db_id(&event_id), db_int(task->now_ms)};
    return run_delivery(db, task, &statement_webhook_delivery_retry, arguments, ret_delivery);
}

result webhook_delivery_find(struct db *db, struct task *task, struct id webhook_id, struct id event_id,
                             struct webhook_delivery *ret_delivery)
{
    const struct db_value arguments[] = {db_id(&webhook_id), db_id(&event_id)};
    return run_delivery(db, task, &statement_webhook_delivery_by_id, arguments, ret_delivery);
}

static result run_counted(struct db *db, struct task *task, const struct statement *statement,
                          const struct db_value *arguments, int64_t *ret_count)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    *ret_count = rows.affected;
    return RESULT_OK;
}

result webhook_delivery_cancel_some(struct db *db, struct task *task, struct id webhook_id, int64_t count,
                                    int64_t *ret_cancelled)
{
    const struct db_value arguments[] = {db_id(&webhook_id), db_int(task->now_ms), db_int(count)};
    return run_counted(db, task, &statement_webhook_delivery_cancel_some, arguments, ret_cancelled);
}

result webhook_delivery_delete_some(struct db *db, struct task *task, struct id webhook_id, int64_t count,
                                    int64_t *ret_deleted)
{
    const struct db_value arguments[] = {db_id(&webhook_id), db_int(count)};
    return run_counted(db, task, &statement_webhook_delivery_delete_some, arguments, ret_deleted);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

result webhook_due_find(struct db *db, struct task *task, struct webhook_due *ret_due)
{
    const struct db_value arguments[] = {db_int(DB_ROWS_MAX)};
    struct db_rows rows;
    struct webhook_due due = {0};
    TRY(db_run(db, task, &statement_webhook_due, arguments, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        if (row_is_null(&rows, i, WEBHOOK_DUE_NEXT_ATTEMPT_AT_MS)) continue;
        const int64_t free_at_ms = later(row_int(&rows, i, WEBHOOK_DUE_PAUSED_UNTIL_MS),
                                         row_int(&rows, i, WEBHOOK_DUE_CLAIMED_UNTIL_MS));
        const int64_t at_ms = later(free_at_ms, row_int(&rows, i, WEBHOOK_DUE_NEXT_ATTEMPT_AT_MS));
        if (!due.is_anything_waiting || at_ms < due.at_ms) due.at_ms = at_ms;
        due.is_anything_waiting = true;
    }
    *ret_due = due;
    return RESULT_OK;
}

result webhook_backlog_find(struct db *db, struct task *task, int64_t most,
                            struct webhook_backlog *ret_backlog)
{
    const struct db_value arguments[] = {db_int(most), db_int(DB_ROWS_MAX)};
    struct db_rows rows;
    struct webhook_backlog backlog = {0};
    TRY(db_run(db, task, &statement_webhook_backlog, arguments, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        const int64_t waiting = row_int(&rows, i, WEBHOOK_BACKLOG_WAITING);
        backlog.waiting += waiting;
        if (waiting <= backlog.longest) continue;
        backlog.longest = waiting;
        backlog.longest_id = row_id(&rows, i, WEBHOOK_BACKLOG_ID);
    }
    *ret_backlog = backlog;
    return RESULT_OK;
}

result webhook_delivery_page(struct db *db, struct task *task, const struct webhook_delivery_filter *filter,
                             struct webhook_delivery_list *ret_list)
{
    struct id before = filter->before;
    if (is_nil(before)) memset(before.bytes, 0xff, sizeof before.bytes);
    const struct statement *statement = is_empty(filter->state) ? &statement_webhook_delivery_page
                                                                : &statement_webhook_delivery_page_of_state;
    const struct db_value arguments[] = {db_id(&filter->webhook_id), db_id(&before), db_int(filter->count),
                                         db_text(filter->state)};
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct webhook_delivery *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = delivery_from_row(&rows, i);
    *ret_list = (struct webhook_delivery_list){items, rows.count};
    return RESULT_OK;
}
