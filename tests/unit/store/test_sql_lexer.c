// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/store/sql_lexer.h"

static size_t count_statements(enum db_engine engine, const char *text)
{
    const struct str section = str_from(text);
    struct sql_statement statement;
    size_t offset = 0;
    size_t count = 0;
    size_t total = 0;
    while (sql_split(engine, section, &offset, &statement)) {
        cr_expect(statement.text.ptr == section.ptr + total, "a gap before byte %zu of %s", total, text);
        total += statement.text.len;
        count += !statement.is_empty;
    }
    cr_expect(total == section.len, "the pieces of %s are not the whole", text);
    return count;
}

struct row {
    enum db_engine engine;
    size_t count;
    const char *text;
};

static const struct row rows[] = {
    {DB_POSTGRES, 0, ""},
    {DB_POSTGRES, 0, " ; ;; -- end\n"},
    {DB_POSTGRES, 1, "SELECT 1"},
    {DB_POSTGRES, 2, "SELECT 1;SELECT 2;"},
    {DB_POSTGRES, 2, "SELECT ';'; SELECT 'it''s;';"},
    {DB_POSTGRES, 2, "SELECT E'\\';'; SELECT 2"},
    {DB_POSTGRES, 2, "SELECT '\\'; SELECT 2"},
    {DB_POSTGRES, 1, "SELECT \"a;\"\"b\""},
    {DB_POSTGRES, 1, "SELECT $$;$$"},
    {DB_POSTGRES, 2, "SELECT $a$;$$;$b$;$a$; SELECT $1"},
    {DB_POSTGRES, 2, "SELECT a$b$c; SELECT d$b$"},
    {DB_POSTGRES, 1, "SELECT 1 /* ; /* ; */ ; */ + 2"},
    {DB_SQLITE, 2, "SELECT 1 /* /* */ ; SELECT 2"},
    {DB_POSTGRES, 1, "SELECT 1 -- ;\n + 2"},
    {DB_POSTGRES, 1, "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v);"},
    {DB_POSTGRES, 2,
     "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; "
     "SELECT 2;"},
    {DB_POSTGRES, 2,
     "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN RETURN 1; END; $f$; SELECT 2"},
    {DB_SQLITE, 2,
     "CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = CASE WHEN 1 THEN 2 END; "
     "DELETE FROM u; END; SELECT 2"},
    {DB_SQLITE, 2, "SELECT [;] , `;`; SELECT 2"},
    {DB_POSTGRES, 1, "SELECT 'unterminated; SELECT 2"},
    {DB_POSTGRES, 1, "SELECT $x$ unterminated; SELECT 2"},
    {DB_POSTGRES, 1, "SELECT 1 /* unterminated; SELECT 2"},
    {DB_POSTGRES, 2, "SELECT 1e5; SELECT .5"},
    {DB_POSTGRES, 2, "SELECT 1$a$;$a$, $1$b$;$b$; SELECT 2"},
    {DB_POSTGRES, 2, "SELECT 1 -- ;\r; SELECT 2"},
    /* The server goes on with E'' there, psql does not. */
    {DB_POSTGRES, 1, "SELECT E'a;' -- ;\n  '\\';';"},
    {DB_POSTGRES, 2, "SELECT E'a;'  '\\'; SELECT ';"},
};

Test(sql_lexer, statements_end_where_the_engine_ends_them)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t count = count_statements(rows[i].engine, rows[i].text);
        cr_expect(count == rows[i].count, "%zu instead of %zu: %s", count, rows[i].count, rows[i].text);
    }
}

Test(sql_lexer, any_bytes_split_into_pieces_that_are_the_whole)
{
    static const char alphabet[] = "';\"$-/*\\eE[]` \nab1(";
    unsigned state = 1;
    for (int round = 0; round < 20000; round++) {
        char text[25];
        for (size_t i = 0; i < sizeof text - 1; i++) {
            state = state * 1103515245u + 12345u;
            text[i] = alphabet[(state >> 16) % (sizeof alphabet - 1)];
        }
        text[sizeof text - 1] = '\0';
        (void)count_statements(round % 2 ? DB_POSTGRES : DB_SQLITE, text);
    }
}

Test(sql_lexer, a_quoted_or_longer_word_is_not_the_word)
{
    struct sql_lexer after;
    cr_expect(!sql_begins_with(DB_POSTGRES, STR("\"COMMIT\""), "COMMIT", &after));
    cr_expect(!sql_begins_with(DB_POSTGRES, STR("COMMITTED"), "COMMIT", &after));
    cr_expect(!sql_begins_with(DB_POSTGRES, STR("'COMMIT'"), "COMMIT", &after));
    cr_expect(
        !sql_begins_with(DB_POSTGRES, STR("CREATE INDEX i"), "CREATE [UNIQUE] INDEX CONCURRENTLY", &after));
    cr_expect(sql_begins_with(DB_POSTGRES, STR("/* x */ create Index\nconcurrently i"),
                              "CREATE [UNIQUE] INDEX CONCURRENTLY", &after));
    cr_expect(str_equal(sql_next_solid(&after).text, STR("i")));
}
