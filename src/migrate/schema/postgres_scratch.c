// SPDX-License-Identifier: MIT
#include "auth/base/secret.h"
#include "auth/base/strbuf.h"
#include "postgres_catalog_internal.h"

#define STATEMENT_BYTES_MAX ((size_t)1024 * 1024)
#define FUNCTIONS_MAX       1024u

static result ask_bool(const struct postgres_side *side, const char *sql, bool *ret_value)
{
    struct migration_rows rows;
    TRY(postgres_ask(side, sql, NULL, 0, &rows));
    *ret_value = str_equal(rows.cells[0], STR("t"));
    return RESULT_OK;
}

static struct str path_of(const struct postgres_side *side, struct str schema, struct str extra)
{
    if (is_empty(extra)) return schema;
    return str_printf(side->scope->arena, "%.*s, %.*s", STR_ARGS(schema), STR_ARGS(extra));
}

static result use_temporary(const struct postgres_side *side, struct str extra,
                            struct postgres_scratch *ret_scratch)
{
    bool is_allowed;
    struct migration_rows rows;
    TRY(ask_bool(side, "SELECT has_database_privilege(current_database(), 'TEMPORARY')", &is_allowed));
    if (!is_allowed) {
        return migration_fail(side->scope, MIGRATION_EXIT_SQL,
                              "this role may create neither schemas nor temporary tables: grant CREATE or "
                              "TEMPORARY on the database");
    }
    /* The session's temporary schema exists from the first temporary object on. */
    TRY(postgres_execute(side, STR("CREATE TEMPORARY TABLE auth_declared_first ()")));
    TRY(postgres_execute(side, STR("DROP TABLE pg_temp.auth_declared_first")));
    TRY(postgres_ask(side, "SELECT CAST(CAST(pg_my_temp_schema() AS regnamespace) AS text)", NULL, 0, &rows));
    *ret_scratch = (struct postgres_scratch){
        .path = path_of(side, STR("pg_temp"), extra),
        .schema = rows.cells[0],
        .is_temporary = true,
    };
    return RESULT_OK;
}

result postgres_scratch_make(const struct postgres_side *side, struct str extra_path,
                             struct postgres_scratch *ret_scratch)
{
    bool is_allowed;
    TRY(ask_bool(side, "SELECT has_database_privilege(current_database(), 'CREATE')", &is_allowed));
    if (!is_allowed) return use_temporary(side, extra_path, ret_scratch);
    const struct str schema =
        str_printf(side->scope->arena, "auth_declared_%u", (unsigned)random_below(1000000000));
    TRY(postgres_execute(side, str_printf(side->scope->arena, "CREATE SCHEMA %.*s", STR_ARGS(schema))));
    *ret_scratch = (struct postgres_scratch){.path = path_of(side, schema, extra_path), .schema = schema};
    return RESULT_OK;
}

/* --- what a temporary schema asks of the statements --- */

/* The names of declared functions, which have to be written with pg_temp in front. */
struct functions {
    struct str names[FUNCTIONS_MAX];
    size_t count;
};

static bool is_routine(struct str statement, struct sql_lexer *ret_after)
{
    return sql_begins_with(DB_POSTGRES, statement, "CREATE [OR] [REPLACE] FUNCTION", ret_after) ||
           sql_begins_with(DB_POSTGRES, statement, "CREATE [OR] [REPLACE] PROCEDURE", ret_after);
}

static void collect_functions(struct arena *arena, struct str declared, struct functions *functions)
{
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(DB_POSTGRES, declared, &offset, &statement);) {
        struct sql_lexer after;
        if (!is_routine(statement.text, &after) || functions->count == FUNCTIONS_MAX) continue;
        functions->names[functions->count++] = schema_name_of(arena, sql_next_solid(&after));
    }
}

static bool is_function(const struct functions *functions, struct str name)
{
    for (size_t i = 0; i < functions->count; i++) {
        if (str_equal(functions->names[i], name)) return true;
    }
    return false;
}

static bool is_open_parenthesis(struct sql_lexer lexer)
{
    const struct sql_token token = sql_next_solid(&lexer);
    return token.kind == SQL_MARK && token.text.ptr[0] == '(';
}

static bool is_dot(struct sql_token token)
{
    return token.kind == SQL_MARK && token.text.ptr[0] == '.';
}

static struct str rewrite(struct arena *arena, const struct functions *functions, struct str statement,
                          bool is_unlogged)
{
    struct strbuf out;
    struct sql_lexer lexer = {statement, DB_POSTGRES};
    struct sql_token before = {.kind = SQL_END};
    bool is_dropping = is_unlogged;
    strbuf_init(&out, arena, statement.len + 64, STATEMENT_BYTES_MAX);
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        const bool is_name = token.kind == SQL_WORD || token.kind == SQL_QUOTED_NAME;
        if (is_dropping && str_equal_nocase(token.text, STR("UNLOGGED"))) {
            is_dropping = false;
            continue;
        }
        if (is_name && !is_dot(before) && is_open_parenthesis(lexer) &&
            is_function(functions, schema_name_of(arena, token))) {
            strbuf_add(&out, STR("pg_temp."));
        }
        strbuf_add(&out, token.text);
        before = token;
    }
    return strbuf_str(&out);
}

/* Remembers "\nname\n" of a table that is to be unlogged: temporary tables cannot be. */
static bool take_unlogged(struct arena *arena, struct str statement, struct str *unlogged)
{
    struct sql_lexer after;
    struct sql_lexer behind_guard;
    if (!sql_begins_with(DB_POSTGRES, statement, "CREATE UNLOGGED TABLE", &after)) return false;
    if (sql_begins_with(DB_POSTGRES, after.rest, "IF NOT EXISTS", &behind_guard)) after = behind_guard;
    const struct str name = schema_name_of(arena, sql_next_solid(&after));
    *unlogged = str_printf(arena, "%.*s\n%.*s\n", STR_ARGS(*unlogged), STR_ARGS(name));
    return true;
}

static result run_declared(const struct postgres_side *side, const struct sql_statement *statement,
                           struct str declared, struct str sql)
{
    const result outcome = postgres_execute(side, sql);
    if (is_ok(outcome)) return RESULT_OK;
    const struct migration_section section = {.sql = declared, .first_line = 1};
    unsigned line;
    unsigned column;
    migration_locate(&section, statement->start, &line, &column);
    const struct migration_failure failure = side->scope->failure;
    migration_recover(side->scope);
    return migration_fail(side->scope, failure.exit, "../schema/postgres.sql:%u:%u: %.*s", line, column,
                          STR_ARGS(failure.text));
}

result postgres_scratch_fill(const struct postgres_side *side, const struct postgres_scratch *scratch,
                             struct str declared, struct str *ret_unlogged)
{
    struct arena *arena = side->scope->arena;
    struct functions *functions = arena_alloc(arena, sizeof(*functions));
    struct str unlogged = STR("");
    size_t offset = 0;
    TRY(postgres_execute(side, str_printf(arena, "SET LOCAL search_path = %.*s", STR_ARGS(scratch->path))));
    if (scratch->is_temporary) collect_functions(arena, declared, functions);
    for (struct sql_statement statement; sql_split(DB_POSTGRES, declared, &offset, &statement);) {
        if (statement.is_empty) continue;
        struct str sql = statement.text;
        if (scratch->is_temporary) {
            const bool is_unlogged = take_unlogged(arena, sql, &unlogged);
            sql = rewrite(arena, functions, sql, is_unlogged);
        }
        TRY(run_declared(side, &statement, declared, sql));
    }
    *ret_unlogged = unlogged;
    return RESULT_OK;
}
