// SPDX-License-Identifier: MIT
#include "auth/store/revoked_token_repo.h"

#include "auth/store/statements.h"

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
