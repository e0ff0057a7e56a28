/* serve_internal.h — the parts of `auth serve`.
 * Shape:   one serve_loop for each event loop, each with its own service, api and listener; the first one, on the main
 *          thread, also has the operations listener, the signals and the start.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_SERVE_INTERNAL_H
#define AUTH_COMMAND_SERVE_INTERNAL_H

#include <pthread.h>

#include "auth/api/api.h"
#include "auth/http/server.h"
#include "auth/loop/fiber.h"
#include "auth/loop/signals.h"
#include "runtime_internal.h"

struct serve;

struct serve_loop {
    struct serve *serve;
    struct loop *loop;
    struct service service;
    struct api api;
    struct http_server *public_server;
    struct http_server *operations_server; /* the first loop's only */
    pthread_t thread;                      /* not the first loop's */
    bool has_thread;
    /* Loading the keys: asked for by the start, answered to it. */
    struct post load_post;
    struct fiber_job load_job;
    struct post loaded_post;
    struct wait *loaded;
    result load_outcome;
    /* Draining. */
    struct post drain_post;
    struct timer drain_timer;
    int64_t drain_until_ms;
};

struct serve {
    struct runtime runtime;
    struct api_shared shared;
    struct serve_loop loops[API_LOOPS_MAX];
    unsigned loop_count;
    struct signals signals;
    struct fiber_job start_job;
    struct post start_post;
    _Atomic int exit_code;
    atomic_bool is_stopping;
    atomic_uint threads_running; /* loops other than the first */
};

/* serve_loop.c */
NODISCARD result serve_loop_open(struct serve_loop *serve_loop, struct serve *serve, bool is_first);
void serve_loop_close(struct serve_loop *serve_loop);
/* From any thread: finishes what has begun, then stops the loop. */
void serve_loop_drain(struct serve_loop *serve_loop);
/* From any thread: stops all loops at once; the process will end with this exit code. */
void serve_stop(struct serve *serve, int exit_code);

/* serve_start.c: brings the schema to the head, loads the keys in all loops, then lets traffic in. */
void serve_start(struct serve *serve);

#endif
