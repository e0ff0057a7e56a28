// SPDX-License-Identifier: MIT
#include "site.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX  16
#define ARENA_SIZE ((size_t)256 * 1024 * 1024)

static void give_up(const char *what)
{
    perror(what);
    abort();
}

void site_open(struct site *site, enum db_engine engine)
{
    *site = (struct site){.engine = engine};
    snprintf(site->folder, sizeof site->folder, "/tmp/migrations-test-XXXXXX");
    if (!mkdtemp(site->folder)) give_up("mkdtemp");
    snprintf(site->revisions, sizeof site->revisions, "%s/revisions", site->folder);
    if (mkdir(site->revisions, 0700) != 0) give_up("mkdir");
    if (engine == DB_SQLITE) {
        snprintf(site->uri, sizeof site->uri, "%s/data/test.db", site->folder);
        return;
    }
    postgres_server_start(&site->server);
    struct arena *arena = arena_create(65536);
    struct task task;
    struct store_options options;
    task_init(&task, arena, STR("test"), 1000);
    if (!is_ok(store_options_parse(&task, str_from(site->server.uri), &options))) give_up(task.fault.detail);
    snprintf(site->uri, sizeof site->uri, "%.*s", STR_ARGS(options.uri));
    arena_destroy(arena);
}

void site_close(struct site *site)
{
    char command[96];
    if (site->engine == DB_POSTGRES) postgres_server_stop(&site->server);
    snprintf(command, sizeof command, "rm -rf %s", site->folder);
    if (system(command) != 0) give_up(command);
}

static const char *or_else(const char *text, const char *key, const char *instead)
{
    return strstr(text, key) ? "" : instead;
}

void site_write(const struct site *site, const struct revision_text *text)
{
    char path[160];
    char minimum[64];
    snprintf(path, sizeof path, "%s/2026_%s.sql", site->revisions, text->id);
    snprintf(minimum, sizeof minimum, "-- min_binary: %s\n", text->id);
    FILE *file = fopen(path, "w");
    if (!file) give_up(path);
    fprintf(file,
            "-- revision: %s\n-- down_revision: %s\n-- message: step %s\n-- created: 2026-01-05T10:00:00Z\n",
            text->id, text->parent, text->id);
    fprintf(file, "%s%s%s-- irreversible: test\n", text->extra,
            or_else(text->extra, "phase:", "-- phase: expand\n"),
            or_else(text->extra, "min_binary:", minimum));
    fprintf(file, "-- migrate:up postgres\n%s\n-- migrate:up sqlite\n%s\n", text->postgres, text->sqlite);
    fclose(file);
}

void site_remove(const struct site *site, const char *id)
{
    char path[160];
    snprintf(path, sizeof path, "%s/2026_%s.sql", site->revisions, id);
    if (unlink(path) != 0) give_up(path);
}

void site_options(const struct site *site, struct store_options *ret_options)
{
    *ret_options = (struct store_options){
        .engine = site->engine,
        .uri = str_from(site->uri),
        .display = STR("the test's database"),
        .connect_timeout_ms = 5000,
    };
}

static int run_command(const struct site *site, const char *words, FILE *results, FILE *progress)
{
    char copy[256];
    char *argv[WORDS_MAX] = {"migrate"};
    char *rest = NULL;
    int argc = 1;
    struct store_options options;
    site_options(site, &options);
    snprintf(copy, sizeof copy, "%s --dir=%s", words, site->revisions);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    const struct migrate_command_environment environment = {
        .store = &options,
        .binary_version = STR("0.1.0"),
        .lock_wait_ms = 60000,
        .results = results,
        .progress = progress,
    };
    return migrate_command(argc, argv, &environment);
}

void site_run(const struct site *site, const char *words, struct outcome *ret_outcome)
{
    *ret_outcome = (struct outcome){0};
    FILE *results = fmemopen(ret_outcome->results, sizeof ret_outcome->results, "w");
    FILE *progress = fmemopen(ret_outcome->progress, sizeof ret_outcome->progress, "w");
    if (!results || !progress) give_up("fmemopen");
    ret_outcome->exit_code = run_command(site, words, results, progress);
    fclose(results);
    fclose(progress);
}

pid_t site_start(const struct site *site, const char *words)
{
    const pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid > 0) return pid;
    FILE *results = fopen("/dev/null", "w");
    char path[128];
    snprintf(path, sizeof path, "%s/child-%ld", site->folder, (long)getpid());
    FILE *progress = fopen(path, "w");
    const int exit_code = run_command(site, words, results, progress);
    _exit(exit_code);
}

int site_wait(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid) give_up("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int site_apply(const struct site *site, const struct migration_options *options, char *ret_text, size_t size)
{
    struct arena *arena = arena_create(ARENA_SIZE);
    struct store_options store;
    struct migration_options own = *options;
    struct migration_outcome outcome = {0};
    struct migration_failure failure = {0};
    site_options(site, &store);
    own.store = &store;
    own.directory = str_from(site->revisions);
    own.binary_version = STR("0.1.0");
    const result applied = migrations_apply(arena, &own, STR("head"), NULL, &outcome, &failure);
    const struct str text = is_ok(applied) ? outcome.pending_contract : failure.text;
    snprintf(ret_text, size, "%.*s", STR_ARGS(text));
    arena_destroy(arena);
    return is_ok(applied) ? 0 : (int)failure.exit;
}

static sqlite3 *open_file(const struct site *site)
{
    sqlite3 *db;
    if (sqlite3_open(site->uri, &db) != SQLITE_OK) give_up(site->uri);
    sqlite3_busy_timeout(db, 5000);
    return db;
}

void site_sql(const struct site *site, const char *sql)
{
    if (site->engine == DB_POSTGRES) {
        postgres_server_run(&site->server, sql);
        return;
    }
    sqlite3 *db = open_file(site);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) give_up(sqlite3_errmsg(db));
    sqlite3_close(db);
}

long long site_ask(const struct site *site, const char *sql)
{
    if (site->engine == DB_POSTGRES) return postgres_server_ask(&site->server, sql);
    sqlite3 *db = open_file(site);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) give_up(sqlite3_errmsg(db));
    const long long answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return answer;
}
