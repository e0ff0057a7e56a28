// SPDX-License-Identifier: MIT
#include "auth/loop/fiber.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/clock.h"

#define FIBERS_IN_A_ROW 10000u
#define FIBERS_AT_ONCE  900u
#define DEEP_BYTES      (64u * 1024u)

static void succeed(struct fiber_job *job)
{
    const result ended = fiber_run_alone(job);
    cr_assert(is_ok(ended));
}

static void start(struct fiber_job *job)
{
    const result started = fiber_start(job);
    cr_assert(is_ok(started));
}

Test(fiber, a_wait_on_the_loops_own_stack_aborts, .signal = SIGABRT)
{
    struct wait wait = {0};
    fiber_wait(&wait);
}

Test(fiber, a_sleep_outside_of_a_fiber_aborts, .signal = SIGABRT)
{
    fiber_sleep(1);
}

static void do_nothing(struct fiber_job *job)
{
    (void)job;
}

Test(fiber, a_start_outside_of_a_running_loop_aborts, .signal = SIGABRT)
{
    struct fiber_job job = {.run = do_nothing};
    (void)!is_ok(fiber_start(&job));
}

static void wait_in_callback(struct timer *timer)
{
    (void)timer;
    struct wait wait = {0};
    fiber_wait(&wait);
}

Test(fiber, a_wait_in_a_callback_of_the_loop_aborts, .signal = SIGABRT)
{
    struct loop *loop = NULL;
    cr_assert(is_ok(loop_create(&loop)));
    struct timer timer = {.due = wait_in_callback};
    loop_timer_start(loop, &timer, 0);
    loop_run(loop);
}

static void finish_twice(struct fiber_job *job)
{
    (void)job;
    struct wait wait = {0};
    wait_finish(&wait);
    wait_finish(&wait);
}

Test(fiber, a_wait_that_is_finished_twice_aborts, .signal = SIGABRT)
{
    struct fiber_job job = {.run = finish_twice};
    (void)!is_ok(fiber_run_alone(&job));
}

static struct {
    struct wait *parked;
    int ran;
    int ended;
} limited;

static void park(struct fiber_job *job)
{
    (void)job;
    struct wait wait = {0};
    limited.ran++;
    limited.parked = &wait;
    fiber_wait(&wait);
}

static void note_end(struct fiber_job *job)
{
    (void)job;
    limited.ended++;
}

static void exceed_limit(struct fiber_job *job)
{
    (void)job;
    fiber_set_limit(loop_self(), 2);
    struct fiber_job first = {.run = park, .ended = note_end};
    struct fiber_job second = {.run = park, .ended = note_end};
    start(&first);
    cr_assert_eq(fiber_start(&second).code, STATUS_OVERLOADED);
    cr_assert_eq(limited.ran, 1, "a refused job must not have run");
    wait_finish(limited.parked);
    fiber_sleep(1);
    cr_assert_eq(limited.ended, 1);
    start(&second);
    cr_assert_eq(limited.ran, 2);
    wait_finish(limited.parked);
    fiber_sleep(1);
    cr_assert_eq(limited.ended, 2);
}

Test(fiber, more_fibers_than_the_limit_are_refused_until_one_ends)
{
    succeed(&(struct fiber_job){.run = exceed_limit});
}

/* An address in the first frame of the fiber: within a page or two of the top of its stack. */
static uintptr_t near_top;
static volatile unsigned depth_limit = UINT_MAX;

/* Adds after the call, so that it is a real recursion. */
static unsigned recurse(unsigned depth)
{
    volatile unsigned char frame[512];
    if (depth == depth_limit) return 0;
    frame[depth % sizeof frame] = (unsigned char)depth;
    return recurse(depth + 1) + frame[depth % sizeof frame];
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t address = (uintptr_t)info->si_addr;
    const uintptr_t lowest = near_top - FIBER_STACK_BYTES - page;
    const bool is_guard = address >= lowest && address < lowest + 3 * page;
    _exit(number == SIGSEGV && is_guard ? 42 : 1);
}

static void overflow_stack(struct fiber_job *job)
{
    (void)job;
    near_top = (uintptr_t)__builtin_frame_address(0);
    cr_assert_neq(recurse(0), 1);
}

Test(fiber, an_overflow_of_the_stack_hits_the_guard_page, .exit_code = 42)
{
    static char signal_stack[64 * 1024];
    const stack_t alternate = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    cr_assert_eq(sigaltstack(&alternate, NULL), 0);
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    succeed(&(struct fiber_job){.run = overflow_stack});
}

static struct {
    char steps[16];
    size_t count;
    struct wait wait;
} order;

static void step(char name)
{
    order.steps[order.count++] = name;
}

static void expect_steps(const char *expected)
{
    cr_assert_str_eq(order.steps, expected);
}

static void inner_run(struct fiber_job *job)
{
    (void)job;
    step('b');
    fiber_wait(&order.wait);
    step('d');
}

static void inner_ended(struct fiber_job *job)
{
    (void)job;
    cr_assert_null(fiber_self());
    step('e');
}

static void outer_run(struct fiber_job *job)
{
    (void)job;
    const struct fiber *self = fiber_self();
    struct fiber_job inner = {.run = inner_run, .ended = inner_ended};
    step('a');
    start(&inner);
    cr_assert_eq(fiber_self(), self);
    wait_finish(&order.wait);
    step('c');
    fiber_sleep(1);
    step('f');
}

Test(fiber, a_started_fiber_runs_until_it_waits_and_goes_on_from_the_ready_queue)
{
    succeed(&(struct fiber_job){.run = outer_run});
    expect_steps("abcdef");
}

static void brief_run(struct fiber_job *job)
{
    (void)job;
    step('r');
}

static void brief_ended(struct fiber_job *job)
{
    (void)job;
    step('e');
}

static void start_brief(struct fiber_job *job)
{
    (void)job;
    struct fiber_job brief = {.run = brief_run, .ended = brief_ended};
    start(&brief);
    step('x');
}

Test(fiber, a_fiber_that_never_waits_has_ended_when_its_start_returns)
{
    succeed(&(struct fiber_job){.run = start_brief});
    expect_steps("rex");
}

static void wait_for_the_past(struct fiber_job *job)
{
    (void)job;
    struct wait wait = {0};
    wait_finish(&wait);
    fiber_wait(&wait);
    step('p');
}

Test(fiber, a_wait_whose_event_has_come_already_does_not_park)
{
    succeed(&(struct fiber_job){.run = wait_for_the_past});
    expect_steps("p");
}

struct chain {
    struct fiber_job job;
    uintptr_t stack;
    unsigned left;
    unsigned stacks_seen;
};

static void chain_run(struct fiber_job *job)
{
    struct chain *chain = CONTAINER_OF(job, struct chain, job);
    const uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
    if (chain->stack != stack) chain->stacks_seen++;
    chain->stack = stack;
}

static void run_many(struct fiber_job *job)
{
    (void)job;
    struct chain chain = {.job.run = chain_run};
    for (unsigned i = 0; i < FIBERS_IN_A_ROW; i++) start(&chain.job);
    size_t in_use = 0;
    size_t peak = 0;
    fiber_counts(loop_self(), &in_use, &peak);
    cr_assert_eq(chain.stacks_seen, 1);
    cr_assert_eq(in_use, 1);
    cr_assert_eq(peak, 2);
}

Test(fiber, ten_thousand_fibers_one_after_another_use_one_stack)
{
    succeed(&(struct fiber_job){.run = run_many});
}

static void chain_next(struct fiber_job *job)
{
    struct chain *chain = CONTAINER_OF(job, struct chain, job);
    if (--chain->left > 0) start(job);
}

static void chain_of_ends(struct fiber_job *job)
{
    (void)job;
    struct chain chain = {.job = {.run = chain_run, .ended = chain_next}, .left = 100};
    start(&chain.job);
    cr_assert_eq(chain.left, 0);
    cr_assert_eq(chain.stacks_seen, 1);
}

Test(fiber, the_end_of_a_fiber_may_start_the_next_on_its_stack)
{
    succeed(&(struct fiber_job){.run = chain_of_ends});
}

struct sleeper {
    struct fiber_job job;
    unsigned number;
    unsigned *ended;
};

static unsigned fill_and_sleep(unsigned number)
{
    volatile unsigned frame[256];
    for (unsigned i = 0; i < 256; i++) frame[i] = number + i;
    fiber_sleep(1 + number % 20);
    unsigned wrong = 0;
    for (unsigned i = 0; i < 256; i++) wrong += frame[i] != number + i;
    return wrong;
}

static void sleeper_run(struct fiber_job *job)
{
    struct sleeper *sleeper = CONTAINER_OF(job, struct sleeper, job);
    for (unsigned round = 0; round < 3; round++) cr_assert_eq(fill_and_sleep(sleeper->number), 0);
    ++*sleeper->ended;
}

static void sleep_all(struct fiber_job *job)
{
    (void)job;
    static struct sleeper sleepers[FIBERS_AT_ONCE];
    unsigned ended = 0;
    for (unsigned i = 0; i < FIBERS_AT_ONCE; i++) {
        sleepers[i] = (struct sleeper){.job.run = sleeper_run, .number = i, .ended = &ended};
        start(&sleepers[i].job);
    }
    while (ended < FIBERS_AT_ONCE) fiber_sleep(5);
    size_t in_use = 0;
    size_t peak = 0;
    fiber_counts(loop_self(), &in_use, &peak);
    cr_assert_eq(in_use, 1);
    cr_assert_eq(peak, FIBERS_AT_ONCE + 1);
}

Test(fiber, nine_hundred_fibers_at_once_keep_their_own_stacks)
{
    succeed(&(struct fiber_job){.run = sleep_all});
}

static void sleep_a_while(struct fiber_job *job)
{
    (void)job;
    const int64_t began_ms = clock_monotonic_ms();
    fiber_sleep(30);
    cr_assert_geq(clock_monotonic_ms() - began_ms, 30);
}

Test(fiber, a_sleep_is_never_short)
{
    succeed(&(struct fiber_job){.run = sleep_a_while});
}

static uintptr_t residue;

/* Its frame is on the true stack even where AddressSanitizer keeps frames elsewhere. */
__attribute__((no_sanitize("address"))) static void leave_residue(struct fiber_job *job)
{
    (void)job;
    unsigned char password[DEEP_BYTES];
    memset(password, 'p', sizeof password);
    residue = (uintptr_t)password;
    __asm__ volatile("" : : "r"(password) : "memory");
}

__attribute__((no_sanitize("address"))) static unsigned residue_left(void)
{
    const unsigned char *stack = (const unsigned char *)residue;
    unsigned left = 0;
    for (size_t i = 0; i < DEEP_BYTES; i += 64) left += stack[i] == 'p';
    return left;
}

static void look_at_residue(struct fiber_job *job)
{
    (void)job;
    struct fiber_job leaving = {.run = leave_residue};
    start(&leaving);
    cr_assert_gt(residue_left(), DEEP_BYTES / 64 / 2, "or the test looks at the wrong place");
    fiber_sleep(1500);
    cr_assert_eq(residue_left(), 0);
    /* And the stack serves again. */
    start(&leaving);
    cr_assert_gt(residue_left(), DEEP_BYTES / 64 / 2);
}

Test(fiber, what_an_ended_fiber_left_on_its_stack_is_gone_soon_after)
{
    succeed(&(struct fiber_job){.run = look_at_residue});
}

static void leave_one_waiting(struct fiber_job *job)
{
    (void)job;
    static struct fiber_job parked = {.run = park};
    start(&parked);
}

Test(fiber, fibers_still_waiting_are_dropped_with_their_loop)
{
    succeed(&(struct fiber_job){.run = leave_one_waiting});
    cr_assert_eq(limited.ran, 1);
}
