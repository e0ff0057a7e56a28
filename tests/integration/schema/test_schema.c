// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "transition.h"

#define PROPERTY_ROUNDS 16u
#define TABLES          3u
#define COLUMNS         4u

static void on_each_engine(void (*body)(struct site *site))
{
    static const enum db_engine engines[] = {DB_POSTGRES, DB_SQLITE};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        struct site site;
        site_open(&site, engines[i]);
        transition_reset(&site);
        body(&site);
        site_close(&site);
    }
}

static void expect(const struct site *site, const char *words, int exit_code, const char *text)
{
    struct outcome outcome;
    site_run(site, words, &outcome);
    cr_expect(outcome.exit_code == exit_code, "engine %d: %s exits %d, not %d: %s%s", (int)site->engine,
              words, outcome.exit_code, exit_code, outcome.results, outcome.progress);
    cr_expect(strstr(outcome.results, text) || strstr(outcome.progress, text), "engine %d: %s: %s%s",
              (int)site->engine, words, outcome.results, outcome.progress);
}

/* --- refused --- */

static void behind(struct site *site)
{
    const struct transition transition = {.name = "behind",
                                          .from = "CREATE TABLE a (id integer PRIMARY KEY);"};
    transition_begin(site, &transition);
    expect(site, "revision -m more", 0, "Generating ");
    expect(site, "check", 3, "Target database is not up to date.");
    expect(site, "revision --autogenerate -m more", 3, "Target database is not up to date.");
}

Test(schema, a_database_that_is_behind_is_not_compared)
{
    on_each_engine(behind);
}

static void broken(struct site *site)
{
    const struct transition transition = {.name = "broken",
                                          .from = "CREATE TABLE a (id integer PRIMARY KEY);"};
    transition_begin(site, &transition);
    transition_declare(site, "CREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABEL b (id integer);");
    expect(site, "check", 1,
           site->engine == DB_POSTGRES ? "schema/postgres.sql:2:1: " : "schema/sqlite.sql:2:8: ");
    if (site->engine == DB_SQLITE) return;
    cr_expect(site_ask(site, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'auth%'") == 0,
              "the scratch schema is still there");
}

Test(schema, an_error_in_the_declared_schema_is_told_with_its_place)
{
    on_each_engine(broken);
}

static void drafted(struct site *site)
{
    const struct transition transition = {.name = "draft",
                                          .from = "CREATE TABLE a (id integer PRIMARY KEY);"};
    transition_begin(site, &transition);
    expect(site, "revision", 2, "a revision needs a message of one line: -m TEXT");
    expect(site, "revision -m x --head zzzz", 2, "Can't locate revision identified by 'zzzz'");
    expect(site, "revision -m x --rev-id 0001", 2, "Revision 0001 is there already");
    expect(site, "revision -m x --rev-id aaaa", 0, "_aaaa_x.sql ... done");
    expect(site, "revision -m y --head 0001", 2,
           "Revision 0001 is not a head revision; please specify --splice to create a new branch from this "
           "revision");
    expect(site, "revision -m y --head 0001 --splice --rev-id bbbb", 0, "_bbbb_y.sql ... done");
    expect(site, "revision -m z", 2, "Multiple heads are present; please specify the head revision");
    expect(site, "revision -m z --head bbbb --rev-id cccc --sql", 0, "-- down_revision: bbbb");
    expect(site, "heads", 0, "bbbb");
    expect(site, "lint", 3, "empty-revision: the revision changes nothing");
}

Test(schema, a_new_revision_follows_the_head_or_the_one_named)
{
    on_each_engine(drafted);
}

/* --- renames --- */

static void renamed(struct site *site)
{
    const struct transition transition = {
        .name = "renamed",
        .from =
            "CREATE TABLE users (id integer PRIMARY KEY, lang text, email text UNIQUE CHECK (email <> ''));\n"
            "CREATE INDEX by_lang ON users (lang);",
        .to = "-- @renamed from=users\n"
              "CREATE TABLE people (id integer PRIMARY KEY,\n"
              "  -- @renamed from=lang\n"
              "  locale text,\n"
              "  mail text -- @renamed from=email\n"
              "    UNIQUE CHECK (mail <> ''));\n"
              "CREATE INDEX by_lang ON people (locale);",
        .rows = "INSERT INTO users VALUES (1, 'de', 'a@example')",
        .expect = "rename table users -> people",
    };
    transition_run(site, &transition);
    char generated[8192];
    transition_generated(site, generated, sizeof generated);
    cr_expect(!strstr(generated, "-- min_binary: 0001\n"),
              "binaries that know the old names cannot go on: %s", generated);
    cr_expect(site_ask(site, "SELECT count(*) FROM people WHERE locale = 'de' AND mail = 'a@example'") == 1);
}

Test(schema, a_hint_renames_and_keeps_the_rows)
{
    on_each_engine(renamed);
}

static void unhinted(struct site *site)
{
    const struct transition transition = {
        .name = "unhinted",
        .from = "CREATE TABLE users (id integer PRIMARY KEY, lang text);",
        .to = "CREATE TABLE users (id integer PRIMARY KEY, locale text);",
    };
    transition_begin(site, &transition);
    transition_declare(site, transition.to);
    expect(site, "check", 3, "possible rename: column users.lang -> users.locale");
    expect(site, "check", 3, "drop column users.lang");
}

Test(schema, what_may_be_a_rename_is_told_and_not_done)
{
    on_each_engine(unhinted);
}

/* --- PostgreSQL alone --- */

Test(schema, an_invalid_index_is_built_anew_beside_the_old_one)
{
    struct site site;
    char generated[8192];
    site_open(&site, DB_POSTGRES);
    const struct transition transition = {
        .name = "invalid",
        .from = "CREATE TABLE t (id integer PRIMARY KEY, n text);\nCREATE INDEX t_n ON t (n);"};
    transition_begin(&site, &transition);
    site_sql(&site, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't_n'::regclass");
    expect(&site, "check", 3, "change index t.t_n: validity INVALID -> none");
    expect(&site, "revision --autogenerate -m heal", 0, "heal_indexes.sql ... done");
    expect(&site, "upgrade", 0, "Applied 1 revision(s)");
    expect(&site, "check", 0, "No new upgrade operations detected.");
    transition_generated(&site, generated, sizeof generated);
    cr_expect(strstr(generated, "-- transaction: off"), "%s", generated);
    site_close(&site);
}

/* Every kind of object that a temporary schema can hold. */
#define EVERYTHING                                                                                          \
    "CREATE TYPE mood AS ENUM ('sad', 'glad');\n"                                                           \
    "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"                \
    "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';\n"          \
    "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE,\n" \
    "  feeling mood DEFAULT 'sad', n integer CHECK (twice(n) > 0), day date DEFAULT current_date);\n"       \
    "CREATE UNLOGGED TABLE scratch (id serial PRIMARY KEY, user_id bigint REFERENCES users (id));\n"        \
    "CREATE INDEX users_twice ON users (twice(n)) WHERE feeling = 'glad';\n"                                \
    "CREATE VIEW names AS SELECT email, twice(n) AS n FROM users;\n"                                        \
    "CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();\n"            \
    "ALTER TABLE users ENABLE ROW LEVEL SECURITY;\n"                                                        \
    "CREATE POLICY own ON users USING (id = 1);\n"                                                          \
    "CREATE TABLE logs (at date NOT NULL) PARTITION BY RANGE (at);\n"                                       \
    "CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"          \
    "COMMENT ON TABLE users IS 'People';\n"

Test(schema, a_role_that_may_not_create_schemas_can_check)
{
    struct site site;
    site_open(&site, DB_POSTGRES);
    const struct transition transition = {.name = "role", .from = EVERYTHING};
    transition_begin(&site, &transition);
    site_sql(&site, "CREATE ROLE modest LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO modest; "
                    "GRANT USAGE ON SCHEMA public TO modest");
    const char *user = "user='postgres'";
    const char *found = strstr(site.uri, user);
    cr_assert(found, "%s", site.uri);
    char uri[sizeof site.uri];
    snprintf(uri, sizeof uri, "%.*s%s%s", (int)(found - site.uri), site.uri, "user='modest'",
             found + strlen(user));
    snprintf(site.uri, sizeof site.uri, "%s", uri);
    expect(&site, "check", 0, "No new upgrade operations detected.");
    transition_declare(&site, EVERYTHING "ALTER TABLE users ADD COLUMN nick text;");
    expect(&site, "check", 3, "add column users.nick text");
    site_close(&site);
}

/* --- the service's own schema --- */

static int run_embedded(const struct site *site, const char *word, char *text, size_t size)
{
    struct store_options store;
    site_options(site, &store);
    FILE *results = fmemopen(text, size, "w");
    FILE *progress = fopen("/dev/null", "w");
    const struct migrate_command_environment environment = {
        .store = &store, .binary_version = STR("test"), .results = results, .progress = progress};
    char name[] = "migrate";
    char quiet[] = "-q";
    char command[32];
    snprintf(command, sizeof command, "%s", word);
    char *argv[] = {name, command, quiet, NULL};
    const int exit_code = migrate_command(3, argv, &environment);
    fclose(results);
    fclose(progress);
    return exit_code;
}

static void own(struct site *site)
{
    char text[8192] = "";
    cr_assert(run_embedded(site, "upgrade", text, sizeof text) == 0, "%s", text);
    cr_expect(run_embedded(site, "check", text, sizeof text) == 0, "engine %d: %s", (int)site->engine, text);
    cr_expect(run_embedded(site, "lint", text, sizeof text) == 0, "%s", text);
}

Test(schema, the_embedded_revisions_lead_to_the_embedded_schema)
{
    on_each_engine(own);
}

/* --- any pair of schemas --- */

struct generator {
    unsigned state;
    enum db_engine engine;
    char *out;
    size_t size;
    size_t len;
};

static unsigned pick(struct generator *generator, unsigned below)
{
    generator->state = generator->state * 1103515245u + 12345u;
    return (generator->state >> 16) % below;
}

static void put(struct generator *generator, const char *format, unsigned a, unsigned b, const char *text)
{
    char piece[256];
    /* The formats are this file's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(piece, sizeof piece, format, a, b, text);
#pragma GCC diagnostic pop
    generator->len +=
        (size_t)snprintf(generator->out + generator->len, generator->size - generator->len, "%s", piece);
}

static void make_column(struct generator *generator, unsigned table, unsigned column)
{
    static const char *const types[] = {"integer", "text", "bigint"};
    static const char *const rules[] = {"", " NOT NULL", " DEFAULT '1'", " DEFAULT '2' NOT NULL"};
    const unsigned type = pick(generator, 2) == 0 ? column % 3 : pick(generator, 3);
    put(generator, ", c%u_%u %s", table, column, types[type]);
    put(generator, "%.0u%.0u%s", 0, 0, rules[pick(generator, 4)]);
    if (pick(generator, 5) == 0)
        put(generator, " CONSTRAINT k%u_%u CHECK (c", table, column, "");
    else
        return;
    put(generator, "%u_%u IS NOT NULL)", table, column, "");
}

static void make_table(struct generator *generator, unsigned table)
{
    bool has[COLUMNS];
    put(generator, "CREATE TABLE t%u (id integer PRIMARY KEY", table, 0, "");
    for (unsigned column = 0; column < COLUMNS; column++) {
        has[column] = pick(generator, 3) > 0;
        if (has[column]) make_column(generator, table, column);
    }
    if (has[0] && pick(generator, 3) == 0)
        put(generator, ", CONSTRAINT u%u UNIQUE (c%u_0)", table, table, "");
    put(generator, ");\n", 0, 0, "");
    for (unsigned column = 0; column < COLUMNS; column++) {
        if (!has[column] || pick(generator, 3) > 0) continue;
        put(generator, pick(generator, 2) ? "CREATE INDEX i%u_%u" : "CREATE UNIQUE INDEX i%u_%u", table,
            column, "");
        put(generator, " ON t%u (c", table, 0, "");
        put(generator, "%u_%u)", table, column, "");
        put(generator, pick(generator, 3) ? ";\n" : " WHERE id > 5;\n", 0, 0, "");
    }
    if (has[1] && pick(generator, 2)) {
        put(generator, "CREATE VIEW v%u AS SELECT id, c%u_1 AS ", table, table, "");
        put(generator, "x FROM t%u;\n", table, 0, "");
    }
}

static void make_schema(unsigned seed, enum db_engine engine, char *ret_sql, size_t size)
{
    struct generator generator = {.state = seed * 7919u + 1, .engine = engine, .out = ret_sql, .size = size};
    ret_sql[0] = '\0';
    for (unsigned table = 0; table < TABLES; table++) {
        if (pick(&generator, 5) > 0) make_table(&generator, table);
    }
    put(&generator, "CREATE TABLE always (id integer PRIMARY KEY);\n", 0, 0, "");
}

static void any_pair(struct site *site)
{
    for (unsigned seed = 0; seed < PROPERTY_ROUNDS; seed++) {
        char from[4096];
        char to[4096];
        char name[32];
        make_schema(2 * seed, site->engine, from, sizeof from);
        make_schema(2 * seed + 1, site->engine, to, sizeof to);
        snprintf(name, sizeof name, "seed %u", seed);
        const struct transition transition = {.name = name, .from = from, .to = to};
        transition_run(site, &transition);
    }
}

Test(schema, any_schema_can_become_any_other, .timeout = 300)
{
    on_each_engine(any_pair);
}
