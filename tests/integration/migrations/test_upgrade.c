// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/store/migration_driver.h"
#include "site.h"

#define STARTERS    20
#define TAKEOVER_MS 5000

static const struct revision_text first = {"0001", "", "", "CREATE TABLE steps (name text PRIMARY KEY);",
                                           "CREATE TABLE steps (name text PRIMARY KEY);"};
static const struct revision_text second = {"0002", "0001", "", "INSERT INTO steps VALUES ('0002');",
                                            "INSERT INTO steps VALUES ('0002');"};
static const struct revision_text indexed = {"0003", "0002", "-- transaction: off\n",
                                             "CREATE INDEX CONCURRENTLY steps_name ON steps (name);",
                                             "CREATE INDEX steps_name ON steps (name);"};
/* About 2 s of work, with a mark before and after. */
static const struct revision_text slow = {
    "0002", "0001", "",
    "INSERT INTO steps VALUES ('before');\nSELECT pg_sleep(2);\nINSERT INTO steps VALUES ('after');",
    "INSERT INTO steps VALUES ('before');\n"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000000) SELECT max(i) FROM "
    "n;\n"
    "INSERT INTO steps VALUES ('after');"};
#define QUICK "INSERT INTO steps VALUES ('before');\nINSERT INTO steps VALUES ('after');"
static const struct revision_text quick = {"0002", "0001", "", QUICK, QUICK};

static void on_each_engine(void (*body)(struct site *site))
{
    static const enum db_engine engines[] = {DB_POSTGRES, DB_SQLITE};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        struct site site;
        site_open(&site, engines[i]);
        body(&site);
        site_close(&site);
    }
}

static void expect_exit(const struct site *site, const char *words, int exit_code, const char *text)
{
    struct outcome outcome;
    site_run(site, words, &outcome);
    cr_expect(outcome.exit_code == exit_code, "engine %d: %s exits %d, not %d: %s", (int)site->engine, words,
              outcome.exit_code, exit_code, outcome.progress);
    cr_expect(strstr(outcome.results, text) || strstr(outcome.progress, text), "engine %d: %s: %s%s",
              (int)site->engine, words, outcome.results, outcome.progress);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* --- refused --- */

static void edited(struct site *site)
{
    site_write(site, &first);
    expect_exit(site, "upgrade", 0, "Applied 1 revision(s); now at 0001 (head)");
    const struct revision_text changed = {"0001", "", "", "CREATE TABLE steps (name text PRIMARY KEY); -- x",
                                          "CREATE TABLE steps (name text PRIMARY KEY); -- x"};
    site_write(site, &changed);
    expect_exit(site, "upgrade", MIGRATION_EXIT_GRAPH, "2026_0001.sql: revision 0001 was edited");
    expect_exit(site, "current", 0, "0001 (head)");
    expect_exit(site, "history -i", 0, "(modified)");
    const struct migration_options tolerant = {.is_edit_tolerated = true};
    char text[512];
    cr_expect(site_apply(site, &tolerant, text, sizeof text) == 0, "%s", text);
}

Test(migrations, an_edited_applied_revision_is_refused_with_both_checksums)
{
    on_each_engine(edited);
}

static void failing(struct site *site)
{
    site_write(site, &first);
    const struct revision_text bad = {"0002", "0001", "",
                                      "INSERT INTO steps VALUES ('x');\n  INSERT INTO nowhere VALUES (1);",
                                      "INSERT INTO steps VALUES ('x');\n  INSERT INTO nowhere VALUES (1);"};
    site_write(site, &bad);
    expect_exit(site, "upgrade", MIGRATION_EXIT_SQL,
                site->engine == DB_POSTGRES ? "FAILED: 2026_0002.sql:10:15: relation"
                                            : "FAILED: 2026_0002.sql:13:3: no");
    cr_expect(site_ask(site, "SELECT count(*) FROM steps") == 0);
    cr_expect(site_ask(site, "SELECT count(*) FROM schema_version") == 1);
    cr_expect(
        site_ask(site,
                 "SELECT count(*) FROM schema_version_log WHERE revision = '0002' AND error IS NOT NULL") ==
        1);
    expect_exit(site, "current", 0, "0001\n");
    expect_exit(site, "current --check-heads", MIGRATION_EXIT_OUT_OF_DATE,
                "Database is not on all head revisions");
}

Test(migrations, a_failing_statement_is_told_with_its_place_and_leaves_nothing)
{
    on_each_engine(failing);
}

static void hidden_commit(struct site *site)
{
    const struct migration_driver *driver =
        site->engine == DB_POSTGRES ? &migration_driver_postgres : &migration_driver_sqlite;
    struct store_options store;
    site_options(site, &store);
    const struct migration_access access = {.store = &store};
    struct migration_scope scope = {.arena = arena_create(1024 * 1024)};
    struct migration_connection *connection = NULL;
    const struct migration_section section = {STR("CREATE TABLE hidden (i int); COMMIT;"), 1, STR("x.sql")};
    const struct migration_limits limits = {3000, 3000, STR("0001"), false};
    cr_assert(is_ok(driver->open(&scope, &access, &connection)), "%.*s", STR_ARGS(scope.failure.text));
    cr_expect(is_ok(driver->begin(connection, &scope, &limits)));
    cr_expect(!is_ok(driver->run_section(connection, &scope, &section)));
    cr_expect(scope.failure.exit == MIGRATION_EXIT_SQL &&
                  strstr(scope.failure.text.ptr, "ended the runner's"),
              "%.*s", STR_ARGS(scope.failure.text));
    driver->rollback(connection);
    driver->close(connection);
    arena_destroy(scope.arena);
}

Test(migrations, a_commit_that_the_reader_missed_is_noticed)
{
    on_each_engine(hidden_commit);
}

static void newer(struct site *site)
{
    site_write(site, &first);
    site_write(site, &second);
    const struct revision_text expand = {"0004", "0002", "-- min_binary: 0002\n", "SELECT 1;", "SELECT 1;"};
    site_write(site, &expand);
    expect_exit(site, "upgrade", 0, "now at 0004 (head)");
    site_remove(site, "0004");
    expect_exit(site, "upgrade", 0, "Already at 0004 (ahead of this binary)");
    expect_exit(site, "history -i", 0, "0002 -> 0004 (unknown)");
    site_remove(site, "0002");
    expect_exit(site, "upgrade", MIGRATION_EXIT_AHEAD, "requires a binary with 0002 or later");
}

Test(migrations, a_newer_database_is_judged_by_min_binary)
{
    on_each_engine(newer);
}

Test(migrations, a_server_that_is_not_there_is_exit_7)
{
    struct site site;
    site_open(&site, DB_POSTGRES);
    site_write(&site, &first);
    postgres_server_crash(&site.server);
    expect_exit(&site, "upgrade", MIGRATION_EXIT_UNREACHABLE, "FAILED: the test's database: ");
    expect_exit(&site, "heads", 0, "0001 (head)");
    site_close(&site);
    site_open(&site, DB_SQLITE);
    site_write(&site, &first);
    snprintf(site.uri, sizeof site.uri, "/proc/nowhere/test.db");
    expect_exit(&site, "upgrade", MIGRATION_EXIT_UNREACHABLE, "/proc/nowhere/test.db: ");
    site_close(&site);
}

/* --- once --- */

static void all_at_once(struct site *site)
{
    pid_t pids[STARTERS];
    site_write(site, &first);
    site_write(site, &second);
    site_write(site, &indexed);
    for (size_t i = 0; i < STARTERS; i++) pids[i] = site_start(site, "upgrade");
    for (size_t i = 0; i < STARTERS; i++) {
        const int exit_code = site_wait(pids[i]);
        cr_expect(exit_code == 0, "engine %d: starter %zu exits %d (%s/child-%ld)", (int)site->engine, i,
                  exit_code, site->folder, (long)pids[i]);
    }
    cr_expect(site_ask(site, "SELECT count(*) FROM schema_version WHERE state = 'applied'") == 3);
    cr_expect(site_ask(site, "SELECT count(*) FROM schema_version_log") == 3);
    cr_expect(site_ask(site, "SELECT count(*) FROM steps") == 1);
}

Test(migrations, twenty_processes_on_an_empty_database_apply_each_revision_once)
{
    on_each_engine(all_at_once);
}

static void killed(struct site *site)
{
    site_write(site, &first);
    expect_exit(site, "upgrade", 0, "now at 0001");
    site_write(site, &slow);
    const pid_t victim = site_start(site, "upgrade");
    pause_ms(600);
    /* Nothing of the killed one is recorded: whoever waits may do the same work in no time. */
    site_write(site, &quick);
    const pid_t waiter = site_start(site, "upgrade");
    pause_ms(200);
    kill(victim, SIGKILL);
    const int64_t killed_ms = clock_monotonic_ms();
    cr_expect(site_wait(victim) == -SIGKILL, "engine %d: it was done before it was killed",
              (int)site->engine);
    cr_expect(site_wait(waiter) == 0);
    const int64_t took_ms = clock_monotonic_ms() - killed_ms;
    cr_expect(took_ms < TAKEOVER_MS, "engine %d: %lld ms", (int)site->engine, (long long)took_ms);
    cr_expect(site_ask(site, "SELECT count(*) FROM steps") == 2);
    cr_expect(site_ask(site, "SELECT count(*) FROM schema_version_log WHERE revision = '0002'") == 1);
}

Test(migrations, a_killed_migration_is_taken_over_and_done_once)
{
    on_each_engine(killed);
}

static void *stop_soon(void *argument)
{
    pause_ms(500);
    atomic_store((atomic_bool *)argument, true);
    return NULL;
}

static void stopped(struct site *site)
{
    atomic_bool is_stopping = false;
    const struct migration_options options = {.is_stopping = &is_stopping};
    pthread_t thread;
    char text[256];
    site_write(site, &first);
    site_write(site, &slow);
    cr_assert(pthread_create(&thread, NULL, stop_soon, &is_stopping) == 0);
    const int64_t begun_ms = clock_monotonic_ms();
    const int exit_code = site_apply(site, &options, text, sizeof text);
    const int64_t took_ms = clock_monotonic_ms() - begun_ms;
    pthread_join(thread, NULL);
    cr_expect(exit_code == MIGRATION_EXIT_TERMINATED, "engine %d: %d %s", (int)site->engine, exit_code, text);
    cr_expect(took_ms < 1500, "engine %d: %lld ms", (int)site->engine, (long long)took_ms);
    cr_expect(site_ask(site, "SELECT count(*) FROM steps") == 0);
    expect_exit(site, "upgrade", 0, "Applied 1 revision(s); now at 0002 (head)");
}

Test(migrations, being_told_to_stop_ends_the_statement_with_exit_143)
{
    on_each_engine(stopped);
}

/* --- what is printed --- */

static void printed(struct site *site)
{
    struct outcome outcome;
    const struct revision_text branch = {"0003", "0001", "", "SELECT 1;", "SELECT 1;"};
    const struct revision_text merge = {"0004", "0002, 0003", "", "", ""};
    site_write(site, &first);
    site_write(site, &second);
    site_write(site, &branch);
    expect_exit(site, "heads", 0, "0002 (head)\n0003 (head)\n");
    expect_exit(site, "upgrade", MIGRATION_EXIT_USAGE,
                "Multiple head revisions are present for given argument 'head'");
    site_write(site, &merge);
    site_run(site, "history", &outcome);
    cr_expect_str_eq(outcome.results, "0002, 0003 -> 0004 (head) (mergepoint), step 0004\n"
                                      "0001 -> 0003, step 0003\n"
                                      "0001 -> 0002, step 0002\n"
                                      "<base> -> 0001 (branchpoint), step 0001\n");
    site_run(site, "upgrade 0003", &outcome);
    cr_expect_str_eq(outcome.results, "Applied 2 revision(s); now at 0003\n");
    cr_expect(strstr(outcome.progress, "Running upgrade  -> 0001, step 0001 ... done ("));
    cr_expect(strstr(outcome.progress, "Running upgrade 0001 -> 0003, step 0003 ... done ("));
    expect_exit(site, "upgrade 0001", MIGRATION_EXIT_USAGE,
                "FAILED: 0001 is older than the current revision 0003; use "
                "downgrade");
    site_run(site, "upgrade --json -q", &outcome);
    cr_expect(
        strstr(outcome.results, "{\"event\":\"applied\",\"from\":\"0002, 0003\",\"revision\":\"0004\""));
    cr_expect(strstr(outcome.results,
                     "{\"event\":\"upgraded\",\"applied\":2,\"current\":\"0004\",\"is_head\":true"));
    cr_expect_str_eq(outcome.progress, "");
    expect_exit(site, "history -r current:", 0, "(head) (mergepoint), step 0004\n");
    expect_exit(site, "history -i", 0, " (current) (mergepoint) (applied 20");
    expect_exit(site, "current --nonsense", MIGRATION_EXIT_USAGE,
                "FAILED: current takes no option --nonsense");
}

Test(migrations, commands_print_what_alembic_prints)
{
    on_each_engine(printed);
}

/* --- SQLite --- */

static const struct revision_text family = {"0001", "", "", "SELECT 1;",
                                            "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT);\n"
                                            "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER "
                                            "NOT NULL REFERENCES parents ON DELETE CASCADE);\n"
                                            "INSERT INTO parents VALUES (1, 'a'), (2, 'b');\n"
                                            "INSERT INTO children VALUES (10, 1), (20, 2);"};

Test(migrations_sqlite, a_rebuild_that_orphans_rows_is_rolled_back)
{
    struct site site;
    site_open(&site, DB_SQLITE);
    const struct revision_text bad = {
        "0002", "0001", "", "SELECT 1;",
        "CREATE TABLE parents_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
        "INSERT INTO parents_new SELECT * FROM parents WHERE id = 1;\n"
        "DROP TABLE parents;\nALTER TABLE parents_new RENAME TO parents;"};
    site_write(&site, &family);
    expect_exit(&site, "upgrade", 0, "now at 0001");
    site_write(&site, &bad);
    expect_exit(&site, "upgrade", MIGRATION_EXIT_SQL,
                "1 rows would refer to nothing, the first in table children");
    cr_expect(site_ask(&site, "SELECT count(*) FROM parents") == 2);
    site_close(&site);
}

Test(migrations_sqlite, a_rebuild_keeps_the_children_and_leaves_a_copy)
{
    struct site site;
    site_open(&site, DB_SQLITE);
    const struct revision_text rebuild = {
        "0002", "0001", "", "SELECT 1;",
        "CREATE TABLE parents_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n"
        "INSERT INTO parents_new SELECT * FROM parents;\n"
        "DROP TABLE parents;\nALTER TABLE parents_new RENAME TO parents;"};
    char copy[sizeof site.uri + 16];
    site_write(&site, &family);
    expect_exit(&site, "upgrade", 0, "now at 0001");
    site_write(&site, &rebuild);
    expect_exit(&site, "upgrade", 0, "now at 0002 (head)");
    cr_expect(site_ask(&site, "SELECT count(*) FROM children") == 2);
    snprintf(copy, sizeof copy, "%s.before-0002", site.uri);
    cr_expect(access(copy, R_OK) == 0);
    memcpy(site.uri, copy, sizeof site.uri);
    cr_expect(site_ask(&site, "SELECT count(*) FROM schema_version") == 1);
    site_close(&site);
}

Test(migrations_sqlite, looking_at_a_database_that_is_not_there_makes_none)
{
    struct site site;
    site_open(&site, DB_SQLITE);
    site_write(&site, &first);
    expect_exit(&site, "current", 0, "<base>");
    expect_exit(&site, "history -i", 0, "<base> -> 0001 (head) (pending), step 0001");
    cr_expect(access(site.uri, F_OK) != 0);
    site_close(&site);
}

/* --- held back at a start --- */

#define FILL                                                                                     \
    "SELECT max(name) FROM (SELECT name FROM steps WHERE name > COALESCE(CAST($1 AS text), '') " \
    "ORDER BY name LIMIT CAST($2 AS integer)) AS batch;\n"                                       \
    "UPDATE steps SET name = name WHERE name > COALESCE(CAST($1 AS text), '') AND name <= CAST($2 AS text);"
static const struct revision_text fill = {"0002", "0001", "-- phase: backfill\n-- min_binary: 0001\n", FILL,
                                          FILL};

static void expect_pending(const struct site *site, const char *revision)
{
    const struct migration_options at_start = {.is_contract_held = true, .is_backfill_held = true};
    char text[512];
    cr_expect(site_apply(site, &at_start, text, sizeof text) == 0, "%s", text);
    cr_expect(strcmp(text, revision) == 0, "engine %d: \"%s\" waits, not \"%s\"", (int)site->engine, text,
              revision);
}

static void full_backfill(struct site *site)
{
    site_write(site, &first);
    expect_pending(site, "");
    site_sql(site, "INSERT INTO steps VALUES ('a'), ('b')");
    site_write(site, &fill);
    expect_pending(site, "0002");
    expect_exit(site, "current", 0, "0001\n");
    expect_exit(site, "backfill", 0, "now at 0002 (head)");
    expect_pending(site, "");
}

Test(migrations, a_start_leaves_a_backfill_that_has_rows_to_fill)
{
    on_each_engine(full_backfill);
}

static void empty_backfill(struct site *site)
{
    site_write(site, &first);
    site_write(site, &fill);
    expect_pending(site, "");
    expect_exit(site, "current", 0, "0002 (head)");
}

Test(migrations, a_start_passes_a_backfill_that_has_nothing_to_fill)
{
    on_each_engine(empty_backfill);
}
