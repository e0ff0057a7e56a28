// SPDX-License-Identifier: MIT
#include "auth/store/transfer_repo.h"

#include "auth/store/account_repo.h"
#include "auth/store/statements.h"

result transfer_plan(struct db *db, struct task *task)
{
    struct db_rows rows;
    return db_run(db, task, &statement_transfer_plan, NULL, &rows);
}

result transfer_match(struct db *db, struct task *task, struct str records, struct str ids,
                      struct transfer_list *ret_list)
{
    const struct db_value arguments[] = {db_text(records), db_bytes(ids.ptr, ids.len)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_transfer_match, arguments, &rows));
    struct transfer_account *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = (struct transfer_account){
            .n = (size_t)row_int(&rows, i, TRANSFER_MATCH_N),
            .id = row_id(&rows, i, TRANSFER_MATCH_ID),
            .external_id = row_text(&rows, i, TRANSFER_MATCH_EXTERNAL_ID),
            .email = row_text(&rows, i, TRANSFER_MATCH_EMAIL),
            .email_key = row_text(&rows, i, TRANSFER_MATCH_EMAIL_KEY),
            .is_email_verified = row_bool(&rows, i, TRANSFER_MATCH_IS_EMAIL_VERIFIED),
            .name = row_text(&rows, i, TRANSFER_MATCH_NAME),
            .locale = row_text(&rows, i, TRANSFER_MATCH_LOCALE),
            .password_hash = row_text(&rows, i, TRANSFER_MATCH_PASSWORD_HASH),
            .had_password = row_bool(&rows, i, TRANSFER_MATCH_HAD_PASSWORD),
            .status = account_status_parse(row_text(&rows, i, TRANSFER_MATCH_STATUS)),
            .requires_mfa = row_bool(&rows, i, TRANSFER_MATCH_REQUIRES_MFA),
            .claims = row_text(&rows, i, TRANSFER_MATCH_CLAIMS),
        };
    *ret_list = (struct transfer_list){items, rows.count};
    return RESULT_OK;
}

result transfer_insert(struct db *db, struct task *task, struct str records, struct str ids,
                       struct id_list *ret_inserted)
{
    const struct db_value arguments[] = {db_text(records), db_bytes(ids.ptr, ids.len), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_transfer_insert, arguments, &rows));
    struct id *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = row_id(&rows, i, TRANSFER_INSERT_ID);
    *ret_inserted = (struct id_list){items, rows.count};
    return RESULT_OK;
}

result transfer_update(struct db *db, struct task *task, const struct transfer_account *account)
{
    const struct db_value arguments[] = {
        db_id(&account->id),
        db_text_or_null(account->external_id),
        db_text(account->email),
        db_text(account->email_key),
        db_bool(account->is_email_verified),
        db_text_or_null(account->name),
        db_text_or_null(account->locale),
        db_text_or_null(account->password_hash),
        db_text(str_from(account_status_name(account->status))),
        db_bool(account->requires_mfa),
        db_text_or_null(account->claims),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_transfer_update, arguments, &rows));
    REQUIRE(rows.count == 1, CONFLICT);
    return RESULT_OK;
}

result transfer_known(struct db *db, struct task *task, enum transfer_names kind, struct str names,
                      struct name_list *ret_known)
{
    const struct statement *statement =
        kind == TRANSFER_ROLES ? &statement_transfer_known_roles : &statement_transfer_known_groups;
    const struct db_value arguments[] = {db_text(names)};
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    struct str *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++) items[i] = row_text(&rows, i, TRANSFER_KNOWN_ROLES_NAME);
    *ret_known = (struct name_list){items, rows.count};
    return RESULT_OK;
}

result transfer_make_group(struct db *db, struct task *task, struct str name)
{
    const struct id id = id_new(task->now_ms);
    const struct db_value arguments[] = {db_id(&id), db_text(name), db_int(task->now_ms)};
    struct db_rows rows;
    return db_run(db, task, &statement_transfer_make_group, arguments, &rows);
}

result transfer_add(struct db *db, struct task *task, enum transfer_names kind, struct str records,
                    struct str ids, size_t *ret_count)
{
    const struct statement *statement =
        kind == TRANSFER_ROLES ? &statement_transfer_add_roles : &statement_transfer_add_members;
    const struct db_value arguments[] = {db_text(records), db_bytes(ids.ptr, ids.len), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, statement, arguments, &rows));
    *ret_count = (size_t)rows.affected;
    return RESULT_OK;
}

result transfer_add_factor(struct db *db, struct task *task, struct id account_id,
                           const struct factor *factor)
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
    return db_run(db, task, &statement_transfer_add_factor, arguments, &rows);
}

result transfer_page(struct db *db, struct task *task, struct id after, int64_t count,
                     struct transfer_list *ret_list)
{
    const struct db_value arguments[] = {db_id(&after), db_int(count)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_transfer_page, arguments, &rows));
    struct transfer_account *items = arena_alloc_array(task->arena, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = (struct transfer_account){
            .n = i,
            .id = row_id(&rows, i, TRANSFER_PAGE_ID),
            .external_id = row_text(&rows, i, TRANSFER_PAGE_EXTERNAL_ID),
            .email = row_text(&rows, i, TRANSFER_PAGE_EMAIL),
            .is_email_verified = row_bool(&rows, i, TRANSFER_PAGE_IS_EMAIL_VERIFIED),
            .name = row_text(&rows, i, TRANSFER_PAGE_NAME),
            .locale = row_text(&rows, i, TRANSFER_PAGE_LOCALE),
            .password_hash = row_text(&rows, i, TRANSFER_PAGE_PASSWORD_HASH),
            .status = account_status_parse(row_text(&rows, i, TRANSFER_PAGE_STATUS)),
            .requires_mfa = row_bool(&rows, i, TRANSFER_PAGE_REQUIRES_MFA),
            .claims = row_text(&rows, i, TRANSFER_PAGE_CLAIMS),
            .created_at_ms = row_int(&rows, i, TRANSFER_PAGE_CREATED_AT_MS),
            .roles = row_text(&rows, i, TRANSFER_PAGE_ROLES),
            .groups = row_text(&rows, i, TRANSFER_PAGE_GROUPS),
        };
    *ret_list = (struct transfer_list){items, rows.count};
    return RESULT_OK;
}
