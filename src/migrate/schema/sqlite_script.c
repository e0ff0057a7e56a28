// SPDX-License-Identifier: MIT
#include "auth/base/strbuf.h"
#include "schema_internal.h"

#define SQL_BYTES_MAX REVISION_FILE_BYTES_MAX
#define IS_SET(text)  (!is_empty(text))

struct sqlite_writer {
    struct schema_script *script;
    const struct schema_difference *difference;
    struct arena *arena;
};

/* What is to be done to a table that stays. */
struct table_plan {
    struct str table;
    bool is_rebuilt;  /* something ALTER TABLE cannot do */
    bool is_dropping; /* a column goes */
    bool is_extended; /* columns that ALTER TABLE can add */
};

/* --- what ADD COLUMN can do --- */

/* "The column may not have a PRIMARY KEY or UNIQUE constraint", "a default value of CURRENT_TIME, … or an
 * expression in parentheses", NOT NULL needs "a default value other than NULL", "GENERATED ALWAYS … STORED". */
static bool is_simple_column(const struct schema_catalog *to, const struct schema_object *column)
{
    const struct str *facets = column->facets;
    const struct str value = facets[COLUMN_DEFAULT];
    const bool is_null = is_empty(value) || str_equal(value, STR("null"));
    if (IS_SET(facets[COLUMN_GENERATED])) return false;
    if (IS_SET(facets[COLUMN_NOT_NULL]) && is_null) return false;
    if (str_starts_with(value, STR("(")) || str_starts_with(value, STR("current_"))) return false;
    for (size_t i = 0; i < to->count; i++) {
        const struct schema_object *constraint = &to->items[i];
        if (constraint->kind != SCHEMA_CONSTRAINT || !str_equal(constraint->table, column->table)) continue;
        if (!str_equal(constraint->facets[CONSTRAINT_INDEX], column->name)) continue;
        const char kind = constraint->facets[CONSTRAINT_KIND].ptr[0];
        if (kind == 'p' || kind == 'u' || (kind == 'f' && !is_null)) return false;
    }
    return true;
}

/* Comes with a column that is added. */
static bool is_covered(const struct schema_difference *difference, const struct schema_object *constraint)
{
    const struct str name = constraint->facets[CONSTRAINT_INDEX];
    const struct schema_object *column = schema_find(difference->to, SCHEMA_COLUMN, constraint->table, name);
    if (is_empty(name) || !column) return false;
    if (schema_find(difference->from, SCHEMA_COLUMN, constraint->table, name)) return false;
    return is_simple_column(difference->to, column);
}

static void plan_change(const struct schema_difference *difference, const struct schema_change *change,
                        struct table_plan *plan)
{
    const struct schema_object *object = change->to ? change->to : change->from;
    const bool is_added = change->action == SCHEMA_DO_ADD;
    if (object->kind == SCHEMA_COLUMN && is_added && is_simple_column(difference->to, object)) {
        plan->is_extended = true;
        return;
    }
    if (object->kind == SCHEMA_CONSTRAINT && is_added && is_covered(difference, object)) return;
    plan->is_rebuilt = true;
    if (object->kind == SCHEMA_COLUMN && change->action == SCHEMA_DO_DROP) plan->is_dropping = true;
}

static struct table_plan plan_table(const struct schema_difference *difference, struct str table)
{
    struct table_plan plan = {.table = table};
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action == SCHEMA_DO_RENAME) continue;
        const struct schema_object *object = change->to ? change->to : change->from;
        const bool is_table = object->kind == SCHEMA_TABLE && str_equal(object->name, table);
        const bool is_part = (object->kind == SCHEMA_COLUMN || object->kind == SCHEMA_CONSTRAINT) &&
                             str_equal(object->table, table);
        if (is_table || is_part) plan_change(difference, change, &plan);
    }
    return plan;
}

/* --- the rebuild, in the steps of "Making Other Kinds Of Table Schema Changes" --- */

struct rebuild {
    struct str table;
    const struct schema_catalog *target;  /* has the table as it will be */
    const struct schema_catalog *source;  /* the columns there are */
    const struct schema_catalog *also;    /* more of them that were added meanwhile; NULL: none */
    const struct schema_catalog *objects; /* indexes, views and triggers to make again */
    bool is_only_unchanged;               /* leave out those that are changed by steps of their own */
};

static bool is_around(const struct sqlite_writer *writer, const struct schema_object *object,
                      struct str table)
{
    if (object->kind == SCHEMA_INDEX) return str_equal(object->table, table);
    if (object->kind != SCHEMA_VIEW && object->kind != SCHEMA_TRIGGER) return false;
    return str_equal(object->table, table) ||
           is_naming(writer->arena, DB_SQLITE, object->facets[SQLITE_SOURCE], table);
}

/* Views upon views of the table too: RENAME refuses while any of them hangs in the air. */
static bool is_view_around(const struct sqlite_writer *writer, const struct schema_catalog *catalog,
                           const struct schema_object *object, const struct rebuild *rebuild)
{
    if (is_around(writer, object, rebuild->table)) return true;
    if (object->kind == SCHEMA_INDEX) return false;
    for (size_t i = 0; i < catalog->count; i++) {
        const struct schema_object *view = &catalog->items[i];
        if (view->kind != SCHEMA_VIEW || view == object) continue;
        if (!is_naming(writer->arena, DB_SQLITE, object->facets[SQLITE_SOURCE], view->name)) continue;
        if (is_around(writer, view, rebuild->table)) return true;
    }
    return false;
}

static void add_drops(struct strbuf *out, const struct sqlite_writer *writer,
                      const struct schema_catalog *catalog, const struct rebuild *rebuild)
{
    for (size_t i = 0; i < catalog->count; i++) {
        const struct schema_object *object = &catalog->items[i];
        if (object->kind != SCHEMA_VIEW && object->kind != SCHEMA_TRIGGER) continue;
        if (!is_view_around(writer, catalog, object, rebuild)) continue;
        const char *kind = object->kind == SCHEMA_VIEW ? "VIEW" : "TRIGGER";
        strbuf_printf(out, "DROP %s IF EXISTS %.*s;\n", kind, STR_ARGS(object->name));
    }
}

static bool is_same_in_both(const struct schema_difference *difference, const struct schema_object *object)
{
    const struct schema_object *from =
        schema_find(difference->from, object->kind, object->table, object->name);
    const struct schema_object *to = schema_find(difference->to, object->kind, object->table, object->name);
    if (!from || !to) return from != NULL;
    for (unsigned i = 0; i < SCHEMA_FACETS; i++) {
        if (schema_facet_name(object->kind, i) && !str_equal(from->facets[i], to->facets[i])) return false;
    }
    return true;
}

static void add_objects(struct strbuf *out, const struct sqlite_writer *writer, const struct rebuild *rebuild)
{
    for (size_t i = 0; i < rebuild->objects->count; i++) {
        const struct schema_object *object = &rebuild->objects->items[i];
        if (object->kind != SCHEMA_INDEX && object->kind != SCHEMA_VIEW && object->kind != SCHEMA_TRIGGER)
            continue;
        if (!is_view_around(writer, rebuild->objects, object, rebuild)) continue;
        if (rebuild->is_only_unchanged && !is_same_in_both(writer->difference, object)) continue;
        strbuf_printf(out, ";\n%.*s", STR_ARGS(object->facets[SQLITE_SOURCE]));
    }
}

static const struct schema_object *source_column(const struct rebuild *rebuild, struct str name)
{
    const struct schema_object *column = schema_find(rebuild->source, SCHEMA_COLUMN, rebuild->table, name);
    if (column || !rebuild->also) return column;
    column = schema_find(rebuild->also, SCHEMA_COLUMN, rebuild->table, name);
    return column && is_simple_column(rebuild->also, column) ? column : NULL;
}

/* `is_values`: what is selected, else what is inserted into. */
static void add_column_list(struct strbuf *out, const struct rebuild *rebuild, bool is_values)
{
    const char *separator = "";
    for (size_t i = 0; i < rebuild->target->count; i++) {
        const struct schema_object *column = &rebuild->target->items[i];
        if (column->kind != SCHEMA_COLUMN || !str_equal(column->table, rebuild->table)) continue;
        const struct schema_object *source = source_column(rebuild, column->name);
        if (IS_SET(column->facets[COLUMN_GENERATED]) || !source) continue;
        const struct str value = column->facets[COLUMN_DEFAULT];
        const bool is_tightened = IS_SET(column->facets[COLUMN_NOT_NULL]) &&
                                  is_empty(source->facets[COLUMN_NOT_NULL]) && IS_SET(value);
        strbuf_add(out, str_from(separator));
        separator = ", ";
        if (is_values && is_tightened) {
            strbuf_printf(out, "COALESCE(%.*s, %.*s)", STR_ARGS(column->name), STR_ARGS(value));
        } else {
            strbuf_add(out, column->name);
        }
    }
}

static struct str new_name(struct arena *arena, struct str table)
{
    if (table.ptr[0] == '"') return str_printf(arena, "\"new_%.*s", STR_ARGS(str_from_offset(table, 1)));
    return str_printf(arena, "new_%.*s", STR_ARGS(table));
}

/* From the first parenthesis on: the columns and the options. */
static struct str body_of(struct str sql)
{
    struct sql_lexer lexer = {sql, DB_SQLITE};
    for (;;) {
        const struct str rest = lexer.rest;
        const struct sql_token token = sql_next(&lexer);
        if (token.kind == SQL_END || (token.kind == SQL_MARK && token.text.ptr[0] == '(')) return rest;
    }
}

static struct str rebuild_sql(const struct sqlite_writer *writer, const struct rebuild *rebuild)
{
    struct strbuf out;
    const struct str table = rebuild->table;
    const struct str fresh = new_name(writer->arena, table);
    const struct schema_object *target = schema_find(rebuild->target, SCHEMA_TABLE, STR_NONE, table);
    strbuf_init(&out, writer->arena, 1024, SQL_BYTES_MAX);
    add_drops(&out, writer, writer->difference->from, rebuild);
    add_drops(&out, writer, writer->difference->to, rebuild);
    strbuf_printf(&out, "CREATE TABLE %.*s %.*s;\n", STR_ARGS(fresh),
                  STR_ARGS(body_of(target->facets[SQLITE_SOURCE])));
    strbuf_printf(&out, "INSERT INTO %.*s (", STR_ARGS(fresh));
    add_column_list(&out, rebuild, false);
    strbuf_add(&out, STR(") SELECT "));
    add_column_list(&out, rebuild, true);
    strbuf_printf(&out, " FROM %.*s;\nDROP TABLE %.*s;\nALTER TABLE %.*s RENAME TO %.*s", STR_ARGS(table),
                  STR_ARGS(table), STR_ARGS(fresh), STR_ARGS(table));
    add_objects(&out, writer, rebuild);
    return strbuf_str(&out);
}

/* --- tables --- */

static struct str back_to_before(const struct sqlite_writer *writer, struct str table)
{
    const struct schema_difference *difference = writer->difference;
    const struct rebuild rebuild = {
        .table = table, .target = difference->from, .source = difference->to, .objects = difference->from};
    return rebuild_sql(writer, &rebuild);
}

/* DROP COLUMN refuses a column of a foreign key; the first of several steps back then undoes them all. */
static bool is_key_added(const struct schema_difference *difference, struct str table)
{
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_object *to = difference->changes[i].to;
        if (difference->changes[i].action != SCHEMA_DO_ADD || to->kind != SCHEMA_CONSTRAINT) continue;
        if (str_equal(to->table, table) && str_equal(to->facets[CONSTRAINT_KIND], STR("f"))) return true;
    }
    return false;
}

static void write_columns(const struct sqlite_writer *writer, struct str table)
{
    const struct schema_difference *difference = writer->difference;
    const bool is_key = is_key_added(difference, table);
    bool is_first = true;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action != SCHEMA_DO_ADD || change->to->kind != SCHEMA_COLUMN) continue;
        if (!str_equal(change->to->table, table) || !is_simple_column(difference->to, change->to)) continue;
        const struct str drop = str_printf(writer->arena, "ALTER TABLE %.*s DROP COLUMN %.*s",
                                           STR_ARGS(table), STR_ARGS(change->to->name));
        struct str down = is_key ? STR("") : drop;
        if (is_key && is_first) down = back_to_before(writer, table);
        is_first = false;
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   str_printf(writer->arena, "ALTER TABLE %.*s ADD COLUMN %.*s", STR_ARGS(table),
                              STR_ARGS(change->to->facets[COLUMN_SOURCE])),
                   down);
    }
}

static void write_table(const struct sqlite_writer *writer, struct str table)
{
    const struct schema_difference *difference = writer->difference;
    const struct table_plan plan = plan_table(difference, table);
    /* A rebuild in the same file does it all. */
    if (plan.is_extended && (!plan.is_rebuilt || plan.is_dropping)) write_columns(writer, table);
    if (!plan.is_rebuilt) return;
    const struct rebuild rebuild = {
        .table = table,
        .target = difference->to,
        .source = difference->from,
        .also = plan.is_dropping ? difference->to : NULL,
        .objects = plan.is_dropping ? difference->to : difference->from,
        .is_only_unchanged = !plan.is_dropping,
    };
    if (plan.is_dropping) {
        script_add(writer->script, SCHEMA_FILE_CONTRACT, rebuild_sql(writer, &rebuild), STR(""));
        script_mark_irreversible(
            writer->script, SCHEMA_FILE_CONTRACT,
            str_printf(writer->arena, "drops columns of %.*s with their data", STR_ARGS(table)));
        return;
    }
    script_add(writer->script, SCHEMA_FILE_EXPAND, rebuild_sql(writer, &rebuild),
               back_to_before(writer, table));
}

static void write_tables(const struct sqlite_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    for (size_t i = 0; i < difference->to->count; i++) {
        const struct schema_object *table = &difference->to->items[i];
        if (table->kind != SCHEMA_TABLE) continue;
        if (is_table_in(difference->from, table->name)) {
            write_table(writer, table->name);
            continue;
        }
        script_add(writer->script, SCHEMA_FILE_EXPAND, table->facets[SQLITE_SOURCE],
                   str_printf(writer->arena, "DROP TABLE %.*s", STR_ARGS(table->name)));
    }
}

/* --- indexes, views, triggers --- */

static struct str drop_sql(const struct sqlite_writer *writer, const struct schema_object *object)
{
    static const char *const words[SCHEMA_KIND_COUNT] = {
        [SCHEMA_INDEX] = "INDEX", [SCHEMA_VIEW] = "VIEW", [SCHEMA_TRIGGER] = "TRIGGER"};
    return str_printf(writer->arena, "DROP %s IF EXISTS %.*s", words[object->kind], STR_ARGS(object->name));
}

static struct str anew(const struct sqlite_writer *writer, const struct schema_object *object)
{
    return str_printf(writer->arena, "%.*s;\n%.*s", STR_ARGS(drop_sql(writer, object)),
                      STR_ARGS(object->facets[SQLITE_SOURCE]));
}

/* A table that loses columns is rebuilt in the contract file, and what stands around it is made again there: until then
 * it may need columns that are not there yet. */
static bool is_left_to_rebuild(const struct sqlite_writer *writer, const struct schema_object *object)
{
    const struct schema_catalog *to = writer->difference->to;
    for (size_t i = 0; i < to->count; i++) {
        const struct schema_object *table = &to->items[i];
        if (table->kind != SCHEMA_TABLE || !is_table_in(writer->difference->from, table->name)) continue;
        const struct rebuild rebuild = {.table = table->name};
        if (!plan_table(writer->difference, table->name).is_dropping) continue;
        if (is_view_around(writer, to, object, &rebuild)) return true;
    }
    return false;
}

static void write_around(const struct sqlite_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action != SCHEMA_DO_ADD && change->action != SCHEMA_DO_CHANGE) continue;
        const enum schema_kind kind = change->to->kind;
        if (kind != SCHEMA_INDEX && kind != SCHEMA_VIEW && kind != SCHEMA_TRIGGER) continue;
        if (is_left_to_rebuild(writer, change->to)) continue;
        const bool is_added = change->action == SCHEMA_DO_ADD;
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   is_added ? change->to->facets[SQLITE_SOURCE] : anew(writer, change->to),
                   is_added ? drop_sql(writer, change->to) : anew(writer, change->from));
    }
}

static void write_drops(const struct sqlite_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action != SCHEMA_DO_DROP) continue;
        const struct schema_object *from = change->from;
        if (from->kind == SCHEMA_COLUMN || from->kind == SCHEMA_CONSTRAINT || change->is_implied) continue;
        if (from->kind != SCHEMA_TABLE) {
            script_add(writer->script, SCHEMA_FILE_CONTRACT, drop_sql(writer, from), anew(writer, from));
            continue;
        }
        script_add(writer->script, SCHEMA_FILE_CONTRACT,
                   str_printf(writer->arena, "DROP TABLE %.*s", STR_ARGS(from->name)), STR(""));
        script_mark_irreversible(
            writer->script, SCHEMA_FILE_CONTRACT,
            str_printf(writer->arena, "drops the data of table %.*s", STR_ARGS(from->name)));
    }
}

static struct str rename_sql(struct arena *arena, const struct schema_rename *rename, struct str from,
                             struct str to)
{
    if (rename->kind == SCHEMA_COLUMN) {
        return str_printf(arena, "ALTER TABLE %.*s RENAME COLUMN %.*s TO %.*s", STR_ARGS(rename->table),
                          STR_ARGS(from), STR_ARGS(to));
    }
    return str_printf(arena, "ALTER TABLE %.*s RENAME TO %.*s", STR_ARGS(from), STR_ARGS(to));
}

static void write_renames(const struct sqlite_writer *writer)
{
    const struct schema_renames *renames = writer->difference->renames;
    for (size_t i = 0; i < renames->count; i++) {
        const struct schema_rename *rename = &renames->items[i];
        if (!rename->is_used) continue;
        if (rename->kind == SCHEMA_TABLE || rename->kind == SCHEMA_COLUMN)
            writer->script->is_breaking[SCHEMA_FILE_EXPAND] = true;
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   rename_sql(writer->arena, rename, rename->from, rename->to),
                   rename_sql(writer->arena, rename, rename->to, rename->from));
    }
}

result schema_script_sqlite(struct schema_script *script, const struct schema_difference *difference)
{
    const struct sqlite_writer writer = {script, difference, script->scope->arena};
    write_renames(&writer);
    write_tables(&writer);
    write_around(&writer);
    write_drops(&writer);
    return RESULT_OK;
}
