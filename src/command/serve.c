// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "auth/command/command.h"
#include "auth/domain/mailer.h"
#include "auth/domain/webhook_sender.h"
#include "commands_internal.h"
#include "serve_internal.h"

/* A second signal does not wait for what has begun: requests to others end within about a second. */
static void signal_received(struct signals *signals, int signal_number)
{
    struct serve *serve = CONTAINER_OF(signals, struct serve, signals);
    if (signal_number == SIGHUP)
        return; /* nothing is read again while running; a terminal that goes is no reason */
    if (atomic_exchange(&serve->is_stopping, true)) {
        serve_stop(serve, serve->exit_code);
        return;
    }
    log_printf(LOG_LEVEL_INFO, "stopping: what has begun is finished, new connections are refused");
    readiness_set(serve->shared.readiness, PHASE_DRAINING, "stopping");
    mailer_stop(serve->runtime.mailer);
    webhook_sender_stop(serve->runtime.webhooks);
    for (unsigned i = 0; i < serve->loop_count; i++) serve_loop_drain(&serve->loops[i]);
}

static unsigned loops_wanted(const struct settings *settings)
{
    const int64_t half = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    const int64_t wanted = settings->loops > 0 ? settings->loops : half;
    if (wanted < 1) return 1;
    return wanted > (int64_t)API_LOOPS_MAX ? API_LOOPS_MAX : (unsigned)wanted;
}

static void run(struct serve_loop *serve_loop)
{
    log_begin_batches();
    loop_run(serve_loop->loop);
    log_end_batches();
}

static void *loop_thread(void *argument)
{
    struct serve_loop *serve_loop = argument;
    run(serve_loop);
    atomic_fetch_sub(&serve_loop->serve->threads_running, 1);
    return NULL;
}

static result open_loops(struct serve *serve)
{
    serve->loop_count = loops_wanted(serve->runtime.settings);
    serve->shared.loop_count = serve->loop_count;
    for (unsigned i = 0; i < serve->loop_count; i++) {
        TRY(serve_loop_open(&serve->loops[i], serve, i == 0));
        serve->shared.loops[i] = &serve->loops[i].api;
    }
    return RESULT_OK;
}

static result start_threads(struct serve *serve)
{
    for (unsigned i = 1; i < serve->loop_count; i++) {
        if (pthread_create(&serve->loops[i].thread, NULL, loop_thread, &serve->loops[i]) != 0)
            FAIL(&serve->runtime.task.fault, INTERNAL, "a thread cannot be started");
        serve->loops[i].has_thread = true;
        atomic_fetch_add(&serve->threads_running, 1);
    }
    return RESULT_OK;
}

static result open_all(struct serve *serve)
{
    struct runtime *runtime = &serve->runtime;
    runtime->store.is_exclusive = true;
    serve->shared.policy = &runtime->policy;
    serve->shared.cors_origins = setting_list_join(runtime->arena, runtime->settings->cors_origins);
    serve->shared.has_rate_limits = runtime->settings->rate_limits;
    serve->shared.cache = runtime->cache;
    serve->shared.readiness = readiness_create();
    TRY(api_shared_init(&serve->shared, &runtime->task, AUTH_VERSION));
    TRY(open_loops(serve));
    serve->signals.received = signal_received;
    TRY(signals_watch(serve->loops[0].loop, &serve->signals));
    return start_threads(serve);
}

/* What a person at a terminal wants to know first. */
static void welcome(const struct serve *serve)
{
    if (!isatty(STDOUT_FILENO)) return;
    const struct settings *settings = serve->runtime.settings;
    printf("auth %s\n", AUTH_VERSION);
    printf("  listens on   %.*s (operations: %.*s)\n",
           STR_ARGS(http_server_address(serve->loops[0].public_server)),
           STR_ARGS(http_server_address(serve->loops[0].operations_server)));
    printf("  keeps data   %.*s\n", STR_ARGS(serve->runtime.store.display));
    printf("  try          curl %.*s/v1/signup --json '{\"email\":\"ada@example.org\",\"password\":\"correct "
           "horse battery staple\"}'\n",
           STR_ARGS(settings->issuer));
    printf("  stop         Ctrl-C\n\n");
    (void)fflush(stdout);
}

/* Each loop has been told to stop, or to drain and then stop. */
static void close_all(struct serve *serve)
{
    for (unsigned i = 1; i < serve->loop_count; i++)
        if (serve->loops[i].has_thread) pthread_join(serve->loops[i].thread, NULL);
    signals_unwatch(&serve->signals);
    for (unsigned i = 0; i < serve->loop_count; i++)
        if (serve->loops[i].loop) serve_loop_close(&serve->loops[i]);
    api_shared_done(&serve->shared);
    readiness_destroy(serve->shared.readiness);
}

static int serve_all(struct serve *serve)
{
    const result opened = open_all(serve);
    if (is_ok(opened)) {
        welcome(serve);
        serve_start(serve);
        run(&serve->loops[0]);
    } else {
        failure_print("serve", &serve->runtime.task, opened);
        serve_stop(serve, EXIT_FAILED);
    }
    close_all(serve);
    if (is_ok(opened)) log_printf(LOG_LEVEL_INFO, "stopped");
    return serve->exit_code;
}

int serve_command(int argc, char **argv)
{
    static const struct command_option NO_OPTIONS[] = {{0}};
    struct command_line line;
    if (!command_line_read(argc, argv, NO_OPTIONS, &line)) return EXIT_USAGE;
    struct serve *serve = calloc(1, sizeof *serve);
    if (!serve) panic("out of memory");
    int code = runtime_load(&serve->runtime, &line, "serve");
    if (code == EXIT_DONE) code = runtime_start(&serve->runtime);
    if (code == EXIT_DONE) code = serve_all(serve);
    runtime_done(&serve->runtime);
    free(serve);
    return code;
}
