// SPDX-License-Identifier: MIT
#include "step_internal.h"

#include <stdio.h>

#include "auth/base/clock.h"

#define BATCH_ROWS        INT64_C(1000)
#define BATCH_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* A batch goes from the key behind `after` to `last`; both as text. */
struct batch {
    struct str after; /* NULL pointer: from the beginning */
    struct str last;  /* NULL pointer: nothing is left */
    char last_text[128];
};

/* The highest "$1", "$2", … in the statement. */
static size_t count_parameters(enum db_engine engine, struct str statement)
{
    size_t highest = 0;
    struct sql_lexer lexer = {statement, engine};
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        int64_t number;
        const bool is_parameter = token.kind == SQL_LITERAL && token.text.ptr[0] == '$' &&
                                  str_to_int64(str_from_offset(token.text, 1), &number);
        if (is_parameter && number > 0 && (size_t)number > highest) highest = (size_t)number;
    }
    return highest;
}

static result run_statement(const struct migrator *migrator, const struct revision *revision,
                            const struct sql_statement *statement, const struct migration_value *values,
                            struct migration_rows *ret_rows)
{
    const struct schema_version *version = &migrator->version;
    struct migration_scope *scope = migrator->scope;
    const size_t wanted = count_parameters(version->driver->engine, statement->text);
    const struct str sql = str_copy(scope->arena, statement->text);
    const result outcome = version->driver->query(version->connection, scope, sql.ptr, values,
                                                  wanted < 2 ? wanted : 2, ret_rows);
    if (is_ok(outcome)) return RESULT_OK;
    const struct str place =
        migration_place(scope->arena, &revision->up[version->driver->engine], statement->start);
    scope->failure.text =
        str_printf(scope->arena, "%.*s: %.*s", STR_ARGS(place), STR_ARGS(scope->failure.text));
    return outcome;
}

static bool next_statement(enum db_engine engine, struct str section, size_t *offset,
                           struct sql_statement *ret_statement)
{
    while (sql_split(engine, section, offset, ret_statement)) {
        if (!ret_statement->is_empty) return true;
    }
    return false;
}

static result find_batch(const struct migrator *migrator, const struct revision *revision, int64_t rows,
                         struct batch *ret_batch)
{
    const struct schema_version *version = &migrator->version;
    const enum db_engine engine = version->driver->engine;
    struct sql_statement statement;
    size_t offset = 0;
    struct batch batch = {0};
    struct migration_rows found = {0};
    TRY(schema_version_cursor(version, migrator->scope, revision->id, &batch.after));
    const struct migration_value values[] = {
        {.data = batch.after}, {.data = str_printf(migrator->scope->arena, "%lld", (long long)rows)}};
    if (next_statement(engine, revision->up[engine].sql, &offset, &statement)) {
        TRY(run_statement(migrator, revision, &statement, values, &found));
    }
    if (found.count > 0 && found.columns > 0) batch.last = found.cells[0];
    *ret_batch = batch;
    return RESULT_OK;
}

static result fill(const struct migrator *migrator, const struct revision *revision,
                   const struct batch *batch)
{
    const enum db_engine engine = migrator->version.driver->engine;
    const struct str section = revision->up[engine].sql;
    const struct migration_value values[] = {{.data = batch->after}, {.data = batch->last}};
    struct sql_statement statement;
    size_t offset = 0;
    /* The first statement says how far a batch goes. */
    (void)next_statement(engine, section, &offset, &statement);
    while (next_statement(engine, section, &offset, &statement)) {
        TRY(run_statement(migrator, revision, &statement, values, NULL));
    }
    return schema_version_set_cursor(&migrator->version, migrator->scope, revision->id, batch->last);
}

static result finish(const struct migrator *migrator, const struct migration_step *step, int64_t begun_ms)
{
    const struct str id = step->revision->id;
    TRY(schema_version_finish(&migrator->version, migrator->scope, id, clock_monotonic_ms() - begun_ms));
    TRY(schema_version_drop_cursor(&migrator->version, migrator->scope, id));
    return migration_log_success(migrator, step, begun_ms);
}

/* Keys go in and out as text: one that compares otherwise, such as SQLite's blobs, would be found for ever. */
static result check_moving(const struct migrator *migrator, const struct revision *revision,
                           const struct batch *batch)
{
    if (!batch->after.ptr || !str_equal(batch->after, batch->last)) return RESULT_OK;
    return migration_fail(
        migrator->scope, MIGRATION_EXIT_SQL,
        "%.*s: the query finds the key %.*s again, though it is behind it: compare it as text, or "
        "cast $1 to its type",
        STR_ARGS(revision->file), STR_ARGS(batch->last));
}

/* One transaction: the cursor moves with what it stands for. */
static result do_batch(const struct migrator *migrator, const struct migration_step *step, int64_t begun_ms,
                       struct batch *ret_batch)
{
    const struct schema_version *version = &migrator->version;
    const struct revision *revision = step->revision;
    const int64_t rows = version->options->batch_rows > 0 ? version->options->batch_rows : BATCH_ROWS;
    struct applied_revision row;
    bool is_found;
    TRY(schema_version_find(version, migrator->scope, revision->id, &row, &is_found));
    *ret_batch = (struct batch){0};
    if (is_found && !row.is_partial) return RESULT_OK;
    if (!is_found) TRY(schema_version_insert(version, migrator->scope, revision, "partial", 0));
    TRY(find_batch(migrator, revision, rows, ret_batch));
    if (!ret_batch->last.ptr) return finish(migrator, step, begun_ms);
    TRY(check_moving(migrator, revision, ret_batch));
    TRY(fill(migrator, revision, ret_batch));
    return schema_version_advance(version, migrator->scope, revision->id,
                                  (is_found ? row.statements_done : 0) + 1);
}

static result run_batch(const struct migrator *migrator, const struct migration_step *step, int64_t begun_ms,
                        struct batch *ret_batch)
{
    const struct migration_driver *driver = migrator->version.driver;
    struct migration_connection *connection = migrator->version.connection;
    const struct migration_limits limits = migration_step_limits(migrator, step);
    result outcome = driver->begin(connection, migrator->scope, &limits);
    if (is_ok(outcome)) outcome = do_batch(migrator, step, begun_ms, ret_batch);
    if (is_ok(outcome)) outcome = driver->commit(connection, migrator->scope);
    if (!is_ok(outcome)) driver->rollback(connection);
    return outcome;
}

/* In memory of its own: there may be millions of batches. `last` is copied out. */
static result run_batch_aside(const struct migrator *migrator, const struct migration_step *step,
                              int64_t begun_ms, struct batch *ret_batch)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(BATCH_ARENA_BYTES);
    struct migration_scope scope = {.arena = arena};
    struct migrator aside = *migrator;
    aside.scope = &scope;
    const result outcome = run_batch(&aside, step, begun_ms, ret_batch);
    if (!is_ok(outcome)) {
        migrator->scope->failure = scope.failure;
        migrator->scope->failure.text = str_copy(migrator->scope->arena, scope.failure.text);
    } else if (ret_batch->last.ptr) {
        (void)snprintf(ret_batch->last_text, sizeof(ret_batch->last_text), "%.*s", STR_ARGS(ret_batch->last));
    }
    return outcome;
}

result migration_backfill(const struct migrator *migrator, struct migration_step *step, bool *ret_is_new)
{
    const struct migration_options *options = migrator->version.options;
    const int64_t begun_ms = clock_monotonic_ms();
    *ret_is_new = true;
    for (size_t batches = 1;; batches++) {
        struct batch batch;
        TRY(run_batch_aside(migrator, step, begun_ms, &batch));
        if (!batch.last.ptr) return RESULT_OK;
        struct migration_progress progress = step->progress;
        progress.event = MIGRATION_BATCH;
        char text[sizeof(batch.last_text) + 64];
        (void)snprintf(text, sizeof(text), "batch %zu, up to %s", batches, batch.last_text);
        progress.text = str_from(text);
        migrator_tell(migrator, &progress);
        TRY(migration_pause(migrator->scope, options, options->batch_pause_ms + 1));
    }
}

result migration_backfill_has_work(const struct migrator *migrator, const struct revision *revision,
                                   bool *ret_has_work)
{
    struct batch batch;
    TRY(find_batch(migrator, revision, 1, &batch));
    *ret_has_work = batch.last.ptr != NULL;
    return RESULT_OK;
}
