// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "../../../src/migrate/schema/sqlite_table_internal.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

static struct arena *arena;
static struct schema_catalog catalog;

static void read(const char *sql)
{
    catalog = (struct schema_catalog){.engine = DB_SQLITE};
    arena = arena_create(ARENA_BYTES);
    sqlite_read_table(arena, &catalog, STR("t"), str_from(sql));
}

static void expect_facet(enum schema_kind kind, const char *name, unsigned facet, const char *wanted)
{
    const struct str table = kind == SCHEMA_TABLE ? STR("") : STR("t");
    const struct schema_object *object = schema_find(&catalog, kind, table, str_from(name));
    cr_assert(object, "no %s", name);
    cr_expect(str_equal(object->facets[facet], str_from(wanted)), "%s: '%.*s', not '%s'", name,
              STR_ARGS(object->facets[facet]), wanted);
}

Test(schema_sqlite_table, what_is_no_table_is_read_without_harm)
{
    static const char *const texts[] = {"",
                                        "CREATE TABLE t",
                                        "CREATE TABLE t (",
                                        "CREATE TABLE t (a REFERENCES",
                                        "CREATE TABLE t (a DEFAULT",
                                        "CREATE TABLE t (CONSTRAINT",
                                        "((((",
                                        "))",
                                        "CREATE TABLE t (a CHECK (",
                                        "CREATE TABLE t (a CONSTRAINT, b NOT"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        read(texts[i]);
        arena_destroy(arena);
    }
}

Test(schema_sqlite_table, every_rule_of_a_column_is_found)
{
    read("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR (10) NOT NULL DEFAULT -1.5 COLLATE "
         "NOCASE, "
         "b TEXT CONSTRAINT b_known CHECK (b IN ('x', ')')) UNIQUE ON CONFLICT IGNORE, "
         "c INT REFERENCES u (id) ON DELETE SET NULL NOT DEFERRABLE NOT NULL, d INT AS (a || b) STORED, e, "
         "f TEXT DEFAULT (lower('F')))");
    expect_facet(SCHEMA_COLUMN, "a", COLUMN_TYPE, "varchar (10)");
    expect_facet(SCHEMA_COLUMN, "a", COLUMN_NOT_NULL, "not null");
    expect_facet(SCHEMA_COLUMN, "a", COLUMN_DEFAULT, "- 1.5");
    expect_facet(SCHEMA_COLUMN, "a", COLUMN_COLLATION, "nocase");
    expect_facet(SCHEMA_CONSTRAINT, "primary key (id) autoincrement", CONSTRAINT_KIND, "p");
    expect_facet(SCHEMA_CONSTRAINT, "b_known", CONSTRAINT_DEFINITION, "check (b in ('x', ')'))");
    expect_facet(SCHEMA_CONSTRAINT, "unique (b) on conflict ignore", CONSTRAINT_KIND, "u");
    expect_facet(SCHEMA_CONSTRAINT, "foreign key (c) references u (id) on delete set null not deferrable",
                 CONSTRAINT_KIND, "f");
    expect_facet(SCHEMA_COLUMN, "c", COLUMN_NOT_NULL, "not null");
    expect_facet(SCHEMA_COLUMN, "d", COLUMN_GENERATED, "(a || b) stored");
    expect_facet(SCHEMA_COLUMN, "e", COLUMN_TYPE, "");
    expect_facet(SCHEMA_COLUMN, "f", COLUMN_DEFAULT, "(lower ('F'))");
    arena_destroy(arena);
}

Test(schema_sqlite_table, the_rules_of_the_table_are_found)
{
    read("CREATE TABLE \"t\" (a, b, PRIMARY KEY (a), CONSTRAINT pair UNIQUE (a, b), FOREIGN KEY (b) "
         "REFERENCES u) "
         "WITHOUT ROWID, STRICT");
    expect_facet(SCHEMA_TABLE, "t", TABLE_OPTIONS, "strict, without rowid");
    expect_facet(SCHEMA_CONSTRAINT, "primary key (a)", CONSTRAINT_KIND, "p");
    expect_facet(SCHEMA_CONSTRAINT, "pair", CONSTRAINT_DEFINITION, "unique (a, b)");
    expect_facet(SCHEMA_CONSTRAINT, "foreign key (b) references u", CONSTRAINT_KIND, "f");
    arena_destroy(arena);
}
