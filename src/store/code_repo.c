// SPDX-License-Identifier: MIT
#include "auth/store/code_repo.h"

#include "auth/store/statements.h"

result code_put(struct db *db, struct task *task, const struct code_record *code, bool is_kept)
{
    const struct db_value arguments[] = {
        db_id(&code->id),
        db_text(code->purpose),
        db_bytes(code->subject, sizeof code->subject),
        db_id_or_null(&code->account_id),
        db_text_or_null(code->new_email),
        db_id_or_null(&code->session_id),
        db_bytes(code->code_digest, sizeof code->code_digest),
        db_bytes(code->token_digest, sizeof code->token_digest),
        db_int(task->now_ms),
        db_int(code->expires_at_ms),
        db_bool(is_kept),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_code_put, arguments, &rows);
}

result code_find(struct db *db, struct task *task, const unsigned char subject[CODE_DIGEST_BYTES],
                 struct str purpose, int64_t attempts_max, struct id *ret_id)
{
    const struct db_value arguments[] = {db_bytes(subject, CODE_DIGEST_BYTES), db_text(purpose),
                                         db_int(task->now_ms), db_int(attempts_max)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_code_of_subject, arguments, &rows));
    REQUIRE(rows.count == 1, CODE_INVALID);
    *ret_id = row_id(&rows, 0, CODE_OF_SUBJECT_ID);
    return RESULT_OK;
}

/* Both statements that use a code up return the same columns. */
static result use_from_rows(const struct db_rows *rows, struct code_use *ret_use)
{
    *ret_use = (struct code_use){0};
    REQUIRE(rows->count == 1, CODE_INVALID);
    *ret_use = (struct code_use){.account_id = row_id(rows, 0, CODE_ATTEMPT_ACCOUNT_ID),
                                 .new_email = row_text(rows, 0, CODE_ATTEMPT_NEW_EMAIL),
                                 .session_id = row_id(rows, 0, CODE_ATTEMPT_SESSION_ID)};
    REQUIRE(!row_is_null(rows, 0, CODE_ATTEMPT_USED_AT_MS), CODE_INVALID);
    return RESULT_OK;
}

result code_try(struct db *db, struct task *task, const struct code_attempt *attempt,
                struct code_use *ret_use)
{
    const struct db_value arguments[] = {
        db_id(&attempt->id),
        db_text(attempt->purpose),
        db_bytes(attempt->code_digest, sizeof attempt->code_digest),
        db_int(task->now_ms),
        db_int(attempt->attempts_max),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_code_attempt, arguments, &rows));
    return use_from_rows(&rows, ret_use);
}

result code_use_token(struct db *db, struct task *task, const unsigned char token_digest[CODE_DIGEST_BYTES],
                      struct str purpose, struct code_use *ret_use)
{
    const struct db_value arguments[] = {db_bytes(token_digest, CODE_DIGEST_BYTES), db_text(purpose),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_code_use_token, arguments, &rows));
    return use_from_rows(&rows, ret_use);
}

result code_look_token(struct db *db, struct task *task, const unsigned char token_digest[CODE_DIGEST_BYTES],
                       struct str purpose, struct id *ret_account_id)
{
    const struct db_value arguments[] = {db_bytes(token_digest, CODE_DIGEST_BYTES), db_text(purpose),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_code_by_token, arguments, &rows));
    REQUIRE(rows.count == 1 && !row_is_null(&rows, 0, CODE_BY_TOKEN_ACCOUNT_ID), CODE_INVALID);
    *ret_account_id = row_id(&rows, 0, CODE_BY_TOKEN_ACCOUNT_ID);
    return RESULT_OK;
}

result code_forget(struct db *db, struct task *task, struct id account_id)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    return db_run(db, task, &statement_code_forget, arguments, &rows);
}
