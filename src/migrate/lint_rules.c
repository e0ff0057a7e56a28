// SPDX-License-Identifier: MIT
#include "lint_internal.h"

#define POSTGRES (1u << DB_POSTGRES)
#define SQLITE   (1u << DB_SQLITE)
#define BOTH     (POSTGRES | SQLITE)

static bool begins(const struct lint_subject *subject, const char *words)
{
    struct sql_lexer after;
    return sql_begins_with(subject->engine, subject->statement, words, &after);
}

static bool follows(struct sql_lexer lexer, struct str words)
{
    while (words.len > 0) {
        const struct str word = str_split(&words, ' ');
        const struct sql_token token = sql_next_solid(&lexer);
        if (token.kind == SQL_END || !str_equal_nocase(token.text, word)) return false;
    }
    return true;
}

bool lint_has(const struct lint_subject *subject, const char *words)
{
    struct sql_lexer lexer = {subject->statement, subject->engine};
    while (lexer.rest.len > 0) {
        if (follows(lexer, str_from(words))) return true;
        (void)sql_next(&lexer);
    }
    return false;
}

static bool is_alter(const struct lint_subject *subject)
{
    return begins(subject, "ALTER TABLE");
}

/* --- indexes and constraints --- */

static bool is_blocking_index(const struct lint_subject *subject)
{
    return begins(subject, "CREATE [UNIQUE] INDEX") && !begins(subject, "CREATE [UNIQUE] INDEX CONCURRENTLY");
}

static bool is_hiding_carcass(const struct lint_subject *subject)
{
    return begins(subject, "CREATE [UNIQUE] INDEX CONCURRENTLY IF NOT EXISTS");
}

static bool is_scanning_constraint(const struct lint_subject *subject)
{
    if (!is_alter(subject) || !lint_has(subject, "ADD") || lint_has(subject, "NOT VALID")) return false;
    /* A column added with a constraint has no rows to look at. */
    if (lint_has(subject, "ADD COLUMN")) return false;
    return lint_has(subject, "CHECK") || lint_has(subject, "FOREIGN KEY");
}

static bool is_building_key(const struct lint_subject *subject)
{
    if (!is_alter(subject) || !lint_has(subject, "ADD") || lint_has(subject, "USING INDEX")) return false;
    return lint_has(subject, "UNIQUE") || lint_has(subject, "PRIMARY KEY");
}

static bool is_unproven_not_null(const struct lint_subject *subject)
{
    if (!is_alter(subject) || !lint_has(subject, "SET NOT NULL")) return false;
    /* The proof is a constraint validated earlier in the section. */
    const size_t before = (size_t)(subject->statement.ptr - subject->section->sql.ptr);
    const struct lint_subject earlier = {.engine = subject->engine,
                                         .statement = {subject->section->sql.ptr, before}};
    return !lint_has(&earlier, "VALIDATE CONSTRAINT");
}

/* --- columns --- */

/* Functions that give one value for the whole statement do not rewrite the table. */
static bool is_stable_call(struct str name)
{
    return str_equal_nocase(name, STR("now")) || str_equal_nocase(name, STR("transaction_timestamp")) ||
           str_equal_nocase(name, STR("statement_timestamp")) ||
           str_equal_nocase(name, STR("current_setting"));
}

static bool is_volatile_default(const struct lint_subject *subject)
{
    if (!is_alter(subject) || !lint_has(subject, "ADD COLUMN")) return false;
    struct sql_lexer lexer = {subject->statement, subject->engine};
    bool is_in_default = false;
    struct sql_token before = {.kind = SQL_END};
    for (struct sql_token token = sql_next_solid(&lexer); token.kind != SQL_END;
         token = sql_next_solid(&lexer)) {
        const bool is_call = is_in_default && token.kind == SQL_MARK && token.text.ptr[0] == '(' &&
                             before.kind == SQL_WORD && !str_equal_nocase(before.text, STR("DEFAULT"));
        if (is_call) return !is_stable_call(before.text);
        if (token.kind == SQL_WORD && str_equal_nocase(token.text, STR("DEFAULT"))) is_in_default = true;
        before = token;
    }
    return false;
}

static bool is_type_change(const struct lint_subject *subject)
{
    return is_alter(subject) && lint_has(subject, "ALTER") && lint_has(subject, "TYPE") &&
           !lint_has(subject, "ADD COLUMN");
}

static bool is_valueless_column(const struct lint_subject *subject)
{
    return is_alter(subject) && lint_has(subject, "ADD COLUMN") && lint_has(subject, "NOT NULL") &&
           !lint_has(subject, "DEFAULT") && !lint_has(subject, "GENERATED") &&
           !lint_has(subject, "IS NOT NULL");
}

static bool is_zoneless(const struct lint_subject *subject)
{
    if (!begins(subject, "CREATE [UNLOGGED] TABLE") && !is_alter(subject)) return false;
    return lint_has(subject, "TIMESTAMP WITHOUT") ||
           (lint_has(subject, "TIMESTAMP") && !lint_has(subject, "TIMESTAMP WITH") &&
            !lint_has(subject, "TIMESTAMP ("));
}

/* --- names and rows --- */

/* SQLite's rebuild renames a table that the file has made. */
static bool is_rename(const struct lint_subject *subject)
{
    return (is_alter(subject) || begins(subject, "ALTER VIEW")) && lint_has(subject, "RENAME") &&
           !lint_has(subject, "RENAME CONSTRAINT");
}

/* A table that another one replaces at once is rebuilt, not dropped. */
static bool is_rebuilt(const struct lint_subject *subject)
{
    const struct lint_subject whole = {.engine = subject->engine, .statement = subject->section->sql};
    const struct str words = str_printf(subject->arena, "RENAME TO %.*s", STR_ARGS(subject->object));
    return lint_has(&whole, words.ptr);
}

static bool is_early_drop(const struct lint_subject *subject)
{
    if (subject->revision->phase == REVISION_CONTRACT) return false;
    if (is_alter(subject)) return lint_has(subject, "DROP COLUMN");
    return (begins(subject, "DROP TABLE") && !is_rebuilt(subject)) || begins(subject, "DROP SCHEMA") ||
           begins(subject, "DROP SEQUENCE") || begins(subject, "DROP TYPE");
}

static bool is_unbounded(const struct lint_subject *subject)
{
    if (begins(subject, "TRUNCATE")) return true;
    return (begins(subject, "DELETE") || begins(subject, "UPDATE")) && !lint_has(subject, "WHERE");
}

static bool is_data(const struct lint_subject *subject)
{
    return begins(subject, "INSERT") || begins(subject, "UPDATE") || begins(subject, "DELETE");
}

/* Locks taken by the DDL are held while rows are written. */
static bool is_mixed(const struct lint_subject *subject)
{
    struct lint_subject other = *subject;
    size_t offset = 0;
    if (!is_data(subject) || !subject->revision->is_transactional) return false;
    for (struct sql_statement piece; sql_split(subject->engine, subject->section->sql, &offset, &piece);) {
        other.statement = piece.text;
        if (is_alter(&other)) return true;
    }
    return false;
}

static bool is_without_timeout(const struct lint_subject *subject)
{
    const bool is_long = is_alter(subject) && lint_has(subject, "VALIDATE CONSTRAINT");
    return is_long && subject->revision->statement_timeout_ms == 0;
}

static bool is_star_view(const struct lint_subject *subject)
{
    return (begins(subject, "CREATE [OR] [REPLACE] VIEW") || begins(subject, "CREATE MATERIALIZED VIEW")) &&
           lint_has(subject, "SELECT *");
}

const struct lint_rule lint_rules[] = {
    {"blocking-index", "CREATE INDEX stops writers until it is built: CONCURRENTLY, in a file of its own",
     POSTGRES, false, is_blocking_index},
    {"if-not-exists-concurrently", "IF NOT EXISTS takes the INVALID index of a broken build for done",
     POSTGRES, true, is_hiding_carcass},
    {"constraint-scan", "reads the whole table under a lock: add it NOT VALID, VALIDATE in a later revision",
     POSTGRES, false, is_scanning_constraint},
    {"key-build",
     "builds an index under the strongest lock: CREATE UNIQUE INDEX CONCURRENTLY, then USING INDEX", POSTGRES,
     false, is_building_key},
    {"not-null-scan",
     "reads the whole table under the strongest lock: validate a CHECK (… IS NOT NULL) first", POSTGRES,
     false, is_unproven_not_null},
    {"volatile-default", "rewrites the table: add the column, set the default, fill in batches", POSTGRES,
     false, is_volatile_default},
    {"type-change", "may rewrite the table under the strongest lock: a new column, filled in batches",
     POSTGRES, false, is_type_change},
    {"not-null-without-default", "fails as soon as the table has a row", BOTH, false, is_valueless_column},
    {"timestamp-without-zone", "timestamp forgets the zone: timestamptz", POSTGRES, true, is_zoneless},
    {"rename", "binaries that use the old name fail: add the new one, move over, drop the old one", BOTH,
     false, is_rename},
    {"drop-outside-contract", "older binaries still use it: phase contract", BOTH, false, is_early_drop},
    {"unbounded-write", "changes every row at once: a backfill, or a WHERE", BOTH, false, is_unbounded},
    {"mixed-backfill", "rows are written while the locks of the DDL are held: a revision of its own",
     POSTGRES, false, is_mixed},
    {"missing-timeout", "may take longer than the default allows: -- statement_timeout:", POSTGRES, false,
     is_without_timeout},
    {"select-star", "the view keeps the columns of today: name them", BOTH, true, is_star_view},
};
const size_t lint_rule_count = sizeof(lint_rules) / sizeof(lint_rules[0]);
