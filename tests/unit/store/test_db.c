// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <signal.h>

#include "test_statements.h"

static const struct id some_id = {{1, 2, 3}};

static struct db_rows one_row(const struct db_value cells[5])
{
    return (struct db_rows){.statement = &statement_item_by_id, .count = 1, .cells = cells};
}

Test(db_values, a_column_read_as_another_type_aborts, .signal = SIGABRT)
{
    const struct db_value cells[5] = {db_id(&some_id), db_int(1), db_bool(true), db_null(), db_null()};
    const struct db_rows rows = one_row(cells);
    (void)row_text(&rows, 0, ITEM_BY_ID_NUMBER);
}

Test(db_values, a_row_that_is_not_there_aborts, .signal = SIGABRT)
{
    const struct db_value cells[5] = {db_id(&some_id), db_int(1), db_bool(true), db_null(), db_null()};
    const struct db_rows rows = one_row(cells);
    (void)row_int(&rows, 1, ITEM_BY_ID_NUMBER);
}

Test(db_values, bytes_of_another_length_abort, .signal = SIGABRT)
{
    const struct db_value cells[5] = {db_id(&some_id), db_int(1), db_bool(true), db_null(),
                                      db_bytes("abc", 3)};
    const struct db_rows rows = one_row(cells);
    unsigned char bytes[4];
    row_bytes(&rows, 0, ITEM_BY_ID_BYTES, bytes, sizeof bytes);
}

Test(db_values, null_bytes_of_a_fixed_length_abort, .signal = SIGABRT)
{
    const struct db_value cells[5] = {db_id(&some_id), db_int(1), db_bool(true), db_null(), db_null()};
    const struct db_rows rows = one_row(cells);
    unsigned char bytes[4];
    row_bytes(&rows, 0, ITEM_BY_ID_BYTES, bytes, sizeof bytes);
}

Test(db_values, what_is_absent_becomes_null)
{
    const struct id nil = {{0}};
    cr_expect_eq(db_null().type, DB_NULL);
    cr_expect_eq(db_text_or_null(STR("")).type, DB_NULL);
    cr_expect_eq(db_text_or_null(STR_NONE).type, DB_NULL);
    cr_expect_eq(db_id_or_null(&nil).type, DB_NULL);
}

Test(db_values, what_is_present_keeps_its_type_even_when_empty)
{
    cr_expect_eq(db_text(STR_NONE).type, DB_TEXT);
    cr_expect_not_null(db_text(STR_NONE).data.ptr);
    cr_expect_eq(db_bytes(NULL, 0).type, DB_BYTES);
    cr_expect_not_null(db_bytes(NULL, 0).data.ptr);
    cr_expect_eq(db_int(0).type, DB_INT);
    cr_expect_eq(db_text_or_null(STR("a")).type, DB_TEXT);
    cr_expect_eq(db_id_or_null(&some_id).type, DB_UUID);
    cr_expect_eq(db_bool(true).number, 1);
}

Test(db_values, null_cells_read_as_nothing)
{
    const struct db_value cells[5] = {{.type = DB_NULL}};
    const struct db_rows rows = one_row(cells);
    cr_expect_eq(row_int(&rows, 0, ITEM_BY_ID_NUMBER), 0);
    cr_expect(!row_bool(&rows, 0, ITEM_BY_ID_IS_EVEN));
    cr_expect(is_empty(row_text(&rows, 0, ITEM_BY_ID_LABEL)));
    cr_expect(is_nil(row_id(&rows, 0, ITEM_BY_ID_ID)));
    cr_expect(row_is_null(&rows, 0, ITEM_BY_ID_BYTES));
}

Test(db_values, the_generated_statement_says_what_the_file_says)
{
    const struct statement *statement = &statement_nap;
    cr_expect_str_eq(statement->name, "nap");
    cr_expect_eq(statement->lane, DB_LANE_READ);
    cr_expect_eq(statement_item_add.lane, DB_LANE_WRITE);
    cr_expect_eq(statement->parameter_count, 1);
    cr_expect_eq(statement->column_count, 1);
    cr_expect_not_null(strstr(statement->sql[DB_POSTGRES], "pg_sleep"));
    cr_expect_null(strstr(statement->sql[DB_SQLITE], "pg_sleep"));
    cr_expect(statement_item_insert.parameters[3].is_nullable);
    cr_expect(!statement_item_insert.parameters[0].is_nullable);
    for (size_t i = 0; i < test_statement_count; i++) cr_expect_eq(test_statements[i]->index, 256 + i);
}
