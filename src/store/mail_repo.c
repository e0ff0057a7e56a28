// SPDX-License-Identifier: MIT
#include "auth/store/mail_repo.h"

#include "auth/store/statements.h"

result mail_insert(struct db *db, struct task *task, const struct mail_record *mail, bool is_kept)
{
    const struct db_value arguments[] = {
        db_id(&mail->id),
        db_text(mail->kind),
        db_text(mail->recipient),
        db_bytes(mail->sealed_content.ptr, mail->sealed_content.len),
        db_id_or_null(&mail->account_id),
        db_int(task->now_ms),
        db_bool(is_kept),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_mail_insert, arguments, &rows);
}

result mail_claim(struct db *db, struct task *task, int64_t now_ms, int64_t until_ms,
                  struct mail_record *ret_mail)
{
    const struct db_value arguments[] = {db_int(now_ms), db_int(until_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_claim, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_mail = (struct mail_record){
        .id = row_id(&rows, 0, MAIL_CLAIM_ID),
        .kind = row_text(&rows, 0, MAIL_CLAIM_KIND),
        .recipient = row_text(&rows, 0, MAIL_CLAIM_RECIPIENT),
        .sealed_content = row_text(&rows, 0, MAIL_CLAIM_SEALED_CONTENT),
        .account_id = row_id(&rows, 0, MAIL_CLAIM_ACCOUNT_ID),
        .attempts = row_int(&rows, 0, MAIL_CLAIM_ATTEMPTS),
        .created_at_ms = row_int(&rows, 0, MAIL_CLAIM_CREATED_AT_MS),
    };
    return RESULT_OK;
}

result mail_finish(struct db *db, struct task *task, const struct mail_record *mail, struct str state,
                   struct str last_error)
{
    const struct db_value arguments[] = {db_id(&mail->id), db_int(mail->attempts), db_text(state),
                                         db_int(task->now_ms), db_text_or_null(last_error)};
    struct db_rows rows;
    return db_run(db, task, &statement_mail_finish, arguments, &rows);
}

static result postpone(struct db *db, struct task *task, const struct mail_record *mail, int64_t next_ms,
                       struct str last_error, int64_t attempts_counted)
{
    const struct db_value arguments[] = {db_id(&mail->id), db_int(mail->attempts), db_int(next_ms),
                                         db_text_or_null(last_error), db_int(attempts_counted)};
    struct db_rows rows;
    return db_run(db, task, &statement_mail_postpone, arguments, &rows);
}

result mail_postpone(struct db *db, struct task *task, const struct mail_record *mail, int64_t next_ms,
                     struct str last_error)
{
    return postpone(db, task, mail, next_ms, last_error, mail->attempts);
}

result mail_put_back(struct db *db, struct task *task, const struct mail_record *mail, int64_t next_ms,
                     struct str last_error)
{
    return postpone(db, task, mail, next_ms, last_error, mail->attempts - 1);
}

result mail_pending_count(struct db *db, struct task *task, struct mail_pending *ret_pending)
{
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_pending, NULL, &rows));
    REQUIRE(rows.count == 1, INTERNAL);
    *ret_pending = (struct mail_pending){
        .waiting = row_int(&rows, 0, MAIL_PENDING_WAITING),
        .oldest_at_ms = row_int(&rows, 0, MAIL_PENDING_OLDEST_AT_MS),
        .next_attempt_at_ms = row_int(&rows, 0, MAIL_PENDING_NEXT_ATTEMPT_AT_MS),
    };
    return RESULT_OK;
}

/* Both statements list the same columns in the same order. */
static struct mail_entry entry_from_row(const struct db_rows *rows, size_t row)
{
    return (struct mail_entry){
        .id = row_id(rows, row, MAIL_BY_ID_ID),
        .kind = row_text(rows, row, MAIL_BY_ID_KIND),
        .recipient = row_text(rows, row, MAIL_BY_ID_RECIPIENT),
        .state = row_text(rows, row, MAIL_BY_ID_STATE),
        .attempts = row_int(rows, row, MAIL_BY_ID_ATTEMPTS),
        .created_at_ms = row_int(rows, row, MAIL_BY_ID_CREATED_AT_MS),
        .next_attempt_at_ms = row_int(rows, row, MAIL_BY_ID_NEXT_ATTEMPT_AT_MS),
        .finished_at_ms = row_int(rows, row, MAIL_BY_ID_FINISHED_AT_MS),
        .last_error = row_text(rows, row, MAIL_BY_ID_LAST_ERROR),
    };
}

result mail_entry_find(struct db *db, struct task *task, struct id id, struct mail_entry *ret_entry)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_by_id, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_entry = entry_from_row(&rows, 0);
    return RESULT_OK;
}

result mail_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                      struct mail_entries *ret_entries)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_list_page, arguments, &rows));
    struct mail_entry *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = entry_from_row(&rows, i);
    *ret_entries = (struct mail_entries){items, rows.count};
    return RESULT_OK;
}

result mail_retry(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_retry, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result mail_limit_take(struct db *db, struct task *task, const struct mail_limit *limit, int64_t now_ms,
                       int64_t *ret_free_at_ms)
{
    const struct db_value arguments[] = {db_bytes(limit->key, sizeof limit->key), db_int(now_ms),
                                         db_int(limit->most), db_int(now_ms + limit->window_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_mail_limit_take, arguments, &rows));
    if (rows.count == 1) return RESULT_OK;
    TRY(db_run(db, task, &statement_mail_limit_by_key, arguments, &rows));
    *ret_free_at_ms = rows.count == 1 ? row_int(&rows, 0, MAIL_LIMIT_BY_KEY_WINDOW_ENDS_AT_MS) : now_ms;
    return RESULT(RATE_LIMITED);
}
