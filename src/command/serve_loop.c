// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "serve_internal.h"

#define DRAIN_LOOK_MS INT64_C(20)
#define ABORT_MS      INT64_C(2000) /* for what is then aborted to be recorded as that */

static struct http_server_options server_options(struct serve_loop *serve_loop)
{
    const struct settings *settings = serve_loop->serve->runtime.settings;
    return (struct http_server_options){
        .listen = settings->listen,
        .reuse_port = serve_loop->serve->loop_count > 1,
        .trusted_proxies = setting_list_join(serve_loop->serve->runtime.arena, settings->trusted_proxies),
        .body_bytes_max = (size_t)settings->body_bytes_max,
        .connections_max = (unsigned)settings->connections_max,
        .request_ms = settings->request_seconds * MS_PER_SECOND,
        .sends_hsts = str_starts_with(settings->issuer, STR("https://")),
        .serve = api_serve_public,
        .context = &serve_loop->api,
        .metrics = serve_loop->serve->shared.metrics,
    };
}

static result open_listeners(struct serve_loop *serve_loop, bool is_first)
{
    struct task *task = &serve_loop->serve->runtime.task;
    struct http_server_options options = server_options(serve_loop);
    TRY(http_server_create(serve_loop->loop, &options, task, &serve_loop->public_server));
    if (!is_first) return RESULT_OK;
    options.listen = serve_loop->serve->runtime.settings->ops_listen;
    options.reuse_port = false;
    options.trusted_proxies = STR_NONE;
    options.serve = api_serve_operations;
    return http_server_create(serve_loop->loop, &options, task, &serve_loop->operations_server);
}

/* One write for all the lines of a wake. */
static void flush_log(void *argument)
{
    (void)argument;
    log_flush();
}

result serve_loop_open(struct serve_loop *serve_loop, struct serve *serve, bool is_first)
{
    serve_loop->serve = serve;
    TRY(loop_create(&serve_loop->loop));
    loop_on_sleep(serve_loop->loop, flush_log, NULL);
    TRY(service_open(&serve->runtime, serve_loop->loop, &serve_loop->service));
    service_open_background(&serve_loop->service);
    serve_loop->api =
        (struct api){.loop = serve_loop->loop, .service = &serve_loop->service, .shared = &serve->shared};
    return open_listeners(serve_loop, is_first);
}

void serve_loop_close(struct serve_loop *serve_loop)
{
    if (serve_loop->public_server) http_server_destroy(serve_loop->public_server);
    if (serve_loop->operations_server) http_server_destroy(serve_loop->operations_server);
    prebuilt_unref(serve_loop->api.jwks);
    service_close(&serve_loop->service);
    loop_destroy(serve_loop->loop);
}

/* The first loop stays to the last: it hears a second signal, and tells the operator where things stand. */
static bool is_awaiting_others(const struct serve_loop *serve_loop)
{
    struct serve *serve = serve_loop->serve;
    return serve_loop == &serve->loops[0] && atomic_load(&serve->threads_running) > 0;
}

/* Requests, and what runs beside them (keys read again, old rows removed), which ends within its own time. */
static bool is_at_work(const struct serve_loop *serve_loop)
{
    size_t fibers, peak;
    fiber_counts(serve_loop->loop, &fibers, &peak);
    return http_server_in_flight(serve_loop->public_server) > 0 || fibers > 0;
}

static void drain_look(struct timer *timer)
{
    struct serve_loop *serve_loop = CONTAINER_OF(timer, struct serve_loop, drain_timer);
    const int64_t now_ms = clock_monotonic_ms();
    const bool is_done = !is_at_work(serve_loop) && !is_awaiting_others(serve_loop);
    if (is_done) service_stop_background(&serve_loop->service);
    if (now_ms >= serve_loop->drain_until_ms) runtime_abort(&serve_loop->serve->runtime);
    if (is_done || now_ms >= serve_loop->drain_until_ms + ABORT_MS)
        loop_stop(serve_loop->loop);
    else
        loop_timer_start(serve_loop->loop, timer, now_ms + DRAIN_LOOK_MS);
}

static void drain_begin(struct post *post)
{
    struct serve_loop *serve_loop = CONTAINER_OF(post, struct serve_loop, drain_post);
    http_server_drain(serve_loop->public_server);
    serve_loop->drain_until_ms =
        clock_monotonic_ms() + serve_loop->serve->runtime.settings->drain_seconds * MS_PER_SECOND;
    serve_loop->drain_timer.due = drain_look;
    drain_look(&serve_loop->drain_timer);
}

void serve_loop_drain(struct serve_loop *serve_loop)
{
    serve_loop->drain_post.run = drain_begin;
    loop_post(serve_loop->loop, &serve_loop->drain_post);
}

void serve_stop(struct serve *serve, int exit_code)
{
    atomic_store(&serve->exit_code, exit_code);
    atomic_store(&serve->is_stopping, true);
    runtime_abort(&serve->runtime);
    for (unsigned i = 0; i < serve->loop_count; i++)
        if (serve->loops[i].loop) loop_stop(serve->loops[i].loop);
}
