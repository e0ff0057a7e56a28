// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <string.h>

#include "auth/base/clock.h"
#include "site.h"

static const struct revision_text first = {"0001", "", "", "CREATE TABLE steps (name text);", "SELECT 1;"};

/* A session of somebody else. */
static PGconn *connect(const struct site *site, const char *application_name)
{
    const char *const names[] = {"dbname", "application_name", NULL};
    const char *const values[] = {site->uri, application_name, NULL};
    PGconn *connection = PQconnectdbParams(names, values, 1);
    cr_assert(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    return connection;
}

static void expect_exit(const struct site *site, const char *words, int exit_code, const char *text)
{
    struct outcome outcome;
    site_run(site, words, &outcome);
    cr_expect(outcome.exit_code == exit_code &&
                  (strstr(outcome.results, text) || strstr(outcome.progress, text)),
              "%s exits %d: %s%s", words, outcome.exit_code, outcome.results, outcome.progress);
}

Test(migrations_postgres, a_lock_that_is_not_given_up_is_exit_6_and_names_the_holder)
{
    struct site site;
    char text[1024];
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    PGconn *holder = connect(&site, "someone");
    PQclear(PQexec(holder, "SELECT pg_advisory_lock(1635087464, hashtext('public'))"));
    const struct migration_options options = {.lock_wait_ms = 300};
    cr_expect(site_apply(&site, &options, text, sizeof text) == MIGRATION_EXIT_LOCKED);
    cr_expect(strstr(text, "held by backend ") && strstr(text, "(someone)"), "%s", text);
    PQfinish(holder);
    expect_exit(&site, "upgrade", 0, "now at 0001 (head)");
    site_close(&site);
}

Test(migrations_postgres, a_database_at_head_is_not_locked)
{
    struct site site;
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    expect_exit(&site, "upgrade", 0, "now at 0001 (head)");
    PGconn *holder = connect(&site, "someone");
    PQclear(PQexec(holder, "SELECT pg_advisory_lock(1635087464, hashtext('public'))"));
    const int64_t begun_ms = clock_monotonic_ms();
    expect_exit(&site, "upgrade", 0, "Already at 0001 (head)");
    cr_expect(clock_monotonic_ms() - begun_ms < 2000);
    PQfinish(holder);
    site_close(&site);
}

Test(migrations_postgres, a_table_lock_is_waited_for_briefly_and_tried_again)
{
    struct site site;
    char text[1024];
    const struct revision_text alter = {"0002", "0001", "-- lock_timeout: 100ms\n",
                                        "ALTER TABLE steps ADD COLUMN note text;", "SELECT 1;"};
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    expect_exit(&site, "upgrade", 0, "now at 0001");
    site_write(&site, &alter);
    PGconn *holder = connect(&site, "someone");
    PQclear(PQexec(holder, "BEGIN; SELECT * FROM steps"));
    const struct migration_options once = {.retries = 1};
    cr_expect(site_apply(&site, &once, text, sizeof text) == MIGRATION_EXIT_LOCKED, "%s", text);
    cr_expect(strstr(text, "SQLSTATE 55P03"), "%s", text);
    const pid_t pid = site_start(&site, "upgrade");
    PQclear(PQexec(holder, "SELECT pg_sleep(1)"));
    PQclear(PQexec(holder, "COMMIT"));
    cr_expect(site_wait(pid) == 0);
    PQfinish(holder);
    site_close(&site);
}

Test(migrations_postgres, an_invalid_index_is_built_anew)
{
    struct site site;
    const struct revision_text unique = {
        "0002", "0001", "-- transaction: off\n",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS steps_name ON steps (name);", "SELECT 1;"};
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    expect_exit(&site, "upgrade", 0, "now at 0001");
    site_sql(&site, "INSERT INTO steps VALUES ('a'), ('a')");
    site_write(&site, &unique);
    expect_exit(&site, "upgrade", MIGRATION_EXIT_SQL, "SQLSTATE 23505");
    expect_exit(&site, "current", 0, "0002 (partial, 0 statement(s) done)");
    cr_expect(site_ask(&site, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 1);
    site_sql(&site, "TRUNCATE steps");
    expect_exit(&site, "upgrade", 0, "now at 0002 (head)");
    cr_expect(site_ask(&site, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0);
    cr_expect(site_ask(&site, "SELECT count(*) FROM pg_class WHERE relname = 'steps_name'") == 1);
    site_close(&site);
}

Test(migrations_postgres, a_partial_revision_goes_on_behind_its_last_statement)
{
    struct site site;
    const struct revision_text steps = {"0002", "0001", "-- transaction: off\n",
                                        "INSERT INTO steps VALUES ('one');\nINSERT INTO later VALUES (2);\n"
                                        "INSERT INTO steps VALUES ('three');",
                                        "SELECT 1;"};
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    site_write(&site, &steps);
    expect_exit(&site, "upgrade", MIGRATION_EXIT_SQL,
                "2026_0002.sql:11:13: relation \"later\" does not exist");
    site_sql(&site, "CREATE TABLE later (i int)");
    expect_exit(&site, "upgrade", 0, "now at 0002 (head)");
    cr_expect(site_ask(&site, "SELECT count(*) FROM steps WHERE name = 'one'") == 1);
    cr_expect(site_ask(&site, "SELECT count(*) FROM steps") == 2);
    site_close(&site);
}

Test(migrations_postgres, a_contract_waits_for_servers_that_need_the_old_schema)
{
    struct site site;
    char text[256];
    const struct revision_text expand = {"0002", "0001", "-- min_binary: 0001\n", "SELECT 1;", "SELECT 1;"};
    const struct revision_text contract = {"0003", "0002", "-- phase: contract\n-- min_binary: 0002\n",
                                           "DROP TABLE steps;", "SELECT 1;"};
    const struct migration_options held = {.is_contract_held = true};
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    site_write(&site, &expand);
    site_write(&site, &contract);
    PGconn *server = connect(&site, "auth/0001");
    cr_expect(site_apply(&site, &held, text, sizeof text) == 0);
    cr_expect_str_eq(text, "0003");
    expect_exit(&site, "current", 0, "0002\n");
    PQfinish(server);
    PGconn *newer = connect(&site, "auth/0002");
    cr_expect(site_apply(&site, &held, text, sizeof text) == 0);
    cr_expect_str_eq(text, "");
    expect_exit(&site, "current", 0, "0003 (head)");
    PQfinish(newer);
    site_close(&site);
}

Test(migrations_postgres, a_hijacked_search_path_does_not_move_tables)
{
    struct site site;
    site_open(&site, DB_POSTGRES);
    const struct revision_text hijack = {"0002", "0001", "", "SET search_path = pg_temp; SELECT 1;",
                                         "SELECT 1;"};
    const struct revision_text after = {"0003", "0002", "", "CREATE TABLE after_it (i int);", "SELECT 1;"};
    site_write(&site, &first);
    site_write(&site, &hijack);
    site_write(&site, &after);
    expect_exit(&site, "upgrade", 0, "now at 0003 (head)");
    cr_expect(site_ask(&site, "SELECT count(*) FROM public.after_it") == 0);
    site_close(&site);
}
