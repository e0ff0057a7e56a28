// SPDX-License-Identifier: MIT
#include "auth/store/role_repo.h"

#include "auth/store/statements.h"

/* All statements that return roles list the same columns in the same order. */
static struct role role_from_row(const struct db_rows *rows, size_t row)
{
    return (struct role){
        .name = row_text(rows, row, ROLE_BY_NAME_NAME),
        .description = row_text(rows, row, ROLE_BY_NAME_DESCRIPTION),
        .scopes = row_text(rows, row, ROLE_BY_NAME_SCOPES),
        .version = row_int(rows, row, ROLE_BY_NAME_VERSION),
        .created_at_ms = row_int(rows, row, ROLE_BY_NAME_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, ROLE_BY_NAME_UPDATED_AT_MS),
    };
}

result role_insert(struct db *db, struct task *task, const struct role *role)
{
    const struct db_value arguments[] = {db_text(role->name), db_text_or_null(role->description),
                                         db_text(role->scopes), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_role_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

/* Runs a statement that returns one row where all is as the caller thinks. */
static result run_one(struct db *db, struct task *task, const struct statement *statement,
                      const struct db_value *arguments, struct db_rows *ret_rows)
{
    TRY(db_run(db, task, statement, arguments, ret_rows));
    REQUIRE(ret_rows->count == 1, NOT_FOUND);
    return RESULT_OK;
}

result role_find(struct db *db, struct task *task, struct str name, struct role *ret_role)
{
    const struct db_value arguments[] = {db_text(name)};
    struct db_rows rows;
    TRY(run_one(db, task, &statement_role_by_name, arguments, &rows));
    *ret_role = role_from_row(&rows, 0);
    return RESULT_OK;
}

static result list(struct db *db, struct task *task, const struct statement *statement,
                   const struct db_value *arguments, struct role_list *ret_list)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct role *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = role_from_row(&rows, i);
    *ret_list = (struct role_list){items, rows.count};
    return RESULT_OK;
}

result role_list_page(struct db *db, struct task *task, struct str after, int64_t count,
                      struct role_list *ret_list)
{
    const struct db_value arguments[] = {db_text(after), db_int(count)};
    return list(db, task, &statement_role_page, arguments, ret_list);
}

result role_list_of_account(struct db *db, struct task *task, struct id account_id, struct str after,
                            int64_t count, struct role_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&account_id), db_text(after), db_int(count)};
    return list(db, task, &statement_role_page_of_account, arguments, ret_list);
}

result role_list_of_group(struct db *db, struct task *task, struct id group_id, struct str after,
                          int64_t count, struct role_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&group_id), db_text(after), db_int(count)};
    return list(db, task, &statement_role_page_of_group, arguments, ret_list);
}

result role_update(struct db *db, struct task *task, struct str name, const struct role_change *change,
                   struct role *ret_role)
{
    const struct db_value arguments[] = {
        db_text(name),
        db_bool(change->sets_description),
        db_text_or_null(change->description),
        db_bool(change->sets_scopes),
        db_text(change->scopes),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    TRY(run_one(db, task, &statement_role_update, arguments, &rows));
    *ret_role = role_from_row(&rows, 0);
    return RESULT_OK;
}

result role_delete(struct db *db, struct task *task, struct str name)
{
    const struct db_value arguments[] = {db_text(name)};
    struct db_rows rows;
    return run_one(db, task, &statement_role_delete, arguments, &rows);
}

result role_withdraw_some(struct db *db, struct task *task, struct str name, size_t *ret_count)
{
    const struct db_value arguments[] = {db_text(name)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_role_withdraw_some, arguments, &rows));
    *ret_count = rows.count;
    return RESULT_OK;
}

result role_grant(struct db *db, struct task *task, struct id account_id, struct str role, bool *ret_is_new)
{
    const struct db_value arguments[] = {db_id(&account_id), db_text(role), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_role_grant, arguments, &rows));
    *ret_is_new = rows.count == 1;
    return RESULT_OK;
}

result role_withdraw(struct db *db, struct task *task, struct id account_id, struct str role)
{
    const struct db_value arguments[] = {db_id(&account_id), db_text(role)};
    struct db_rows rows;
    return run_one(db, task, &statement_role_withdraw, arguments, &rows);
}

result role_hold(struct db *db, struct task *task, struct str name)
{
    const struct db_value arguments[] = {db_text(name)};
    struct db_rows rows;
    return db_run(db, task, &statement_role_hold, arguments, &rows);
}

result role_is_held(struct db *db, struct task *task, struct str name, bool *ret_is_held)
{
    const struct db_value arguments[] = {db_text(name)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_role_active_holder, arguments, &rows));
    *ret_is_held = rows.count > 0;
    return RESULT_OK;
}
