// SPDX-License-Identifier: MIT
#include "auth/loop/signals.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "auth/base/clock.h"

static struct loop *loop;
static int seen[8];
static size_t seen_count;

static void create(void)
{
    cr_assert(is_ok(loop_create(&loop)));
    cr_assert(is_ok(signals_block()));
}

static void destroy(void)
{
    loop_destroy(loop);
}

TestSuite(signals, .init = create, .fini = destroy);

static void stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void run_for(int64_t ms)
{
    struct timer end = {.due = stop_loop};
    loop_timer_start(loop, &end, clock_monotonic_ms() + ms);
    loop_run(loop);
}

static void note(struct signals *signals, int signal_number)
{
    (void)signals;
    seen[seen_count++] = signal_number;
}

static void note_and_unwatch(struct signals *signals, int signal_number)
{
    note(signals, signal_number);
    signals_unwatch(signals);
}

Test(signals, a_blocked_signal_does_not_end_the_process)
{
    raise(SIGTERM);
    raise(SIGINT);
    raise(SIGHUP);
    run_for(2);
    cr_assert_eq(seen_count, 0);
}

Test(signals, writing_to_a_closed_pipe_does_not_end_the_process)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    cr_assert_lt(write(ends[1], "x", 1), 0);
}

Test(signals, unwatching_before_a_watch_is_harmless)
{
    struct signals signals = {.received = note};
    signals_unwatch(&signals);
}

Test(signals, each_signal_is_told_even_if_it_came_before_the_watch)
{
    struct signals signals = {.received = note};
    kill(getpid(), SIGHUP);
    cr_assert(is_ok(signals_watch(loop, &signals)));
    run_for(5);
    cr_assert_eq(seen_count, 1);
    cr_assert_eq(seen[0], SIGHUP);
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGINT);
    run_for(5);
    cr_assert_eq(seen_count, 3);
    cr_assert_eq(seen[1] + seen[2], SIGTERM + SIGINT);
    signals_unwatch(&signals);
}

Test(signals, the_callback_may_unwatch_and_hears_no_more)
{
    struct signals signals = {.received = note_and_unwatch};
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGHUP);
    cr_assert(is_ok(signals_watch(loop, &signals)));
    run_for(5);
    cr_assert_eq(seen_count, 1);
    signals_unwatch(&signals);
}
