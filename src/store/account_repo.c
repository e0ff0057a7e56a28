// SPDX-License-Identifier: MIT
#include "auth/store/account_repo.h"

#include "auth/base/log.h"
#include "auth/store/personal_repo.h"
#include "auth/store/statements.h"

static const char *const STATUS_NAMES[] = {
    [ACCOUNT_ACTIVE] = "active", [ACCOUNT_LOCKED] = "locked", [ACCOUNT_CLOSING] = "closing"};

const char *account_status_name(enum account_status status)
{
    return STATUS_NAMES[status];
}

enum account_status account_status_parse(struct str text)
{
    for (size_t i = 0; i < ARRAY_COUNT(STATUS_NAMES); i++)
        if (str_equal(text, str_from(STATUS_NAMES[i]))) return (enum account_status)i;
    panic("account status unknown to this binary");
}

/* All statements that return accounts list the same columns in the same order. */
static struct account account_from_row(const struct db_rows *rows, size_t row)
{
    return (struct account){
        .id = row_id(rows, row, ACCOUNT_BY_ID_ID),
        .email = row_text(rows, row, ACCOUNT_BY_ID_EMAIL),
        .email_key = row_text(rows, row, ACCOUNT_BY_ID_EMAIL_KEY),
        .is_email_verified = row_bool(rows, row, ACCOUNT_BY_ID_IS_EMAIL_VERIFIED),
        .name = row_text(rows, row, ACCOUNT_BY_ID_NAME),
        .locale = row_text(rows, row, ACCOUNT_BY_ID_LOCALE),
        .password_hash = row_text(rows, row, ACCOUNT_BY_ID_PASSWORD_HASH),
        .password_changed_at_ms = row_int(rows, row, ACCOUNT_BY_ID_PASSWORD_CHANGED_AT_MS),
        .status = account_status_parse(row_text(rows, row, ACCOUNT_BY_ID_STATUS)),
        .delete_after_ms = row_int(rows, row, ACCOUNT_BY_ID_DELETE_AFTER_MS),
        .created_at_ms = row_int(rows, row, ACCOUNT_BY_ID_CREATED_AT_MS),
        .updated_at_ms = row_int(rows, row, ACCOUNT_BY_ID_UPDATED_AT_MS),
    };
}

result account_insert(struct db *db, struct task *task, const struct account *account)
{
    const struct db_value arguments[] = {
        db_id(&account->id),
        db_text(account->email),
        db_text(account->email_key),
        db_text_or_null(account->name),
        db_text_or_null(account->locale),
        db_text_or_null(account->password_hash),
        db_int(account->created_at_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_insert, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

/* Runs a statement that returns at most one account. */
static result account_run(struct db *db, struct task *task, const struct statement *statement,
                          const struct db_value *arguments, struct account *ret_account)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_account = account_from_row(&rows, 0);
    return RESULT_OK;
}

/* Runs a statement that returns the id of the account it changed, if it changed one. */
static result account_change(struct db *db, struct task *task, const struct statement *statement,
                             const struct db_value *arguments)
{
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}

result account_find(struct db *db, struct task *task, struct id id, struct account *ret_account)
{
    const struct db_value arguments[] = {db_id(&id)};
    return account_run(db, task, &statement_account_by_id, arguments, ret_account);
}

result account_find_by_email_key(struct db *db, struct task *task, struct str email_key,
                                 struct account *ret_account)
{
    const struct db_value arguments[] = {db_text(email_key)};
    return account_run(db, task, &statement_account_by_email_key, arguments, ret_account);
}

result account_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                         struct account_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_page, arguments, &rows));
    struct account *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = account_from_row(&rows, i);
    *ret_list = (struct account_list){items, rows.count};
    return RESULT_OK;
}

result account_update_profile(struct db *db, struct task *task, struct id id,
                              const struct account_profile_change *change, struct account *ret_account)
{
    const struct db_value arguments[] = {
        db_id(&id),
        db_bool(change->sets_name),
        db_text_or_null(change->name),
        db_bool(change->sets_locale),
        db_text_or_null(change->locale),
        db_int(task->now_ms),
    };
    return account_run(db, task, &statement_account_update_profile, arguments, ret_account);
}

result account_set_password(struct db *db, struct task *task, struct id id, int64_t changed_at_ms,
                            struct str new_hash)
{
    const struct db_value arguments[] = {db_id(&id), db_int(changed_at_ms), db_text(new_hash),
                                         db_int(task->now_ms)};
    const result changed = account_change(db, task, &statement_account_set_password, arguments);
    return changed.code == STATUS_NOT_FOUND ? RESULT(CONFLICT) : changed;
}

result account_prove(struct db *db, struct task *task, struct id id, bool keeps_password)
{
    const struct db_value arguments[] = {db_id(&id), db_bool(keeps_password), db_int(task->now_ms)};
    return account_change(db, task, &statement_account_prove, arguments);
}

result account_reset_password(struct db *db, struct task *task, struct id id, struct str new_hash)
{
    const struct db_value arguments[] = {db_id(&id), db_text(new_hash), db_int(task->now_ms)};
    return account_change(db, task, &statement_account_reset_password, arguments);
}

result account_set_email(struct db *db, struct task *task, struct id id, struct str email,
                         struct str email_key)
{
    const struct db_value arguments[] = {db_id(&id), db_text(email), db_text(email_key),
                                         db_int(task->now_ms)};
    const result changed = account_change(db, task, &statement_account_set_email, arguments);
    return changed.code == STATUS_NOT_FOUND ? RESULT(CONFLICT) : changed;
}

result account_hold(struct db *db, struct task *task, struct id id, int64_t password_changed_at_ms)
{
    const struct db_value arguments[] = {db_id(&id), db_int(password_changed_at_ms)};
    return account_change(db, task, &statement_account_hold, arguments);
}

result account_rehash(struct db *db, struct task *task, struct id id, struct str old_hash,
                      struct str new_hash)
{
    const struct db_value arguments[] = {db_id(&id), db_text(old_hash), db_text(new_hash)};
    struct db_rows rows;
    return db_run(db, task, &statement_account_rehash, arguments, &rows);
}

result account_close(struct db *db, struct task *task, struct id id, int64_t delete_after_ms)
{
    const struct db_value arguments[] = {db_id(&id), db_int(delete_after_ms), db_int(task->now_ms)};
    return account_change(db, task, &statement_account_close, arguments);
}

result account_reopen(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    return account_change(db, task, &statement_account_reopen, arguments);
}

result account_set_status(struct db *db, struct task *task, struct id id, enum account_status from,
                          enum account_status to)
{
    const struct db_value arguments[] = {db_id(&id), db_text(str_from(account_status_name(from))),
                                         db_text(str_from(account_status_name(to))), db_int(task->now_ms)};
    return account_change(db, task, &statement_account_set_status, arguments);
}

result account_purge_closed(struct db *db, struct task *task, struct str email_key)
{
    const struct db_value arguments[] = {db_text(email_key), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_purge_closed, arguments, &rows));
    return rows.count == 0 ? RESULT_OK
                           : personal_forget(db, task, row_id(&rows, 0, ACCOUNT_PURGE_CLOSED_ID), email_key);
}

result account_list_closed(struct db *db, struct task *task, int64_t count, struct id_list *ret_list)
{
    const struct db_value arguments[] = {db_int(task->now_ms), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_closed, arguments, &rows));
    struct id *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = row_id(&rows, i, ACCOUNT_CLOSED_ID);
    *ret_list = (struct id_list){items, rows.count};
    return RESULT_OK;
}

result account_window_end(struct db *db, struct task *task, struct id after, int64_t count,
                          struct id *ret_last)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_window_end, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    *ret_last = row_id(&rows, 0, ACCOUNT_WINDOW_END_ID);
    return RESULT_OK;
}

result account_erase_closed(struct db *db, struct task *task, struct id id)
{
    const struct db_value arguments[] = {db_id(&id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_account_erase_closed, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return personal_forget(db, task, id, row_text(&rows, 0, ACCOUNT_ERASE_CLOSED_EMAIL_KEY));
}
