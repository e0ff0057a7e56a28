// SPDX-License-Identifier: MIT
#include "postgres_script_internal.h"

#include "auth/base/strbuf.h"

#define SQL_BYTES_MAX ((size_t)1024 * 1024)

#define IS_SET(text) (!is_empty(text))

struct str pg_literal(struct arena *arena, struct str text)
{
    struct strbuf out;
    strbuf_init(&out, arena, text.len + 8, 2 * text.len + 8);
    strbuf_add_char(&out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'') strbuf_add_char(&out, '\'');
        strbuf_add_char(&out, text.ptr[i]);
    }
    strbuf_add_char(&out, '\'');
    return strbuf_str(&out);
}

/* --- comments --- */

static struct str commented(struct arena *arena, const struct schema_object *object)
{
    const struct str name = object->name;
    switch (object->kind) {
    case SCHEMA_COLUMN:
        return str_printf(arena, "COLUMN %.*s.%.*s", STR_ARGS(object->table), STR_ARGS(name));
    case SCHEMA_CONSTRAINT:
    case SCHEMA_TRIGGER:
    case SCHEMA_POLICY: {
        static const char *const words[SCHEMA_KIND_COUNT] = {
            [SCHEMA_CONSTRAINT] = "CONSTRAINT", [SCHEMA_TRIGGER] = "TRIGGER", [SCHEMA_POLICY] = "POLICY"};
        return str_printf(arena, "%s %.*s ON %.*s", words[object->kind], STR_ARGS(name),
                          STR_ARGS(object->table));
    }
    case SCHEMA_FUNCTION:
        return str_printf(arena, "%.*s %.*s", STR_ARGS(object->facets[FUNCTION_KIND]), STR_ARGS(name));
    case SCHEMA_VIEW:
        return str_printf(arena, "%.*s %.*s", STR_ARGS(object->facets[VIEW_KIND]), STR_ARGS(name));
    case SCHEMA_TYPE:
        return str_printf(arena, "%.*s %.*s", STR_ARGS(object->facets[TYPE_KIND]), STR_ARGS(name));
    case SCHEMA_ENUM:
        return str_printf(arena, "TYPE %.*s", STR_ARGS(name));
    case SCHEMA_SEQUENCE:
        return str_printf(arena, "SEQUENCE %.*s", STR_ARGS(name));
    case SCHEMA_INDEX:
        return str_printf(arena, "INDEX %.*s", STR_ARGS(name));
    case SCHEMA_TABLE:
    case SCHEMA_KIND_COUNT:
        break;
    }
    return str_printf(arena, "TABLE %.*s", STR_ARGS(name));
}

struct str pg_comment(struct arena *arena, const struct schema_object *object)
{
    const struct str text = object->facets[FACET_COMMENT];
    const struct str literal = IS_SET(text) ? pg_literal(arena, text) : STR("NULL");
    const struct str on = commented(arena, object);
    return str_printf(arena, "COMMENT ON %.*s IS %.*s", STR_ARGS(on), STR_ARGS(literal));
}

static void add_comment(struct strbuf *out, const struct schema_object *object)
{
    if (is_empty(object->facets[FACET_COMMENT])) return;
    strbuf_printf(out, ";\n%.*s", STR_ARGS(pg_comment(out->arena, object)));
}

/* --- tables --- */

void pg_add_column(struct strbuf *out, const struct schema_object *column, bool is_nullable)
{
    const struct str *facets = column->facets;
    strbuf_printf(out, "%.*s %.*s", STR_ARGS(column->name), STR_ARGS(facets[COLUMN_TYPE]));
    if (IS_SET(facets[COLUMN_COLLATION]))
        strbuf_printf(out, " COLLATE %.*s", STR_ARGS(facets[COLUMN_COLLATION]));
    if (IS_SET(facets[COLUMN_DEFAULT])) strbuf_printf(out, " DEFAULT %.*s", STR_ARGS(facets[COLUMN_DEFAULT]));
    if (IS_SET(facets[COLUMN_GENERATED]))
        strbuf_printf(out, " GENERATED ALWAYS AS (%.*s) STORED", STR_ARGS(facets[COLUMN_GENERATED]));
    if (IS_SET(facets[COLUMN_IDENTITY]))
        strbuf_printf(out, " GENERATED %.*s AS IDENTITY", STR_ARGS(facets[COLUMN_IDENTITY]));
    if (IS_SET(facets[COLUMN_NOT_NULL]) && !is_nullable) strbuf_add(out, STR(" NOT NULL"));
}

static void add_columns(struct strbuf *out, const struct schema_catalog *catalog, struct str table,
                        bool is_commenting)
{
    const char *separator = "\n    ";
    for (size_t i = 0; i < catalog->count; i++) {
        const struct schema_object *column = &catalog->items[i];
        if (column->kind != SCHEMA_COLUMN || !str_equal(column->table, table)) continue;
        if (is_commenting) {
            add_comment(out, column);
            continue;
        }
        strbuf_add(out, str_from(separator));
        separator = ",\n    ";
        pg_add_column(out, column, false);
    }
}

struct str pg_row_security(struct arena *arena, const struct schema_object *table)
{
    const bool is_on = IS_SET(table->facets[TABLE_ROW_SECURITY]);
    return str_printf(arena, "ALTER TABLE %.*s %s ROW LEVEL SECURITY", STR_ARGS(table->name),
                      is_on ? "ENABLE" : "DISABLE");
}

struct str pg_forced(struct arena *arena, const struct schema_object *table)
{
    const bool is_on = IS_SET(table->facets[TABLE_FORCED]);
    return str_printf(arena, "ALTER TABLE %.*s %sFORCE ROW LEVEL SECURITY", STR_ARGS(table->name),
                      is_on ? "" : "NO ");
}

static void add_table(struct strbuf *out, const struct schema_catalog *catalog,
                      const struct schema_object *table)
{
    const struct str *facets = table->facets;
    strbuf_printf(out, "CREATE %.*s%sTABLE %.*s", STR_ARGS(facets[TABLE_PERSISTENCE]),
                  IS_SET(facets[TABLE_PERSISTENCE]) ? " " : "", STR_ARGS(table->name));
    if (IS_SET(facets[TABLE_PARENT])) {
        strbuf_printf(out, " PARTITION OF %.*s %.*s", STR_ARGS(facets[TABLE_PARENT]),
                      STR_ARGS(facets[TABLE_BOUND]));
    } else {
        strbuf_add(out, STR(" ("));
        add_columns(out, catalog, table->name, false);
        strbuf_add(out, STR("\n)"));
    }
    if (IS_SET(facets[TABLE_PARTITION_KEY]))
        strbuf_printf(out, " PARTITION BY %.*s", STR_ARGS(facets[TABLE_PARTITION_KEY]));
    if (IS_SET(facets[TABLE_OPTIONS])) strbuf_printf(out, " WITH (%.*s)", STR_ARGS(facets[TABLE_OPTIONS]));
    add_columns(out, catalog, table->name, true);
    if (IS_SET(facets[TABLE_ROW_SECURITY]))
        strbuf_printf(out, ";\n%.*s", STR_ARGS(pg_row_security(out->arena, table)));
    if (IS_SET(facets[TABLE_FORCED])) strbuf_printf(out, ";\n%.*s", STR_ARGS(pg_forced(out->arena, table)));
}

/* --- everything else --- */

static void add_enum(struct strbuf *out, const struct schema_object *type)
{
    struct str values = type->facets[ENUM_VALUES];
    const char *separator = "";
    strbuf_printf(out, "CREATE TYPE %.*s AS ENUM (", STR_ARGS(type->name));
    while (values.len > 0) {
        const struct str value = str_split(&values, '\n');
        strbuf_printf(out, "%s%.*s", separator, STR_ARGS(value));
        separator = ", ";
    }
    strbuf_add_char(out, ')');
}

static void add_view(struct strbuf *out, const struct schema_object *view)
{
    const struct str *facets = view->facets;
    strbuf_printf(out, "CREATE %.*s %.*s", STR_ARGS(facets[VIEW_KIND]), STR_ARGS(view->name));
    if (IS_SET(facets[VIEW_OPTIONS])) strbuf_printf(out, " WITH (%.*s)", STR_ARGS(facets[VIEW_OPTIONS]));
    strbuf_printf(out, " AS\n%.*s", STR_ARGS(facets[VIEW_DEFINITION]));
}

static void add_trigger(struct strbuf *out, const struct schema_object *trigger)
{
    const struct str enabled = trigger->facets[TRIGGER_ENABLED];
    strbuf_add(out, trigger->facets[TRIGGER_DEFINITION]);
    if (str_equal(enabled, STR("ENABLE"))) return;
    strbuf_printf(out, ";\nALTER TABLE %.*s %.*s TRIGGER %.*s", STR_ARGS(trigger->table), STR_ARGS(enabled),
                  STR_ARGS(trigger->name));
}

static void add_constraint(struct strbuf *out, const struct schema_object *constraint)
{
    strbuf_printf(out, "ALTER TABLE %.*s ADD CONSTRAINT %.*s %.*s", STR_ARGS(constraint->table),
                  STR_ARGS(constraint->name), STR_ARGS(constraint->facets[CONSTRAINT_DEFINITION]));
    if (IS_SET(constraint->facets[CONSTRAINT_VALIDITY])) strbuf_add(out, STR(" NOT VALID"));
}

static void add_type(struct strbuf *out, const struct schema_object *type)
{
    strbuf_printf(out, "CREATE %.*s %.*s AS %.*s", STR_ARGS(type->facets[TYPE_KIND]), STR_ARGS(type->name),
                  STR_ARGS(type->facets[TYPE_DEFINITION]));
}

static void add_index(struct strbuf *out, const struct schema_object *index)
{
    strbuf_printf(out, "CREATE %.*sINDEX %.*s %.*s", STR_ARGS(index->facets[INDEX_UNIQUE]),
                  STR_ARGS(index->name), STR_ARGS(index->facets[INDEX_DEFINITION]));
}

struct str pg_create(struct arena *arena, const struct schema_catalog *catalog,
                     const struct schema_object *object)
{
    struct strbuf out;
    const struct str name = object->name;
    strbuf_init(&out, arena, 512, SQL_BYTES_MAX);
    switch (object->kind) {
    case SCHEMA_ENUM:
        add_enum(&out, object);
        break;
    case SCHEMA_TYPE:
        add_type(&out, object);
        break;
    case SCHEMA_SEQUENCE:
        strbuf_printf(&out, "CREATE SEQUENCE %.*s %.*s", STR_ARGS(name),
                      STR_ARGS(object->facets[SEQUENCE_OPTIONS]));
        break;
    case SCHEMA_FUNCTION:
        strbuf_add(&out, object->facets[FUNCTION_CREATE]);
        break;
    case SCHEMA_TABLE:
        add_table(&out, catalog, object);
        break;
    case SCHEMA_COLUMN:
        strbuf_printf(&out, "ALTER TABLE %.*s ADD COLUMN ", STR_ARGS(object->table));
        pg_add_column(&out, object, false);
        break;
    case SCHEMA_CONSTRAINT:
        add_constraint(&out, object);
        break;
    case SCHEMA_INDEX:
        add_index(&out, object);
        break;
    case SCHEMA_VIEW:
        add_view(&out, object);
        break;
    case SCHEMA_TRIGGER:
        add_trigger(&out, object);
        break;
    case SCHEMA_POLICY:
        strbuf_printf(&out, "CREATE POLICY %.*s ON %.*s %.*s", STR_ARGS(name), STR_ARGS(object->table),
                      STR_ARGS(object->facets[POLICY_DEFINITION]));
        break;
    case SCHEMA_KIND_COUNT:
        break;
    }
    add_comment(&out, object);
    return strbuf_str(&out);
}

struct str pg_drop(struct arena *arena, const struct schema_object *object)
{
    const struct str name = object->name;
    const struct str table = object->table;
    switch (object->kind) {
    case SCHEMA_COLUMN:
        return str_printf(arena, "ALTER TABLE %.*s DROP COLUMN %.*s", STR_ARGS(table), STR_ARGS(name));
    case SCHEMA_CONSTRAINT:
        return str_printf(arena, "ALTER TABLE %.*s DROP CONSTRAINT %.*s", STR_ARGS(table), STR_ARGS(name));
    case SCHEMA_TRIGGER:
        return str_printf(arena, "DROP TRIGGER %.*s ON %.*s", STR_ARGS(name), STR_ARGS(table));
    case SCHEMA_POLICY:
        return str_printf(arena, "DROP POLICY %.*s ON %.*s", STR_ARGS(name), STR_ARGS(table));
    case SCHEMA_SEQUENCE: /* goes with the column that owns it */
        return str_printf(arena, "DROP SEQUENCE IF EXISTS %.*s", STR_ARGS(name));
    case SCHEMA_ENUM:
    case SCHEMA_TYPE:
    case SCHEMA_FUNCTION:
    case SCHEMA_TABLE:
    case SCHEMA_INDEX:
    case SCHEMA_VIEW:
    case SCHEMA_KIND_COUNT:
        break;
    }
    return str_printf(arena, "DROP %.*s", STR_ARGS(commented(arena, object)));
}
