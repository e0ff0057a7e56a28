// SPDX-License-Identifier: MIT
#include "auth/store/retention_repo.h"

#include "auth/base/log.h"
#include "auth/base/secret.h"
#include "auth/store/statements.h"

#define WINDOW_START_BYTES 16u /* keys are random: a window from any place on is a fair sample */

const char *const retained_names[RETAINED_COUNT] = {
#define RETAINED(name, text) [RETAINED_##name] = (text),
#include "auth/model/retained.def"
#undef RETAINED
};

/* How the rows that are over are found. */
enum erasure_order {
    BY_TIME, /* before a time */
    BY_ID,   /* before the first id of a time */
    ANYWHERE /* in a window that begins anywhere, before a time */
};

static const struct erasure {
    const struct statement *statement;
    enum erasure_order order;
} ERASURES[RETAINED_COUNT] = {
    [RETAINED_SESSIONS] = {&statement_session_erase_expired, BY_TIME},
    [RETAINED_REVOKED_TOKENS] = {&statement_revoked_token_erase_expired, ANYWHERE},
    [RETAINED_CODES] = {&statement_code_erase_expired, BY_TIME},
    [RETAINED_INVITATIONS] = {&statement_invitation_erase_expired, BY_TIME},
    [RETAINED_LOGIN_CHALLENGES] = {&statement_login_challenge_erase_old, BY_TIME},
    [RETAINED_ANSWERS] = {&statement_idempotency_erase_expired, BY_TIME},
    [RETAINED_MAIL] = {&statement_mail_erase_finished, BY_ID},
    [RETAINED_MAIL_LIMITS] = {&statement_mail_limit_erase_over, BY_TIME},
    [RETAINED_API_KEYS] = {&statement_api_key_erase, BY_TIME},
    [RETAINED_DELIVERIES] = {&statement_webhook_delivery_erase_old, BY_TIME},
};

bool retained_goes_by_age(enum retained kind)
{
    return ERASURES[kind].statement != NULL;
}

result retained_erase(struct db *db, struct task *task, enum retained kind, int64_t before_ms, int64_t count,
                      int64_t *ret_erased)
{
    const struct erasure *erasure = &ERASURES[kind];
    if (!erasure->statement) panic("rows of this kind do not go by their age");
    const struct id before = id_of_time(before_ms, 0);
    unsigned char start[WINDOW_START_BYTES];
    random_bytes(start, sizeof start);
    const struct db_value by_time[] = {db_int(before_ms), db_int(count)};
    const struct db_value by_id[] = {db_id(&before), db_int(count)};
    const struct db_value anywhere[] = {db_bytes(start, sizeof start), db_int(count), db_int(before_ms)};
    const struct db_value *const arguments[] = {[BY_TIME] = by_time, [BY_ID] = by_id, [ANYWHERE] = anywhere};
    struct db_rows rows;
    TRY(db_run(db, task, erasure->statement, arguments[erasure->order], &rows));
    *ret_erased = rows.affected;
    return RESULT_OK;
}
