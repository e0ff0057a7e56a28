// SPDX-License-Identifier: MIT
#include "auth/store/signing_key_repo.h"

#include "auth/store/statements.h"

result signing_key_insert(struct db *db, struct task *task, const struct signing_key_record *record)
{
    const struct db_value arguments[] = {
        db_text(record->kid),
        db_text(record->algorithm),
        db_bytes(record->sealed_key.ptr, record->sealed_key.len),
        db_int(record->created_at_ms),
        db_int(record->active_from_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_signing_key_insert, arguments, &rows);
}

result signing_key_list(struct db *db, struct task *task, struct signing_key_list *ret_list)
{
    const struct db_value arguments[] = {db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_signing_key_list, arguments, &rows));
    struct signing_key_record *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = (struct signing_key_record){
            .kid = row_text(&rows, i, SIGNING_KEY_LIST_KID),
            .algorithm = row_text(&rows, i, SIGNING_KEY_LIST_ALGORITHM),
            .sealed_key = row_text(&rows, i, SIGNING_KEY_LIST_SEALED_KEY),
            .created_at_ms = row_int(&rows, i, SIGNING_KEY_LIST_CREATED_AT_MS),
            .active_from_ms = row_int(&rows, i, SIGNING_KEY_LIST_ACTIVE_FROM_MS),
            .remove_at_ms = row_int(&rows, i, SIGNING_KEY_LIST_REMOVE_AT_MS),
        };
    *ret_list = (struct signing_key_list){items, rows.count};
    return RESULT_OK;
}

result signing_key_retire_older(struct db *db, struct task *task, struct str kid, int64_t remove_at_ms)
{
    const struct db_value arguments[] = {db_text(kid), db_int(remove_at_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_signing_key_retire_older, arguments, &rows);
}

result signing_key_delete_removed(struct db *db, struct task *task)
{
    const struct db_value arguments[] = {db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_signing_key_delete_removed, arguments, &rows);
}

result signing_key_hold_all(struct db *db, struct task *task)
{
    struct db_rows rows;
    return db_run(db, task, &statement_signing_key_hold_all, NULL, &rows);
}

result signing_key_retire(struct db *db, struct task *task, struct str kid, int64_t remove_at_ms)
{
    const struct db_value arguments[] = {db_text(kid), db_int(remove_at_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_signing_key_retire, arguments, &rows);
}
