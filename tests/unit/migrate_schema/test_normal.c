// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "../../../src/migrate/schema/schema_internal.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

static void expect_text(struct str found, const char *wanted)
{
    cr_expect(str_equal(found, str_from(wanted)), "'%.*s', not '%s'", STR_ARGS(found), wanted);
}

Test(schema_normal, spelling_does_not_matter_and_meaning_does)
{
    static const struct {
        const char *sql;
        const char *normal;
    } rows[] = {
        {"", ""},
        {"CHECK ( a>0 )", "check (a > 0)"},
        {"check(A > 0)", "check (a > 0)"},
        {"a -- why\n /* not */ b", "a b"},
        {"name = 'It''s  A'", "name = 'It''s  A'"},
        {"\"name\" = `x`", "name = x"},
        {"\"select\"", "\"select\""},
        {"\"Odd\"", "\"Odd\""},
        {"[a b]", "\"a b\""},
        {"a<>b", "a <> b"},
        {"a< >b", "a < > b"},
        {"t.a", "t.a"},
    };
    struct arena *arena = arena_create(ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        expect_text(schema_normalise(arena, DB_SQLITE, str_from(rows[i].sql)), rows[i].normal);
    arena_destroy(arena);
}

Test(schema_normal, names_are_replaced_but_not_in_strings_or_as_parts)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    expect_text(schema_replace_name(arena, DB_POSTGRES, STR("CHECK (lang <> 'lang' AND langs > \"lang\")"),
                                    STR("lang"), STR("locale")),
                "CHECK (locale <> 'lang' AND langs > locale)");
    cr_expect(!is_naming(arena, DB_SQLITE, STR("SELECT 'users' FROM user"), STR("users")));
    cr_expect(is_naming(arena, DB_SQLITE, STR("SELECT 1 FROM Users"), STR("users")));
    arena_destroy(arena);
}

Test(schema_normal, a_hint_belongs_to_what_it_stands_beside)
{
    static const char sql[] = "-- an old note about @renamed from=nothing\n"
                              "-- @renamed from=people\n"
                              "CREATE TABLE users (\n"
                              "  id integer, -- @renamed from=number\n"
                              "  -- @renamed from=lang\n"
                              "  locale text CHECK (locale IN ('a', 'b')),\n"
                              "  -- @renamed from=old_rule\n"
                              "  CONSTRAINT rule CHECK (id > 0)\n"
                              ");\n"
                              "-- @renamed from=\"By Lang\"\n"
                              "CREATE UNIQUE INDEX by_locale ON users (locale);\n";
    static const struct {
        enum schema_kind kind;
        const char *table;
        const char *from;
        const char *to;
    } wanted[] = {
        {SCHEMA_TABLE, "", "people", "users"},          {SCHEMA_COLUMN, "users", "number", "id"},
        {SCHEMA_COLUMN, "users", "lang", "locale"},     {SCHEMA_CONSTRAINT, "users", "old_rule", "rule"},
        {SCHEMA_INDEX, "", "\"By Lang\"", "by_locale"},
    };
    struct migration_scope scope = {.arena = arena_create(ARENA_BYTES)};
    struct schema_renames renames;
    cr_assert(is_ok(schema_renames_read(&scope, DB_POSTGRES, str_from(sql), &renames)));
    cr_assert(renames.count == ARRAY_COUNT(wanted), "%zu", renames.count);
    for (size_t i = 0; i < renames.count; i++) {
        cr_expect(renames.items[i].kind == wanted[i].kind);
        expect_text(renames.items[i].table, wanted[i].table);
        expect_text(renames.items[i].from, wanted[i].from);
        expect_text(renames.items[i].to, wanted[i].to);
    }
    arena_destroy(scope.arena);
}
