// SPDX-License-Identifier: MIT
#include "auth/store/revoked_token_repo.h"

#include "auth/base/secret.h"
#include "auth/store/statements.h"

#define WINDOW_START_BYTES 16u /* keys are random: a window from any place on is a fair sample */

result revoked_token_insert(struct db *db, struct task *task, const unsigned char digest[TOKEN_DIGEST_BYTES],
                            int64_t expires_at_ms)
{
    const struct db_value arguments[] = {db_bytes(digest, TOKEN_DIGEST_BYTES), db_int(expires_at_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_revoked_token_insert, arguments, &rows);
}

result revoked_token_find(struct db *db, struct task *task, const unsigned char digest[TOKEN_DIGEST_BYTES],
                          bool *ret_is_revoked)
{
    const struct db_value arguments[] = {db_bytes(digest, TOKEN_DIGEST_BYTES)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_revoked_token_find, arguments, &rows));
    *ret_is_revoked = rows.count > 0;
    return RESULT_OK;
}

result revoked_token_erase_expired(struct db *db, struct task *task, int64_t expired_before_ms, int64_t count)
{
    unsigned char start[WINDOW_START_BYTES];
    random_bytes(start, sizeof start);
    const struct db_value arguments[] = {db_bytes(start, sizeof start), db_int(count),
                                         db_int(expired_before_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_revoked_token_erase_expired, arguments, &rows);
}
