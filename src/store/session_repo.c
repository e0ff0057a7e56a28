// SPDX-License-Identifier: MIT
#include "auth/store/session_repo.h"

#include <string.h>

#include "auth/store/account_repo.h"
#include "auth/store/statements.h"

/* What has expired by this clock may live on by another server's: it is ended all the same. */
#define CLOCKS_APART_MS INT64_C(60000)

/* All statements that return sessions list the same columns in the same order. */
static struct session session_from_row(const struct db_rows *rows, size_t row)
{
    return (struct session){
        .id = row_id(rows, row, SESSION_BY_ID_ID),
        .account_id = row_id(rows, row, SESSION_BY_ID_ACCOUNT_ID),
        .client_id = row_text(rows, row, SESSION_BY_ID_CLIENT_ID),
        .scope = row_text(rows, row, SESSION_BY_ID_SCOPE),
        .amr = row_text(rows, row, SESSION_BY_ID_AMR),
        .created_at_ms = row_int(rows, row, SESSION_BY_ID_CREATED_AT_MS),
        .authenticated_at_ms = row_int(rows, row, SESSION_BY_ID_AUTHENTICATED_AT_MS),
        .refreshed_at_ms = row_int(rows, row, SESSION_BY_ID_REFRESHED_AT_MS),
        .idle_expires_at_ms = row_int(rows, row, SESSION_BY_ID_IDLE_EXPIRES_AT_MS),
        .expires_at_ms = row_int(rows, row, SESSION_BY_ID_EXPIRES_AT_MS),
        .refresh_counter = row_int(rows, row, SESSION_BY_ID_REFRESH_COUNTER),
        .client_address = row_text(rows, row, SESSION_BY_ID_CLIENT_ADDRESS),
        .user_agent = row_text(rows, row, SESSION_BY_ID_USER_AGENT),
        .ended_at_ms = row_int(rows, row, SESSION_BY_ID_ENDED_AT_MS),
        .account_status = account_status_parse(row_text(rows, row, SESSION_BY_ID_ACCOUNT_STATUS)),
        .account_email = row_text(rows, row, SESSION_BY_ID_ACCOUNT_EMAIL),
        .has_rights = row_bool(rows, row, SESSION_BY_ID_HAS_RIGHTS),
        .assured_until_ms = row_int(rows, row, SESSION_BY_ID_ASSURED_UNTIL_MS),
        .requires_mfa = row_bool(rows, row, SESSION_BY_ID_REQUIRES_MFA),
    };
}

result session_insert(struct db *db, struct task *task, const struct session *session,
                      const unsigned char refresh_digest[REFRESH_DIGEST_BYTES])
{
    const struct db_value arguments[] = {
        db_id(&session->id),
        db_id(&session->account_id),
        db_text(session->client_id),
        db_text(session->scope),
        db_text(session->amr),
        db_int(session->created_at_ms),
        db_int(session->idle_expires_at_ms),
        db_int(session->expires_at_ms),
        db_bytes(refresh_digest, REFRESH_DIGEST_BYTES),
        db_text_or_null(session->client_address),
        db_text_or_null(session->user_agent),
        db_int(session->assured_until_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_session_insert, arguments, &rows);
}

result session_find(struct db *db, struct task *task, struct id id, struct session *ret_session)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_session_by_id, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_session = session_from_row(&rows, 0);
    return RESULT_OK;
}

result session_list_page(struct db *db, struct task *task, struct id account_id, struct id before,
                         int64_t count, struct session_list *ret_list)
{
    if (is_nil(before)) memset(before.bytes, 0xff, sizeof before.bytes);
    const struct db_value arguments[] = {db_id(&account_id), db_int(task->now_ms), db_id(&before),
                                         db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_session_page, arguments, &rows));
    struct session *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = session_from_row(&rows, i);
    *ret_list = (struct session_list){items, rows.count};
    return RESULT_OK;
}

result session_rotate(struct db *db, struct task *task, const struct session_rotation *rotation,
                      struct session *ret_session)
{
    const struct db_value arguments[] = {
        db_id(&rotation->id),
        db_int(rotation->counter),
        db_bytes(rotation->digest, REFRESH_DIGEST_BYTES),
        db_bytes(rotation->next_digest, REFRESH_DIGEST_BYTES),
        db_text(rotation->client_id),
        db_int(task->now_ms),
        db_int(rotation->idle_expires_at_ms),
        db_int(rotation->assured_until_ms),
        db_int(rotation->assured_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_session_rotate, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_session = session_from_row(&rows, 0);
    return RESULT_OK;
}

result session_reauthenticate(struct db *db, struct task *task, const struct session *session,
                              const unsigned char next_digest[REFRESH_DIGEST_BYTES],
                              struct session *ret_session)
{
    const struct db_value arguments[] = {
        db_id(&session->id),
        db_id(&session->account_id),
        db_int(session->refresh_counter),
        db_bytes(next_digest, REFRESH_DIGEST_BYTES),
        db_text(session->amr),
        db_int(task->now_ms),
        db_int(session->idle_expires_at_ms),
        db_int(session->assured_until_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_session_reauthenticate, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    *ret_session = session_from_row(&rows, 0);
    return RESULT_OK;
}

result session_end(struct db *db, struct task *task, struct id id, struct id account_id, const char *reason)
{
    const struct db_value arguments[] = {db_id(&id), db_id(&account_id), db_int(task->now_ms),
                                         db_text(str_from(reason))};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_session_end, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

/* Runs a statement whose only column is a session id. */
static result session_run_ids(struct db *db, struct task *task, const struct statement *statement,
                              const struct db_value *arguments, struct id_list *ret_ids)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct id *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = row_id(&rows, i, 0);
    *ret_ids = (struct id_list){items, rows.count};
    return RESULT_OK;
}

static struct id_list ids_joined(struct arena *arena, struct id_list a, struct id_list b)
{
    if (a.count == 0) return b;
    struct id *items = arena_alloc_array(arena, a.count + b.count, sizeof *items);
    memcpy(items, a.items, a.count * sizeof *items);
    if (b.count > 0) memcpy(items + a.count, b.items, b.count * sizeof *items);
    return (struct id_list){items, a.count + b.count};
}

result session_end_all(struct db *db, struct task *task, struct id account_id, struct id kept_id,
                       const char *reason, struct id_list *ret_ended)
{
    const struct db_value arguments[] = {db_id(&account_id), db_id(&kept_id), db_int(task->now_ms),
                                         db_text(str_from(reason)), db_int(task->now_ms - CLOCKS_APART_MS)};
    struct id_list ended = {0};
    struct id_list batch;
    do {
        TRY(session_run_ids(db, task, &statement_session_end_all, arguments, &batch));
        ended = ids_joined(task->arena, ended, batch);
    } while (batch.count == DB_ROWS_MAX);
    *ret_ended = ended;
    return RESULT_OK;
}

result session_end_oldest(struct db *db, struct task *task, struct id account_id, int64_t kept,
                          const char *reason, struct id_list *ret_ended)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(kept), db_int(task->now_ms),
                                         db_text(str_from(reason))};
    return session_run_ids(db, task, &statement_session_end_oldest, arguments, ret_ended);
}
