// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "../../../src/migrate/statement_facts_internal.h"

static const char *const losing[] = {
    "DROP TABLE people",
    "drop table if exists people cascade",
    "-- a word before\nDROP /* and within */ TABLE people;",
    "ALTER TABLE people DROP COLUMN mail",
    "ALTER TABLE people DROP mail",
    "ALTER TABLE people DROP \"mail\", ADD other text",
    "ALTER TABLE people ADD other text, DROP COLUMN IF EXISTS mail",
    "TRUNCATE people",
    "DELETE FROM people WHERE id = 1",
    "DROP SCHEMA old CASCADE",
    "DROP SEQUENCE numbers",
};

static const char *const keeping[] = {
    "ALTER TABLE people DROP CONSTRAINT people_key",
    "ALTER TABLE people ALTER COLUMN mail DROP NOT NULL",
    "ALTER TABLE people ALTER COLUMN mail DROP DEFAULT",
    "ALTER TABLE people ALTER COLUMN id DROP IDENTITY IF EXISTS",
    "ALTER TABLE people ADD COLUMN \"drop\" text DEFAULT 'DROP COLUMN mail'",
    "DROP INDEX people_mail",
    "DROP VIEW everybody",
    "DROP TRIGGER t ON people",
    "INSERT INTO people VALUES ('DROP TABLE people')",
    "SELECT 1 -- DROP TABLE people",
};

Test(statement_facts, statements_that_lose_rows_are_known)
{
    for (size_t i = 0; i < ARRAY_COUNT(losing); i++) {
        cr_expect(statement_look(DB_POSTGRES, str_from(losing[i])).loss, "%s", losing[i]);
        cr_expect(statement_look(DB_SQLITE, str_from(losing[i])).loss, "%s", losing[i]);
    }
}

Test(statement_facts, other_statements_lose_nothing)
{
    for (size_t i = 0; i < ARRAY_COUNT(keeping); i++) {
        cr_expect(!statement_look(DB_POSTGRES, str_from(keeping[i])).loss, "%s", keeping[i]);
    }
}

Test(statement_facts, locks_are_those_of_the_manual)
{
    static const struct {
        const char *sql;
        const char *lock;
    } cases[] = {
        {"CREATE INDEX i ON t (c)", "SHARE"},
        {"CREATE UNIQUE INDEX CONCURRENTLY i ON t (c)", "SHARE UPDATE EXCLUSIVE"},
        {"ALTER TABLE t ADD c text", "ACCESS EXCLUSIVE"},
        {"ALTER TABLE t VALIDATE CONSTRAINT c", "SHARE UPDATE EXCLUSIVE"},
        {"ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b (id) NOT VALID",
         "SHARE ROW EXCLUSIVE on both tables"},
        {"UPDATE t SET c = 1", "ROW EXCLUSIVE"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        cr_expect_str_eq(statement_look(DB_POSTGRES, str_from(cases[i].sql)).lock, cases[i].lock, "%s",
                         cases[i].sql);
    }
}

Test(statement_facts, the_first_loss_of_a_section_is_found)
{
    const struct migration_section section = {.sql = STR("DROP INDEX i;\n\n  DROP TABLE t;\nDROP TABLE u;"),
                                              .first_line = 1};
    struct sql_statement statement;
    const char *loss;
    cr_assert(section_find_loss(DB_POSTGRES, &section, &statement, &loss));
    cr_expect(statement.start == 17, "%zu", statement.start);
    cr_expect_str_eq(loss, "the table's rows");
}
