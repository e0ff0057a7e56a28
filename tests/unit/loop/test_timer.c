// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>

#include "auth/base/clock.h"
#include "auth/loop/loop.h"

#define TIMERS 1000u

static struct loop *loop;

static void create(void)
{
    cr_assert(is_ok(loop_create(&loop)));
}

static void destroy(void)
{
    loop_destroy(loop);
}

TestSuite(timer, .init = create, .fini = destroy);

static void stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void must_not_fire(struct timer *timer)
{
    (void)timer;
    cr_assert_fail("a stopped timer fired");
}

/* Runs the loop until all that is due within `ms` has fired. */
static void run_for(int64_t ms)
{
    struct timer end = {.due = stop_loop};
    loop_timer_start(loop, &end, clock_monotonic_ms() + ms);
    loop_run(loop);
}

Test(timer, a_stopped_timer_does_not_fire)
{
    struct timer timer = {.due = must_not_fire};
    loop_timer_start(loop, &timer, clock_monotonic_ms() + 2);
    loop_timer_stop(&timer);
    cr_assert_eq(timer.heap_index, 0);
    run_for(10);
}

Test(timer, stopping_a_timer_that_was_never_set_is_harmless)
{
    struct timer timer = {.due = must_not_fire};
    loop_timer_stop(&timer);
    loop_timer_stop(&timer);
}

struct numbered {
    struct timer timer;
    unsigned fired;
    struct numbered *victim;
};

static int64_t last_due_ms;

static void in_order(struct timer *timer)
{
    struct numbered *numbered = CONTAINER_OF(timer, struct numbered, timer);
    cr_assert_leq(timer->due_ms, clock_monotonic_ms(), "fired early");
    cr_assert_geq(timer->due_ms, last_due_ms, "fired out of order");
    last_due_ms = timer->due_ms;
    numbered->fired++;
}

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

Test(timer, timers_set_moved_and_stopped_at_random_fire_once_and_in_order)
{
    static struct numbered timers[TIMERS];
    static bool is_stopped[TIMERS];
    unsigned state = 1;
    const int64_t now_ms = clock_monotonic_ms();
    for (unsigned i = 0; i < TIMERS; i++) {
        timers[i].timer.due = in_order;
        loop_timer_start(loop, &timers[i].timer, now_ms + next_random(&state) % 50);
    }
    for (unsigned i = 0; i < TIMERS; i += 3) {
        loop_timer_start(loop, &timers[i].timer, now_ms + next_random(&state) % 50);
    }
    for (unsigned i = 0; i < TIMERS; i += 5) {
        loop_timer_stop(&timers[i].timer);
        is_stopped[i] = true;
    }
    run_for(80);
    for (unsigned i = 0; i < TIMERS; i++)
        cr_assert_eq(timers[i].fired, is_stopped[i] ? 0u : 1u, "timer %u", i);
}

static void stop_victim(struct timer *timer)
{
    loop_timer_stop(&CONTAINER_OF(timer, struct numbered, timer)->victim->timer);
}

Test(timer, a_due_timer_can_be_stopped_by_another_that_fires_first)
{
    struct numbered second = {.timer.due = must_not_fire};
    struct numbered first = {.timer.due = stop_victim, .victim = &second};
    const int64_t now_ms = clock_monotonic_ms();
    loop_timer_start(loop, &second.timer, now_ms - 1);
    loop_timer_start(loop, &first.timer, now_ms - 2);
    run_for(5);
}

static void again_in_the_past(struct timer *timer)
{
    CONTAINER_OF(timer, struct numbered, timer)->fired++;
    loop_timer_start(timer->loop, timer, 0);
}

Test(timer, a_timer_that_starts_itself_in_the_past_does_not_starve_the_loop)
{
    struct numbered busy = {.timer.due = again_in_the_past};
    loop_timer_start(loop, &busy.timer, 0);
    run_for(10);
    cr_assert_gt(busy.fired, 1);
    loop_timer_stop(&busy.timer);
}

static void free_itself(struct timer *timer)
{
    struct loop *its_loop = timer->loop;
    free(CONTAINER_OF(timer, struct numbered, timer));
    loop_stop(its_loop);
}

Test(timer, a_timer_may_free_its_owner)
{
    struct numbered *owner = calloc(1, sizeof *owner);
    cr_assert_not_null(owner);
    owner->timer.due = free_itself;
    loop_timer_start(loop, &owner->timer, clock_monotonic_ms() + 1);
    loop_run(loop);
}

Test(timer, a_timer_at_the_end_of_time_does_not_wake_the_loop)
{
    struct timer timer = {.due = must_not_fire};
    loop_timer_start(loop, &timer, INT64_MAX);
    run_for(5);
    cr_assert_neq(timer.heap_index, 0);
    loop_timer_stop(&timer);
}

Test(timer, destroying_the_loop_clears_its_timers)
{
    struct loop *brief = NULL;
    cr_assert(is_ok(loop_create(&brief)));
    struct timer timer = {.due = must_not_fire};
    loop_timer_start(brief, &timer, INT64_MAX);
    loop_destroy(brief);
    cr_assert_eq(timer.heap_index, 0);
    loop_timer_stop(&timer);
}
