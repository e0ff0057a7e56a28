// SPDX-License-Identifier: MIT
#include "postgres_catalog_internal.h"

#include <string.h>

#define BEGIN_SQL "BEGIN ISOLATION LEVEL READ COMMITTED"

result postgres_ask(const struct postgres_side *side, const char *sql, const struct migration_value *values,
                    size_t count, struct migration_rows *ret_rows)
{
    return migration_driver_postgres.query(side->connection, side->scope, sql, values, count, ret_rows);
}

result postgres_execute(const struct postgres_side *side, struct str sql)
{
    return postgres_ask(side, str_copy(side->scope->arena, sql).ptr, NULL, 0, NULL);
}

/* --- one side --- */

static const struct schema_object *by_key(const struct schema_catalog *catalog, struct str key)
{
    for (size_t i = 0; i < catalog->count; i++) {
        if (str_equal(catalog->items[i].key, key)) return &catalog->items[i];
    }
    return NULL;
}

/* "c.16390.3" → "c.16390.0": a column of a view, or of a partition, is no object of its own. */
static struct str without_column(struct arena *arena, struct str key)
{
    size_t len = key.len;
    while (len > 0 && key.ptr[len - 1] != '.') len--;
    return str_printf(arena, "%.*s0", (int)len, key.ptr);
}

static const struct schema_object *find_end(struct arena *arena, const struct schema_catalog *catalog,
                                            struct str key)
{
    const struct schema_object *object = by_key(catalog, key);
    return object ? object : by_key(catalog, without_column(arena, key));
}

static result read_dependencies(const struct postgres_side *side, struct schema_catalog *catalog)
{
    struct migration_rows rows;
    TRY(postgres_ask(side, postgres_dependencies_sql, NULL, 0, &rows));
    catalog->dependencies =
        arena_alloc_array(side->scope->arena, rows.count + 1, sizeof(*catalog->dependencies));
    for (size_t i = 0; i < rows.count; i++) {
        const struct schema_object *object = find_end(side->scope->arena, catalog, rows.cells[2 * i]);
        const struct schema_object *needs = find_end(side->scope->arena, catalog, rows.cells[2 * i + 1]);
        if (!object || !needs || object == needs) continue;
        catalog->dependencies[catalog->dependency_count++] =
            (struct schema_dependency){(size_t)(object - catalog->items), (size_t)(needs - catalog->items)};
    }
    return RESULT_OK;
}

static struct str value_of(struct str cell)
{
    return cell.ptr ? cell : STR("");
}

static void take_rows(const struct postgres_side *side, struct schema_catalog *catalog, enum schema_kind kind,
                      const struct migration_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct str *cells = &rows->cells[i * rows->columns];
        struct schema_object *object = schema_add(side->scope->arena, catalog, kind);
        object->table = value_of(cells[0]);
        object->name = value_of(cells[1]);
        object->key = cells[2];
        for (size_t facet = 0; facet + 3 < rows->columns; facet++)
            object->facets[facet] = value_of(cells[3 + facet]);
    }
}

static result read_side(const struct postgres_side *side, struct str schema, struct str path,
                        struct schema_catalog *ret_catalog)
{
    struct arena *arena = side->scope->arena;
    struct schema_catalog catalog = {.engine = DB_POSTGRES};
    struct migration_rows rows;
    TRY(postgres_execute(side, str_printf(arena, "SET LOCAL search_path = %.*s", STR_ARGS(path))));
    const struct migration_value name = {.data = schema};
    TRY(postgres_ask(side, "SELECT CAST(CAST(CAST($1 AS text) AS regnamespace) AS oid)::text", &name, 1,
                     &rows));
    const struct migration_value oid = {.data = rows.cells[0]};
    for (size_t i = 0; i < postgres_query_count; i++) {
        TRY(postgres_ask(side, postgres_queries[i].sql, &oid, 1, &rows));
        take_rows(side, &catalog, postgres_queries[i].kind, &rows);
    }
    TRY(read_dependencies(side, &catalog));
    schema_rank(arena, &catalog);
    *ret_catalog = catalog;
    return RESULT_OK;
}

/* --- the temporary schema --- */

static struct str without(struct arena *arena, struct str text, struct str piece)
{
    if (is_empty(text) || text.len < piece.len) return text;
    char *kept = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (str_starts_with(str_from_offset(text, i), piece)) {
            i += piece.len - 1;
            continue;
        }
        kept[len++] = text.ptr[i];
    }
    return (struct str){kept, len};
}

/* Functions are never searched for in pg_temp, so there their names are printed with the schema. */
static void hide_schema(struct arena *arena, struct schema_catalog *catalog, struct str schema,
                        struct str unlogged)
{
    const struct str prefix = str_printf(arena, "%.*s.", STR_ARGS(schema));
    for (size_t i = 0; i < catalog->count; i++) {
        struct schema_object *object = &catalog->items[i];
        object->name = without(arena, object->name, prefix);
        for (size_t facet = 0; facet < SCHEMA_FACETS; facet++) {
            object->facets[facet] = without(arena, object->facets[facet], STR("pg_temp."));
            object->facets[facet] = without(arena, object->facets[facet], prefix);
        }
        const struct str mark = str_printf(arena, "\n%.*s\n", STR_ARGS(object->name));
        if (object->kind != SCHEMA_TABLE || !strstr(unlogged.ptr, mark.ptr)) continue;
        object->facets[TABLE_PERSISTENCE] = STR("UNLOGGED");
    }
}

/* --- both --- */

/* Types and functions of extensions must be found from the scratch schema too, wherever they live. */
static result find_extra_path(const struct postgres_side *side, struct str *ret_path)
{
    struct migration_rows rows;
    TRY(postgres_ask(side,
                     "SELECT string_agg(DISTINCT quote_ident(n.nspname), ', ') FROM pg_depend d "
                     "JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass "
                     "JOIN pg_namespace n ON n.oid = e.extnamespace "
                     "WHERE d.deptype = 'e' AND d.classid IN ('pg_type'::regclass, 'pg_proc'::regclass) "
                     "AND n.nspname <> 'pg_catalog'",
                     NULL, 0, &rows));
    *ret_path = value_of(rows.cells[0]);
    return RESULT_OK;
}

static struct str join_path(struct arena *arena, struct str first, struct str extra)
{
    if (is_empty(extra)) return first;
    return str_printf(arena, "%.*s, %.*s", STR_ARGS(first), STR_ARGS(extra));
}

static result read_declared(const struct postgres_side *side, struct str declared, struct str extra,
                            struct schema_catalog *ret_catalog)
{
    struct postgres_scratch scratch;
    struct str unlogged;
    TRY(postgres_scratch_make(side, extra, &scratch));
    TRY(postgres_scratch_fill(side, &scratch, declared, &unlogged));
    TRY(read_side(side, scratch.schema, scratch.path, ret_catalog));
    if (scratch.is_temporary) hide_schema(side->scope->arena, ret_catalog, scratch.schema, unlogged);
    return RESULT_OK;
}

static result read_both(const struct postgres_side *side, struct str declared,
                        struct schema_catalog *ret_live, struct schema_catalog *ret_declared)
{
    struct migration_rows rows;
    struct str extra;
    TRY(postgres_ask(side, "SELECT quote_ident(current_schema())", NULL, 0, &rows));
    const struct str live = value_of(rows.cells[0]);
    TRY(find_extra_path(side, &extra));
    TRY(postgres_execute(side, STR("SET LOCAL lock_timeout = '5s'")));
    TRY(postgres_execute(side, STR("SET LOCAL statement_timeout = '60s'")));
    TRY(postgres_execute(side, STR("SET LOCAL check_function_bodies = off")));
    TRY(read_side(side, live, join_path(side->scope->arena, live, extra), ret_live));
    return read_declared(side, declared, extra, ret_declared);
}

result schema_read_postgres(struct migration_scope *scope, struct migration_connection *connection,
                            struct str declared, struct schema_catalog *ret_live,
                            struct schema_catalog *ret_declared)
{
    const struct postgres_side side = {scope, connection};
    TRY(postgres_execute(&side, STR(BEGIN_SQL)));
    const result outcome = read_both(&side, declared, ret_live, ret_declared);
    /* Always: nothing of this is to stay. */
    migration_driver_postgres.rollback(connection);
    return outcome;
}
