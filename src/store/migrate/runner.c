// SPDX-License-Identifier: MIT
#include "runner_internal.h"

#include "auth/base/clock.h"
#include "auth/base/secret.h"

#define LOCK_TIMEOUT_MS INT64_C(3000) /* readers queue behind a waiting ALTER no longer than this */
#define ALONE_LOCK_TIMEOUT_MS \
    INT64_C(600000) /* CREATE INDEX CONCURRENTLY counts its wait for old snapshots */
#define STATEMENT_TIMEOUT_MS INT64_C(60000)
#define RETRIES              30u
#define RETRY_PAUSE_MS       INT64_C(1000)
#define RETRY_PAUSE_MAX_MS   INT64_C(30000)
#define SERVER_NAME          "auth/" /* application_name of a server is this and its head */

static bool is_alone(const struct migrator *migrator, const struct revision *revision)
{
    return !revision->is_transactional && migrator->version.driver->run_alone;
}

static void tell(const struct migrator *migrator, const struct migration_progress *progress)
{
    if (migrator->listener) migrator->listener->notify(migrator->listener->argument, progress);
}

/* Dropping or renaming a table is how SQLite rebuilds one; with foreign keys on, the rows of tables that refer to
 * it would be deleted by cascade. */
static bool is_rebuild(enum db_engine engine, const struct revision_section *section)
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

/* --- one transaction --- */

static result log_success(const struct migrator *migrator, const struct revision *revision, int64_t begun_ms)
{
    const struct schema_log_entry entry = {.action = SCHEMA_UP,
                                           .revision = revision->id,
                                           .checksum = revision->checksum,
                                           .duration_ms = clock_monotonic_ms() - begun_ms};
    return schema_version_log(&migrator->version, migrator->scope, &entry);
}

static result work_in_transaction(const struct migrator *migrator, const struct revision *revision,
                                  bool *ret_is_new)
{
    const struct schema_version *version = &migrator->version;
    const int64_t begun_ms = clock_monotonic_ms();
    struct applied_revision row;
    bool is_found;
    TRY(schema_version_find(version, migrator->scope, revision->id, &row, &is_found));
    *ret_is_new = !is_found;
    if (is_found) return RESULT_OK;
    TRY(version->driver->run_section(version->connection, migrator->scope, revision,
                                     &revision->up[version->driver->engine]));
    TRY(schema_version_insert(version, migrator->scope, revision, "applied",
                              clock_monotonic_ms() - begun_ms));
    return log_success(migrator, revision, begun_ms);
}

static result apply_in_transaction(const struct migrator *migrator, const struct revision *revision,
                                   bool *ret_is_new)
{
    const struct migration_driver *driver = migrator->version.driver;
    struct migration_connection *connection = migrator->version.connection;
    const struct migration_limits limits = {
        .lock_timeout_ms = revision->lock_timeout_ms > 0 ? revision->lock_timeout_ms : LOCK_TIMEOUT_MS,
        .statement_timeout_ms =
            revision->statement_timeout_ms > 0 ? revision->statement_timeout_ms : STATEMENT_TIMEOUT_MS,
        .revision = revision->id,
        .is_rebuild = driver->engine == DB_SQLITE && is_rebuild(driver->engine, &revision->up[DB_SQLITE]),
    };
    result outcome = driver->begin(connection, migrator->scope, &limits);
    if (is_ok(outcome)) outcome = work_in_transaction(migrator, revision, ret_is_new);
    if (is_ok(outcome)) outcome = driver->commit(connection, migrator->scope);
    if (!is_ok(outcome)) driver->rollback(connection);
    return outcome;
}

/* --- statement by statement --- */

static result run_statements(const struct migrator *migrator, const struct revision *revision, int64_t done)
{
    const struct schema_version *version = &migrator->version;
    const struct revision_section *section = &revision->up[version->driver->engine];
    struct migration_lone_statement lone = {
        .revision = revision,
        .section = section,
        .lock_timeout_ms = revision->lock_timeout_ms > 0 ? revision->lock_timeout_ms : ALONE_LOCK_TIMEOUT_MS,
    };
    int64_t number = 0;
    size_t offset = 0;
    while (sql_split(version->driver->engine, section->sql, &offset, &lone.statement)) {
        if (lone.statement.is_empty) continue;
        number++;
        if (number <= done) continue;
        TRY(version->driver->confirm_lock(version->connection, migrator->scope));
        TRY(version->driver->run_alone(version->connection, migrator->scope, &lone));
        TRY(schema_version_advance(version, migrator->scope, revision->id, number));
    }
    return RESULT_OK;
}

static result apply_alone(const struct migrator *migrator, const struct revision *revision, bool *ret_is_new)
{
    const struct schema_version *version = &migrator->version;
    const int64_t begun_ms = clock_monotonic_ms();
    struct applied_revision row = {0};
    bool is_found;
    TRY(version->driver->confirm_lock(version->connection, migrator->scope));
    TRY(schema_version_find(version, migrator->scope, revision->id, &row, &is_found));
    *ret_is_new = !is_found || row.is_partial;
    if (!*ret_is_new) return RESULT_OK;
    if (!is_found) TRY(schema_version_insert(version, migrator->scope, revision, "partial", 0));
    TRY(run_statements(migrator, revision, row.statements_done));
    TRY(schema_version_finish(version, migrator->scope, revision->id, clock_monotonic_ms() - begun_ms));
    return log_success(migrator, revision, begun_ms);
}

/* --- one revision --- */

/* The failure that is being reported must not be replaced by a failure to write it down. */
static void log_failure(const struct migrator *migrator, const struct revision *revision, int64_t begun_ms)
{
    const struct schema_version *version = &migrator->version;
    if (!version->driver->is_connected(version->connection)) return;
    struct migration_scope aside = {.arena = migrator->scope->arena};
    const struct schema_log_entry entry = {.action = SCHEMA_UP,
                                           .revision = revision->id,
                                           .checksum = revision->checksum,
                                           .duration_ms = clock_monotonic_ms() - begun_ms,
                                           .error = migrator->scope->failure.text};
    (void)is_ok(schema_version_log(version, &aside, &entry));
}

static result pause_before_retry(const struct migrator *migrator, const struct migration_progress *step,
                                 unsigned attempt)
{
    struct migration_progress progress = *step;
    progress.event = MIGRATION_RETRY;
    progress.text = migrator->scope->failure.text;
    tell(migrator, &progress);
    migration_recover(migrator->scope);
    int64_t pause_ms = RETRY_PAUSE_MS << (attempt < 5 ? attempt : 5);
    if (pause_ms > RETRY_PAUSE_MAX_MS) pause_ms = RETRY_PAUSE_MAX_MS;
    /* Half of it at random, so that those who met do not meet again. */
    pause_ms = pause_ms / 2 + random_below((unsigned)(pause_ms / 2));
    return migration_pause(migrator->scope, migrator->version.options, pause_ms);
}

static result apply_with_retries(const struct migrator *migrator, const struct revision *revision,
                                 const struct migration_progress *step, bool *ret_is_new)
{
    const struct migration_options *options = migrator->version.options;
    const unsigned retries = options->retries > 0 ? options->retries : RETRIES;
    for (unsigned attempt = 0;; attempt++) {
        const result outcome = is_alone(migrator, revision)
                                   ? apply_alone(migrator, revision, ret_is_new)
                                   : apply_in_transaction(migrator, revision, ret_is_new);
        if (is_ok(outcome) || !migrator->scope->failure.is_retryable || attempt >= retries) return outcome;
        TRY(pause_before_retry(migrator, step, attempt));
    }
}

static result apply_revision(const struct migrator *migrator, const struct revision *revision,
                             const struct migration_progress *counts, bool *ret_is_new)
{
    const int64_t begun_ms = clock_monotonic_ms();
    struct migration_progress step = *counts;
    step.event = MIGRATION_BEGINS;
    step.from = revision_parents_text(migrator->scope->arena, revision);
    step.to = revision->id;
    step.message = revision->message;
    tell(migrator, &step);
    const result outcome = apply_with_retries(migrator, revision, &step, ret_is_new);
    if (!is_ok(outcome)) {
        log_failure(migrator, revision, begun_ms);
        return outcome;
    }
    step.event = MIGRATION_DONE;
    step.duration_ms = clock_monotonic_ms() - begun_ms;
    tell(migrator, &step);
    return RESULT_OK;
}

/* --- all of them --- */

static size_t count_wanted(const struct migrator *migrator, const bool *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < migrator->set.count; i++) count += wanted[i] && !migrator->judgement.is_applied[i];
    return count;
}

/* A server works with the schema a contract revision leaves when its head has min_binary behind it. */
static bool is_server_too_old(const struct migrator *migrator, const struct revision *contract,
                              struct str name)
{
    size_t head;
    size_t minimum;
    if (!str_starts_with(name, STR(SERVER_NAME))) return false;
    const struct str id = str_from_offset(name, sizeof(SERVER_NAME) - 1);
    /* A head that is unknown here is newer than this binary. */
    if (!revision_set_find(&migrator->set, id, &head)) return false;
    if (!revision_set_find(&migrator->set, contract->min_binary, &minimum)) return false;
    return !is_in_ancestry(migrator->scope->arena, &migrator->set, minimum, head);
}

static result is_held_back(const struct migrator *migrator, const struct revision *revision,
                           bool *ret_is_held)
{
    const struct schema_version *version = &migrator->version;
    struct migration_rows rows = {0};
    *ret_is_held = false;
    if (revision->phase != REVISION_CONTRACT || !version->options->is_contract_held) return RESULT_OK;
    if (!version->driver->servers) return RESULT_OK;
    TRY(version->driver->servers(version->connection, migrator->scope, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        if (is_server_too_old(migrator, revision, rows.cells[i])) *ret_is_held = true;
    }
    return RESULT_OK;
}

static result apply_wanted(struct migrator *migrator, const bool *wanted, struct migration_outcome *outcome)
{
    struct migration_progress counts = {.total = count_wanted(migrator, wanted)};
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct revision *revision = &migrator->set.items[i];
        if (!wanted[i] || migrator->judgement.is_applied[i]) continue;
        bool is_held;
        TRY(is_held_back(migrator, revision, &is_held));
        if (is_held) {
            outcome->pending_contract = revision->id;
            return RESULT_OK;
        }
        TRY(migration_pause(migrator->scope, migrator->version.options, 1));
        bool is_new = false;
        TRY(apply_revision(migrator, revision, &counts, &is_new));
        counts.done++;
        outcome->applied += is_new;
    }
    return RESULT_OK;
}

static result upgrade_locked(struct migrator *migrator, const bool *wanted, struct migration_outcome *outcome)
{
    TRY(migrator_lock(migrator));
    TRY(judgement_check(migrator->scope, &migrator->judgement, migrator->version.options, NULL));
    TRY(apply_wanted(migrator, wanted, outcome));
    TRY(schema_version_read(&migrator->version, migrator->scope, &migrator->list));
    judgement_make(migrator->scope->arena, &migrator->set, &migrator->list, &migrator->judgement);
    return RESULT_OK;
}

result migrator_upgrade(struct migrator *migrator, const bool *wanted, struct migration_outcome *ret_outcome)
{
    struct migration_outcome outcome = {0};
    if (count_wanted(migrator, wanted) > 0) TRY(upgrade_locked(migrator, wanted, &outcome));
    outcome.current = migrator->judgement.current;
    outcome.is_head = is_at_head(&migrator->judgement) && migrator->judgement.unknown == 0;
    outcome.is_ahead = migrator->judgement.unknown > 0;
    *ret_outcome = outcome;
    return RESULT_OK;
}
