// SPDX-License-Identifier: MIT
#include "db_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/store/driver_internal.h"

struct probe_db {
    struct db base;
    struct db_probe *probe;
    struct db *inner;
};

static void note(struct db_probe *probe, const char *name)
{
    const size_t used = strlen(probe->trace);
    snprintf(probe->trace + used, sizeof probe->trace - used, "%s ", name);
}

static bool is_failing(struct db_probe *probe, const char *name)
{
    note(probe, name);
    return ++probe->calls == probe->fails_at;
}

static result fail(struct task *task)
{
    FAIL(&task->fault, DATABASE_UNAVAILABLE, "the test has cut the line");
}

static struct probe_db *probe_of(struct db *db)
{
    return CONTAINER_OF(db, struct probe_db, base);
}

static result probe_run(struct db *db, struct task *task, const struct statement *statement,
                        const struct db_value *arguments, struct db_rows *ret_rows)
{
    struct probe_db *self = probe_of(db);
    const bool fails = is_failing(self->probe, statement->name);
    if (fails && self->probe->fault == DB_PROBE_REFUSED) return fail(task);
    const result outcome = db_run(self->inner, task, statement, arguments, ret_rows);
    return fails ? fail(task) : outcome;
}

static result probe_begin(struct db *db, struct task *task, struct db **ret_transaction)
{
    struct probe_db *self = probe_of(db);
    if (is_failing(self->probe, "begin")) return fail(task);
    struct db *inner;
    TRY(db_begin(self->inner, task, &inner));
    struct probe_db *transaction = calloc(1, sizeof *transaction);
    if (!transaction) abort();
    *transaction = (struct probe_db){.probe = self->probe, .inner = inner};
    *ret_transaction = &transaction->base;
    return RESULT_OK;
}

static void probe_rollback(struct db *db)
{
    struct probe_db *self = probe_of(db);
    note(self->probe, "rollback");
    db_rollback(&self->inner);
    free(self);
}

static result probe_commit(struct db *db, struct task *task)
{
    struct probe_db *self = probe_of(db);
    const bool fails = is_failing(self->probe, "commit");
    if (fails && self->probe->fault == DB_PROBE_REFUSED) {
        db_rollback(&self->inner);
        free(self);
        return fail(task);
    }
    const result outcome = db_commit(&self->inner, task);
    free(self);
    return fails ? fail(task) : outcome;
}

static result probe_ping(struct db *db, struct task *task)
{
    struct probe_db *self = probe_of(db);
    if (is_failing(self->probe, "ping")) return fail(task);
    return store_ping(self->inner, task);
}

static void probe_counts(const struct db *db, struct store_counts *ret_counts)
{
    store_counts(CONTAINER_OF(db, struct probe_db, base)->inner, ret_counts);
}

static const struct db_driver probe_driver = {
    .run = probe_run,
    .begin = probe_begin,
    .commit = probe_commit,
    .rollback = probe_rollback,
    .ping = probe_ping,
    .counts = probe_counts,
};

void db_probe_open(struct db_probe *probe, struct db *inner)
{
    struct probe_db *shared = calloc(1, sizeof *shared);
    if (!shared) abort();
    *shared = (struct probe_db){.base.driver = &probe_driver, .probe = probe, .inner = inner};
    *probe = (struct db_probe){.shared = &shared->base, .inner = inner};
}

void db_probe_close(struct db_probe *probe)
{
    free(probe_of(probe->shared));
}

void db_probe_reset(struct db_probe *probe)
{
    probe->calls = 0;
    probe->fails_at = 0;
    probe->trace[0] = '\0';
}
