// SPDX-License-Identifier: MIT
#include "runner_internal.h"

#include <errno.h>
#include <time.h>

#include "auth/base/clock.h"
#include "auth/base/secret.h"

#define POLL_MS         INT64_C(100) /* between looks at the lock; up to POLL_JITTER_MS more */
#define POLL_JITTER_MS  400u
#define REPORT_FIRST_MS INT64_C(1000) /* before the first report of what is waited for */
#define REPORT_MS       INT64_C(5000) /* between reports */
#define RECONNECT_MS    INT64_C(500)
#define SLICE_MS        INT64_C(100) /* between looks at is_stopping */

result migration_pause(struct migration_scope *scope, const struct migration_options *options,
                       int64_t duration_ms)
{
    const int64_t until_ms = clock_monotonic_ms() + duration_ms;
    for (int64_t left_ms = duration_ms; left_ms > 0; left_ms = until_ms - clock_monotonic_ms()) {
        if (options->is_stopping && atomic_load(options->is_stopping)) {
            return migration_fail(scope, MIGRATION_EXIT_TERMINATED, "told to stop");
        }
        const int64_t slice_ms = left_ms < SLICE_MS ? left_ms : SLICE_MS;
        const struct timespec pause = {.tv_nsec = (long)(slice_ms * 1000000)};
        (void)nanosleep(&pause, NULL);
    }
    return RESULT_OK;
}

result migrator_load(struct migration_scope *scope, const struct migration_options *options,
                     struct revision_set *ret_set)
{
    if (is_empty(options->directory)) return revision_set_embedded(scope, ret_set);
    return revision_set_load(scope, options->directory, ret_set);
}

static void report(const struct migrator *migrator, enum migration_event event, struct str text)
{
    const struct migration_progress progress = {.event = event, .text = text};
    if (migrator->listener) migrator->listener->notify(migrator->listener->argument, &progress);
}

static result look(struct migrator *migrator)
{
    TRY(schema_version_read(&migrator->version, migrator->scope, &migrator->list));
    judgement_make(migrator->scope->arena, &migrator->set, &migrator->list, &migrator->judgement);
    return RESULT_OK;
}

static void close_connection(struct migrator *migrator)
{
    if (migrator->version.connection) migrator->version.driver->close(migrator->version.connection);
    migrator->version.connection = NULL;
}

/* A server that is starting is waited for; one that refuses this role or lacks the database is not. */
static result connect(struct migrator *migrator)
{
    const struct schema_version *version = &migrator->version;
    struct migration_scope *scope = migrator->scope;
    const struct migration_access access = {version->options->store, version->options->is_stopping};
    const int64_t until_ms = clock_monotonic_ms() + version->options->connect_wait_ms;
    int64_t report_ms = clock_monotonic_ms() + REPORT_FIRST_MS;
    for (;;) {
        const result opened = version->driver->open(scope, &access, &migrator->version.connection);
        const int64_t now_ms = clock_monotonic_ms();
        if (is_ok(opened) || !scope->failure.is_retryable || now_ms >= until_ms) return opened;
        if (now_ms >= report_ms) {
            report(migrator, MIGRATION_CONNECTING, scope->failure.text);
            report_ms = now_ms + REPORT_MS;
        }
        close_connection(migrator);
        migration_recover(scope);
        TRY(migration_pause(scope, version->options, RECONNECT_MS));
    }
}

result migrator_open(struct migrator *migrator, struct migration_scope *scope,
                     const struct migration_options *options, const struct migration_listener *listener)
{
    static const struct migration_driver *const drivers[DB_ENGINE_COUNT] = {
        [DB_POSTGRES] = &migration_driver_postgres,
        [DB_SQLITE] = &migration_driver_sqlite,
    };
    *migrator = (struct migrator){
        .scope = scope,
        .version = {.driver = drivers[options->store->engine], .options = options},
        .listener = listener,
    };
    TRY(migrator_load(scope, options, &migrator->set));
    TRY(connect(migrator));
    return look(migrator);
}

void migrator_close(struct migrator *migrator)
{
    const struct schema_version *version = &migrator->version;
    if (!version->connection) return;
    if (migrator->is_locked) version->driver->unlock(version->connection);
    close_connection(migrator);
}

/* Polled, never the blocking form: a session that waits inside pg_advisory_lock holds a snapshot, and CREATE
 * INDEX CONCURRENTLY in the holder waits for that snapshot: a deadlock. */
static result wait_for_lock(struct migrator *migrator)
{
    const struct schema_version *version = &migrator->version;
    const struct migration_options *options = version->options;
    const int64_t wait_ms = options->lock_wait_ms > 0 ? options->lock_wait_ms : MIGRATION_LOCK_WAIT_MS;
    const int64_t begun_ms = clock_monotonic_ms();
    int64_t report_ms = begun_ms + REPORT_FIRST_MS;
    for (;;) {
        struct str holder;
        TRY(version->driver->try_lock(version->connection, migrator->scope, &migrator->is_locked, &holder));
        if (migrator->is_locked) return RESULT_OK;
        const int64_t now_ms = clock_monotonic_ms();
        if (now_ms - begun_ms >= wait_ms) {
            return migration_fail(migrator->scope, MIGRATION_EXIT_LOCKED,
                                  "the migration lock was not free within %lld ms; held by %.*s",
                                  (long long)wait_ms, STR_ARGS(holder));
        }
        if (now_ms >= report_ms) {
            report(migrator, MIGRATION_WAITING, holder);
            report_ms = now_ms + REPORT_MS;
        }
        TRY(migration_pause(migrator->scope, options, POLL_MS + random_below(POLL_JITTER_MS)));
    }
}

result migrator_lock(struct migrator *migrator)
{
    TRY(wait_for_lock(migrator));
    TRY(schema_version_prepare(&migrator->version, migrator->scope));
    return look(migrator);
}
