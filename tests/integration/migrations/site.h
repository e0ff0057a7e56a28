/* site.h — a database, a folder of revisions, and `migrate` run on them in processes of their own.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_SITE_H
#define AUTH_TESTS_SITE_H

#include <sys/types.h>

#include "auth/migrate/migrate_command.h"
#include "postgres_server.h"

struct site {
    enum db_engine engine;
    struct postgres_server server;
    char folder[64];    /* of revisions and of the SQLite file */
    char uri[320];      /* what the store takes */
    char revisions[96]; /* folder/revisions */
};

struct outcome {
    int exit_code;
    char results[8192];
    char progress[8192];
};

/* One revision: "-- migrate:up" and "down" for each engine; `extra` are header lines or "". */
struct revision_text {
    const char *id;
    const char *parent;
    const char *extra; /* "-- phase: …\n" and the like; phase expand and min_binary of its own unless given */
    const char *postgres;
    const char *sqlite;
};

void site_open(struct site *site, enum db_engine engine);
void site_close(struct site *site);
void site_write(const struct site *site, const struct revision_text *text);
void site_remove(const struct site *site, const char *id);

/* Runs "migrate <words>" with --dir; words are split at spaces. */
void site_run(const struct site *site, const char *words, struct outcome *ret_outcome);
/* The same, not waited for. */
pid_t site_start(const struct site *site, const char *words);
int site_wait(pid_t pid);
/* For options the command line does not have. */
int site_apply(const struct site *site, const struct migration_options *options, char *ret_text, size_t size);

/* SQL of the test itself. */
void site_sql(const struct site *site, const char *sql);
long long site_ask(const struct site *site, const char *sql);
void site_options(const struct site *site, struct store_options *ret_options);

#endif
