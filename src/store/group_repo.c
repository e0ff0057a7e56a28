// SPDX-License-Identifier: MIT
#include "auth/store/group_repo.h"

#include "auth/store/account_repo.h"
#include "auth/store/statements.h"

/* All statements that return groups list the same columns in the same order. */
static struct group group_from_row(const struct db_rows *rows, size_t row)
{
    return (struct group){
        .id = row_id(rows, row, GROUP_BY_ID_ID),
        .name = row_text(rows, row, GROUP_BY_ID_NAME),
        .description = row_text(rows, row, GROUP_BY_ID_DESCRIPTION),
        .version = row_int(rows, row, GROUP_BY_ID_VERSION),
        .created_at_ms = row_int(rows, row, GROUP_BY_ID_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, GROUP_BY_ID_UPDATED_AT_MS),
    };
}

/* Runs a statement that returns one row where all is as the caller thinks. */
static result run_one(struct db *db, struct task *task, const struct statement *statement,
                      const struct db_value *arguments, struct db_rows *ret_rows)
{
    TRY(db_run(db, task, statement, arguments, ret_rows));
    REQUIRE(ret_rows->count == 1, NOT_FOUND);
    return RESULT_OK;
}

static result find(struct db *db, struct task *task, const struct statement *statement,
                   const struct db_value *arguments, struct group *ret_group)
{
    struct db_rows rows;
    TRY(run_one(db, task, statement, arguments, &rows));
    *ret_group = group_from_row(&rows, 0);
    return RESULT_OK;
}

result group_insert(struct db *db, struct task *task, const struct group *group)
{
    const struct db_value arguments[] = {db_id(&group->id), db_text(group->name),
                                         db_text_or_null(group->description), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_group_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result group_find(struct db *db, struct task *task, struct id id, struct group *ret_group)
{
    const struct db_value arguments[] = {db_id(&id)};
    return find(db, task, &statement_group_by_id, arguments, ret_group);
}

result group_find_by_name(struct db *db, struct task *task, struct str name, struct group *ret_group)
{
    const struct db_value arguments[] = {db_text(name)};
    return find(db, task, &statement_group_by_name, arguments, ret_group);
}

static result list(struct db *db, struct task *task, const struct statement *statement,
                   const struct db_value *arguments, struct group_list *ret_list)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct group *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = group_from_row(&rows, i);
    *ret_list = (struct group_list){items, rows.count};
    return RESULT_OK;
}

result group_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                       struct group_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    return list(db, task, &statement_group_page, arguments, ret_list);
}

result group_list_of_account(struct db *db, struct task *task, struct id account_id, struct id after,
                             int64_t count, struct group_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&account_id), db_id(&after), db_int(count)};
    return list(db, task, &statement_group_page_of_account, arguments, ret_list);
}

result group_update(struct db *db, struct task *task, struct id id, const struct group_change *change,
                    struct group *ret_group)
{
    const struct db_value arguments[] = {
        db_id(&id),
        db_bool(change->sets_name),
        db_text(change->name),
        db_bool(change->sets_description),
        db_text_or_null(change->description),
        db_int(task->now_ms),
    };
    return find(db, task, &statement_group_update, arguments, ret_group);
}

result group_hold(struct db *db, struct task *task, struct id id, struct group *ret_group)
{
    const struct db_value arguments[] = {db_id(&id)};
    return find(db, task, &statement_group_hold, arguments, ret_group);
}

result group_delete(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id)};
    struct db_rows rows;
    return run_one(db, task, &statement_group_delete, arguments, &rows);
}

result group_member_insert(struct db *db, struct task *task, struct id group_id, struct id account_id,
                           bool *ret_is_new)
{
    const struct db_value arguments[] = {db_id(&group_id), db_id(&account_id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_group_member_insert, arguments, &rows));
    *ret_is_new = rows.count == 1;
    return RESULT_OK;
}

result group_member_delete(struct db *db, struct task *task, struct id group_id, struct id account_id)
{
    const struct db_value arguments[] = {db_id(&group_id), db_id(&account_id)};
    struct db_rows rows;
    return run_one(db, task, &statement_group_member_delete, arguments, &rows);
}

result group_member_delete_some(struct db *db, struct task *task, struct id group_id, size_t *ret_count)
{
    const struct db_value arguments[] = {db_id(&group_id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_group_member_delete_some, arguments, &rows));
    *ret_count = rows.count;
    return RESULT_OK;
}

static struct group_member member_from_row(const struct db_rows *rows, size_t row)
{
    return (struct group_member){
        .account_id = row_id(rows, row, GROUP_MEMBER_PAGE_ACCOUNT_ID),
        .email = row_text(rows, row, GROUP_MEMBER_PAGE_EMAIL),
        .name = row_text(rows, row, GROUP_MEMBER_PAGE_NAME),
        .status = account_status_parse(row_text(rows, row, GROUP_MEMBER_PAGE_STATUS)),
        .added_at_ms = row_int(rows, row, GROUP_MEMBER_PAGE_ADDED_AT_MS),
    };
}

result group_member_list_page(struct db *db, struct task *task, struct id group_id, struct id after,
                              int64_t count, struct group_member_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&group_id), db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_group_member_page, arguments, &rows));
    struct group_member *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = member_from_row(&rows, i);
    *ret_list = (struct group_member_list){items, rows.count};
    return RESULT_OK;
}

result group_role_insert(struct db *db, struct task *task, struct id group_id, struct str role,
                         bool *ret_is_new)
{
    const struct db_value arguments[] = {db_id(&group_id), db_text(role)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_group_role_insert, arguments, &rows));
    *ret_is_new = rows.count == 1;
    return RESULT_OK;
}

result group_role_delete(struct db *db, struct task *task, struct id group_id, struct str role)
{
    const struct db_value arguments[] = {db_id(&group_id), db_text(role)};
    struct db_rows rows;
    return run_one(db, task, &statement_group_role_delete, arguments, &rows);
}

result group_role_delete_all(struct db *db, struct task *task, struct id group_id)
{
    const struct db_value arguments[] = {db_id(&group_id)};
    struct db_rows rows;
    return db_run(db, task, &statement_group_role_delete_all, arguments, &rows);
}
