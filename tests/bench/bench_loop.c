// SPDX-License-Identifier: MIT
/* Prints what the loop's own steps cost, in nanoseconds each: a wait and wake-up, the start and end of a
 * pooled fiber, a trip through an offload thread and back, a timer set and stopped. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/base/clock.h"
#include "auth/loop/offload.h"

#define FIBERS 500u
#define ROUNDS 4000u
#define STARTS 2000000u
#define TRIPS  100000u
#define TIMERS 2000000u

static void report(const char *what, int64_t began_us, unsigned count)
{
    printf("%-36s %8.1f ns\n", what, (double)(clock_monotonic_us() - began_us) * 1000.0 / count);
}

struct parked {
    struct fiber_job job;
    struct wait *wait;
};

static struct parked fibers[FIBERS];
static unsigned rounds_left;
static int64_t rounds_began_us;

static void park_again(struct fiber_job *job)
{
    struct parked *parked = CONTAINER_OF(job, struct parked, job);
    while (rounds_left > 0) {
        struct wait wait = {0};
        parked->wait = &wait;
        fiber_wait(&wait);
    }
}

/* At the end of each wake: all fibers are made ready for the next one. */
static void wake_all(void *argument)
{
    (void)argument;
    if (rounds_left == 0) return;
    for (unsigned i = 0; i < FIBERS; i++) wait_finish(fibers[i].wait);
    if (--rounds_left > 0) return;
    report("wait and wake-up", rounds_began_us, ROUNDS * FIBERS);
    loop_stop(loop_self());
}

static void do_nothing(struct fiber_job *job)
{
    (void)job;
}

static void no_work(void *argument)
{
    (void)argument;
}

static void never(struct timer *timer)
{
    (void)timer;
}

static void bench_starts(void)
{
    struct fiber_job job = {.run = do_nothing};
    const int64_t began_us = clock_monotonic_us();
    for (unsigned i = 0; i < STARTS; i++) {
        if (!is_ok(fiber_start(&job))) abort();
    }
    report("start and end of a pooled fiber", began_us, STARTS);
}

static void bench_timers(struct loop *loop)
{
    struct timer timer = {.due = never};
    const int64_t now_ms = clock_monotonic_ms();
    const int64_t began_us = clock_monotonic_us();
    for (unsigned i = 0; i < TIMERS; i++) {
        loop_timer_start(loop, &timer, now_ms + 10000);
        loop_timer_stop(&timer);
    }
    report("timer set and stopped", began_us, TIMERS);
}

static void bench_offload(void)
{
    const struct offload_options options = {.name = "bench", .threads = 1, .queue_limit = 1};
    struct offload *offload = NULL;
    if (!is_ok(offload_create(&options, &offload))) abort();
    const int64_t began_us = clock_monotonic_us();
    for (unsigned i = 0; i < TRIPS; i++) {
        if (!is_ok(offload_run(offload, no_work, NULL))) abort();
    }
    report("trip through an offload thread", began_us, TRIPS);
    offload_destroy(offload);
}

static void bench_in_fiber(struct fiber_job *job)
{
    (void)job;
    bench_starts();
    bench_timers(loop_self());
    bench_offload();
}

static void start_all(struct post *post)
{
    (void)post;
    rounds_left = ROUNDS;
    for (unsigned i = 0; i < FIBERS; i++) {
        fibers[i].job.run = park_again;
        if (!is_ok(fiber_start(&fibers[i].job))) abort();
    }
    rounds_began_us = clock_monotonic_us();
}

int main(void)
{
    struct loop *loop = NULL;
    struct post start = {.run = start_all};
    if (!is_ok(loop_create(&loop))) return 1;
    loop_on_sleep(loop, wake_all, NULL);
    loop_post(loop, &start);
    loop_run(loop);
    loop_destroy(loop);
    struct fiber_job others = {.run = bench_in_fiber};
    return is_ok(fiber_run_alone(&others)) ? 0 : 1;
}
