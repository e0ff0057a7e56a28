// SPDX-License-Identifier: MIT
#include "step_internal.h"

#include "auth/base/clock.h"
#include "auth/base/secret.h"

#define LOCK_TIMEOUT_MS INT64_C(3000) /* readers queue behind a waiting ALTER no longer than this */
#define ALONE_LOCK_TIMEOUT_MS \
    INT64_C(600000) /* CREATE INDEX CONCURRENTLY counts its wait for old snapshots */
#define STATEMENT_TIMEOUT_MS INT64_C(60000)
#define RETRIES              30u
#define RETRY_PAUSE_MS       INT64_C(1000)
#define RETRY_PAUSE_MAX_MS   INT64_C(30000)

void migrator_tell(const struct migrator *migrator, const struct migration_progress *progress)
{
    if (migrator->listener) migrator->listener->notify(migrator->listener->argument, progress);
}

const struct migration_section *migration_step_section(const struct migrator *migrator,
                                                       const struct migration_step *step)
{
    const enum db_engine engine = migrator->version.driver->engine;
    return step->is_down ? &step->revision->down[engine] : &step->revision->up[engine];
}

static bool is_alone(const struct migrator *migrator, const struct migration_step *step)
{
    return !step->revision->is_transactional && migrator->version.driver->run_alone;
}

/* Dropping or renaming a table is how SQLite rebuilds one; with foreign keys on, the rows of tables that refer to
 * it would be deleted by cascade. */
static bool is_rebuild(enum db_engine engine, const struct migration_section *section)
{
    struct sql_lexer after;
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(engine, section->sql, &offset, &statement);) {
        if (sql_begins_with(engine, statement.text, "DROP TABLE", &after)) return true;
        if (!sql_begins_with(engine, statement.text, "ALTER TABLE", &after)) continue;
        for (struct sql_token token = sql_next(&after); token.kind != SQL_END; token = sql_next(&after)) {
            if (token.kind == SQL_WORD && str_equal_nocase(token.text, STR("RENAME"))) return true;
        }
    }
    return false;
}

struct migration_limits migration_step_limits(const struct migrator *migrator,
                                              const struct migration_step *step)
{
    const struct revision *revision = step->revision;
    const enum db_engine engine = migrator->version.driver->engine;
    return (struct migration_limits){
        .lock_timeout_ms = revision->lock_timeout_ms > 0 ? revision->lock_timeout_ms : LOCK_TIMEOUT_MS,
        .statement_timeout_ms =
            revision->statement_timeout_ms > 0 ? revision->statement_timeout_ms : STATEMENT_TIMEOUT_MS,
        .revision = revision->id,
        .is_rebuild = engine == DB_SQLITE && is_rebuild(engine, migration_step_section(migrator, step)),
    };
}

/* --- one transaction --- */

result migration_log_success(const struct migrator *migrator, const struct migration_step *step,
                             int64_t begun_ms)
{
    const struct schema_log_entry entry = {.action = step->is_down ? SCHEMA_DOWN : SCHEMA_UP,
                                           .revision = step->revision->id,
                                           .checksum = step->revision->checksum,
                                           .duration_ms = clock_monotonic_ms() - begun_ms};
    return schema_version_log(&migrator->version, migrator->scope, &entry);
}

static result record(const struct migrator *migrator, const struct migration_step *step, int64_t begun_ms)
{
    const struct schema_version *version = &migrator->version;
    TRY(step->is_down ? schema_version_delete(version, migrator->scope, step->revision->id)
                      : schema_version_insert(version, migrator->scope, step->revision, "applied",
                                              clock_monotonic_ms() - begun_ms));
    return migration_log_success(migrator, step, begun_ms);
}

static result work_in_transaction(const struct migrator *migrator, const struct migration_step *step,
                                  bool *ret_is_new)
{
    const struct schema_version *version = &migrator->version;
    const int64_t begun_ms = clock_monotonic_ms();
    struct applied_revision row;
    bool is_found;
    TRY(schema_version_find(version, migrator->scope, step->revision->id, &row, &is_found));
    *ret_is_new = is_found == step->is_down;
    if (!*ret_is_new) return RESULT_OK;
    TRY(version->driver->run_section(version->connection, migrator->scope,
                                     migration_step_section(migrator, step)));
    return record(migrator, step, begun_ms);
}

static result run_in_transaction(const struct migrator *migrator, const struct migration_step *step,
                                 bool *ret_is_new)
{
    const struct migration_driver *driver = migrator->version.driver;
    struct migration_connection *connection = migrator->version.connection;
    const struct migration_limits limits = migration_step_limits(migrator, step);
    result outcome = driver->begin(connection, migrator->scope, &limits);
    if (is_ok(outcome)) outcome = work_in_transaction(migrator, step, ret_is_new);
    if (is_ok(outcome)) outcome = driver->commit(connection, migrator->scope);
    if (!is_ok(outcome)) driver->rollback(connection);
    return outcome;
}

/* --- statement by statement --- */

/* stmts_done of a partial row: N of the way up are done, or -1-N of the way down. */
static int64_t done_as_stored(const struct migration_step *step, int64_t done)
{
    return step->is_down ? -1 - done : done;
}

/* Where a transaction takes the statement, it and the count of it are one. */
static result run_counted(const struct migrator *migrator, const struct migration_step *step,
                          const struct migration_lone_statement *lone, int64_t stored)
{
    const struct schema_version *version = &migrator->version;
    const struct migration_driver *driver = version->driver;
    const struct migration_limits limits = {.lock_timeout_ms = lone->lock_timeout_ms,
                                            .statement_timeout_ms = lone->statement_timeout_ms,
                                            .revision = step->revision->id};
    result outcome = driver->begin(version->connection, migrator->scope, &limits);
    if (is_ok(outcome)) outcome = driver->run_alone(version->connection, migrator->scope, lone);
    if (is_ok(outcome))
        outcome = schema_version_advance(version, migrator->scope, step->revision->id, stored);
    if (is_ok(outcome)) outcome = driver->commit(version->connection, migrator->scope);
    if (!is_ok(outcome)) driver->rollback(version->connection);
    return outcome;
}

/* Where none does, it is noted that it begins, so that who comes later looks whether it was done unnoticed. A failure
 * that was told leaves no doubt and no note. */
static result run_noted(const struct migrator *migrator, const struct migration_step *step,
                        struct migration_lone_statement *lone, int64_t stored)
{
    const struct schema_version *version = &migrator->version;
    const struct str id = step->revision->id;
    const struct str note = str_printf(migrator->scope->arena, "statement %lld", (long long)stored);
    struct str noted;
    TRY(schema_version_cursor(version, migrator->scope, id, &noted));
    lone->is_begun = noted.ptr && str_equal(noted, note);
    if (!lone->is_begun) TRY(schema_version_set_cursor(version, migrator->scope, id, note));
    const result outcome = version->driver->run_alone(version->connection, migrator->scope, lone);
    struct migration_scope aside = {.arena = migrator->scope->arena};
    if (is_ok(outcome)) return schema_version_advance(version, migrator->scope, id, stored);
    if (version->driver->is_connected(version->connection))
        (void)is_ok(schema_version_drop_cursor(version, &aside, id));
    return outcome;
}

static result run_statement(const struct migrator *migrator, const struct migration_step *step,
                            struct migration_lone_statement *lone, int64_t stored)
{
    return does_transaction_take(migrator->version.driver->engine, lone->statement.text)
               ? run_counted(migrator, step, lone, stored)
               : run_noted(migrator, step, lone, stored);
}

static result run_statements(const struct migrator *migrator, const struct migration_step *step, int64_t done)
{
    const struct schema_version *version = &migrator->version;
    const struct revision *revision = step->revision;
    const struct migration_section *section = migration_step_section(migrator, step);
    struct migration_lone_statement lone = {
        .section = section,
        .statement_timeout_ms = revision->statement_timeout_ms,
        .lock_timeout_ms = revision->lock_timeout_ms > 0 ? revision->lock_timeout_ms : ALONE_LOCK_TIMEOUT_MS,
    };
    int64_t number = 0;
    size_t offset = 0;
    while (sql_split(version->driver->engine, section->sql, &offset, &lone.statement)) {
        if (lone.statement.is_empty) continue;
        number++;
        if (number <= done) continue;
        TRY(version->driver->confirm_lock(version->connection, migrator->scope));
        TRY(run_statement(migrator, step, &lone, done_as_stored(step, number)));
    }
    return RESULT_OK;
}

static result undo_alone(const struct migrator *migrator, const struct migration_step *step,
                         const struct applied_revision *row, int64_t begun_ms)
{
    const struct schema_version *version = &migrator->version;
    const bool is_begun = row->is_partial && row->statements_done < 0;
    if (!is_begun) TRY(schema_version_reopen(version, migrator->scope, step->revision->id, -1));
    TRY(run_statements(migrator, step, is_begun ? -1 - row->statements_done : 0));
    return record(migrator, step, begun_ms);
}

static result apply_alone(const struct migrator *migrator, const struct migration_step *step,
                          const struct applied_revision *row, int64_t begun_ms)
{
    const struct schema_version *version = &migrator->version;
    const struct revision *revision = step->revision;
    if (!row) TRY(schema_version_insert(version, migrator->scope, revision, "partial", 0));
    TRY(run_statements(migrator, step, row ? row->statements_done : 0));
    TRY(schema_version_drop_cursor(version, migrator->scope, revision->id));
    TRY(schema_version_finish(version, migrator->scope, revision->id, clock_monotonic_ms() - begun_ms));
    return migration_log_success(migrator, step, begun_ms);
}

/* A way down that was interrupted has no way up from its middle: it is walked to its end first. */
static result finish_undoing(const struct migrator *migrator, const struct migration_step *up,
                             struct applied_revision *row, bool *is_found)
{
    if (!*is_found || !row->is_partial || row->statements_done >= 0) return RESULT_OK;
    const struct migration_step down = {.revision = up->revision, .is_down = true};
    *is_found = false;
    return undo_alone(migrator, &down, row, clock_monotonic_ms());
}

static result run_alone(const struct migrator *migrator, const struct migration_step *step, bool *ret_is_new)
{
    const struct schema_version *version = &migrator->version;
    const int64_t begun_ms = clock_monotonic_ms();
    struct applied_revision row = {0};
    bool is_found;
    TRY(version->driver->confirm_lock(version->connection, migrator->scope));
    TRY(schema_version_find(version, migrator->scope, step->revision->id, &row, &is_found));
    if (step->is_down) {
        *ret_is_new = is_found;
        return is_found ? undo_alone(migrator, step, &row, begun_ms) : RESULT_OK;
    }
    TRY(finish_undoing(migrator, step, &row, &is_found));
    *ret_is_new = !is_found || row.is_partial;
    return *ret_is_new ? apply_alone(migrator, step, is_found ? &row : NULL, begun_ms) : RESULT_OK;
}

/* --- tries --- */

/* The failure that is being reported must not be replaced by a failure to write it down. */
static void log_failure(const struct migrator *migrator, const struct migration_step *step, int64_t begun_ms)
{
    const struct schema_version *version = &migrator->version;
    if (!version->driver->is_connected(version->connection)) return;
    struct migration_scope aside = {.arena = migrator->scope->arena};
    const struct schema_log_entry entry = {.action = step->is_down ? SCHEMA_DOWN : SCHEMA_UP,
                                           .revision = step->revision->id,
                                           .checksum = step->revision->checksum,
                                           .duration_ms = clock_monotonic_ms() - begun_ms,
                                           .error = migrator->scope->failure.text};
    (void)is_ok(schema_version_log(version, &aside, &entry));
}

static result pause_before_retry(const struct migrator *migrator, const struct migration_step *step,
                                 unsigned attempt)
{
    struct migration_progress progress = step->progress;
    progress.event = MIGRATION_RETRY;
    progress.text = migrator->scope->failure.text;
    migrator_tell(migrator, &progress);
    migration_recover(migrator->scope);
    int64_t pause_ms = RETRY_PAUSE_MS << (attempt < 5 ? attempt : 5);
    if (pause_ms > RETRY_PAUSE_MAX_MS) pause_ms = RETRY_PAUSE_MAX_MS;
    /* Half of it at random, so that those who met do not meet again. */
    pause_ms = pause_ms / 2 + random_below((unsigned)(pause_ms / 2));
    return migration_pause(migrator->scope, migrator->version.options, pause_ms);
}

static result run_once(const struct migrator *migrator, struct migration_step *step, bool *ret_is_new)
{
    const bool is_backfill = step->revision->phase == REVISION_BACKFILL && !step->is_down;
    if (is_backfill && step->revision->parent_count < 2)
        return migration_backfill(migrator, step, ret_is_new);
    return is_alone(migrator, step) ? run_alone(migrator, step, ret_is_new)
                                    : run_in_transaction(migrator, step, ret_is_new);
}

static result run_with_retries(const struct migrator *migrator, struct migration_step *step, bool *ret_is_new)
{
    const struct migration_options *options = migrator->version.options;
    const unsigned retries = options->retries > 0 ? options->retries : RETRIES;
    for (unsigned attempt = 0;; attempt++) {
        const result outcome = run_once(migrator, step, ret_is_new);
        if (is_ok(outcome) || !migrator->scope->failure.is_retryable || attempt >= retries) return outcome;
        TRY(pause_before_retry(migrator, step, attempt));
    }
}

result migration_step_run(const struct migrator *migrator, struct migration_step *step, bool *ret_is_new)
{
    const int64_t begun_ms = clock_monotonic_ms();
    const struct str parents = revision_parents_text(migrator->scope->arena, step->revision);
    struct migration_progress *progress = &step->progress;
    progress->event = MIGRATION_BEGINS;
    progress->is_down = step->is_down;
    progress->from = step->is_down ? step->revision->id : parents;
    progress->to = step->is_down ? parents : step->revision->id;
    progress->message = step->revision->message;
    migrator_tell(migrator, progress);
    const result outcome = run_with_retries(migrator, step, ret_is_new);
    if (!is_ok(outcome)) {
        log_failure(migrator, step, begun_ms);
        return outcome;
    }
    progress->event = MIGRATION_DONE;
    progress->duration_ms = clock_monotonic_ms() - begun_ms;
    migrator_tell(migrator, progress);
    return RESULT_OK;
}
