// SPDX-License-Identifier: MIT
#include "transition.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FIRST "0001"

/* A shell command that knows the path as $P. */
static void run_shell(const char *path, const char *words)
{
    char command[512];
    snprintf(command, sizeof command, "P=%s; %s", path, words);
    if (system(command) != 0) abort();
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file) abort();
    fputs(text, file);
    fclose(file);
}

void transition_reset(const struct site *site)
{
    run_shell(site->revisions, "rm -rf $P && mkdir -p $P/schema");
    if (site->engine == DB_SQLITE) {
        run_shell(site->uri, "rm -f $P $P-* $P.before-*");
        return;
    }
    site_sql(site, "SET client_min_messages = warning; DROP SCHEMA public CASCADE");
    site_sql(site, "CREATE SCHEMA public");
}

void transition_declare(const struct site *site, const char *sql)
{
    char path[160];
    snprintf(path, sizeof path, "%s/schema/postgres.sql", site->revisions);
    write_text(path, site->engine == DB_POSTGRES ? sql : "");
    snprintf(path, sizeof path, "%s/schema/sqlite.sql", site->revisions);
    write_text(path, site->engine == DB_SQLITE ? sql : "");
}

static void write_first(const struct site *site, const char *sql)
{
    char text[16384];
    char path[160];
    const bool is_postgres = site->engine == DB_POSTGRES;
    snprintf(text, sizeof text,
             "-- revision: " FIRST
             "\n-- down_revision:\n-- message: first\n-- created: 2026-01-05T10:00:00Z\n"
             "-- phase: expand\n-- min_binary: " FIRST "\n-- irreversible: test\n"
             "-- migrate:up postgres\n%s\n-- migrate:up sqlite\n%s\n",
             is_postgres ? sql : "SELECT 1;", is_postgres ? "SELECT 1;" : sql);
    snprintf(path, sizeof path, "%s/2026_" FIRST ".sql", site->revisions);
    write_text(path, text);
}

static bool expect_exit(const struct site *site, const struct transition *transition, const char *words,
                        int exit_code, const char *text)
{
    struct outcome outcome;
    char generated[8192] = "";
    site_run(site, words, &outcome);
    const bool is_right = outcome.exit_code == exit_code &&
                          (!text || strstr(outcome.results, text) || strstr(outcome.progress, text));
    if (!is_right) transition_generated(site, generated, sizeof generated);
    cr_expect(is_right, "%s (engine %d): `%s` exits %d, not %d with \"%s\":\n%s%s\n%s", transition->name,
              (int)site->engine, words, outcome.exit_code, exit_code, text ? text : "", outcome.results,
              outcome.progress, generated);
    return is_right;
}

void transition_begin(const struct site *site, const struct transition *transition)
{
    transition_reset(site);
    transition_declare(site, transition->from);
    write_first(site, transition->from);
    if (!expect_exit(site, transition, "upgrade -q", 0, NULL)) return;
    expect_exit(site, transition, "check", 0, "No new upgrade operations detected.");
    if (transition->rows) site_sql(site, transition->rows);
}

/* A revision that drops rows has no way back; all else has. */
static void go_back_and_forth(const struct site *site, const struct transition *transition)
{
    char generated[32768];
    transition_generated(site, generated, sizeof generated);
    if (strstr(generated, "-- irreversible:")) return;
    if (!expect_exit(site, transition, "downgrade " FIRST " --yes -q", 0, NULL)) return;
    transition_declare(site, transition->from);
    /* The revisions undone are set aside: check wants a database at their head. */
    run_shell(site->revisions, "mkdir -p $P/undone && mv $P/*_change*.sql $P/undone/");
    expect_exit(site, transition, "check", 0, "No new upgrade operations detected.");
    run_shell(site->revisions, "mv $P/undone/*.sql $P/");
    transition_declare(site, transition->to);
    if (!expect_exit(site, transition, "upgrade -q", 0, NULL)) return;
    expect_exit(site, transition, "check", 0, "No new upgrade operations detected.");
}

void transition_run(const struct site *site, const struct transition *transition)
{
    transition_begin(site, transition);
    transition_declare(site, transition->to);
    if (!expect_exit(site, transition, "check", 3, transition->expect)) return;
    if (!expect_exit(site, transition, "revision --autogenerate -m change", 0, "... done")) return;
    if (!expect_exit(site, transition, "upgrade -q", 0, NULL)) return;
    if (!expect_exit(site, transition, "check", 0, "No new upgrade operations detected.")) return;
    expect_exit(site, transition, "revision --autogenerate -m again", 0,
                "No changes detected; nothing written");
    go_back_and_forth(site, transition);
}

void transition_generated(const struct site *site, char *ret_text, size_t size)
{
    char command[256];
    snprintf(command, sizeof command,
             "cd %s && for f in [0-9]*_*.sql; do case $f in 2026_*) ;; *) cat $f;; esac; done",
             site->revisions);
    FILE *pipe = popen(command, "r");
    if (!pipe) abort();
    ret_text[fread(ret_text, 1, size - 1, pipe)] = '\0';
    pclose(pipe);
}
