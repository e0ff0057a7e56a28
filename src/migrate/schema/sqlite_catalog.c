// SPDX-License-Identifier: MIT
#include "sqlite_table_internal.h"

#define MEMORY_LIMIT_MS INT64_C(60000)

static const struct migration_driver *const driver = &migration_driver_sqlite;

/* --- reading --- */

/* What follows the object's name. */
static struct str definition_of(struct arena *arena, struct str sql, const char *words)
{
    struct sql_lexer after = {sql, DB_SQLITE};
    if (!sql_begins_with(DB_SQLITE, sql, words, &after)) return schema_normalise(arena, DB_SQLITE, sql);
    (void)sql_next_solid(&after);
    return schema_normalise(arena, DB_SQLITE, after.rest);
}

static void read_index(struct arena *arena, struct schema_object *object, struct str sql)
{
    struct sql_lexer after;
    const bool is_unique = sql_begins_with(DB_SQLITE, sql, "CREATE UNIQUE", &after);
    object->facets[INDEX_UNIQUE] = is_unique ? STR("UNIQUE ") : STR("");
    object->facets[INDEX_DEFINITION] = definition_of(arena, sql, "CREATE [UNIQUE] INDEX [IF] [NOT] [EXISTS]");
}

static void read_object(struct arena *arena, struct schema_catalog *catalog, const struct str *row)
{
    const struct str type = row[0];
    const struct str name = schema_quote(arena, row[1]);
    const struct str sql = row[3];
    if (str_equal(type, STR("table"))) {
        sqlite_read_table(arena, catalog, name, sql);
        return;
    }
    const bool is_index = str_equal(type, STR("index"));
    const bool is_view = str_equal(type, STR("view"));
    const enum schema_kind kind = is_index ? SCHEMA_INDEX : is_view ? SCHEMA_VIEW : SCHEMA_TRIGGER;
    struct schema_object *object = schema_add(arena, catalog, kind);
    object->name = name;
    object->table = is_view ? STR("") : schema_quote(arena, row[2]);
    object->facets[SQLITE_SOURCE] = sql;
    if (is_index) read_index(arena, object, sql);
    if (is_view)
        object->facets[VIEW_DEFINITION] = definition_of(arena, sql, "CREATE VIEW [IF] [NOT] [EXISTS]");
    if (kind == SCHEMA_TRIGGER)
        object->facets[TRIGGER_DEFINITION] = definition_of(arena, sql, "CREATE TRIGGER [IF] [NOT] [EXISTS]");
}

static result read_catalog(struct migration_scope *scope, struct migration_connection *connection,
                           struct schema_catalog *ret_catalog)
{
    struct schema_catalog catalog = {.engine = DB_SQLITE};
    struct migration_rows rows;
    /* Indexes without SQL belong to constraints; the shadow tables of virtual ones to their module. */
    TRY(driver->query(connection, scope,
                      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
                      "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'schema\\_version%' "
                      "ESCAPE '\\' AND tbl_name NOT IN (SELECT name FROM pragma_table_list "
                      "WHERE type = 'shadow') ORDER BY rowid",
                      NULL, 0, &rows));
    for (size_t i = 0; i < rows.count; i++)
        read_object(scope->arena, &catalog, &rows.cells[i * rows.columns]);
    schema_rank(scope->arena, &catalog);
    *ret_catalog = catalog;
    return RESULT_OK;
}

/* --- in memory --- */

static result open_memory(struct migration_scope *scope, struct migration_connection **ret_connection)
{
    struct store_options *store = arena_alloc(scope->arena, sizeof(*store));
    *store = (struct store_options){
        .engine = DB_SQLITE, .uri = STR(":memory:"), .display = STR("a database in memory")};
    return driver->open(scope, &(const struct migration_access){.store = store}, ret_connection);
}

static result run_declared(struct migration_scope *scope, struct migration_connection *connection,
                           struct str declared)
{
    const struct migration_section section = {
        .sql = declared, .first_line = 1, .file = STR("../schema/sqlite.sql")};
    const struct migration_limits limits = {.lock_timeout_ms = MEMORY_LIMIT_MS,
                                            .statement_timeout_ms = MEMORY_LIMIT_MS};
    TRY(driver->begin(connection, scope, &limits));
    TRY(driver->run_section(connection, scope, &section));
    return driver->commit(connection, scope);
}

static result read_declared(struct migration_scope *scope, struct str declared,
                            struct schema_catalog *ret_catalog)
{
    struct migration_connection *connection = NULL;
    result outcome = open_memory(scope, &connection);
    if (is_ok(outcome)) outcome = run_declared(scope, connection, declared);
    if (is_ok(outcome)) outcome = read_catalog(scope, connection, ret_catalog);
    if (connection) driver->close(connection);
    return outcome;
}

static result run_revisions(struct migration_scope *scope, struct migration_connection *connection,
                            const struct revision *revisions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct migration_limits limits = {.lock_timeout_ms = MEMORY_LIMIT_MS,
                                                .statement_timeout_ms = MEMORY_LIMIT_MS,
                                                .revision = revisions[i].id,
                                                .is_rebuild = true};
        TRY(driver->begin(connection, scope, &limits));
        TRY(driver->run_section(connection, scope, &revisions[i].up[DB_SQLITE]));
        TRY(driver->commit(connection, scope));
    }
    return RESULT_OK;
}

static result read_revisions(struct migration_scope *scope, const struct revision *revisions, size_t count,
                             struct schema_catalog *ret_catalog)
{
    struct migration_connection *connection = NULL;
    result outcome = open_memory(scope, &connection);
    if (is_ok(outcome)) outcome = run_revisions(scope, connection, revisions, count);
    if (is_ok(outcome)) outcome = read_catalog(scope, connection, ret_catalog);
    if (connection) driver->close(connection);
    return outcome;
}

result schema_read_sqlite(struct migration_scope *scope, struct migration_connection *connection,
                          struct str declared, struct schema_catalog *ret_live,
                          struct schema_catalog *ret_declared)
{
    TRY(read_catalog(scope, connection, ret_live));
    return read_declared(scope, declared, ret_declared);
}

result schema_read_sqlite_revisions(struct migration_scope *scope, const struct revision *revisions,
                                    size_t count, struct str declared, struct schema_catalog *ret_live,
                                    struct schema_catalog *ret_declared)
{
    TRY(read_revisions(scope, revisions, count, ret_live));
    return read_declared(scope, declared, ret_declared);
}
