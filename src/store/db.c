// SPDX-License-Identifier: MIT
#include "driver_internal.h"

#include <assert.h>

#include "auth/base/encoding.h"
#include "auth/base/log.h"

static bool is_valid_argument(const struct db_column *parameter, const struct db_value *argument)
{
    if (argument->type == DB_NULL) return parameter->is_nullable;
    if (argument->type != parameter->type) return false;
    /* Of the two engines one takes any bytes as text; the stricter one decides. */
    if (argument->type == DB_TEXT) return is_utf8(argument->data) && !has_nul(argument->data);
    if (argument->type == DB_UUID) return argument->data.len == ID_BYTES;
    return true;
}

static result check_arguments(struct task *task, const struct statement *statement,
                              const struct db_value *arguments)
{
    for (unsigned i = 0; i < statement->parameter_count; i++) {
        if (is_valid_argument(&statement->parameters[i], &arguments[i])) continue;
        FAIL(&task->fault, INTERNAL, "statement %s: parameter %s has a value it does not take",
             statement->name, statement->parameters[i].name);
    }
    return RESULT_OK;
}

static result check_rows(struct task *task, const struct statement *statement, const struct db_rows *rows)
{
    const size_t cells = rows->count * statement->column_count;
    for (size_t i = 0; i < cells; i++) {
        if (rows->cells[i].type != DB_NULL) continue;
        const struct db_column *column = &statement->columns[i % statement->column_count];
        if (column->is_nullable) continue;
        FAIL(&task->fault, INTERNAL, "statement %s: column %s is NULL", statement->name, column->name);
    }
    return RESULT_OK;
}

void db_assert_may_wait(const struct db *db)
{
    const struct fiber *self = fiber_self();
    assert(self != NULL);
    if (db->shared != NULL) {
        assert(db->holder == self);
        return;
    }
    for (const struct db *open = db->next; open != NULL; open = open->next) assert(open->holder != self);
}

static void forget_transaction(struct db *transaction)
{
    struct db **link = &transaction->shared->next;
    while (*link != transaction) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = transaction->next;
}

result db_run(struct db *db, struct task *task, const struct statement *statement,
              const struct db_value *arguments, struct db_rows *ret_rows)
{
    db_assert_may_wait(db);
    if (db->is_failed) {
        FAIL(&task->fault, INTERNAL, "statement %s: an earlier one of the transaction failed",
             statement->name);
    }
    TRY(check_arguments(task, statement, arguments));
    struct db_rows rows = {0};
    const result outcome = db->driver->run(db, task, statement, arguments, &rows);
    if (!is_ok(outcome)) {
        db->is_failed = db->shared != NULL;
        return outcome;
    }
    rows.statement = statement;
    TRY(check_rows(task, statement, &rows));
    *ret_rows = rows;
    return RESULT_OK;
}

result db_begin(struct db *db, struct task *task, struct db **ret_db)
{
    assert(db->shared == NULL);
    db_assert_may_wait(db);
    struct db *transaction = NULL;
    TRY(db->driver->begin(db, task, &transaction));
    *transaction = (struct db){.driver = db->driver, .shared = db, .next = db->next, .holder = fiber_self()};
    db->next = transaction;
    *ret_db = transaction;
    return RESULT_OK;
}

result db_commit(struct db **db, struct task *task)
{
    struct db *transaction = *db;
    assert(transaction != NULL && transaction->shared != NULL);
    if (transaction->is_failed) {
        db_rollback(db);
        FAIL(&task->fault, INTERNAL, "a transaction was to be committed after a statement of it had failed");
    }
    db_assert_may_wait(transaction);
    *db = NULL;
    /* Before the wait: once the lease is given back, another fiber's transaction may live in its place. */
    forget_transaction(transaction);
    return transaction->driver->commit(transaction, task);
}

void db_rollback(struct db **db)
{
    struct db *transaction = *db;
    if (transaction == NULL) return;
    *db = NULL;
    assert(transaction->shared != NULL);
    forget_transaction(transaction);
    transaction->driver->rollback(transaction);
}

enum db_engine db_engine(const struct db *db)
{
    return db->driver->engine;
}

struct db_value db_null(void)
{
    return (struct db_value){.type = DB_NULL};
}

struct db_value db_int(int64_t value)
{
    return (struct db_value){.type = DB_INT, .number = value};
}

struct db_value db_bool(bool value)
{
    return (struct db_value){.type = DB_BOOL, .number = value ? 1 : 0};
}

struct db_value db_text(struct str value)
{
    return (struct db_value){.type = DB_TEXT, .data = value.ptr == NULL ? STR("") : value};
}

struct db_value db_text_or_null(struct str value)
{
    return is_empty(value) ? db_null() : db_text(value);
}

struct db_value db_bytes(const void *bytes, size_t count)
{
    return (struct db_value){.type = DB_BYTES, .data = count == 0 ? STR("") : (struct str){bytes, count}};
}

struct db_value db_id(const struct id *id)
{
    return (struct db_value){.type = DB_UUID, .data = {(const char *)id->bytes, ID_BYTES}};
}

struct db_value db_id_or_null(const struct id *id)
{
    return is_nil(*id) ? db_null() : db_id(id);
}

/* Positions are generated from the statement, so one that does not fit is a bug. */
static const struct db_value *cell_of(const struct db_rows *rows, size_t row, unsigned column)
{
    if (row >= rows->count || column >= rows->statement->column_count) {
        panic("statement %s has no row %zu, column %u", rows->statement->name, row, column);
    }
    return &rows->cells[row * rows->statement->column_count + column];
}

_Noreturn static void panic_type(const struct db_rows *rows, const struct db_column *column)
{
    panic("statement %s: column %s is read as another type", rows->statement->name, column->name);
}

static const struct db_value *typed_cell(const struct db_rows *rows, size_t row, unsigned column,
                                         enum db_type type)
{
    const struct db_value *cell = cell_of(rows, row, column);
    const struct db_column *declared = &rows->statement->columns[column];
    if (declared->type != type) panic_type(rows, declared);
    return cell;
}

int64_t row_int(const struct db_rows *rows, size_t row, unsigned column)
{
    return typed_cell(rows, row, column, DB_INT)->number;
}

bool row_bool(const struct db_rows *rows, size_t row, unsigned column)
{
    return typed_cell(rows, row, column, DB_BOOL)->number != 0;
}

struct str row_text(const struct db_rows *rows, size_t row, unsigned column)
{
    const struct db_value *cell = cell_of(rows, row, column);
    const struct db_column *declared = &rows->statement->columns[column];
    if (declared->type != DB_TEXT && declared->type != DB_BYTES) panic_type(rows, declared);
    return cell->type == DB_NULL ? STR("") : cell->data;
}

struct id row_id(const struct db_rows *rows, size_t row, unsigned column)
{
    struct id id = {{0}};
    const struct db_value *cell = typed_cell(rows, row, column, DB_UUID);
    if (cell->type != DB_NULL) memcpy(id.bytes, cell->data.ptr, ID_BYTES);
    return id;
}

bool row_is_null(const struct db_rows *rows, size_t row, unsigned column)
{
    return cell_of(rows, row, column)->type == DB_NULL;
}

void row_bytes(const struct db_rows *rows, size_t row, unsigned column, void *ret_bytes, size_t count)
{
    const struct db_value *cell = typed_cell(rows, row, column, DB_BYTES);
    if (cell->type == DB_NULL || cell->data.len != count) {
        panic("statement %s: column %s does not hold %zu bytes", rows->statement->name,
              rows->statement->columns[column].name, count);
    }
    memcpy(ret_bytes, cell->data.ptr, count);
}
