// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../../src/migrate/lint_internal.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

static char told[1024];

static void note(void *argument, const struct lint_finding *finding)
{
    (void)argument;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s ", finding->rule);
}

/* The rules a file breaks, each with a space behind; the other engine's section changes something harmless. */
static const char *lint(const char *header, const char *postgres, const char *sqlite)
{
    char text[4096];
    struct migration_scope scope = {.arena = arena_create(ARENA_BYTES)};
    struct revision revision;
    const struct lint_listener listener = {note, NULL};
    snprintf(text, sizeof text,
             "-- revision: aaaa\n-- down_revision:\n-- message: x\n-- created: 2026-01-05T10:00:00Z\n"
             "-- min_binary: aaaa\n-- irreversible: test\n%s%s-- migrate:up postgres\n%s\n-- migrate:up "
             "sqlite\n%s\n",
             strstr(header, "phase:") ? "" : "-- phase: expand\n", header, postgres, sqlite);
    told[0] = '\0';
    cr_assert(is_ok(revision_parse(&scope, STR("a.sql"), str_from(text), &revision)), "%.*s",
              STR_ARGS(scope.failure.text));
    lint_revision(scope.arena, &revision, &listener);
    arena_destroy(scope.arena);
    return told;
}

#define HARMLESS "CREATE TABLE harmless (id integer);"

Test(lint, every_rule_finds_what_it_is_for)
{
    static const struct {
        const char *sql;
        const char *rules;
    } rows[] = {
        {"CREATE INDEX i ON t (a);", "blocking-index "},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0);", "constraint-scan "},
        {"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (id);", "constraint-scan "},
        {"ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);", "key-build "},
        {"ALTER TABLE t ALTER COLUMN a SET NOT NULL;", "not-null-scan "},
        {"ALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid();", "volatile-default "},
        {"ALTER TABLE t ALTER COLUMN a TYPE bigint;", "type-change "},
        {"ALTER TABLE t ADD COLUMN a integer NOT NULL;", "not-null-without-default "},
        {"ALTER TABLE t ADD COLUMN a timestamp;", "timestamp-without-zone "},
        {"ALTER TABLE t RENAME COLUMN a TO b;", "rename "},
        {"DROP TABLE t;", "drop-outside-contract "},
        {"ALTER TABLE t DROP COLUMN a;", "drop-outside-contract "},
        {"DELETE FROM t;", "unbounded-write "},
        {"TRUNCATE t;", "unbounded-write "},
        {"ALTER TABLE t ADD COLUMN a integer; UPDATE t SET a = 1 WHERE a IS NULL;", "mixed-backfill "},
        {"ALTER TABLE t VALIDATE CONSTRAINT k;", "missing-timeout "},
        {"CREATE VIEW v AS SELECT * FROM t;", "select-star "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *rules = lint("", rows[i].sql, HARMLESS);
        cr_expect(strcmp(rules, rows[i].rules) == 0, "%s: %s", rows[i].sql, rules);
    }
    cr_expect(
        strcmp(lint("-- transaction: off\n", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);", HARMLESS),
               "if-not-exists-concurrently ") == 0,
        "%s", told);
    cr_expect(strcmp(lint("", "SELECT 1;", "SELECT 1;"), "empty-revision ") == 0, "%s", told);
}

Test(lint, what_the_file_makes_itself_is_exempt)
{
    cr_expect(!*lint("",
                     "CREATE TABLE t (a integer); CREATE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k "
                     "CHECK (a > 0);",
                     HARMLESS),
              "%s", told);
    cr_expect(!*lint("", HARMLESS,
                     "CREATE TABLE new_t (a); INSERT INTO new_t SELECT a FROM t; DROP TABLE t; "
                     "ALTER TABLE new_t RENAME TO t;"),
              "%s", told);
}

Test(lint, the_safe_forms_pass)
{
    cr_expect(
        !*lint("",
               "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t ADD COLUMN b "
               "timestamptz DEFAULT now();",
               HARMLESS),
        "%s", told);
    cr_expect(!*lint("-- statement_timeout: 1h\n",
                     "ALTER TABLE t VALIDATE CONSTRAINT k; ALTER TABLE t ALTER COLUMN a "
                     "SET NOT NULL;",
                     HARMLESS),
              "%s", told);
    cr_expect(!*lint("-- phase: contract\n", "DROP TABLE t;", "DROP TABLE t;"), "%s", told);
}

Test(lint, an_allowance_needs_a_known_rule_and_a_reason)
{
    cr_expect(!*lint("-- lint:allow unbounded-write the table is small\n", "DELETE FROM t;", HARMLESS), "%s",
              told);
    cr_expect(strcmp(lint("-- lint:allow unbounded-write\n", "DELETE FROM t;", HARMLESS),
                     "allow unbounded-write ") == 0,
              "%s", told);
    cr_expect(strcmp(lint("-- lint:allow no-such-rule because\n", HARMLESS, HARMLESS), "allow ") == 0, "%s",
              told);
}
