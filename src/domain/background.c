// SPDX-License-Identifier: MIT
#include "auth/domain/background.h"

#include <stdlib.h>

#include "auth/base/log.h"

struct background {
    const struct background_work *work;
    struct service *service;
    struct timer timer;
    struct fiber_job job;
    int64_t not_before_ms; /* monotonic; the pause after the last step */
    int64_t wake_delay_ms; /* asked for while a step ran; -1: nobody did */
    bool is_running;
    bool is_stopped;
};

struct background *background_create(const struct background_work *work)
{
    struct background *background = calloc(1, sizeof *background);
    if (!background) panic("out of memory");
    background->work = work;
    return background;
}

void background_destroy(struct background *background)
{
    if (!background) return;
    loop_timer_stop(&background->timer);
    free(background);
}

void background_stop(struct background *background)
{
    if (!background) return;
    background->is_stopped = true;
    loop_timer_stop(&background->timer);
}

static int64_t step(struct background *background)
{
    const struct background_work *work = background->work;
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(work->arena_bytes);
    struct task *task = arena_alloc(arena, sizeof *task);
    int64_t again_ms = 0;
    task_init(task, arena, str_from(work->name), work->time_limit_ms);
    task->actor = str_from(work->name);
    const result done = work->step(background->service, task, &again_ms);
    if (is_ok(done)) return again_ms;
    log_event(LOG_LEVEL_WARN, "work in the background has failed", LOG_TEXT("work", str_from(work->name)),
              LOG_TEXT("code", str_from(status_name(done.code))),
              LOG_TEXT("detail", str_from(task->fault.detail)));
    return BACKGROUND_RETRY_MS;
}

static void schedule(struct background *background, int64_t delay_ms)
{
    if (background->is_stopped) return;
    const int64_t asked_ms = clock_monotonic_ms() + delay_ms;
    const int64_t due_ms = asked_ms > background->not_before_ms ? asked_ms : background->not_before_ms;
    const bool is_set = background->timer.heap_index != 0;
    if (is_set && background->timer.due_ms <= due_ms) return;
    loop_timer_start(loop_self(), &background->timer, due_ms);
}

static void run(struct fiber_job *job)
{
    struct background *background = CONTAINER_OF(job, struct background, job);
    const int64_t again_ms = step(background);
    background->is_running = false;
    background->not_before_ms = clock_monotonic_ms() + background->work->pause_ms;
    if (again_ms > 0) schedule(background, again_ms);
    if (background->wake_delay_ms >= 0) schedule(background, background->wake_delay_ms);
    background->wake_delay_ms = -1;
}

static void due(struct timer *timer)
{
    struct background *background = CONTAINER_OF(timer, struct background, timer);
    background->job = (struct fiber_job){.run = run};
    background->wake_delay_ms = -1;
    background->is_running = true;
    if (is_ok(fiber_start(&background->job))) return;
    /* All fibers are in use: there is no time for it now. */
    background->is_running = false;
    schedule(background, BACKGROUND_RETRY_MS);
}

void background_wake(struct background *background, struct service *service, int64_t delay_ms)
{
    if (!background) return;
    background->service = service;
    background->timer.due = due;
    if (!background->is_running) {
        schedule(background, delay_ms);
        return;
    }
    /* What the running step has looked at already may have changed since. */
    if (background->wake_delay_ms < 0 || delay_ms < background->wake_delay_ms)
        background->wake_delay_ms = delay_ms;
}
