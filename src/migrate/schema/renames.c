// SPDX-License-Identifier: MIT
#include "schema_internal.h"

#include <string.h>

#define RENAMES_MAX 512u
#define HINT        "@renamed from="

/* One statement of the declared schema being read. */
struct hint_reader {
    struct migration_scope *scope;
    enum db_engine engine;
    struct schema_renames *renames;
    enum schema_kind kind; /* what the statement makes */
    struct str name;
    struct str pending; /* a hint whose object is still to come */
    enum schema_kind element_kind;
    struct str element; /* the part of a table that began last; empty: none that has a name */
};

static const struct {
    const char *words;
    enum schema_kind kind;
} statements[] = {
    {"CREATE [UNLOGGED] TABLE [IF] [NOT] [EXISTS]", SCHEMA_TABLE},
    {"CREATE [UNIQUE] INDEX [IF] [NOT] [EXISTS]", SCHEMA_INDEX},
    {"CREATE [OR] [REPLACE] [MATERIALIZED] VIEW [IF] [NOT] [EXISTS]", SCHEMA_VIEW},
    {"CREATE SEQUENCE [IF] [NOT] [EXISTS]", SCHEMA_SEQUENCE},
    {"CREATE TYPE", SCHEMA_ENUM},
};

static bool read_header(struct hint_reader *reader, struct str statement)
{
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        struct sql_lexer after;
        if (!sql_begins_with(reader->engine, statement, statements[i].words, &after)) continue;
        reader->kind = statements[i].kind;
        reader->name = schema_name_of(reader->scope->arena, sql_next_solid(&after));
        return true;
    }
    return false;
}

/* The old name in "-- @renamed from=old", or empty. */
static struct str hint_of(struct arena *arena, struct str comment)
{
    if (!str_starts_with(comment, STR("--"))) return STR_NONE;
    const struct str text = str_trim(str_from_offset(comment, 2));
    if (!str_starts_with(text, STR(HINT))) return STR_NONE;
    struct sql_lexer lexer = {str_from_offset(text, sizeof(HINT) - 1), DB_POSTGRES};
    const struct sql_token token = sql_next(&lexer);
    if (token.kind != SQL_WORD && token.kind != SQL_QUOTED_NAME) return STR_NONE;
    return schema_name_of(arena, token);
}

static result record(struct hint_reader *reader, enum schema_kind kind, struct str table, struct str to,
                     struct str from)
{
    struct schema_renames *renames = reader->renames;
    if (renames->count == RENAMES_MAX) {
        return migration_fail(reader->scope, MIGRATION_EXIT_GRAPH, "more than %u hints of renames",
                              RENAMES_MAX);
    }
    renames->items[renames->count++] = (struct schema_rename){kind, table, from, to, false};
    return RESULT_OK;
}

static bool is_word_in(struct sql_token token, const char *words)
{
    struct str rest = str_from(words);
    while (token.kind == SQL_WORD && rest.len > 0) {
        if (str_equal_nocase(token.text, str_split(&rest, ' '))) return true;
    }
    return false;
}

static result begin_element(struct hint_reader *reader, struct sql_token token, struct sql_lexer *lexer)
{
    struct arena *arena = reader->scope->arena;
    reader->element_kind = SCHEMA_COLUMN;
    reader->element = STR_NONE;
    if (is_word_in(token, "CONSTRAINT")) {
        struct sql_lexer ahead = *lexer;
        reader->element_kind = SCHEMA_CONSTRAINT;
        reader->element = schema_name_of(arena, sql_next_solid(&ahead));
    } else if (!is_word_in(token, "PRIMARY UNIQUE CHECK FOREIGN EXCLUDE LIKE")) {
        reader->element = schema_name_of(arena, token);
    }
    if (is_empty(reader->pending) || is_empty(reader->element)) return RESULT_OK;
    const struct str from = reader->pending;
    reader->pending = STR_NONE;
    return record(reader, reader->element_kind, reader->name, reader->element, from);
}

static result take_hint(struct hint_reader *reader, struct str hint, bool is_same_line)
{
    if (!is_same_line || is_empty(reader->element)) {
        reader->pending = hint;
        return RESULT_OK;
    }
    return record(reader, reader->element_kind, reader->name, reader->element, hint);
}

static bool has_line_end(struct str text)
{
    return text.len > 0 && memchr(text.ptr, '\n', text.len);
}

/* Where in the statement the reading is. */
struct position {
    bool has_begun;
    bool is_same_line;
    bool is_element_next;
    int depth;
};

static void count_depth(struct position *position, struct sql_token token)
{
    if (token.kind != SQL_MARK) return;
    const char mark = token.text.ptr[0];
    if (mark == '(') position->is_element_next = ++position->depth == 1;
    if (mark == ')') position->depth--;
    if (mark == ',' && position->depth == 1) position->is_element_next = true;
}

static result take_blank(struct hint_reader *reader, struct position *position, struct str blank)
{
    const struct str hint = hint_of(reader->scope->arena, blank);
    const bool is_same_line = position->is_same_line;
    if (has_line_end(blank)) position->is_same_line = false;
    return is_empty(hint) ? RESULT_OK : take_hint(reader, hint, is_same_line);
}

static result take_solid(struct hint_reader *reader, struct position *position, struct sql_token token,
                         struct sql_lexer *lexer)
{
    position->is_same_line = true;
    if (!position->has_begun && !is_empty(reader->pending)) {
        TRY(record(reader, reader->kind, STR(""), reader->name, reader->pending));
        reader->pending = STR_NONE;
    }
    position->has_begun = true;
    if (position->is_element_next && reader->kind == SCHEMA_TABLE && token.kind != SQL_MARK) {
        position->is_element_next = false;
        return begin_element(reader, token, lexer);
    }
    count_depth(position, token);
    return RESULT_OK;
}

static result read_statement(struct hint_reader *reader, struct str statement)
{
    struct position position = {0};
    struct sql_lexer lexer = {statement, reader->engine};
    if (!read_header(reader, statement)) return RESULT_OK;
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        const result taken = token.kind == SQL_BLANK ? take_blank(reader, &position, token.text)
                                                     : take_solid(reader, &position, token, &lexer);
        TRY(taken);
    }
    return RESULT_OK;
}

result schema_renames_read(struct migration_scope *scope, enum db_engine engine, struct str declared,
                           struct schema_renames *ret_renames)
{
    /* As many again may follow from them. */
    struct schema_renames renames = {
        arena_alloc_array(scope->arena, 2 * (size_t)RENAMES_MAX, sizeof(struct schema_rename)), 0};
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(engine, declared, &offset, &statement);) {
        struct hint_reader reader = {.scope = scope, .engine = engine, .renames = &renames};
        TRY(read_statement(&reader, statement.text));
    }
    *ret_renames = renames;
    return RESULT_OK;
}

/* --- doing them --- */

static void replace_in(struct arena *arena, enum db_engine engine, struct schema_object *object,
                       const struct schema_rename *rename)
{
    for (size_t i = 1; i < SCHEMA_FACETS; i++) {
        object->facets[i] = schema_replace_name(arena, engine, object->facets[i], rename->from, rename->to);
    }
}

/* Where the old name may stand: for a column in what belongs to its table, and in foreign keys to it. */
static bool is_touched(struct arena *arena, const struct schema_catalog *catalog,
                       const struct schema_object *object, const struct schema_rename *rename)
{
    if (rename->kind == SCHEMA_CONSTRAINT || rename->kind == SCHEMA_INDEX) return false;
    if (rename->kind != SCHEMA_COLUMN) return true;
    if (str_equal(object->table, rename->table)) return true;
    if (object->kind == SCHEMA_TABLE) return str_equal(object->name, rename->table);
    return object->kind == SCHEMA_CONSTRAINT &&
           is_naming(arena, catalog->engine, object->facets[CONSTRAINT_DEFINITION], rename->table);
}

static void do_rename(struct arena *arena, struct schema_catalog *catalog, const struct schema_rename *rename)
{
    for (size_t i = 0; i < catalog->count; i++) {
        struct schema_object *object = &catalog->items[i];
        if (is_touched(arena, catalog, object, rename)) replace_in(arena, catalog->engine, object, rename);
        if (object->kind == rename->kind && str_equal(object->name, rename->from) &&
            (is_empty(rename->table) || str_equal(object->table, rename->table))) {
            object->name = rename->to;
        }
        if (rename->kind == SCHEMA_TABLE && str_equal(object->table, rename->from))
            object->table = rename->to;
        /* SQLite's constraints without a name are called by what they say. */
        if (catalog->engine == DB_SQLITE && object->kind == SCHEMA_CONSTRAINT &&
            is_touched(arena, catalog, object, rename)) {
            object->name = schema_replace_name(arena, DB_SQLITE, object->name, rename->from, rename->to);
        }
    }
}

static bool is_fitting(const struct schema_catalog *declared, const struct schema_catalog *live,
                       const struct schema_rename *rename)
{
    /* SQLite can rename tables and columns. */
    if (live->engine == DB_SQLITE && rename->kind != SCHEMA_TABLE && rename->kind != SCHEMA_COLUMN)
        return false;
    return schema_find(live, rename->kind, rename->table, rename->from) &&
           !schema_find(live, rename->kind, rename->table, rename->to) &&
           schema_find(declared, rename->kind, rename->table, rename->to);
}

/* PostgreSQL names a constraint after its table: "people_pkey" follows from users → people. */
static void follow(struct arena *arena, struct schema_renames *renames, const struct schema_catalog *declared,
                   const struct schema_catalog *catalog, const struct schema_rename *table)
{
    const struct str prefix = str_printf(arena, "%.*s_", STR_ARGS(table->from));
    for (size_t i = 0; i < catalog->count && renames->count < 2 * (size_t)RENAMES_MAX; i++) {
        const struct schema_object *object = &catalog->items[i];
        if (object->kind != SCHEMA_CONSTRAINT && object->kind != SCHEMA_INDEX) continue;
        if (!str_equal(object->table, table->to) || !str_starts_with(object->name, prefix)) continue;
        const struct str name = str_printf(arena, "%.*s_%.*s", STR_ARGS(table->to),
                                           STR_ARGS(str_from_offset(object->name, prefix.len)));
        if (schema_find(declared, object->kind, table->to, object->name)) continue;
        const struct str owner = object->kind == SCHEMA_INDEX ? STR("") : table->to;
        renames->items[renames->count++] =
            (struct schema_rename){object->kind, owner, object->name, name, false};
    }
}

void schema_renames_apply(struct arena *arena, struct schema_renames *renames,
                          const struct schema_catalog *declared, const struct schema_catalog *live,
                          struct schema_catalog *ret_catalog)
{
    struct schema_catalog catalog = *live;
    catalog.items = arena_alloc_array(arena, live->count + 1, sizeof(*catalog.items));
    if (live->count > 0) memcpy(catalog.items, live->items, live->count * sizeof(*catalog.items));
    catalog.capacity = live->count;
    for (size_t i = 0; i < renames->count; i++) {
        struct schema_rename *rename = &renames->items[i];
        if (!is_fitting(declared, &catalog, rename)) continue;
        rename->is_used = true;
        do_rename(arena, &catalog, rename);
        if (rename->kind == SCHEMA_TABLE) follow(arena, renames, declared, &catalog, rename);
    }
    *ret_catalog = catalog;
}
