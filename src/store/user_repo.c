// SPDX-License-Identifier: MIT
#include "auth/store/user_repo.h"

#include "auth/store/account_repo.h"
#include "auth/store/statements.h"

/* All statements that return users list the same columns in the same order. */
static struct user user_from_row(const struct db_rows *rows, size_t row)
{
    return (struct user){
        .id = row_id(rows, row, USER_BY_ID_ID),
        .email = row_text(rows, row, USER_BY_ID_EMAIL),
        .email_key = row_text(rows, row, USER_BY_ID_EMAIL_KEY),
        .is_email_verified = row_bool(rows, row, USER_BY_ID_IS_EMAIL_VERIFIED),
        .name = row_text(rows, row, USER_BY_ID_NAME),
        .locale = row_text(rows, row, USER_BY_ID_LOCALE),
        .status = account_status_parse(row_text(rows, row, USER_BY_ID_STATUS)),
        .lock_reason = row_text(rows, row, USER_BY_ID_LOCK_REASON),
        .requires_mfa = row_bool(rows, row, USER_BY_ID_REQUIRES_MFA),
        .has_password = row_bool(rows, row, USER_BY_ID_HAS_PASSWORD),
        .external_id = row_text(rows, row, USER_BY_ID_EXTERNAL_ID),
        .delete_after_ms = row_int(rows, row, USER_BY_ID_DELETE_AFTER_MS),
        .last_login_at_ms = row_int(rows, row, USER_BY_ID_LAST_LOGIN_AT_MS),
        .created_at_ms = row_int(rows, row, USER_BY_ID_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, USER_BY_ID_UPDATED_AT_MS),
        .version = row_int(rows, row, USER_BY_ID_VERSION),
    };
}

static result find_one(struct db *db, struct task *task, const struct statement *statement,
                       const struct db_value *arguments, struct user *ret_user)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_user = user_from_row(&rows, 0);
    return RESULT_OK;
}

result user_find(struct db *db, struct task *task, struct id id, struct user *ret_user)
{
    const struct db_value arguments[] = {db_id(&id)};
    return find_one(db, task, &statement_user_by_id, arguments, ret_user);
}

result user_find_by_email_key(struct db *db, struct task *task, struct str email_key, struct user *ret_user)
{
    const struct db_value arguments[] = {db_text(email_key)};
    return find_one(db, task, &statement_user_by_email_key, arguments, ret_user);
}

static struct db_value time_or_null(int64_t at_ms)
{
    return at_ms != 0 ? db_int(at_ms) : db_null();
}

result user_list_page(struct db *db, struct task *task, const struct user_filter *filter, struct id after,
                      int64_t count, struct user_list *ret_list)
{
    struct db_value arguments[] = {
        db_id(&after),
        db_text_or_null(filter->status),
        filter->has_verified ? db_bool(filter->is_verified) : db_null(),
        time_or_null(filter->created_from_ms),
        time_or_null(filter->created_until_ms),
        db_text_or_null(filter->email_prefix),
        db_int(count),
        db_int(count),
    };
    const struct statement *statement = &statement_user_page;
    if (!is_empty(filter->role)) {
        statement = &statement_user_page_of_role;
        arguments[6] = db_text(filter->role);
    } else if (!is_nil(filter->group_id)) {
        statement = &statement_user_page_of_group;
        arguments[6] = db_id(&filter->group_id);
    }
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct user *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = user_from_row(&rows, i);
    *ret_list = (struct user_list){items, rows.count};
    return RESULT_OK;
}

result user_insert(struct db *db, struct task *task, const struct user *user, struct str password_hash,
                   struct str claims)
{
    const struct db_value arguments[] = {
        db_id(&user->id),
        db_text(user->email),
        db_text(user->email_key),
        db_bool(user->is_email_verified),
        db_text_or_null(user->name),
        db_text_or_null(user->locale),
        db_text_or_null(password_hash),
        db_bool(user->requires_mfa),
        db_text_or_null(user->external_id),
        db_text_or_null(claims),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_user_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result user_hold(struct db *db, struct task *task, struct id id, int64_t *ret_version)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_user_hold, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_version = row_int(&rows, 0, USER_HOLD_VERSION) - 1;
    return RESULT_OK;
}

result user_update(struct db *db, struct task *task, const struct user *user)
{
    const struct db_value arguments[] = {
        db_id(&user->id),
        db_text(user->email),
        db_text(user->email_key),
        db_bool(user->is_email_verified),
        db_text_or_null(user->name),
        db_text_or_null(user->locale),
        db_bool(user->requires_mfa),
        db_text_or_null(user->external_id),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_user_update, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result user_set_status(struct db *db, struct task *task, const struct user *user)
{
    const struct db_value arguments[] = {
        db_id(&user->id), db_text(str_from(account_status_name(user->status))),
        db_text_or_null(user->lock_reason), time_or_null(user->delete_after_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_user_set_status, arguments, &rows);
}

result user_forget_password(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_user_forget_password, arguments, &rows);
}
