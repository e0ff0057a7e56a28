// SPDX-License-Identifier: MIT
#include "auth/store/login_challenge_repo.h"

#include <string.h>

#include "auth/store/statements.h"

result login_challenge_insert(struct db *db, struct task *task, const struct login_challenge *challenge)
{
    const struct db_value arguments[] = {
        db_id(&challenge->id),
        db_id(&challenge->account_id),
        db_bytes(challenge->token_digest, CHALLENGE_DIGEST_BYTES),
        db_text(challenge->amr),
        db_int(challenge->password_changed_at_ms),
        db_text_or_null(challenge->client_address),
        db_text_or_null(challenge->user_agent),
        challenge->has_device ? db_bytes(challenge->device_digest, DEVICE_DIGEST_BYTES) : db_null(),
        db_bool(challenge->is_enrolment),
        db_int(task->now_ms),
        db_int(challenge->expires_at_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_login_challenge_insert, arguments, &rows);
}

result login_challenge_take(struct db *db, struct task *task, const struct challenge_key *key,
                            int64_t attempts_max, struct login_challenge *ret_challenge)
{
    const struct db_value arguments[] = {db_bytes(key->token_digest, CHALLENGE_DIGEST_BYTES),
                                         db_int(task->now_ms), db_int(attempts_max),
                                         db_text(key->user_agent)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_login_challenge_take, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    struct login_challenge challenge = {
        .id = row_id(&rows, 0, LOGIN_CHALLENGE_TAKE_ID),
        .account_id = row_id(&rows, 0, LOGIN_CHALLENGE_TAKE_ACCOUNT_ID),
        .amr = row_text(&rows, 0, LOGIN_CHALLENGE_TAKE_AMR),
        .password_changed_at_ms = row_int(&rows, 0, LOGIN_CHALLENGE_TAKE_PASSWORD_CHANGED_AT_MS),
        .has_device = !row_is_null(&rows, 0, LOGIN_CHALLENGE_TAKE_DEVICE_DIGEST),
        .is_enrolment = row_bool(&rows, 0, LOGIN_CHALLENGE_TAKE_IS_ENROLMENT),
        .factor_id = row_id(&rows, 0, LOGIN_CHALLENGE_TAKE_FACTOR_ID),
    };
    if (challenge.has_device)
        row_bytes(&rows, 0, LOGIN_CHALLENGE_TAKE_DEVICE_DIGEST, challenge.device_digest, DEVICE_DIGEST_BYTES);
    memcpy(challenge.token_digest, key->token_digest, CHALLENGE_DIGEST_BYTES);
    *ret_challenge = challenge;
    return RESULT_OK;
}

result login_challenge_set_factor(struct db *db, struct task *task, const struct challenge_key *key,
                                  struct id factor_id, int64_t enrolments_max,
                                  struct login_challenge *ret_challenge)
{
    const struct db_value arguments[] = {db_bytes(key->token_digest, CHALLENGE_DIGEST_BYTES),
                                         db_int(task->now_ms), db_text(key->user_agent), db_id(&factor_id),
                                         db_int(enrolments_max)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_login_challenge_set_factor, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_challenge = (struct login_challenge){
        .id = row_id(&rows, 0, LOGIN_CHALLENGE_SET_FACTOR_ID),
        .account_id = row_id(&rows, 0, LOGIN_CHALLENGE_SET_FACTOR_ACCOUNT_ID),
        .password_changed_at_ms = row_int(&rows, 0, LOGIN_CHALLENGE_SET_FACTOR_PASSWORD_CHANGED_AT_MS),
    };
    return RESULT_OK;
}

result login_challenge_use(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_login_challenge_use, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

static result run_on_account(struct db *db, struct task *task, const struct statement *statement,
                             struct id account_id)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, statement, arguments, &rows);
}

result login_challenge_void_all(struct db *db, struct task *task, struct id account_id)
{
    return run_on_account(db, task, &statement_login_challenge_void_all, account_id);
}

result login_challenge_erase_expired(struct db *db, struct task *task, struct id account_id)
{
    return run_on_account(db, task, &statement_login_challenge_erase_expired, account_id);
}
