// SPDX-License-Identifier: MIT
#include "postgres_script_internal.h"

#define SQL_BYTES_MAX ((size_t)64 * 1024)
#define IS_SET(text)  (!is_empty(text))

static struct arena *arena_of(const struct pg_writer *writer)
{
    return writer->script->scope->arena;
}

bool is_new_relation(const struct pg_writer *writer, struct str name)
{
    const struct schema_catalog *from = writer->difference->from;
    if (is_table_in(from, name)) return false;
    const struct schema_object *view = schema_find(from, SCHEMA_VIEW, STR_NONE, name);
    return !view || writer->is_replaced[view - from->items];
}

/* CONCURRENTLY and NOT VALID are for plain tables. */
static const struct schema_object *partitioned(const struct pg_writer *writer, struct str name)
{
    const struct schema_object *table = schema_find(writer->difference->to, SCHEMA_TABLE, STR_NONE, name);
    return table && IS_SET(table->facets[TABLE_PARTITION_KEY]) ? table : NULL;
}

/* --- indexes --- */

static struct str with_comment(struct arena *arena, struct str sql, const struct schema_object *object)
{
    if (is_empty(object->facets[FACET_COMMENT])) return sql;
    return str_printf(arena, "%.*s;\n%.*s", STR_ARGS(sql), STR_ARGS(pg_comment(arena, object)));
}

static struct str concurrently(struct arena *arena, const struct schema_object *index, struct str name)
{
    return str_printf(arena, "CREATE %.*sINDEX CONCURRENTLY %.*s %.*s", STR_ARGS(index->facets[INDEX_UNIQUE]),
                      STR_ARGS(name), STR_ARGS(index->facets[INDEX_DEFINITION]));
}

void pg_write_index(struct pg_writer *writer, const struct schema_object *index)
{
    struct arena *arena = arena_of(writer);
    if (is_new_relation(writer, index->table) || partitioned(writer, index->table)) {
        script_add(writer->script, SCHEMA_FILE_EXPAND, pg_create(arena, writer->difference->to, index),
                   pg_drop(arena, index));
        return;
    }
    script_add(writer->script, SCHEMA_FILE_INDEX,
               with_comment(arena, concurrently(arena, index, index->name), index),
               str_printf(arena, "DROP INDEX CONCURRENTLY %.*s", STR_ARGS(index->name)));
}

/* "name" → "name_suffix", quoted or not. */
static struct str suffixed(struct arena *arena, struct str name, const char *suffix)
{
    if (name.len > 1 && name.ptr[name.len - 1] == '"')
        return str_printf(arena, "%.*s%s\"", (int)name.len - 1, name.ptr, suffix);
    return str_printf(arena, "%.*s%s", STR_ARGS(name), suffix);
}

/* The new one is built beside the old one, so that there always is one. */
static struct str exchange(struct arena *arena, const struct schema_object *index)
{
    const struct str name = suffixed(arena, index->name, "_next");
    const struct str sql =
        str_printf(arena, "%.*s;\nDROP INDEX CONCURRENTLY %.*s;\nALTER INDEX %.*s RENAME TO %.*s",
                   STR_ARGS(concurrently(arena, index, name)), STR_ARGS(index->name), STR_ARGS(name),
                   STR_ARGS(index->name));
    return with_comment(arena, sql, index);
}

void pg_write_index_change(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    if (change->facets == 1u << FACET_COMMENT) {
        script_add(writer->script, SCHEMA_FILE_EXPAND, pg_comment(arena, change->to),
                   pg_comment(arena, change->from));
        return;
    }
    if (is_new_relation(writer, change->to->table) || partitioned(writer, change->to->table)) {
        const struct str up = pg_create(arena, writer->difference->to, change->to);
        const struct str down = pg_create(arena, writer->difference->from, change->from);
        const struct str drop = pg_drop(arena, change->to);
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   str_printf(arena, "%.*s;\n%.*s", STR_ARGS(drop), STR_ARGS(up)),
                   str_printf(arena, "%.*s;\n%.*s", STR_ARGS(drop), STR_ARGS(down)));
        return;
    }
    script_add(writer->script, SCHEMA_FILE_INDEX, exchange(arena, change->to), exchange(arena, change->from));
}

/* --- constraints --- */

void pg_write_validation(struct pg_writer *writer, const struct schema_object *constraint, struct str down)
{
    script_add(writer->script, SCHEMA_FILE_VALIDATE,
               str_printf(arena_of(writer), "ALTER TABLE %.*s VALIDATE CONSTRAINT %.*s",
                          STR_ARGS(constraint->table), STR_ARGS(constraint->name)),
               down);
}

/* A unique index is built without blocking writers, then named a constraint. */
static void write_keyed(struct pg_writer *writer, const struct schema_object *constraint)
{
    struct arena *arena = arena_of(writer);
    const struct str index = suffixed(arena, constraint->name, "_next");
    const bool is_primary = str_equal(constraint->facets[CONSTRAINT_KIND], STR("p"));
    script_add(writer->script, SCHEMA_FILE_INDEX,
               str_printf(arena, "CREATE UNIQUE INDEX CONCURRENTLY %.*s %.*s", STR_ARGS(index),
                          STR_ARGS(constraint->facets[CONSTRAINT_INDEX])),
               str_printf(arena, "DROP INDEX CONCURRENTLY IF EXISTS %.*s", STR_ARGS(index)));
    const struct str sql = str_printf(arena, "ALTER TABLE %.*s ADD CONSTRAINT %.*s %s USING INDEX %.*s%.*s",
                                      STR_ARGS(constraint->table), STR_ARGS(constraint->name),
                                      is_primary ? "PRIMARY KEY" : "UNIQUE", STR_ARGS(index),
                                      STR_ARGS(constraint->facets[CONSTRAINT_DEFERRAL]));
    script_add(writer->script, SCHEMA_FILE_CONSTRAINT, with_comment(arena, sql, constraint),
               pg_drop(arena, constraint));
}

static void write_not_valid(struct pg_writer *writer, const struct schema_object *constraint)
{
    struct arena *arena = arena_of(writer);
    struct schema_object unproven = *constraint;
    unproven.facets[CONSTRAINT_VALIDITY] = STR("NOT VALID");
    script_add(writer->script, SCHEMA_FILE_CONSTRAINT, pg_create(arena, NULL, &unproven),
               pg_drop(arena, constraint));
    if (is_empty(constraint->facets[CONSTRAINT_VALIDITY])) pg_write_validation(writer, constraint, STR(""));
}

/* Whether a new table refers to something that only a later file makes. */
static bool is_waiting_for_key(const struct pg_writer *writer, const struct schema_object *constraint)
{
    const struct schema_difference *difference = writer->difference;
    if (!str_equal(constraint->facets[CONSTRAINT_KIND], STR("f"))) return false;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_object *key = difference->changes[i].to;
        if (!key || key->kind != SCHEMA_CONSTRAINT || is_new_relation(writer, key->table)) continue;
        if (IS_SET(key->facets[CONSTRAINT_INDEX])) return true;
    }
    return false;
}

void pg_write_constraint(struct pg_writer *writer, const struct schema_object *constraint,
                         bool is_dropped_first)
{
    struct arena *arena = arena_of(writer);
    const struct str kind = constraint->facets[CONSTRAINT_KIND];
    const bool is_at_once = is_new_relation(writer, constraint->table) && !is_dropped_first;
    if (is_at_once && !is_waiting_for_key(writer, constraint)) {
        script_add(writer->script, SCHEMA_FILE_EXPAND, pg_create(arena, NULL, constraint),
                   pg_drop(arena, constraint));
        return;
    }
    const bool is_partitioned = partitioned(writer, constraint->table) != NULL;
    if (IS_SET(constraint->facets[CONSTRAINT_INDEX]) && !is_partitioned) {
        write_keyed(writer, constraint);
        return;
    }
    const bool is_check = str_equal(kind, STR("c"));
    if (is_check || (str_equal(kind, STR("f")) && !is_partitioned)) {
        write_not_valid(writer, constraint);
        return;
    }
    script_add(writer->script, SCHEMA_FILE_CONSTRAINT, pg_create(arena, NULL, constraint),
               pg_drop(arena, constraint));
}

/* --- columns --- */

/* SET NOT NULL reads the whole table under the strongest lock, unless a valid CHECK already proves it. */
void pg_write_not_null(struct pg_writer *writer, const struct schema_object *column)
{
    struct arena *arena = arena_of(writer);
    const struct str table = column->table;
    const struct str proof = suffixed(arena, column->name, "_not_null_proof");
    const struct str drop = str_printf(arena, "ALTER TABLE %.*s DROP CONSTRAINT IF EXISTS %.*s",
                                       STR_ARGS(table), STR_ARGS(proof));
    script_add(writer->script, SCHEMA_FILE_CONSTRAINT,
               str_printf(arena, "ALTER TABLE %.*s ADD CONSTRAINT %.*s CHECK (%.*s IS NOT NULL) NOT VALID",
                          STR_ARGS(table), STR_ARGS(proof), STR_ARGS(column->name)),
               drop);
    script_add(writer->script, SCHEMA_FILE_VALIDATE,
               str_printf(arena,
                          "ALTER TABLE %.*s VALIDATE CONSTRAINT %.*s;\n"
                          "ALTER TABLE %.*s ALTER COLUMN %.*s SET NOT NULL;\n%.*s",
                          STR_ARGS(table), STR_ARGS(proof), STR_ARGS(table), STR_ARGS(column->name),
                          STR_ARGS(drop)),
               str_printf(arena, "ALTER TABLE %.*s ALTER COLUMN %.*s DROP NOT NULL", STR_ARGS(table),
                          STR_ARGS(column->name)));
}

void pg_write_column(struct pg_writer *writer, const struct schema_object *column)
{
    struct arena *arena = arena_of(writer);
    if (!is_table_in(writer->difference->from, column->table)) return;
    /* Existing rows get no value: first the column, then whatever fills it, then the rule. */
    const bool has_value = IS_SET(column->facets[COLUMN_DEFAULT]) ||
                           IS_SET(column->facets[COLUMN_GENERATED]) ||
                           IS_SET(column->facets[COLUMN_IDENTITY]);
    const bool is_proven_later = IS_SET(column->facets[COLUMN_NOT_NULL]) && !has_value;
    struct strbuf out;
    strbuf_init(&out, arena, 128, SQL_BYTES_MAX);
    strbuf_printf(&out, "ALTER TABLE %.*s ADD COLUMN ", STR_ARGS(column->table));
    pg_add_column(&out, column, is_proven_later);
    script_add(writer->script, SCHEMA_FILE_EXPAND, with_comment(arena, strbuf_str(&out), column),
               pg_drop(arena, column));
    if (is_proven_later) pg_write_not_null(writer, column);
}

/* --- enums --- */

static bool is_value_of(struct str values, struct str value)
{
    while (values.len > 0) {
        if (str_equal(str_split(&values, '\n'), value)) return true;
    }
    return false;
}

/* All old values are there, in the order they had. */
static bool is_superset(struct str from, struct str to)
{
    struct str wanted = str_split(&from, '\n');
    while (to.len > 0) {
        if (!str_equal(str_split(&to, '\n'), wanted)) continue;
        wanted = str_split(&from, '\n');
    }
    return is_empty(wanted);
}

static void add_values(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    struct str values = change->to->facets[ENUM_VALUES];
    struct str before = STR("");
    while (values.len > 0) {
        const struct str value = str_split(&values, '\n');
        const bool is_known = is_value_of(change->from->facets[ENUM_VALUES], value);
        struct str rest = values;
        const struct str next = str_split(&rest, '\n');
        const bool is_first = is_empty(before);
        if (!is_known) {
            const struct str beside = is_first ? next : before;
            script_add(writer->script, SCHEMA_FILE_ENUM,
                       str_printf(arena, "ALTER TYPE %.*s ADD VALUE %.*s %s %.*s", STR_ARGS(change->to->name),
                                  STR_ARGS(value), is_first ? "BEFORE" : "AFTER", STR_ARGS(beside)),
                       STR(""));
        }
        before = value;
    }
    script_mark_irreversible(writer->script, SCHEMA_FILE_ENUM,
                             STR("PostgreSQL cannot remove a value from an enum"));
}

/* Every column of the type is cast through text to a new type that takes its name. */
static void remake_enum(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    const struct str name = change->to->name;
    const struct str old = suffixed(arena, name, "_before");
    struct schema_object bare = *change->to;
    script_add(writer->script, SCHEMA_FILE_CONTRACT,
               str_printf(arena, "ALTER TYPE %.*s RENAME TO %.*s;\n%.*s", STR_ARGS(name), STR_ARGS(old),
                          STR_ARGS(pg_create(arena, NULL, &bare))),
               STR(""));
    for (size_t i = 0; i < writer->difference->to->count; i++) {
        const struct schema_object *column = &writer->difference->to->items[i];
        if (column->kind != SCHEMA_COLUMN || !str_equal(column->facets[COLUMN_TYPE], name)) continue;
        if (!schema_find(writer->difference->from, SCHEMA_COLUMN, column->table, column->name)) continue;
        const struct str alter = str_printf(arena, "ALTER TABLE %.*s ALTER COLUMN %.*s",
                                            STR_ARGS(column->table), STR_ARGS(column->name));
        const struct str value = column->facets[COLUMN_DEFAULT];
        struct str sql =
            str_printf(arena, "%.*s DROP DEFAULT;\n%.*s TYPE %.*s USING %.*s::text::%.*s", STR_ARGS(alter),
                       STR_ARGS(alter), STR_ARGS(name), STR_ARGS(column->name), STR_ARGS(name));
        if (IS_SET(value)) {
            sql = str_printf(arena, "%.*s;\n%.*s SET DEFAULT %.*s", STR_ARGS(sql), STR_ARGS(alter),
                             STR_ARGS(value));
        }
        script_add(writer->script, SCHEMA_FILE_CONTRACT, sql, STR(""));
    }
    script_add(writer->script, SCHEMA_FILE_CONTRACT, str_printf(arena, "DROP TYPE %.*s", STR_ARGS(old)),
               STR(""));
    script_mark_irreversible(writer->script, SCHEMA_FILE_CONTRACT,
                             str_printf(arena, "removes values from the enum %.*s", STR_ARGS(name)));
}

result pg_write_enum_change(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    if (is_changing(change, FACET_COMMENT)) {
        script_add(writer->script, SCHEMA_FILE_EXPAND, pg_comment(arena, change->to),
                   pg_comment(arena, change->from));
    }
    if (!is_changing(change, ENUM_VALUES)) return RESULT_OK;
    if (is_superset(change->from->facets[ENUM_VALUES], change->to->facets[ENUM_VALUES])) {
        add_values(writer, change);
        return RESULT_OK;
    }
    remake_enum(writer, change);
    return RESULT_OK;
}
