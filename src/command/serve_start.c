// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "auth/base/log.h"
#include "auth/command/command.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/keyring.h"
#include "auth/domain/mailer.h"
#include "auth/domain/retention.h"
#include "auth/domain/webhook_sender.h"
#include "serve_internal.h"

#define START_ARENA_BYTES (8u * 1024u * 1024u)
#define RETRY_MS          INT64_C(500)
#define LOAD_TIME_MS      INT64_C(5000)
#define CACHE_WAIT_MS     INT64_C(5000)
#define CACHE_QUIET_MS    INT64_C(500) /* connecting takes a moment; nobody needs to hear of it */
#define CACHE_LOOK_MS     INT64_C(5)

/* --- the schema, on a worker thread ------------------------------------------------------------------------------- */

struct migrating {
    struct serve *serve;
    int64_t until_ms;
    int exit_code;
};

static void note_progress(void *argument, const struct migration_progress *progress)
{
    struct serve *serve = argument;
    const struct str text = progress->text;
    char revision[READINESS_REVISION_MAX];
    switch (progress->event) {
    case MIGRATION_BEGINS:
        (void)snprintf(revision, sizeof revision, "%.*s", STR_ARGS(progress->to));
        readiness_set_progress(serve->shared.readiness, revision, (int)progress->done, (int)progress->total);
        log_event(LOG_LEVEL_INFO, "migrating", LOG_TEXT("from", progress->from), LOG_TEXT("to", progress->to),
                  LOG_TEXT("message", progress->message));
        break;
    case MIGRATION_DONE:
        log_event(LOG_LEVEL_INFO, "migrated", LOG_TEXT("to", progress->to),
                  LOG_NUMBER("ms", progress->duration_ms));
        break;
    case MIGRATION_WAITING:
        log_event(LOG_LEVEL_INFO, "waiting for the migration lock", LOG_TEXT("holder", text));
        break;
    case MIGRATION_CONNECTING:
    case MIGRATION_BATCH:
        log_event(LOG_LEVEL_INFO, "migrating", LOG_TEXT("detail", text));
        break;
    case MIGRATION_RETRY:
    case MIGRATION_WARNING:
        log_event(LOG_LEVEL_WARN, "migration", LOG_TEXT("detail", text));
        break;
    }
}

static struct readiness_schema schema_of(struct arena *arena, struct str current, struct str pending_contract,
                                         bool is_ahead)
{
    return (struct readiness_schema){
        .revision = str_copy(arena, current).ptr,
        .pending_contract = is_empty(pending_contract) ? "" : str_copy(arena, pending_contract).ptr,
        .is_ahead = is_ahead,
    };
}

/* MIGRATE_ON_START=check: looks, and changes nothing. */
static result check_schema(struct arena *arena, const struct migration_options *options,
                           struct readiness_schema *ret_schema, struct migration_failure *ret_failure)
{
    struct migration_status status;
    TRY(migrations_status(arena, options, &status, ret_failure));
    if (!status.is_usable) {
        *ret_failure = (struct migration_failure){
            .exit = MIGRATION_EXIT_OUT_OF_DATE,
            .text = STR("the schema is behind this binary; run: auth migrate upgrade"),
        };
        return RESULT(PRECONDITION_FAILED);
    }
    *ret_schema = schema_of(arena, status.current, status.pending_contract, status.is_ahead);
    return RESULT_OK;
}

/* An expand revision stands behind one that waits: this binary would miss what it needs. */
static result refuse_held_back(struct arena *arena, const struct migration_outcome *outcome,
                               struct migration_failure *ret_failure)
{
    *ret_failure = (struct migration_failure){
        .exit = MIGRATION_EXIT_LOCKED,
        .text =
            str_printf(arena,
                       "%.*s waits, for older servers to stop or for auth migrate backfill, and this binary "
                       "needs a revision behind it",
                       STR_ARGS(outcome->pending_contract)),
    };
    return RESULT(NOT_READY);
}

static result upgrade_schema(struct arena *arena, const struct migration_options *options,
                             struct serve *serve, struct readiness_schema *ret_schema,
                             struct migration_failure *ret_failure)
{
    const struct migration_listener listener = {.notify = note_progress, .argument = serve};
    struct migration_outcome outcome;
    TRY(migrations_apply(arena, options, STR("head"), &listener, &outcome, ret_failure));
    if (outcome.is_ahead)
        log_printf(LOG_LEVEL_WARN, "the schema is newer than this binary, and compatible with it");
    if (!is_empty(outcome.pending_contract))
        log_event(LOG_LEVEL_INFO, "a contract or backfill revision waits",
                  LOG_TEXT("revision", outcome.pending_contract));
    if (!outcome.is_usable) return refuse_held_back(arena, &outcome, ret_failure);
    *ret_schema = schema_of(arena, outcome.current, outcome.pending_contract, outcome.is_ahead);
    return RESULT_OK;
}

/* A database comes up, older servers stop. */
static bool may_code_pass(int exit_code)
{
    return exit_code == MIGRATION_EXIT_UNREACHABLE || exit_code == MIGRATION_EXIT_LOCKED;
}

static const char *refusal_of(int exit_code)
{
    if (exit_code == MIGRATION_EXIT_UNREACHABLE) return "waiting for the database";
    return may_code_pass(exit_code) ? "waiting for the schema" : "the schema does not fit";
}

/* One attempt; MIGRATION_EXIT_OK when the schema fits. */
static int bring_schema(struct serve *serve, struct arena *arena)
{
    struct migration_options options = runtime_migration_options(&serve->runtime);
    struct migration_failure failure = {0};
    struct readiness_schema schema = {0};
    options.is_stopping = &serve->is_stopping;
    options.is_contract_held = true;
    options.is_backfill_held = true;
    const int mode = serve->runtime.settings->migrate_on_start;
    if (mode == MIGRATE_OFF) return MIGRATION_EXIT_OK;
    const result outcome = mode == MIGRATE_CHECK ? check_schema(arena, &options, &schema, &failure)
                                                 : upgrade_schema(arena, &options, serve, &schema, &failure);
    if (is_ok(outcome)) {
        readiness_set_schema(serve->shared.readiness, &schema);
        return MIGRATION_EXIT_OK;
    }
    const bool may_pass = may_code_pass((int)failure.exit);
    readiness_set(serve->shared.readiness, may_pass ? PHASE_STARTING : PHASE_REFUSED, failure.text.ptr);
    log_event(may_pass ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, refusal_of((int)failure.exit),
              LOG_TEXT("detail", failure.text));
    return (int)failure.exit;
}

static void migrate(void *argument)
{
    struct migrating *migrating = argument;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(START_ARENA_BYTES);
    migrating->exit_code = bring_schema(migrating->serve, arena);
}

/* Until the schema fits, the time is up, or somebody says stop. */
static int wait_for_schema(struct serve *serve, int64_t until_ms)
{
    struct migrating migrating = {.serve = serve, .until_ms = until_ms};
    for (;;) {
        if (!is_ok(offload_run(serve->runtime.work, migrate, &migrating))) return EXIT_FAILED;
        const bool may_pass = may_code_pass(migrating.exit_code);
        if (!may_pass || atomic_load(&serve->is_stopping) || clock_monotonic_ms() >= until_ms)
            return migrating.exit_code;
        fiber_sleep(RETRY_MS);
    }
}

/* --- the keys, in each loop's own thread -------------------------------------------------------------------------- */

static void load_ended(struct fiber_job *job)
{
    struct serve_loop *serve_loop = CONTAINER_OF(job, struct serve_loop, load_job);
    loop_post(serve_loop->serve->loops[0].loop, &serve_loop->loaded_post);
}

static void load_run(struct fiber_job *job)
{
    struct serve_loop *serve_loop = CONTAINER_OF(job, struct serve_loop, load_job);
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(START_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    task_init(task, arena, STR("start"), LOAD_TIME_MS);
    serve_loop->load_outcome = keyring_load(&serve_loop->service, task);
    if (is_ok(serve_loop->load_outcome))
        serve_loop->load_outcome = administrators_prepare(serve_loop->service.db, task);
    /* A server that has stopped may have left events without a place. */
    if (is_ok(serve_loop->load_outcome)) audit_chain_wake(&serve_loop->service);
    if (!is_ok(serve_loop->load_outcome))
        log_event(LOG_LEVEL_WARN, "the signing keys cannot be read",
                  LOG_TEXT("detail", str_from(task->fault.detail)));
}

static void load_begin(struct post *post)
{
    struct serve_loop *serve_loop = CONTAINER_OF(post, struct serve_loop, load_post);
    serve_loop->load_job = (struct fiber_job){.run = load_run, .ended = load_ended};
    const result started = fiber_start(&serve_loop->load_job);
    if (is_ok(started)) return;
    serve_loop->load_outcome = started;
    load_ended(&serve_loop->load_job);
}

static void load_is_done(struct post *post)
{
    wait_finish(CONTAINER_OF(post, struct serve_loop, loaded_post)->loaded);
}

static result load_keys(struct serve_loop *serve_loop)
{
    struct wait wait = {0};
    serve_loop->loaded = &wait;
    serve_loop->load_post.run = load_begin;
    serve_loop->loaded_post.run = load_is_done;
    loop_post(serve_loop->loop, &serve_loop->load_post);
    fiber_wait(&wait);
    return serve_loop->load_outcome;
}

/* A key that does not open will not open later; a database that is away may come back. */
static int wait_for_keys(struct serve *serve, int64_t until_ms)
{
    for (unsigned i = 0; i < serve->loop_count;) {
        const result loaded = load_keys(&serve->loops[i]);
        if (is_ok(loaded)) {
            i++;
            continue;
        }
        if (loaded.code != STATUS_DATABASE_UNAVAILABLE) return EXIT_FAILED;
        if (atomic_load(&serve->is_stopping) || clock_monotonic_ms() >= until_ms)
            return MIGRATION_EXIT_UNREACHABLE;
        fiber_sleep(RETRY_MS);
    }
    return EXIT_DONE;
}

/* --- the shared cache --------------------------------------------------------------------------------------------- */

/* Asking makes the link connect; what is asked for is never there. */
static bool is_cache_up(struct serve *serve)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(START_ARENA_BYTES);
    struct task *task = arena_alloc(arena, sizeof *task);
    char value[1];
    size_t room = sizeof value;
    struct cache_counts counts;
    task_init(task, arena, STR("start"), LOAD_TIME_MS);
    (void)cache_get(serve->loops[0].service.cache, task, CACHE_RATE, STR("start"), value, &room);
    cache_counts(serve->runtime.cache, &counts);
    return !counts.is_shared_configured || counts.is_shared_up;
}

/* Redis only makes things faster: a short wait, so that a stack that starts together starts warm, then without it. */
static void wait_for_cache(struct serve *serve)
{
    const int64_t until_ms = clock_monotonic_ms() + CACHE_WAIT_MS;
    bool is_told = false;
    while (!is_cache_up(serve) && !atomic_load(&serve->is_stopping)) {
        if (clock_monotonic_ms() >= until_ms) {
            log_printf(LOG_LEVEL_WARN, "Redis does not answer; going on without it until it does");
            return;
        }
        if (!is_told && clock_monotonic_ms() >= until_ms - CACHE_WAIT_MS + CACHE_QUIET_MS) {
            log_printf(LOG_LEVEL_INFO, "waiting for Redis, %lld s at most",
                       (long long)(CACHE_WAIT_MS / MS_PER_SECOND));
            is_told = true;
        }
        fiber_sleep(CACHE_LOOK_MS);
    }
}

/* --- the order ---------------------------------------------------------------------------------------------------- */

static void announce(const struct serve *serve)
{
    const struct settings *settings = serve->runtime.settings;
    log_event(LOG_LEVEL_INFO, "ready", LOG_TEXT("listen", http_server_address(serve->loops[0].public_server)),
              LOG_TEXT("operations", http_server_address(serve->loops[0].operations_server)),
              LOG_TEXT("issuer", settings->issuer), LOG_TEXT("database", serve->runtime.store.display),
              LOG_NUMBER("loops", serve->loop_count),
              LOG_NUMBER("ms", clock_wall_ms() - serve->shared.started_at_ms));
}

/* On a machine of one's own that is how one begins; where others sign in, nobody gets a code. */
static void warn_of_printed_mail(const struct serve *serve)
{
    if (mailer_has_server(serve->runtime.mailer)) return;
    if (serve->runtime.settings->log_level > LOG_LEVEL_INFO)
        log_printf(LOG_LEVEL_WARN, "AUTH_SMTP_URL is not set, and LOG_LEVEL hides the mail that is printed");
    if (str_starts_with(serve->runtime.settings->issuer, STR("https://")))
        log_printf(LOG_LEVEL_WARN,
                   "AUTH_SMTP_URL is not set: mail, with its codes and links, is printed to this log");
}

static void start_run(struct fiber_job *job)
{
    struct serve *serve = CONTAINER_OF(job, struct serve, start_job);
    const int64_t until_ms =
        clock_monotonic_ms() + serve->runtime.settings->start_wait_seconds * MS_PER_SECOND;
    int code = wait_for_schema(serve, until_ms);
    if (code == EXIT_DONE) code = wait_for_keys(serve, until_ms);
    if (atomic_load(&serve->is_stopping)) return;
    if (code != EXIT_DONE) {
        log_event(LOG_LEVEL_ERROR, "not started", LOG_NUMBER("exit", code));
        serve_stop(serve, code);
        return;
    }
    wait_for_cache(serve);
    if (atomic_load(&serve->is_stopping)) return;
    readiness_set(serve->shared.readiness, PHASE_SERVING, "serving");
    announce(serve);
    warn_of_printed_mail(serve);
    /* What was left by a server that died. */
    mailer_wake(&serve->loops[0].service);
    webhook_sender_wake(&serve->loops[0].service);
    retention_touch(&serve->loops[0].service);
}

static void start_begin(struct post *post)
{
    struct serve *serve = CONTAINER_OF(post, struct serve, start_post);
    serve->start_job = (struct fiber_job){.run = start_run};
    if (!is_ok(fiber_start(&serve->start_job))) serve_stop(serve, EXIT_FAILED);
}

void serve_start(struct serve *serve)
{
    serve->start_post.run = start_begin;
    loop_post(serve->loops[0].loop, &serve->start_post);
}
