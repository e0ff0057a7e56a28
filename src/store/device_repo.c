// SPDX-License-Identifier: MIT
#include "auth/store/device_repo.h"

#include <string.h>

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

result known_device_count(struct db *db, struct task *task, struct id account_id,
                          struct device_counts *ret_counts)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_count, arguments, &rows));
    *ret_counts = (struct device_counts){.devices = row_int(&rows, 0, KNOWN_DEVICE_COUNT_COUNT),
                                         .sessions = row_int(&rows, 0, KNOWN_DEVICE_COUNT_SESSION_COUNT)};
    return RESULT_OK;
}

result known_device_list(struct db *db, struct task *task, struct id account_id, int64_t seen_after_ms,
                         int64_t count, struct device_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(seen_after_ms), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_list, arguments, &rows));
    struct device_record *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) {
        unsigned char digest[DEVICE_DIGEST_BYTES];
        row_bytes(&rows, i, KNOWN_DEVICE_LIST_DEVICE_DIGEST, digest, sizeof digest);
        memcpy(items[i].id.bytes, digest, sizeof items[i].id.bytes);
        items[i].first_seen_at_ms = row_int(&rows, i, KNOWN_DEVICE_LIST_FIRST_SEEN_AT_MS);
        items[i].last_seen_at_ms = row_int(&rows, i, KNOWN_DEVICE_LIST_LAST_SEEN_AT_MS);
    }
    *ret_list = (struct device_list){items, rows.count};
    return RESULT_OK;
}

result known_device_forget(struct db *db, struct task *task, struct id account_id, struct id device_id)
{
    const struct db_value arguments[] = {db_id(&account_id), db_bytes(device_id.bytes, ID_BYTES)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_known_device_forget, arguments, &rows));
    REQUIRE(rows.count > 0, NOT_FOUND);
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
