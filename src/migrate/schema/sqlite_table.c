// SPDX-License-Identifier: MIT
#include "sqlite_table_internal.h"

#include <string.h>

#define TOKENS_FIRST 256u

/* The tokens of a CREATE TABLE that are not blank. */
struct tokens {
    const struct sql_token *items;
    size_t count;
};

struct table_reader {
    struct arena *arena;
    struct schema_catalog *catalog;
    struct str table;
    struct tokens tokens;
};

/* --- tokens --- */

static struct tokens tokenise(struct arena *arena, struct str sql)
{
    size_t capacity = TOKENS_FIRST;
    size_t count = 0;
    struct sql_token *items = arena_alloc_array(arena, capacity, sizeof(*items));
    struct sql_lexer lexer = {sql, DB_SQLITE};
    for (struct sql_token token = sql_next_solid(&lexer); token.kind != SQL_END;
         token = sql_next_solid(&lexer)) {
        if (count == capacity) {
            struct sql_token *more = arena_alloc_array(arena, 2 * capacity, sizeof(*more));
            memcpy(more, items, count * sizeof(*items));
            items = more;
            capacity *= 2;
        }
        items[count++] = token;
    }
    return (struct tokens){items, count};
}

static bool is_mark_at(const struct tokens *tokens, size_t index, char mark)
{
    return index < tokens->count && tokens->items[index].kind == SQL_MARK &&
           tokens->items[index].text.ptr[0] == mark;
}

static bool is_word_at(const struct tokens *tokens, size_t index, const char *word)
{
    return index < tokens->count && tokens->items[index].kind == SQL_WORD &&
           str_equal_nocase(tokens->items[index].text, str_from(word));
}

/* Behind the group that begins at `index`, or behind one token. */
static size_t skip_group(const struct tokens *tokens, size_t index)
{
    size_t depth = 0;
    for (; index < tokens->count; index++) {
        if (is_mark_at(tokens, index, '(')) depth++;
        if (is_mark_at(tokens, index, ')') && depth > 0) depth--;
        if (depth == 0) return index + 1;
    }
    return tokens->count;
}

static struct str source_of(const struct tokens *tokens, size_t begin, size_t end)
{
    if (begin >= end) return STR("");
    const struct str first = tokens->items[begin].text;
    const struct str last = tokens->items[end - 1].text;
    return (struct str){first.ptr, (size_t)(last.ptr + last.len - first.ptr)};
}

static struct str normal_of(const struct table_reader *reader, size_t begin, size_t end)
{
    return schema_normalise(reader->arena, DB_SQLITE, source_of(&reader->tokens, begin, end));
}

/* --- constraints --- */

static char kind_of(const struct tokens *tokens, size_t index)
{
    if (is_word_at(tokens, index, "PRIMARY")) return 'p';
    if (is_word_at(tokens, index, "UNIQUE")) return 'u';
    if (is_word_at(tokens, index, "CHECK")) return 'c';
    return 'f';
}

static void add_constraint(const struct table_reader *reader, char kind, struct str name, struct str column,
                           struct str definition)
{
    struct schema_object *object = schema_add(reader->arena, reader->catalog, SCHEMA_CONSTRAINT);
    object->table = reader->table;
    object->name = is_empty(name) ? definition : name;
    object->facets[CONSTRAINT_DEFINITION] = definition;
    object->facets[CONSTRAINT_KIND] = str_printf(reader->arena, "%c", kind);
    object->facets[CONSTRAINT_INDEX] = column;
}

static void read_table_constraint(const struct table_reader *reader, size_t begin, size_t end)
{
    struct str name = STR_NONE;
    if (is_word_at(&reader->tokens, begin, "CONSTRAINT") && begin + 1 < end) {
        name = schema_name_of(reader->arena, reader->tokens.items[begin + 1]);
        begin += 2;
    }
    add_constraint(reader, kind_of(&reader->tokens, begin), name, STR(""), normal_of(reader, begin, end));
}

/* --- columns --- */

static bool is_constraint_word(const struct tokens *tokens, size_t index)
{
    static const char *const words[] = {"CONSTRAINT", "PRIMARY",    "NOT",       "NULL",    "UNIQUE", "CHECK",
                                        "DEFAULT",    "REFERENCES", "GENERATED", "COLLATE", "AS"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (is_word_at(tokens, index, words[i])) return true;
    }
    return false;
}

static size_t skip_conflict(const struct tokens *tokens, size_t index)
{
    return is_word_at(tokens, index, "ON") && is_word_at(tokens, index + 1, "CONFLICT") ? index + 3 : index;
}

/* "ON DELETE SET NULL", "NOT DEFERRABLE" have words that otherwise begin the next constraint. */
static size_t skip_references(const struct tokens *tokens, size_t index, size_t end)
{
    for (index++; index < end; index = skip_group(tokens, index)) {
        if (!is_constraint_word(tokens, index)) continue;
        if (is_word_at(tokens, index - 1, "SET")) continue;
        if (is_word_at(tokens, index, "NOT") && is_word_at(tokens, index + 1, "DEFERRABLE")) continue;
        break;
    }
    return index;
}

static size_t skip_default(const struct tokens *tokens, size_t index)
{
    index++;
    if (is_mark_at(tokens, index, '-') || is_mark_at(tokens, index, '+')) index++;
    /* A number with a fraction is three tokens or two. */
    index = skip_group(tokens, index);
    if (is_mark_at(tokens, index, '.')) index += 2;
    return index;
}

static size_t read_primary(const struct table_reader *reader, struct schema_object *column, struct str name,
                           size_t index)
{
    size_t next = index + 2;
    if (is_word_at(&reader->tokens, next, "ASC") || is_word_at(&reader->tokens, next, "DESC")) next++;
    next = skip_conflict(&reader->tokens, next);
    if (is_word_at(&reader->tokens, next, "AUTOINCREMENT")) next++;
    const struct str rest = normal_of(reader, index + 2, next);
    add_constraint(reader, 'p', name, column->name,
                   str_printf(reader->arena, "primary key (%.*s)%s%.*s", STR_ARGS(column->name),
                              is_empty(rest) ? "" : " ", STR_ARGS(rest)));
    return next;
}

static size_t read_generated(const struct table_reader *reader, struct schema_object *column, size_t index)
{
    if (is_word_at(&reader->tokens, index, "GENERATED")) index += 2;
    size_t next = skip_group(&reader->tokens, index + 1);
    if (is_word_at(&reader->tokens, next, "STORED") || is_word_at(&reader->tokens, next, "VIRTUAL")) next++;
    column->facets[COLUMN_GENERATED] = normal_of(reader, index + 1, next);
    return next;
}

/* One constraint of a column; returns where it ends. */
static size_t read_column_constraint(const struct table_reader *reader, struct schema_object *column,
                                     struct str name, size_t index, size_t end)
{
    const struct tokens *tokens = &reader->tokens;
    size_t next = index + 1;
    if (is_word_at(tokens, index, "PRIMARY")) return read_primary(reader, column, name, index);
    if (is_word_at(tokens, index, "GENERATED") || is_word_at(tokens, index, "AS"))
        return read_generated(reader, column, index);
    if (is_word_at(tokens, index, "NOT")) {
        next = skip_conflict(tokens, index + 2);
        column->facets[COLUMN_NOT_NULL] = normal_of(reader, index, next);
    } else if (is_word_at(tokens, index, "UNIQUE")) {
        next = skip_conflict(tokens, index + 1);
        const struct str rest = normal_of(reader, index + 1, next);
        add_constraint(reader, 'u', name, column->name,
                       str_printf(reader->arena, "unique (%.*s)%s%.*s", STR_ARGS(column->name),
                                  is_empty(rest) ? "" : " ", STR_ARGS(rest)));
    } else if (is_word_at(tokens, index, "CHECK")) {
        next = skip_group(tokens, index + 1);
        add_constraint(reader, 'c', name, column->name, normal_of(reader, index, next));
    } else if (is_word_at(tokens, index, "DEFAULT")) {
        next = skip_default(tokens, index);
        column->facets[COLUMN_DEFAULT] = normal_of(reader, index + 1, next);
    } else if (is_word_at(tokens, index, "COLLATE")) {
        next = index + 2;
        column->facets[COLUMN_COLLATION] = normal_of(reader, index + 1, next);
    } else if (is_word_at(tokens, index, "REFERENCES")) {
        next = skip_references(tokens, index, end);
        add_constraint(reader, 'f', name, column->name,
                       str_printf(reader->arena, "foreign key (%.*s) %.*s", STR_ARGS(column->name),
                                  STR_ARGS(normal_of(reader, index, next))));
    }
    return next;
}

static void read_column(const struct table_reader *reader, size_t begin, size_t end)
{
    struct schema_object column = {.kind = SCHEMA_COLUMN, .table = reader->table};
    for (size_t i = 0; i < SCHEMA_FACETS; i++) column.facets[i] = STR("");
    column.name = schema_name_of(reader->arena, reader->tokens.items[begin]);
    size_t index = begin + 1;
    while (index < end && !is_constraint_word(&reader->tokens, index))
        index = skip_group(&reader->tokens, index);
    column.facets[COLUMN_TYPE] = normal_of(reader, begin + 1, index);
    column.facets[COLUMN_SOURCE] = str_copy(reader->arena, source_of(&reader->tokens, begin, end));
    while (index < end) {
        struct str name = STR_NONE;
        if (is_word_at(&reader->tokens, index, "CONSTRAINT") && index + 1 < end) {
            name = schema_name_of(reader->arena, reader->tokens.items[index + 1]);
            index += 2;
        }
        index = read_column_constraint(reader, &column, name, index, end);
    }
    *schema_add(reader->arena, reader->catalog, SCHEMA_COLUMN) = column;
}

/* --- the table --- */

static bool is_table_constraint(const struct tokens *tokens, size_t index)
{
    return is_word_at(tokens, index, "CONSTRAINT") || is_word_at(tokens, index, "PRIMARY") ||
           is_word_at(tokens, index, "UNIQUE") || is_word_at(tokens, index, "CHECK") ||
           is_word_at(tokens, index, "FOREIGN");
}

static void read_element(const struct table_reader *reader, size_t begin, size_t end)
{
    if (begin >= end) return;
    if (is_table_constraint(&reader->tokens, begin)) {
        read_table_constraint(reader, begin, end);
        return;
    }
    read_column(reader, begin, end);
}

/* Elements between the outermost parentheses, the last of which is at `close`. */
static void read_body(const struct table_reader *reader, size_t open, size_t close)
{
    size_t begin = open + 1;
    for (size_t i = begin; i < close;) {
        if (is_mark_at(&reader->tokens, i, ',')) {
            read_element(reader, begin, i);
            begin = i + 1;
        }
        i = skip_group(&reader->tokens, i);
    }
    read_element(reader, begin, close);
}

/* "strict, without rowid", in one order. */
static struct str options_of(const struct table_reader *reader, size_t begin)
{
    bool is_strict = false;
    bool is_without_rowid = false;
    for (size_t i = begin; i < reader->tokens.count; i++) {
        if (is_word_at(&reader->tokens, i, "STRICT")) is_strict = true;
        if (is_word_at(&reader->tokens, i, "ROWID")) is_without_rowid = true;
    }
    if (is_strict && is_without_rowid) return STR("strict, without rowid");
    if (is_strict) return STR("strict");
    return is_without_rowid ? STR("without rowid") : STR("");
}

void sqlite_read_table(struct arena *arena, struct schema_catalog *catalog, struct str name, struct str sql)
{
    struct table_reader reader = {
        .arena = arena, .catalog = catalog, .table = name, .tokens = tokenise(arena, sql)};
    struct sql_lexer after;
    size_t open = 0;
    while (open < reader.tokens.count && !is_mark_at(&reader.tokens, open, '(')) open++;
    const size_t behind = skip_group(&reader.tokens, open);
    const bool is_virtual = sql_begins_with(DB_SQLITE, sql, "CREATE VIRTUAL", &after);
    struct schema_object *table = schema_add(arena, catalog, SCHEMA_TABLE);
    table->name = name;
    table->facets[SQLITE_SOURCE] = sql;
    /* A module decides what the arguments of a virtual table mean. */
    table->facets[TABLE_OPTIONS] =
        is_virtual ? schema_normalise(arena, DB_SQLITE, sql) : options_of(&reader, behind);
    if (!is_virtual && behind > open + 1) read_body(&reader, open, behind - 1);
}
