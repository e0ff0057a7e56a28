// SPDX-License-Identifier: MIT
#include "migration_postgres_internal.h"

/* The name as written, for to_regclass: "schema.name", quotes included. */
static struct str read_name(struct sql_lexer *lexer)
{
    struct sql_token token = sql_next_solid(lexer);
    const char *start = token.text.ptr;
    if (token.kind != SQL_WORD && token.kind != SQL_QUOTED_NAME) return STR_NONE;
    for (;;) {
        const struct str name = {start, (size_t)(token.text.ptr + token.text.len - start)};
        const struct sql_token dot = sql_next(lexer);
        if (dot.kind != SQL_MARK || dot.text.ptr[0] != '.') return name;
        token = sql_next(lexer);
    }
}

static bool is_word(struct str name, const char *word)
{
    return str_equal_nocase(name, str_from(word));
}

/* The index that CREATE INDEX CONCURRENTLY makes, or empty: another statement, or an index without a name. */
static struct str concurrent_index(struct str statement)
{
    struct sql_lexer after;
    if (!sql_begins_with(DB_POSTGRES, statement, "CREATE [UNIQUE] INDEX CONCURRENTLY", &after))
        return STR_NONE;
    struct sql_lexer behind_guard;
    const bool has_guard = sql_begins_with(DB_POSTGRES, after.rest, "IF NOT EXISTS", &behind_guard);
    const struct str name = read_name(has_guard ? &behind_guard : &after);
    return is_word(name, "ON") ? STR_NONE : name;
}

static result read_validity(struct migration_connection *connection, struct migration_scope *scope,
                            struct str index, bool *ret_exists, bool *ret_is_valid)
{
    struct migration_rows rows;
    TRY(migration_pg_query(connection, scope,
                           "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)",
                           (const struct migration_value[]){{.data = index}}, 1, &rows));
    *ret_exists = rows.count > 0;
    *ret_is_valid = rows.count > 0 && str_equal(rows.cells[0], STR("t"));
    return RESULT_OK;
}

/* A build that was interrupted leaves an INVALID index under the name; IF NOT EXISTS would then take it for done. */
static result drop_carcass(struct migration_connection *connection, struct migration_scope *scope,
                           struct str index)
{
    bool exists;
    bool is_valid;
    TRY(read_validity(connection, scope, index, &exists, &is_valid));
    if (!exists || is_valid) return RESULT_OK;
    const struct str sql =
        str_printf(scope->arena, "DROP INDEX CONCURRENTLY IF EXISTS %.*s", STR_ARGS(index));
    return migration_pg_execute(connection, scope, sql.ptr);
}

static result require_valid(struct migration_connection *connection, struct migration_scope *scope,
                            const struct migration_lone_statement *lone, struct str index)
{
    bool exists;
    bool is_valid;
    TRY(read_validity(connection, scope, index, &exists, &is_valid));
    if (is_valid) return RESULT_OK;
    const struct str place = migration_place(scope->arena, lone->section, lone->statement.start);
    return migration_fail(scope, MIGRATION_EXIT_SQL, "%.*s: index %.*s is not valid after it was built",
                          STR_ARGS(place), STR_ARGS(index));
}

static struct str dropped_index(struct str statement)
{
    struct sql_lexer after;
    struct sql_lexer behind_guard;
    if (!sql_begins_with(DB_POSTGRES, statement, "DROP INDEX CONCURRENTLY", &after)) return STR_NONE;
    const bool has_guard = sql_begins_with(DB_POSTGRES, after.rest, "IF EXISTS", &behind_guard);
    return read_name(has_guard ? &behind_guard : &after);
}

/* What was begun before may have been done to its end, unnoticed. */
static result look_for_end(struct migration_connection *connection, struct migration_scope *scope,
                           const struct migration_lone_statement *lone, bool *ret_is_done)
{
    const struct str made = concurrent_index(lone->statement.text);
    const struct str dropped = dropped_index(lone->statement.text);
    bool exists;
    bool is_valid;
    *ret_is_done = false;
    if (!lone->is_begun || (is_empty(made) && is_empty(dropped))) return RESULT_OK;
    TRY(read_validity(connection, scope, is_empty(made) ? dropped : made, &exists, &is_valid));
    *ret_is_done = is_empty(made) ? !exists : is_valid;
    return RESULT_OK;
}

#define IDLE_SESSION_VERSION 140000

/* Between statements there is no pause either; see session_sql. */
static const char *idle_limit(const struct migration_connection *connection, bool is_on)
{
    if (PQserverVersion(connection->pg) < IDLE_SESSION_VERSION) return "";
    return is_on ? "; SET idle_session_timeout = '3s'" : "; SET idle_session_timeout = 0";
}

static result run_limited(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_lone_statement *lone)
{
    const struct str index = concurrent_index(lone->statement.text);
    if (!is_empty(index)) TRY(drop_carcass(connection, scope, index));
    /* Alone: several statements in one message are an implicit transaction, which CONCURRENTLY refuses. */
    const struct migration_source source = {lone->section, lone->statement.offset};
    const struct str sql = str_copy(scope->arena, lone->statement.text);
    const struct migration_message message = {.sql = sql.ptr, .source = &source};
    TRY(migration_pg_run(connection, scope, &message, NULL));
    return is_empty(index) ? RESULT_OK : require_valid(connection, scope, lone, index);
}

result migration_pg_run_alone(struct migration_connection *connection, struct migration_scope *scope,
                              const struct migration_lone_statement *lone)
{
    bool is_done;
    TRY(look_for_end(connection, scope, lone, &is_done));
    if (is_done) return RESULT_OK;
    const struct str limits =
        str_printf(scope->arena, "SET lock_timeout = %lld; SET statement_timeout = %lld%s",
                   (long long)lone->lock_timeout_ms, (long long)lone->statement_timeout_ms,
                   idle_limit(connection, true));
    const struct str none = str_printf(scope->arena, "SET lock_timeout = 0; SET statement_timeout = 0%s",
                                       idle_limit(connection, false));
    TRY(migration_pg_execute(connection, scope, limits.ptr));
    const result outcome = run_limited(connection, scope, lone);
    if (is_ok(outcome)) return migration_pg_execute(connection, scope, none.ptr);
    struct migration_scope aside = {.arena = scope->arena};
    if (PQstatus(connection->pg) == CONNECTION_OK)
        (void)is_ok(migration_pg_execute(connection, &aside, none.ptr));
    return outcome;
}
