// SPDX-License-Identifier: MIT
#include "auth/store/sql_lexer.h"
#include "revision_internal.h"

/* A statement of a revision that the runner cannot allow, and why. */
struct rule {
    const char *words;
    const char *reason;
};

/* The runner's transaction must hold from the first statement to the row that records the revision. */
static const struct rule transaction_rules[] = {
    {"BEGIN", "BEGIN: the runner begins the transaction"},
    {"START TRANSACTION", "START TRANSACTION: the runner begins the transaction"},
    {"COMMIT", "COMMIT would end the runner's transaction"},
    {"END", "END would end the runner's transaction"},
    {"ROLLBACK", "ROLLBACK would end the runner's transaction"},
    {"ABORT", "ABORT would end the runner's transaction"},
    {"PREPARE TRANSACTION", "PREPARE TRANSACTION would end the runner's transaction"},
    {"SAVEPOINT", "SAVEPOINT: transactions are the runner's"},
    {"RELEASE", "RELEASE: transactions are the runner's"},
};

#define NEEDS_OFF "cannot run in a transaction; put it in a file of its own with '-- transaction: off'"

static const struct rule outside_rules[] = {
    {"CREATE [UNIQUE] INDEX CONCURRENTLY", "CREATE INDEX CONCURRENTLY " NEEDS_OFF},
    {"DROP INDEX CONCURRENTLY", "DROP INDEX CONCURRENTLY " NEEDS_OFF},
    {"VACUUM", "VACUUM " NEEDS_OFF},
    {"ALTER SYSTEM", "ALTER SYSTEM " NEEDS_OFF},
    {"CREATE DATABASE", "CREATE DATABASE " NEEDS_OFF},
    {"DROP DATABASE", "DROP DATABASE " NEEDS_OFF},
};

/* REINDEX has options and the kind of object before CONCURRENTLY. */
static bool has_word(struct str statement, enum db_engine engine, const char *word)
{
    struct sql_lexer lexer = {statement, engine};
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        if (token.kind == SQL_WORD && str_equal_nocase(token.text, str_from(word))) return true;
    }
    return false;
}

static const char *broken_rule(struct str statement, enum db_engine engine, bool is_in_transaction)
{
    struct sql_lexer after;
    for (size_t i = 0; i < ARRAY_COUNT(transaction_rules); i++) {
        if (sql_begins_with(engine, statement, transaction_rules[i].words, &after)) {
            return transaction_rules[i].reason;
        }
    }
    if (engine == DB_SQLITE || !is_in_transaction) return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(outside_rules); i++) {
        if (sql_begins_with(engine, statement, outside_rules[i].words, &after))
            return outside_rules[i].reason;
    }
    if (!has_word(statement, engine, "CONCURRENTLY")) return NULL;
    if (sql_begins_with(engine, statement, "REINDEX", &after)) return "REINDEX CONCURRENTLY " NEEDS_OFF;
    const bool is_detaching =
        sql_begins_with(engine, statement, "ALTER TABLE", &after) && has_word(statement, engine, "DETACH");
    return is_detaching ? "DETACH PARTITION CONCURRENTLY " NEEDS_OFF : NULL;
}

static result check_section(struct migration_scope *scope, const struct revision *revision,
                            const struct migration_section *section, enum db_engine engine)
{
    /* Only PostgreSQL runs files outside a transaction. */
    const bool is_in_transaction = revision->is_transactional || engine == DB_SQLITE;
    bool is_bare = true;
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(engine, section->sql, &offset, &statement);) {
        if (statement.is_empty) continue;
        is_bare = false;
        const char *reason = broken_rule(statement.text, engine, is_in_transaction);
        if (!reason) continue;
        unsigned line;
        unsigned column;
        migration_locate(section, statement.start, &line, &column);
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%.*s:%u:%u: %s", STR_ARGS(revision->file), line,
                              column, reason);
    }
    /* A merge joins lines of development and often changes nothing. */
    if (!is_bare || revision->parent_count > 1) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%.*s:%u: the section has no statement%s",
                          STR_ARGS(revision->file), section->first_line - 1,
                          section == &revision->down[engine] ? "; say why with '-- irreversible: reason'"
                                                             : "");
}

bool is_section_outside(enum db_engine engine, struct str sql)
{
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(engine, sql, &offset, &statement);) {
        if (broken_rule(statement.text, engine, true) && !broken_rule(statement.text, engine, false))
            return true;
    }
    return false;
}

/* Rather too few than too many: what a transaction refuses would fail in one. Blocks of code may end it. */
bool does_transaction_take(enum db_engine engine, struct str statement)
{
    static const char *const words[] = {
        "CALL",
        "DO",
        "VACUUM",
        "REINDEX",
        "CLUSTER",
        "ALTER SYSTEM",
        "ALTER DATABASE",
        "CREATE DATABASE",
        "DROP DATABASE",
        "CREATE TABLESPACE",
        "DROP TABLESPACE",
        "CREATE SUBSCRIPTION",
        "ALTER SUBSCRIPTION",
        "DROP SUBSCRIPTION",
    };
    struct sql_lexer after;
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (sql_begins_with(engine, statement, words[i], &after)) return false;
    return !has_word(statement, engine, "CONCURRENTLY");
}

/* The first statement finds the last key of a batch, the others fill up to it. */
static result check_backfill(struct migration_scope *scope, const struct revision *revision,
                             const struct migration_section *section, enum db_engine engine)
{
    struct sql_lexer after;
    size_t count = 0;
    bool is_query = false;
    size_t offset = 0;
    if (revision->phase != REVISION_BACKFILL || revision->parent_count > 1) return RESULT_OK;
    for (struct sql_statement statement; sql_split(engine, section->sql, &offset, &statement);) {
        if (statement.is_empty) continue;
        if (count == 0) {
            is_query = sql_begins_with(engine, statement.text, "SELECT", &after) ||
                       sql_begins_with(engine, statement.text, "WITH", &after);
        }
        count++;
    }
    if (is_query && count > 1 && revision->is_transactional) return RESULT_OK;
    return migration_fail(
        scope, MIGRATION_EXIT_GRAPH,
        "%.*s:%u: a backfill has a SELECT that finds the last key of a batch, then the statements "
        "that fill from $1 to $2, in a transaction",
        STR_ARGS(revision->file), section->first_line - 1);
}

result revision_check_sql(struct migration_scope *scope, const struct revision *revision)
{
    for (enum db_engine engine = DB_POSTGRES; engine < DB_ENGINE_COUNT; engine++) {
        TRY(check_section(scope, revision, &revision->up[engine], engine));
        TRY(check_backfill(scope, revision, &revision->up[engine], engine));
        if (revision->down[engine].first_line == 0) continue;
        TRY(check_section(scope, revision, &revision->down[engine], engine));
    }
    return RESULT_OK;
}
