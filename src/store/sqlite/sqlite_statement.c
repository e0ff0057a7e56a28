// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/base/log.h"
#include "sqlite_internal.h"

#define ROWS_FIRST 8u

static bool prepare(struct sqlite_connection *connection, const struct statement *statement,
                    struct sqlite_prepared *prepared, struct sqlite_failure *failure)
{
    (void)sqlite3_finalize(prepared->handle);
    *prepared = (struct sqlite_prepared){0};
    if (sqlite3_prepare_v3(connection->db, statement->sql[DB_SQLITE], -1, SQLITE_PREPARE_PERSISTENT,
                           &prepared->handle, NULL) != SQLITE_OK) {
        sqlite_note(connection, statement->name, failure);
        return false;
    }
    for (unsigned i = 0; i < statement->parameter_count; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "$%u", i + 1);
        /* SQLite takes "$1" for a name and numbers names by first appearance; 0: it does not appear. */
        prepared->parameters[i] = sqlite3_bind_parameter_index(prepared->handle, name);
    }
    prepared->statement = statement;
    return true;
}

static int bind_one(sqlite3_stmt *handle, int index, const struct db_value *value)
{
    switch (value->type) {
    case DB_NULL:
        return sqlite3_bind_null(handle, index);
    case DB_INT:
    case DB_BOOL:
        return sqlite3_bind_int64(handle, index, value->number);
    case DB_TEXT:
        return sqlite3_bind_text64(handle, index, value->data.ptr, value->data.len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case DB_BYTES:
    case DB_UUID:
        return sqlite3_bind_blob64(handle, index, value->data.ptr, value->data.len, SQLITE_STATIC);
    }
    panic("a value of no type");
}

static bool bind(struct sqlite_connection *connection, const struct sqlite_prepared *prepared,
                 const struct db_value *arguments, struct sqlite_failure *failure)
{
    for (unsigned i = 0; i < prepared->statement->parameter_count; i++) {
        if (prepared->parameters[i] == 0) continue;
        if (bind_one(prepared->handle, prepared->parameters[i], &arguments[i]) == SQLITE_OK) continue;
        sqlite_note(connection, prepared->statement->name, failure);
        return false;
    }
    return true;
}

static bool is_storage(enum db_type type, int storage, int bytes)
{
    if (type == DB_INT || type == DB_BOOL) return storage == SQLITE_INTEGER;
    if (type == DB_TEXT) return storage == SQLITE_TEXT;
    if (type == DB_UUID) return storage == SQLITE_BLOB && bytes == ID_BYTES;
    return storage == SQLITE_BLOB;
}

static bool read_cell(const struct sqlite_prepared *prepared, int index, struct arena *arena,
                      struct db_value *ret_value, struct sqlite_failure *failure)
{
    const struct db_column *column = &prepared->statement->columns[index];
    const int storage = sqlite3_column_type(prepared->handle, index);
    *ret_value = (struct db_value){.type = DB_NULL};
    if (storage == SQLITE_NULL) return true;
    const bool is_text = storage == SQLITE_TEXT;
    const void *bytes = is_text ? (const void *)sqlite3_column_text(prepared->handle, index)
                                : sqlite3_column_blob(prepared->handle, index);
    const int len = sqlite3_column_bytes(prepared->handle, index);
    if (!is_storage(column->type, storage, len)) {
        sqlite_note_text(failure, STATUS_INTERNAL, "statement %s: column %s holds another type than declared",
                         prepared->statement->name, column->name);
        return false;
    }
    ret_value->type = column->type;
    if (storage == SQLITE_INTEGER) {
        ret_value->number = sqlite3_column_int64(prepared->handle, index);
    } else {
        ret_value->data = str_copy(arena, (struct str){bytes ? bytes : "", (size_t)len});
    }
    return true;
}

/* Rows as they come, in a table that doubles. */
struct table {
    struct arena *arena;
    struct db_value *cells;
    size_t count;
    size_t capacity;
};

static bool add_row(struct table *table, const struct sqlite_prepared *prepared,
                    struct sqlite_failure *failure)
{
    const unsigned columns = prepared->statement->column_count;
    if (table->count == DB_ROWS_MAX) {
        sqlite_note_text(failure, STATUS_INTERNAL, "statement %s: more than %u rows",
                         prepared->statement->name, DB_ROWS_MAX);
        return false;
    }
    if (table->count == table->capacity) {
        const size_t capacity = table->capacity > 0 ? 2 * table->capacity : ROWS_FIRST;
        struct db_value *cells = arena_alloc_array(table->arena, capacity * (columns + 1), sizeof(*cells));
        if (table->count > 0) memcpy(cells, table->cells, table->count * columns * sizeof(*cells));
        table->cells = cells;
        table->capacity = capacity;
    }
    for (unsigned i = 0; i < columns; i++) {
        struct db_value *cell = &table->cells[table->count * columns + i];
        if (!read_cell(prepared, (int)i, table->arena, cell, failure)) return false;
    }
    table->count++;
    return true;
}

static bool step(struct sqlite_connection *connection, const struct sqlite_prepared *prepared,
                 struct table *table, struct sqlite_failure *failure)
{
    for (;;) {
        const int code = sqlite3_step(prepared->handle);
        if (code == SQLITE_DONE) return true;
        if (code != SQLITE_ROW) {
            sqlite_note(connection, prepared->statement->name, failure);
            return false;
        }
        if (!add_row(table, prepared, failure)) return false;
    }
}

bool sqlite_run_statement(struct sqlite_connection *connection, const struct statement *statement,
                          const struct db_value *arguments, struct arena *arena, struct db_rows *ret_rows,
                          struct sqlite_failure *failure)
{
    struct sqlite_prepared *prepared = &connection->prepared[statement->index];
    if (prepared->statement != statement && !prepare(connection, statement, prepared, failure)) return false;
    if ((unsigned)sqlite3_column_count(prepared->handle) != statement->column_count) {
        sqlite_note_text(failure, STATUS_INTERNAL, "statement %s: %d columns, %u declared", statement->name,
                         sqlite3_column_count(prepared->handle), statement->column_count);
        return false;
    }
    struct table table = {.arena = arena};
    const bool is_done =
        bind(connection, prepared, arguments, failure) && step(connection, prepared, &table, failure);
    const int64_t affected = is_done ? sqlite3_changes(connection->db) : 0;
    /* A statement left open would hold its snapshot; bindings point into the caller's memory. */
    (void)sqlite3_reset(prepared->handle);
    (void)sqlite3_clear_bindings(prepared->handle);
    if (!is_done) return false;
    *ret_rows = (struct db_rows){.statement = statement,
                                 .count = table.count,
                                 .affected = statement->column_count > 0 ? 0 : affected,
                                 .cells = table.cells};
    return true;
}
