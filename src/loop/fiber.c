// SPDX-License-Identifier: MIT
#include <assert.h>
#include <stddef.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "fiber_context_internal.h"
#include "loop_internal.h"

/* An ended fiber's stack is given back this much later: one timer a second at most under load, none at rest.
 */
#define TRIM_AFTER_MS 1000
/* Each costs a system call, so a large pool is trimmed in steps the loop does not feel. */
#define TRIM_BATCH      64u
#define TRIM_BETWEEN_MS 10

struct fiber {
    struct fiber_context context;
    struct loop *loop;
    struct fiber_job *job;
    bool has_ended;
    struct fiber *entered_from; /* the fiber that runs below this one; NULL for the loop */
    struct fiber *next;         /* in the warm, cold or ready list */
    struct fiber *next_made;
};

static void trim(struct timer *timer)
{
    struct fiber_pool *pool = &timer->loop->fibers;
    for (unsigned left = TRIM_BATCH; left > 0 && pool->warm != NULL; left--) {
        struct fiber *fiber = pool->warm;
        pool->warm = fiber->next;
        context_forget(&fiber->context);
        fiber->next = pool->cold;
        pool->cold = fiber;
    }
    if (pool->warm != NULL) loop_timer_start(timer->loop, timer, clock_monotonic_ms() + TRIM_BETWEEN_MS);
}

void fibers_init(struct loop *loop)
{
    loop->fibers.limit = FIBER_LIMIT_DEFAULT;
    loop->fibers.ready_tail = &loop->fibers.ready_first;
    loop->fibers.trim.due = trim;
}

void fibers_done(struct loop *loop)
{
    struct fiber *fiber = loop->fibers.all;
    while (fiber != NULL) {
        struct fiber *next = fiber->next_made;
        context_done(&fiber->context);
        free(fiber);
        fiber = next;
    }
}

void fiber_set_limit(struct loop *loop, size_t limit)
{
    loop->fibers.limit = limit;
}

void fiber_counts(const struct loop *loop, size_t *ret_running, size_t *ret_peak)
{
    *ret_running = loop->fibers.in_use;
    *ret_peak = loop->fibers.peak;
}

struct fiber *fiber_self(void)
{
    const struct loop *loop = loop_self();
    return loop == NULL ? NULL : loop->fibers.running_now;
}

static void run_job(void *argument)
{
    struct fiber *fiber = argument;
    fiber->job->run(fiber->job);
    fiber->has_ended = true;
}

static struct fiber *fiber_make(struct loop *loop)
{
    struct fiber *fiber = calloc(1, sizeof *fiber);
    if (fiber == NULL) panic("no memory for a fiber");
    if (!context_init(&fiber->context)) {
        free(fiber);
        return NULL;
    }
    fiber->loop = loop;
    fiber->context.run = run_job;
    fiber->context.argument = fiber;
    fiber->next_made = loop->fibers.all;
    loop->fibers.all = fiber;
    return fiber;
}

static struct fiber *pop(struct fiber **list)
{
    struct fiber *fiber = *list;
    if (fiber != NULL) *list = fiber->next;
    return fiber;
}

/* The warmest stack first: its pages are mapped and its lines are in the cache. */
static struct fiber *pool_take(struct loop *loop)
{
    struct fiber_pool *pool = &loop->fibers;
    if (pool->in_use >= pool->limit) return NULL;
    struct fiber *fiber = pop(&pool->warm);
    if (fiber == NULL) fiber = pop(&pool->cold);
    if (fiber == NULL) fiber = fiber_make(loop);
    if (fiber == NULL) return NULL;
    pool->in_use++;
    if (pool->peak < pool->in_use) pool->peak = pool->in_use;
    return fiber;
}

static void pool_give(struct fiber *fiber)
{
    struct fiber_pool *pool = &fiber->loop->fibers;
    fiber->next = pool->warm;
    pool->warm = fiber;
    pool->in_use--;
    if (pool->trim.heap_index == 0) {
        loop_timer_start(fiber->loop, &pool->trim, clock_monotonic_ms() + TRIM_AFTER_MS);
    }
}

/* Runs the fiber until it waits or ends. */
static void fiber_go_on(struct fiber *fiber)
{
    struct fiber_pool *pool = &fiber->loop->fibers;
    fiber->entered_from = pool->running_now;
    pool->running_now = fiber;
    context_enter(&fiber->context);
    pool->running_now = fiber->entered_from;
    if (!fiber->has_ended) return;
    struct fiber_job *job = fiber->job;
    pool_give(fiber);
    if (job->ended != NULL) job->ended(job);
}

result fiber_start(struct fiber_job *job)
{
    struct loop *loop = loop_self();
    if (loop == NULL) panic("a fiber was started outside of a running loop");
    struct fiber *fiber = pool_take(loop);
    REQUIRE(fiber != NULL, OVERLOADED);
    fiber->job = job;
    fiber->has_ended = false;
    fiber_go_on(fiber);
    return RESULT_OK;
}

bool has_ready_fibers(const struct loop *loop)
{
    return loop->fibers.ready_first != NULL;
}

void fibers_run_ready(struct loop *loop)
{
    struct fiber_pool *pool = &loop->fibers;
    struct fiber *fiber = pool->ready_first;
    pool->ready_first = NULL;
    pool->ready_tail = &pool->ready_first;
    while (fiber != NULL) {
        struct fiber *next = fiber->next;
        fiber_go_on(fiber);
        fiber = next;
    }
}

void fiber_wait(struct wait *wait)
{
    struct fiber *fiber = fiber_self();
    if (fiber == NULL) panic("a wait outside of a fiber");
    if (wait->is_done) return;
    assert(wait->fiber == NULL);
    wait->fiber = fiber;
    context_leave(&fiber->context);
    assert(wait->is_done);
}

void wait_finish(struct wait *wait)
{
    assert(!wait->is_done);
    wait->is_done = true;
    struct fiber *fiber = wait->fiber;
    if (fiber == NULL) return;
    assert(fiber->loop == loop_self());
    struct fiber_pool *pool = &fiber->loop->fibers;
    fiber->next = NULL;
    *pool->ready_tail = fiber;
    pool->ready_tail = &fiber->next;
}

struct sleep {
    struct timer timer;
    struct wait wait;
};

static void sleep_over(struct timer *timer)
{
    wait_finish(&CONTAINER_OF(timer, struct sleep, timer)->wait);
}

void fiber_sleep(int64_t duration_ms)
{
    struct sleep sleep = {.timer.due = sleep_over};
    if (fiber_self() == NULL) panic("a wait outside of a fiber");
    loop_timer_start(loop_self(), &sleep.timer, clock_monotonic_ms() + duration_ms);
    fiber_wait(&sleep.wait);
}

/* The job of fiber_run_alone, wrapped so that its end stops the loop. */
struct alone {
    struct fiber_job wrapper;
    struct fiber_job *job;
    struct post start;
    struct loop *loop;
    result started;
};

static void alone_run(struct fiber_job *wrapper)
{
    struct fiber_job *job = CONTAINER_OF(wrapper, struct alone, wrapper)->job;
    job->run(job);
}

static void alone_ended(struct fiber_job *wrapper)
{
    struct alone *alone = CONTAINER_OF(wrapper, struct alone, wrapper);
    if (alone->job->ended != NULL) alone->job->ended(alone->job);
    loop_stop(alone->loop);
}

static void alone_start(struct post *start)
{
    struct alone *alone = CONTAINER_OF(start, struct alone, start);
    alone->started = fiber_start(&alone->wrapper);
    if (!is_ok(alone->started)) loop_stop(alone->loop);
}

result fiber_run_alone(struct fiber_job *job)
{
    struct alone alone = {
        .wrapper = {.run = alone_run, .ended = alone_ended}, .job = job, .start.run = alone_start};
    TRY(loop_create(&alone.loop));
    loop_post(alone.loop, &alone.start);
    loop_run(alone.loop);
    loop_destroy(alone.loop);
    return alone.started;
}
