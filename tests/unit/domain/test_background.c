// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/background.h"
#include "auth/loop/fiber.h"

#define SECONDS_MS INT64_C(1000)

/* What the steps did; each test plans them. */
static struct {
    int steps;
    int running;
    int64_t takes_ms; /* a step waits for this long */
    int64_t again_ms; /* what the step asks for */
    int again_count;  /* for how many steps */
    int failures;     /* how many steps fail first */
    int64_t step_at_ms[16];
} seen;

static struct service service; /* the steps of these tests look at nothing of it */

static result step(struct service *of, struct task *task, int64_t *ret_again_ms)
{
    cr_assert_eq(of, &service);
    cr_expect(str_equal(task->actor, STR("test work")), "for the audit log");
    cr_expect_eq(seen.running, 0, "one at a time");
    seen.running++;
    if (seen.steps < 16) seen.step_at_ms[seen.steps] = clock_monotonic_ms();
    seen.steps++;
    if (seen.takes_ms > 0) fiber_sleep(seen.takes_ms);
    seen.running--;
    if (seen.failures-- > 0) FAIL(&task->fault, DATABASE_UNAVAILABLE, "as the test wants it");
    *ret_again_ms = seen.again_count-- > 0 ? seen.again_ms : 0;
    return RESULT_OK;
}

static const struct background_work quick = {
    .name = "test work", .pause_ms = 0, .time_limit_ms = SECONDS_MS, .arena_bytes = 65536, .step = step};
static const struct background_work pausing = {
    .name = "test work", .pause_ms = 60, .time_limit_ms = SECONDS_MS, .arena_bytes = 65536, .step = step};

static void (*body)(struct background *background);
static const struct background_work *work_of_body;

static void run_body(struct fiber_job *job)
{
    (void)job;
    struct background *background = background_create(work_of_body);
    body(background);
    background_destroy(background);
}

static void alone(const struct background_work *work, void (*test)(struct background *background))
{
    work_of_body = work;
    body = test;
    struct fiber_job job = {.run = run_body};
    cr_assert(is_ok(fiber_run_alone(&job)));
}

static void never_woken(struct background *background)
{
    (void)background;
    fiber_sleep(40);
    cr_expect_eq(seen.steps, 0);
}

Test(background, nothing_happens_before_somebody_wakes_it)
{
    alone(&quick, never_woken);
}

static void woken_nowhere(struct background *background)
{
    (void)background;
    background_wake(NULL, &service, 0);
    fiber_sleep(10);
    cr_expect_eq(seen.steps, 0);
}

Test(background, work_that_is_not_done_here_may_be_woken)
{
    alone(&quick, woken_nowhere);
}

static void woken_often(struct background *background)
{
    for (int i = 0; i < 5; i++) background_wake(background, &service, 10);
    background_wake(background, &service, 5000);
    fiber_sleep(60);
    cr_expect_eq(seen.steps, 1, "the soonest counts, once: %d", seen.steps);
}

Test(background, many_wakes_before_a_step_are_one_step)
{
    alone(&quick, woken_often);
}

static void woken_while_running(struct background *background)
{
    seen.takes_ms = 30;
    background_wake(background, &service, 0);
    fiber_sleep(10);
    cr_assert_eq(seen.running, 1);
    background_wake(background, &service, 0);
    background_wake(background, &service, 0);
    fiber_sleep(150);
    cr_expect_eq(seen.steps, 2, "what came meanwhile may not have been seen: %d", seen.steps);
}

Test(background, a_wake_during_a_step_is_not_lost)
{
    alone(&quick, woken_while_running);
}

static void goes_on(struct background *background)
{
    seen.again_ms = 5;
    seen.again_count = 3;
    background_wake(background, &service, 0);
    fiber_sleep(150);
    cr_expect_eq(seen.steps, 4, "three times again, then rest: %d", seen.steps);
}

Test(background, a_step_goes_on_by_itself_for_as_long_as_it_says)
{
    alone(&quick, goes_on);
}

static void pauses(struct background *background)
{
    background_wake(background, &service, 0);
    fiber_sleep(20);
    background_wake(background, &service, 0);
    fiber_sleep(150);
    cr_assert_eq(seen.steps, 2);
    cr_expect_geq(seen.step_at_ms[1] - seen.step_at_ms[0], 60);
}

Test(background, a_pause_is_kept_between_steps)
{
    alone(&pausing, pauses);
}

static void fails(struct background *background)
{
    seen.failures = 1;
    background_wake(background, &service, 0);
    fiber_sleep(30);
    cr_expect_eq(seen.steps, 1, "not again at once");
    background_wake(background, &service, 0);
    fiber_sleep(30);
    cr_expect_eq(seen.steps, 2, "but as soon as somebody asks: %d", seen.steps);
}

Test(background, a_step_that_failed_rests_until_it_is_woken)
{
    alone(&quick, fails);
}

static void stopped(struct background *background)
{
    background_wake(background, &service, 10);
    background_stop(background);
    background_wake(background, &service, 0);
    fiber_sleep(50);
    cr_expect_eq(seen.steps, 0);
}

Test(background, nothing_begins_after_the_stop)
{
    alone(&quick, stopped);
}

static void stopped_while_running(struct background *background)
{
    seen.takes_ms = 30;
    seen.again_ms = 1;
    seen.again_count = 5;
    background_wake(background, &service, 0);
    fiber_sleep(10);
    background_stop(background);
    fiber_sleep(80);
    cr_expect_eq(seen.steps, 1, "it ends, and is the last: %d", seen.steps);
    cr_expect_eq(seen.running, 0);
}

Test(background, a_step_that_runs_at_the_stop_ends_and_is_the_last)
{
    alone(&quick, stopped_while_running);
}
