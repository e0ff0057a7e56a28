// SPDX-License-Identifier: MIT
#include "auth/store/rights_repo.h"

#include "auth/store/account_repo.h"
#include "auth/store/statements.h"

static bool is_kind(const struct db_rows *rows, size_t row, const char *kind)
{
    return str_equal(row_text(rows, row, RIGHTS_OF_ACCOUNT_KIND), str_from(kind));
}

static void read_account(const struct db_rows *rows, size_t row, struct rights_record *record)
{
    record->status = account_status_parse(row_text(rows, row, RIGHTS_OF_ACCOUNT_DETAIL));
    record->email = row_text(rows, row, RIGHTS_OF_ACCOUNT_NAME);
    record->claims = row_text(rows, row, RIGHTS_OF_ACCOUNT_CLAIMS);
    record->generation = row_int(rows, row, RIGHTS_OF_ACCOUNT_GENERATION);
}

result rights_find_record(struct db *db, struct task *task, struct id account_id,
                          struct rights_record *ret_record)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_rights_of_account, arguments, &rows));
    struct str *groups = arena_alloc_array(task->arena, rows.count, sizeof *groups);
    struct rights_role *roles = arena_alloc_array(task->arena, rows.count, sizeof *roles);
    struct rights_record record = {.groups = groups, .roles = roles};
    bool is_there = false;
    for (size_t i = 0; i < rows.count; i++) {
        const struct str name = row_text(&rows, i, RIGHTS_OF_ACCOUNT_NAME);
        if (is_kind(&rows, i, "account")) {
            is_there = true;
            read_account(&rows, i, &record);
        } else if (is_kind(&rows, i, "group")) {
            groups[record.group_count++] = name;
        } else {
            roles[record.role_count++] =
                (struct rights_role){name, row_text(&rows, i, RIGHTS_OF_ACCOUNT_DETAIL)};
        }
    }
    REQUIRE(is_there, NOT_FOUND);
    *ret_record = record;
    return RESULT_OK;
}

result rights_find_generation(struct db *db, struct task *task, int64_t *ret_generation)
{
    struct db_rows rows;
    TRY(db_run(db, task, &statement_rights_generation, NULL, &rows));
    *ret_generation = row_int(&rows, 0, RIGHTS_GENERATION_GENERATION);
    return RESULT_OK;
}

result rights_advance_generation(struct db *db, struct task *task)
{
    struct db_rows rows;
    return db_run(db, task, &statement_rights_generation_advance, NULL, &rows);
}

result rights_set_claims(struct db *db, struct task *task, struct id account_id, struct str claims)
{
    const struct db_value arguments[] = {db_id(&account_id), db_text_or_null(claims)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_rights_set_claims, arguments, &rows));
    REQUIRE(rows.count == 1, NOT_FOUND);
    return RESULT_OK;
}
