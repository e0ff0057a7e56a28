// SPDX-License-Identifier: MIT
#include "auth/store/factor_repo.h"

#include "auth/base/strbuf.h"
#include "auth/store/statements.h"

#define ROLE_NAMES_MAX ((size_t)256 * 1024)

/* One row, or NOT_FOUND. */
static result run_one(struct db *db, struct task *task, const struct statement *statement,
                      const struct db_value *arguments, struct db_rows *ret_rows)
{
    TRY(db_run(db, task, statement, arguments, ret_rows));
    REQUIRE(ret_rows->count == 1, NOT_FOUND);
    return RESULT_OK;
}

static result run_on_account(struct db *db, struct task *task, const struct statement *statement,
                             struct id account_id)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    return db_run(db, task, statement, arguments, &rows);
}

result assurance_find(struct db *db, struct task *task, struct id account_id, struct assurance *ret_assurance)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    TRY(run_one(db, task, &statement_account_assurance, arguments, &rows));
    *ret_assurance = (struct assurance){
        .requires_mfa = row_bool(&rows, 0, ACCOUNT_ASSURANCE_REQUIRES_MFA),
        .has_password = row_bool(&rows, 0, ACCOUNT_ASSURANCE_HAS_PASSWORD),
        .factor_count = row_int(&rows, 0, ACCOUNT_ASSURANCE_FACTOR_COUNT),
        .recovery_count = row_int(&rows, 0, ACCOUNT_ASSURANCE_RECOVERY_COUNT),
    };
    return RESULT_OK;
}

result assurance_set_required(struct db *db, struct task *task, struct id account_id, bool requires_mfa)
{
    const struct db_value arguments[] = {db_id(&account_id), db_bool(requires_mfa)};
    struct db_rows rows;
    return run_one(db, task, &statement_account_set_requires_mfa, arguments, &rows);
}

result account_role_names(struct db *db, struct task *task, struct id account_id, struct str *ret_names)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    struct strbuf names;
    TRY(db_run(db, task, &statement_account_role_names, arguments, &rows));
    strbuf_init(&names, task->arena, 256, ROLE_NAMES_MAX);
    for (size_t i = 0; i < rows.count; i++) {
        if (i > 0) strbuf_add_char(&names, ' ');
        strbuf_add(&names, row_text(&rows, i, ACCOUNT_ROLE_NAMES_ROLE));
    }
    return strbuf_finish(&names, ret_names);
}

result factor_insert(struct db *db, struct task *task, struct id account_id, const struct factor *factor)
{
    const struct db_value arguments[] = {
        db_id(&factor->id),
        db_id(&account_id),
        db_text(factor->kind),
        db_text(factor->name),
        db_bytes(factor->sealed_secret.ptr, factor->sealed_secret.len),
        db_int(factor->created_at_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_factor_insert, arguments, &rows);
}

static struct factor factor_from_row(const struct db_rows *rows, size_t row)
{
    return (struct factor){
        .id = row_id(rows, row, FACTOR_LIST_ID),
        .kind = row_text(rows, row, FACTOR_LIST_KIND),
        .name = row_text(rows, row, FACTOR_LIST_NAME),
        .sealed_secret = row_text(rows, row, FACTOR_LIST_SEALED_SECRET),
        .last_step = row_int(rows, row, FACTOR_LIST_LAST_STEP),
        .created_at_ms = row_int(rows, row, FACTOR_LIST_CREATED_AT_MS),
        .confirmed_at_ms = row_int(rows, row, FACTOR_LIST_CONFIRMED_AT_MS),
        .last_used_at_ms = row_int(rows, row, FACTOR_LIST_LAST_USED_AT_MS),
    };
}

result factor_list_of_account(struct db *db, struct task *task, struct id account_id,
                              struct factor_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_factor_list, arguments, &rows));
    struct factor *items = arena_alloc_array(task->arena, rows.count, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = factor_from_row(&rows, i);
    *ret_list = (struct factor_list){items, rows.count};
    return RESULT_OK;
}

result factor_delete_pending(struct db *db, struct task *task, struct id account_id)
{
    return run_on_account(db, task, &statement_factor_delete_pending, account_id);
}

result factor_confirm(struct db *db, struct task *task, const struct factor_use *use,
                      int64_t created_after_ms)
{
    const struct db_value arguments[] = {db_id(&use->factor_id), db_id(&use->account_id), db_int(use->step),
                                         db_int(task->now_ms), db_int(created_after_ms)};
    struct db_rows rows;
    return run_one(db, task, &statement_factor_confirm, arguments, &rows);
}

result factor_spend_step(struct db *db, struct task *task, const struct factor_use *use)
{
    const struct db_value arguments[] = {db_id(&use->factor_id), db_id(&use->account_id), db_int(use->step),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    return run_one(db, task, &statement_factor_spend_step, arguments, &rows);
}

result factor_rename(struct db *db, struct task *task, struct id id, struct id account_id, struct str name)
{
    const struct db_value arguments[] = {db_id(&id), db_id(&account_id), db_text(name)};
    struct db_rows rows;
    return run_one(db, task, &statement_factor_rename, arguments, &rows);
}

result factor_delete(struct db *db, struct task *task, struct id id, struct id account_id,
                     bool *ret_was_confirmed)
{
    const struct db_value arguments[] = {db_id(&id), db_id(&account_id)};
    struct db_rows rows;
    TRY(run_one(db, task, &statement_factor_delete, arguments, &rows));
    *ret_was_confirmed = !row_is_null(&rows, 0, FACTOR_DELETE_CONFIRMED_AT_MS);
    return RESULT_OK;
}

result factor_delete_all(struct db *db, struct task *task, struct id account_id)
{
    return run_on_account(db, task, &statement_factor_delete_all, account_id);
}

result recovery_code_insert(struct db *db, struct task *task, struct id account_id,
                            const unsigned char digest[RECOVERY_DIGEST_BYTES])
{
    const struct db_value arguments[] = {db_id(&account_id), db_bytes(digest, RECOVERY_DIGEST_BYTES),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_recovery_code_insert, arguments, &rows);
}

result recovery_code_find(struct db *db, struct task *task, struct id account_id,
                          const unsigned char digest[RECOVERY_DIGEST_BYTES])
{
    const struct db_value arguments[] = {db_id(&account_id), db_bytes(digest, RECOVERY_DIGEST_BYTES)};
    struct db_rows rows;
    return run_one(db, task, &statement_recovery_code_find, arguments, &rows);
}

result recovery_code_spend(struct db *db, struct task *task, struct id account_id,
                           const unsigned char digest[RECOVERY_DIGEST_BYTES])
{
    const struct db_value arguments[] = {db_id(&account_id), db_bytes(digest, RECOVERY_DIGEST_BYTES),
                                         db_int(task->now_ms)};
    struct db_rows rows;
    return run_one(db, task, &statement_recovery_code_spend, arguments, &rows);
}

result recovery_code_delete_all(struct db *db, struct task *task, struct id account_id)
{
    return run_on_account(db, task, &statement_recovery_code_delete_all, account_id);
}
