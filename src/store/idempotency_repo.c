// SPDX-License-Identifier: MIT
#include "auth/store/idempotency_repo.h"

#include "auth/store/statements.h"

static struct db_value digest_value(const unsigned char digest[REQUEST_CLAIM_BYTES])
{
    return db_bytes(digest, REQUEST_CLAIM_BYTES);
}

result idempotency_claim(struct db *db, struct task *task, const struct request_claim *claim,
                         int64_t expires_at_ms, int64_t gone_before_ms)
{
    const struct db_value arguments[] = {digest_value(claim->key_digest), digest_value(claim->request_digest),
                                         db_int(claim->claimed_at_ms), db_int(expires_at_ms),
                                         db_int(gone_before_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_idempotency_claim, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result idempotency_find(struct db *db, struct task *task, const struct request_claim *claim,
                        struct idempotency_record *ret_record)
{
    const struct db_value arguments[] = {digest_value(claim->key_digest)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_idempotency_find, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_record =
        (struct idempotency_record){.is_open = row_is_null(&rows, 0, IDEMPOTENCY_FIND_STATUS),
                                    .status = row_int(&rows, 0, IDEMPOTENCY_FIND_STATUS),
                                    .sealed_answer = row_text(&rows, 0, IDEMPOTENCY_FIND_SEALED_ANSWER)};
    row_bytes(&rows, 0, IDEMPOTENCY_FIND_REQUEST_DIGEST, ret_record->request_digest,
              sizeof ret_record->request_digest);
    return RESULT_OK;
}

result idempotency_mark(struct db *db, struct task *task, const struct request_claim *claim)
{
    const struct db_value arguments[] = {digest_value(claim->key_digest), db_int(claim->claimed_at_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_idempotency_mark, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result idempotency_finish(struct db *db, struct task *task, const struct request_claim *claim, int64_t status,
                          struct str sealed_answer)
{
    const struct db_value arguments[] = {digest_value(claim->key_digest), db_int(claim->claimed_at_ms),
                                         db_int(status), db_bytes(sealed_answer.ptr, sealed_answer.len)};
    struct db_rows rows;
    return db_run(db, task, &statement_idempotency_finish, arguments, &rows);
}

result idempotency_release(struct db *db, struct task *task, const struct request_claim *claim)
{
    const struct db_value arguments[] = {digest_value(claim->key_digest), db_int(claim->claimed_at_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_idempotency_release, arguments, &rows);
}
