// SPDX-License-Identifier: MIT
#include "postgres_script_internal.h"

#define IS_SET(text) (!is_empty(text))

static struct arena *arena_of(const struct pg_writer *writer)
{
    return writer->script->scope->arena;
}

/* --- what has to go before something else can change --- */

/* The change cannot be made in place. */
static bool is_replacing(const struct schema_change *change)
{
    if (change->action != SCHEMA_DO_CHANGE) return false;
    switch (change->to->kind) {
    case SCHEMA_VIEW:
        return (change->facets & ~(1u << FACET_COMMENT)) != 0;
    case SCHEMA_TYPE:
        return is_changing(change, TYPE_DEFINITION) || is_changing(change, TYPE_KIND);
    case SCHEMA_FUNCTION:
        return is_changing(change, FUNCTION_KIND) || is_changing(change, FUNCTION_RESULT) ||
               is_changing(change, FUNCTION_ARGUMENTS);
    case SCHEMA_TRIGGER:
        return is_changing(change, TRIGGER_DEFINITION);
    case SCHEMA_POLICY:
        return is_changing(change, POLICY_DEFINITION);
    case SCHEMA_CONSTRAINT:
        /* A constraint can be proven in place, but not unproven. */
        return is_changing(change, CONSTRAINT_DEFINITION) ||
               (is_changing(change, CONSTRAINT_VALIDITY) && IS_SET(change->to->facets[CONSTRAINT_VALIDITY]));
    case SCHEMA_ENUM:
    case SCHEMA_SEQUENCE:
    case SCHEMA_TABLE:
    case SCHEMA_COLUMN:
    case SCHEMA_INDEX:
    case SCHEMA_KIND_COUNT:
        break;
    }
    return false;
}

/* PostgreSQL refuses to change the type of a column that a view, a policy or a trigger uses. */
static bool is_retyping(const struct schema_change *change)
{
    return change->action == SCHEMA_DO_CHANGE && change->to->kind == SCHEMA_COLUMN &&
           (is_changing(change, COLUMN_TYPE) || is_changing(change, COLUMN_COLLATION) ||
            is_changing(change, COLUMN_GENERATED));
}

static bool is_check(const struct schema_object *object)
{
    return object->kind == SCHEMA_CONSTRAINT && str_equal(object->facets[CONSTRAINT_KIND], STR("c"));
}

static bool is_going_with(const struct schema_object *object, const struct schema_object *needed)
{
    /* The casts in an expression are those of the types it was written for. */
    if (is_check(object)) return needed->kind == SCHEMA_COLUMN;
    if (object->kind == SCHEMA_CONSTRAINT) return needed->kind == SCHEMA_CONSTRAINT;
    if (object->kind == SCHEMA_INDEX) return needed->kind == SCHEMA_VIEW;
    return object->kind == SCHEMA_VIEW || object->kind == SCHEMA_TRIGGER || object->kind == SCHEMA_POLICY;
}

/* One pass over the dependencies; true when something new has to move. */
static bool mark_dependents(struct pg_writer *writer, bool *is_moving)
{
    const struct schema_catalog *from = writer->difference->from;
    bool is_growing = false;
    for (size_t i = 0; i < from->dependency_count; i++) {
        const struct schema_dependency *edge = &from->dependencies[i];
        const struct schema_object *object = &from->items[edge->object];
        if (!is_moving[edge->needs] || !is_going_with(object, &from->items[edge->needs])) continue;
        if (is_check(object)) writer->is_early[edge->object] = true;
        if (is_moving[edge->object]) continue;
        is_moving[edge->object] = writer->is_replaced[edge->object] = is_growing = true;
    }
    return is_growing;
}

static void mark_replaced(struct pg_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    const struct schema_catalog *from = difference->from;
    bool *is_moving = arena_alloc_array(arena_of(writer), from->count + 1, sizeof(bool));
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (is_replacing(change)) writer->is_replaced[change->from - from->items] = true;
        if (is_replacing(change) || is_retyping(change)) is_moving[change->from - from->items] = true;
    }
    while (mark_dependents(writer, is_moving)) continue;
}

static enum schema_file file_of_drop(const struct pg_writer *writer, const struct schema_object *object)
{
    const bool is_early = writer->is_early[object - writer->difference->from->items];
    return object->kind == SCHEMA_CONSTRAINT && !is_early ? SCHEMA_FILE_CONSTRAINT : SCHEMA_FILE_EXPAND;
}

static void write_early_drops(struct pg_writer *writer)
{
    const struct schema_catalog *from = writer->difference->from;
    const struct schema_object **objects = schema_by_rank(arena_of(writer), from);
    for (size_t i = from->count; i-- > 0;) {
        if (!writer->is_replaced[objects[i] - from->items]) continue;
        script_add(writer->script, file_of_drop(writer, objects[i]), pg_drop(arena_of(writer), objects[i]),
                   pg_create(arena_of(writer), from, objects[i]));
    }
}

/* --- making and changing --- */

static void write_created(struct pg_writer *writer, const struct schema_object *object, bool is_dropped_first)
{
    struct arena *arena = arena_of(writer);
    switch (object->kind) {
    case SCHEMA_COLUMN:
        pg_write_column(writer, object);
        return;
    case SCHEMA_CONSTRAINT:
        pg_write_constraint(writer, object, is_dropped_first);
        return;
    case SCHEMA_INDEX:
        pg_write_index(writer, object);
        return;
    case SCHEMA_ENUM:
    case SCHEMA_TYPE:
    case SCHEMA_SEQUENCE:
    case SCHEMA_FUNCTION:
    case SCHEMA_TABLE:
    case SCHEMA_VIEW:
    case SCHEMA_TRIGGER:
    case SCHEMA_POLICY:
    case SCHEMA_KIND_COUNT:
        break;
    }
    script_add(writer->script, SCHEMA_FILE_EXPAND, pg_create(arena, writer->difference->to, object),
               pg_drop(arena, object));
}

static void write_column_change(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    const struct str *to = change->to->facets;
    const bool is_tightened = is_changing(change, COLUMN_NOT_NULL) && IS_SET(to[COLUMN_NOT_NULL]);
    const bool is_remade = is_changing(change, COLUMN_GENERATED) && IS_SET(to[COLUMN_GENERATED]);
    const bool is_losing = is_remade && is_empty(change->from->facets[COLUMN_GENERATED]);
    enum schema_file file = is_losing ? SCHEMA_FILE_CONTRACT : SCHEMA_FILE_EXPAND;
    struct schema_change here = *change;
    if (is_tightened && !is_remade) {
        here.facets &= ~(1u << COLUMN_NOT_NULL);
        pg_write_not_null(writer, change->to);
        /* An identity column must be NOT NULL before it becomes one. */
        if (is_changing(change, COLUMN_IDENTITY)) file = SCHEMA_FILE_VALIDATE;
    }
    script_add(writer->script, file, pg_alter_column(arena, &here, false),
               pg_alter_column(arena, &here, true));
    if (!is_losing) return;
    script_mark_irreversible(writer->script, file,
                             str_printf(arena, "drops what %.*s.%.*s holds", STR_ARGS(change->to->table),
                                        STR_ARGS(change->to->name)));
}

static result write_table_change(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    if (is_changing(change, TABLE_PARTITION_KEY)) {
        return migration_fail(writer->script->scope, MIGRATION_EXIT_OUT_OF_DATE,
                              "table %.*s: how a table is partitioned cannot be changed in place; write this "
                              "revision by hand",
                              STR_ARGS(change->to->name));
    }
    script_add(writer->script, SCHEMA_FILE_EXPAND, pg_alter_table(arena, change, false),
               pg_alter_table(arena, change, true));
    return RESULT_OK;
}

/* Comments, and what else each kind can change in place. */
static void write_in_place(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    const struct schema_object *to = change->to;
    const struct schema_object *from = change->from;
    if (to->kind == SCHEMA_FUNCTION) {
        script_add(writer->script, SCHEMA_FILE_EXPAND, to->facets[FUNCTION_CREATE],
                   from->facets[FUNCTION_CREATE]);
    }
    if (to->kind == SCHEMA_TRIGGER && is_changing(change, TRIGGER_ENABLED)) {
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   str_printf(arena, "ALTER TABLE %.*s %.*s TRIGGER %.*s", STR_ARGS(to->table),
                              STR_ARGS(to->facets[TRIGGER_ENABLED]), STR_ARGS(to->name)),
                   str_printf(arena, "ALTER TABLE %.*s %.*s TRIGGER %.*s", STR_ARGS(from->table),
                              STR_ARGS(from->facets[TRIGGER_ENABLED]), STR_ARGS(from->name)));
    }
    if (to->kind == SCHEMA_CONSTRAINT && is_changing(change, CONSTRAINT_VALIDITY)) {
        const struct str drop = pg_drop(arena, to);
        const struct str unproven = pg_create(arena, NULL, from);
        pg_write_validation(writer, to, str_printf(arena, "%.*s;\n%.*s", STR_ARGS(drop), STR_ARGS(unproven)));
    }
    if (!is_changing(change, FACET_COMMENT)) return;
    script_add(writer->script, SCHEMA_FILE_EXPAND, pg_comment(arena, to), pg_comment(arena, from));
}

static result write_change(struct pg_writer *writer, const struct schema_change *change)
{
    struct arena *arena = arena_of(writer);
    switch (change->to->kind) {
    case SCHEMA_ENUM:
        return pg_write_enum_change(writer, change);
    case SCHEMA_TABLE:
        return write_table_change(writer, change);
    case SCHEMA_COLUMN:
        write_column_change(writer, change);
        return RESULT_OK;
    case SCHEMA_INDEX:
        pg_write_index_change(writer, change);
        return RESULT_OK;
    case SCHEMA_SEQUENCE:
        script_add(writer->script, SCHEMA_FILE_EXPAND, pg_alter_sequence(arena, change, false),
                   pg_alter_sequence(arena, change, true));
        return RESULT_OK;
    case SCHEMA_TYPE:
    case SCHEMA_FUNCTION:
    case SCHEMA_CONSTRAINT:
    case SCHEMA_VIEW:
    case SCHEMA_TRIGGER:
    case SCHEMA_POLICY:
    case SCHEMA_KIND_COUNT:
        write_in_place(writer, change);
        break;
    }
    return RESULT_OK;
}

static const struct schema_change *change_to(const struct schema_difference *difference,
                                             const struct schema_object *to)
{
    for (size_t i = 0; i < difference->count; i++) {
        if (difference->changes[i].to == to) return &difference->changes[i];
    }
    return NULL;
}

static result write_wanted(struct pg_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    const struct schema_object **objects = schema_by_rank(arena_of(writer), difference->to);
    for (size_t i = 0; i < difference->to->count; i++) {
        const struct schema_object *to = objects[i];
        const struct schema_change *change = change_to(difference, to);
        const struct schema_object *from = schema_find(difference->from, to->kind, to->table, to->name);
        const bool is_replaced = from && writer->is_replaced[from - difference->from->items];
        if (!from || is_replaced) {
            write_created(writer, to, is_replaced);
            continue;
        }
        if (change) TRY(write_change(writer, change));
    }
    return RESULT_OK;
}

/* A sequence can be owned only once the column is there. */
static void write_owners(struct pg_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action != SCHEMA_DO_ADD || change->to->kind != SCHEMA_SEQUENCE) continue;
        const struct str owner = change->to->facets[SEQUENCE_OWNER];
        if (str_equal(owner, STR("NONE"))) continue;
        script_add(writer->script, SCHEMA_FILE_EXPAND,
                   str_printf(arena_of(writer), "ALTER SEQUENCE %.*s OWNED BY %.*s",
                              STR_ARGS(change->to->name), STR_ARGS(owner)),
                   STR(""));
    }
}

/* --- dropping --- */

static bool is_holding_data(enum schema_kind kind)
{
    return kind == SCHEMA_TABLE || kind == SCHEMA_COLUMN || kind == SCHEMA_SEQUENCE;
}

/* A foreign key holds on to the one key it was made for, even if another would serve: it has to let go, and is made
 * again once the key is gone. */
static void write_referrers(struct pg_writer *writer, const struct schema_object *key, bool is_letting_go)
{
    const struct schema_difference *difference = writer->difference;
    const struct schema_catalog *from = difference->from;
    struct arena *arena = arena_of(writer);
    for (size_t i = 0; i < from->dependency_count; i++) {
        const struct schema_dependency *edge = &from->dependencies[i];
        const struct schema_object *referrer = &from->items[edge->object];
        if (&from->items[edge->needs] != key || referrer->kind != SCHEMA_CONSTRAINT) continue;
        const struct schema_object *to =
            schema_find(difference->to, SCHEMA_CONSTRAINT, referrer->table, referrer->name);
        if (!to) continue;
        const struct str create = pg_create(arena, NULL, to);
        const struct str drop = pg_drop(arena, to);
        script_add(writer->script, SCHEMA_FILE_CONTRACT, is_letting_go ? drop : create,
                   is_letting_go ? create : drop);
    }
}

static void write_drop(struct pg_writer *writer, const struct schema_object *from)
{
    struct arena *arena = arena_of(writer);
    const bool is_key = from->kind == SCHEMA_CONSTRAINT && IS_SET(from->facets[CONSTRAINT_INDEX]);
    if (is_key) write_referrers(writer, from, true);
    script_add(writer->script, SCHEMA_FILE_CONTRACT, pg_drop(arena, from),
               pg_create(arena, writer->difference->from, from));
    if (is_key) write_referrers(writer, from, false);
    if (!is_holding_data(from->kind)) return;
    script_mark_irreversible(writer->script, SCHEMA_FILE_CONTRACT,
                             str_printf(arena, "drops the data of %s %.*s", schema_kind_name(from->kind),
                                        STR_ARGS(schema_object_text(arena, from))));
}

static void write_drops(struct pg_writer *writer)
{
    const struct schema_difference *difference = writer->difference;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->action != SCHEMA_DO_DROP) continue;
        const struct schema_object *from = change->from;
        if (writer->is_replaced[from - difference->from->items]) continue;
        /* All else of a table goes with it; its foreign keys may tie it to another that goes too. */
        const bool is_foreign_key =
            from->kind == SCHEMA_CONSTRAINT && str_equal(from->facets[CONSTRAINT_KIND], STR("f"));
        if (change->is_implied && !is_foreign_key) continue;
        write_drop(writer, from);
    }
}

/* --- renames --- */

static struct str rename_sql(struct arena *arena, const struct schema_rename *rename, struct str from,
                             struct str to)
{
    static const char *const words[SCHEMA_KIND_COUNT] = {[SCHEMA_TABLE] = "TABLE",
                                                         [SCHEMA_INDEX] = "INDEX",
                                                         [SCHEMA_VIEW] = "VIEW",
                                                         [SCHEMA_SEQUENCE] = "SEQUENCE",
                                                         [SCHEMA_ENUM] = "TYPE"};
    if (rename->kind == SCHEMA_COLUMN || rename->kind == SCHEMA_CONSTRAINT) {
        return str_printf(arena, "ALTER TABLE %.*s RENAME %s %.*s TO %.*s", STR_ARGS(rename->table),
                          rename->kind == SCHEMA_COLUMN ? "COLUMN" : "CONSTRAINT", STR_ARGS(from),
                          STR_ARGS(to));
    }
    return str_printf(arena, "ALTER %s %.*s RENAME TO %.*s", words[rename->kind], STR_ARGS(from),
                      STR_ARGS(to));
}

static void write_renames(struct pg_writer *writer)
{
    struct arena *arena = arena_of(writer);
    const struct schema_renames *renames = writer->difference->renames;
    for (size_t i = 0; i < renames->count; i++) {
        const struct schema_rename *rename = &renames->items[i];
        if (!rename->is_used) continue;
        if (rename->kind == SCHEMA_TABLE || rename->kind == SCHEMA_COLUMN)
            writer->script->is_breaking[SCHEMA_FILE_EXPAND] = true;
        script_add(writer->script, SCHEMA_FILE_EXPAND, rename_sql(arena, rename, rename->from, rename->to),
                   rename_sql(arena, rename, rename->to, rename->from));
    }
}

result schema_script_postgres(struct schema_script *script, const struct schema_difference *difference)
{
    struct pg_writer writer = {
        .script = script,
        .difference = difference,
        .is_replaced = arena_alloc_array(script->scope->arena, difference->from->count + 1, sizeof(bool)),
        .is_early = arena_alloc_array(script->scope->arena, difference->from->count + 1, sizeof(bool)),
    };
    mark_replaced(&writer);
    write_renames(&writer);
    write_early_drops(&writer);
    TRY(write_wanted(&writer));
    write_owners(&writer);
    write_drops(&writer);
    return RESULT_OK;
}
