// SPDX-License-Identifier: MIT
#include "auth/loop/offload.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ASKERS 200u

static struct offload *offload;

static void create(unsigned threads, unsigned queue_limit)
{
    const struct offload_options options = {
        .name = "test", .threads = threads, .queue_limit = queue_limit, .nice = 7};
    cr_assert(is_ok(offload_create(&options, &offload)));
}

static void succeed(void (*run)(struct fiber_job *job))
{
    struct fiber_job job = {.run = run};
    const result ended = fiber_run_alone(&job);
    cr_assert(is_ok(ended));
}

static void start(struct fiber_job *job)
{
    const result started = fiber_start(job);
    cr_assert(is_ok(started));
}

static void do_nothing(void *argument)
{
    (void)argument;
}

Test(offload, asking_outside_of_a_fiber_aborts, .signal = SIGABRT)
{
    create(1, 1);
    (void)!is_ok(offload_run(offload, do_nothing, NULL));
}

static sem_t gate;
static unsigned passed;

static void wait_at_gate(void *argument)
{
    (void)argument;
    /* Bounded, so that a queue that takes too much fails the test rather than hangs it. */
    struct timespec latest;
    clock_gettime(CLOCK_REALTIME, &latest);
    latest.tv_sec += 2;
    sem_timedwait(&gate, &latest);
}

static void ask_for_gate(struct fiber_job *job)
{
    (void)job;
    cr_assert(is_ok(offload_run(offload, wait_at_gate, NULL)));
    passed++;
}

static struct offload_counts counts(void)
{
    struct offload_counts figures;
    offload_counts(offload, &figures);
    return figures;
}

static void fill_queue(struct fiber_job *job)
{
    (void)job;
    struct fiber_job askers[3] = {{.run = ask_for_gate}, {.run = ask_for_gate}, {.run = ask_for_gate}};
    for (size_t i = 0; i < 3; i++) start(&askers[i]);
    while (counts().running < 1) fiber_sleep(1);
    cr_assert_eq(counts().queued, 2);
    cr_assert_eq(offload_run(offload, do_nothing, NULL).code, STATUS_OVERLOADED);
    cr_assert_eq(counts().refused, 1);
    for (size_t i = 0; i < 3; i++) sem_post(&gate);
    while (passed < 3) fiber_sleep(1);
    cr_assert(is_ok(offload_run(offload, do_nothing, NULL)));
}

Test(offload, a_full_queue_refuses_until_there_is_room)
{
    sem_init(&gate, 0, 0);
    create(1, 2);
    succeed(fill_queue);
    cr_assert_eq(counts().finished, 4);
    cr_assert_eq(counts().queued, 0);
    cr_assert_eq(counts().running, 0);
    offload_destroy(offload);
}

static void ask_without_queue(struct fiber_job *job)
{
    (void)job;
    struct fiber_job asker = {.run = ask_for_gate};
    start(&asker);
    cr_assert_eq(offload_run(offload, do_nothing, NULL).code, STATUS_OVERLOADED);
    sem_post(&gate);
    while (passed < 1) fiber_sleep(1);
}

Test(offload, without_a_queue_only_idle_threads_take_work)
{
    sem_init(&gate, 0, 0);
    create(1, 0);
    succeed(ask_without_queue);
    offload_destroy(offload);
}

static atomic_bool is_slow_work_done;

static void work_slowly(void *argument)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    nanosleep(&pause, NULL);
    *(bool *)argument = true;
    atomic_store(&is_slow_work_done, true);
}

static void ask_for_slow_work(struct fiber_job *job)
{
    (void)job;
    bool is_done = false; /* on the stack that is dropped */
    (void)!is_ok(offload_run(offload, work_slowly, &is_done));
}

static void leave_a_fiber_at_work(struct fiber_job *job)
{
    (void)job;
    static struct fiber_job asker = {.run = ask_for_slow_work};
    start(&asker);
    while (counts().running < 1) fiber_sleep(1);
}

Test(offload, a_loop_is_not_destroyed_under_work_its_fibers_asked_for)
{
    create(1, 1);
    succeed(leave_a_fiber_at_work);
    cr_assert(atomic_load(&is_slow_work_done));
    offload_destroy(offload);
}

struct look {
    pthread_t thread;
    char name[16];
    int nice;
    bool is_blocked;
    struct loop *loop;
};

static void look_around(void *argument)
{
    struct look *look = argument;
    sigset_t set;
    look->thread = pthread_self();
    pthread_getname_np(pthread_self(), look->name, sizeof look->name);
    look->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    look->is_blocked =
        sigismember(&set, SIGTERM) && sigismember(&set, SIGCHLD) && !sigismember(&set, SIGSEGV);
    look->loop = loop_self();
}

static void ask_for_look(struct fiber_job *job)
{
    (void)job;
    struct look look = {0};
    struct loop *loop = loop_self();
    const struct fiber *self = fiber_self();
    cr_assert(is_ok(offload_run(offload, look_around, &look)));
    cr_assert_not(pthread_equal(look.thread, pthread_self()));
    cr_assert_eq(fiber_self(), self);
    cr_assert_eq(loop_self(), loop);
    cr_assert_null(look.loop);
    cr_assert_str_eq(look.name, "test");
    cr_assert_eq(look.nice, 7);
    cr_assert(look.is_blocked);
}

Test(offload, work_runs_on_a_named_nice_thread_without_signals)
{
    create(1, 1);
    succeed(ask_for_look);
    offload_destroy(offload);
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    cr_assert_not(sigismember(&set, SIGTERM), "the maker's own mask stays");
}

struct asker {
    struct fiber_job job;
    unsigned number;
    unsigned sum;
};

static unsigned askers_ended;

static void add(void *argument)
{
    struct asker *asker = argument;
    asker->sum += asker->number;
}

static void asker_run(struct fiber_job *job)
{
    struct asker *asker = CONTAINER_OF(job, struct asker, job);
    for (unsigned i = 0; i < 20; i++) cr_assert(is_ok(offload_run(offload, add, asker)));
    cr_assert_eq(asker->sum, asker->number * 20);
}

static void asker_ended(struct fiber_job *job)
{
    (void)job;
    askers_ended++;
}

static void ask_much(struct fiber_job *job)
{
    (void)job;
    static struct asker askers[ASKERS];
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.job = {.run = asker_run, .ended = asker_ended}, .number = i};
        start(&askers[i].job);
    }
    while (askers_ended < ASKERS) fiber_sleep(1);
}

Test(offload, each_of_many_fibers_gets_its_own_answer)
{
    create(3, ASKERS);
    succeed(ask_much);
    cr_assert_eq(counts().finished, ASKERS * 20);
    cr_assert_eq(counts().refused, 0);
    offload_destroy(offload);
}

static char order[8];
static size_t order_count;

static void note_order(void *argument)
{
    order[order_count++] = *(const char *)argument;
}

struct letter {
    struct fiber_job job;
    char name;
};

static void letter_run(struct fiber_job *job)
{
    cr_assert(is_ok(offload_run(offload, note_order, &CONTAINER_OF(job, struct letter, job)->name)));
}

static void ask_in_order(struct fiber_job *job)
{
    (void)job;
    struct fiber_job blocker = {.run = ask_for_gate};
    struct letter letters[3] = {
        {{.run = letter_run}, 'a'}, {{.run = letter_run}, 'b'}, {{.run = letter_run}, 'c'}};
    start(&blocker);
    for (size_t i = 0; i < 3; i++) start(&letters[i].job);
    sem_post(&gate);
    while (counts().finished < 4) fiber_sleep(1);
    fiber_sleep(5);
}

Test(offload, work_is_done_in_the_order_it_was_asked_for)
{
    sem_init(&gate, 0, 0);
    create(1, 5);
    succeed(ask_in_order);
    cr_assert_str_eq(order, "abc");
    offload_destroy(offload);
}

static atomic_uint threads_done;

static void count_done(void)
{
    atomic_fetch_add(&threads_done, 1);
}

Test(offload, each_thread_tells_of_its_end)
{
    const struct offload_options options = {.name = "test", .threads = 4, .thread_done = count_done};
    cr_assert(is_ok(offload_create(&options, &offload)));
    offload_destroy(offload);
    cr_assert_eq(atomic_load(&threads_done), 4);
    offload_destroy(NULL);
}

static void *destroy_pool(void *argument)
{
    offload_destroy(argument);
    return NULL;
}

static void destroy_while_queued(struct fiber_job *job)
{
    (void)job;
    struct fiber_job askers[3] = {{.run = ask_for_gate}, {.run = ask_for_gate}, {.run = ask_for_gate}};
    pthread_t thread;
    for (size_t i = 0; i < 3; i++) start(&askers[i]);
    cr_assert_eq(pthread_create(&thread, NULL, destroy_pool, offload), 0);
    for (size_t i = 0; i < 3; i++) sem_post(&gate);
    while (passed < 3) fiber_sleep(1);
    pthread_join(thread, NULL);
}

Test(offload, destroying_the_pool_finishes_what_is_queued)
{
    sem_init(&gate, 0, 0);
    create(1, 5);
    succeed(destroy_while_queued);
    cr_assert_eq(passed, 3);
}
