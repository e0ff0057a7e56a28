// SPDX-License-Identifier: MIT
#include "auth/store/device_repo.h"

#include "auth/store/statements.h"

result known_device_find(struct db *db, struct task *task, const struct device_key *key, struct str email_key,
                         int64_t seen_after_ms)
{
    const struct db_value arguments[] = {db_id(&key->account_id), db_bytes(key->digest, DEVICE_DIGEST_BYTES),
                                         db_text(email_key), db_int(seen_after_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_find, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result known_device_see(struct db *db, struct task *task, const struct device_key *key, int64_t seen_after_ms,
                        bool *ret_is_new)
{
    const struct db_value arguments[] = {db_id(&key->account_id), db_bytes(key->digest, DEVICE_DIGEST_BYTES),
                                         db_int(task->now_ms), db_int(seen_after_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_see, arguments, &rows));
    *ret_is_new = row_int(&rows, 0, KNOWN_DEVICE_SEE_FIRST_SEEN_AT_MS) == task->now_ms;
    return RESULT_OK;
}

result known_device_count(struct db *db, struct task *task, struct id account_id, int64_t *ret_count)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_count, arguments, &rows));
    *ret_count = row_int(&rows, 0, KNOWN_DEVICE_COUNT_COUNT);
    return RESULT_OK;
}

result known_device_prune(struct db *db, struct task *task, struct id account_id, int64_t kept)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(kept)};
    struct db_rows rows;
    return db_run(db, task, &statement_known_device_prune, arguments, &rows);
}

result known_device_forget_all(struct db *db, struct task *task, struct id account_id)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    return db_run(db, task, &statement_known_device_forget_all, arguments, &rows);
}

result known_device_erase_unseen(struct db *db, struct task *task, const struct id_range *accounts,
                                 int64_t seen_before_ms, int64_t *ret_erased)
{
    const struct db_value arguments[] = {db_id(&accounts->after), db_id(&accounts->last),
                                         db_int(seen_before_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_erase_unseen, arguments, &rows));
    *ret_erased = rows.affected;
    return RESULT_OK;
}
