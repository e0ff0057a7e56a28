// SPDX-License-Identifier: MIT
#include "auth/loop/offload.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"

#define THREADS_MAX 256u
#define NAME_SIZE   16u /* with NUL: the kernel's limit, pthread_setname_np(3) */
#define NICE_MAX    19

/* On the stack of the fiber that waits for it. */
struct work {
    void (*run)(void *argument);
    void *argument;
    struct work *next;
    struct loop *loop;
    struct post post;
    struct wait wait;
};

struct offload {
    char name[NAME_SIZE];
    int nice;
    void (*thread_done)(void);
    unsigned threads;
    unsigned pending_limit;       /* running and waiting together */
    _Atomic(struct work *) inbox; /* newest first; filled without a lock */
    sem_t tickets;             /* one for each work in inbox or in line, and one for each thread at the end */
    pthread_mutex_t line_lock; /* among the pool's threads only */
    struct work *line;         /* oldest first */
    atomic_uint pending;
    atomic_uint running;
    atomic_ulong finished;
    atomic_ulong refused;
    atomic_int_least64_t busy_us;
    pthread_t ids[];
};

static struct work *oldest_first(struct work *newest)
{
    struct work *oldest = NULL;
    while (newest != NULL) {
        struct work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* Called with a ticket in hand: NULL means that it was one of those given out at the end. */
static struct work *take(struct offload *offload)
{
    pthread_mutex_lock(&offload->line_lock);
    if (offload->line == NULL) offload->line = oldest_first(atomic_exchange(&offload->inbox, NULL));
    struct work *work = offload->line;
    if (work != NULL) offload->line = work->next;
    pthread_mutex_unlock(&offload->line_lock);
    return work;
}

static void come_back(struct post *post)
{
    wait_finish(&CONTAINER_OF(post, struct work, post)->wait);
}

static void perform(struct offload *offload, struct work *work)
{
    atomic_fetch_add(&offload->running, 1);
    const int64_t began_us = clock_monotonic_us();
    work->run(work->argument);
    atomic_fetch_add(&offload->busy_us, clock_monotonic_us() - began_us);
    atomic_fetch_add(&offload->finished, 1);
    atomic_fetch_sub(&offload->running, 1);
    atomic_fetch_sub(&offload->pending, 1);
    struct loop *loop = work->loop;
    /* From here on the fiber may go on, and the work, which stands on its stack, is gone. */
    loop_post(loop, &work->post);
    loop_give_back(loop);
}

static void *thread_main(void *argument)
{
    struct offload *offload = argument;
    (void)pthread_setname_np(pthread_self(), offload->name);
    /* On Linux this is the thread's own value (setpriority(2), "C library/kernel differences"). Lowering
     * one's priority is always allowed, so there is no failure to handle. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), offload->nice);
    for (;;) {
        while (sem_wait(&offload->tickets) != 0) assert(errno == EINTR);
        struct work *work = take(offload);
        if (work == NULL) break;
        perform(offload, work);
    }
    if (offload->thread_done != NULL) offload->thread_done();
    return NULL;
}

/* Signals are read by a loop (signals.h); those a thread sends itself by crashing stay open for the tools. */
static void signals_for_threads(sigset_t *ret_set)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    sigfillset(ret_set);
    for (size_t i = 0; i < ARRAY_COUNT(crashes); i++) sigdelset(ret_set, crashes[i]);
}

/* The number of threads that could be started. */
static unsigned start_threads(struct offload *offload, unsigned wanted)
{
    sigset_t blocked;
    sigset_t before;
    signals_for_threads(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    unsigned started = 0;
    while (started < wanted && pthread_create(&offload->ids[started], NULL, thread_main, offload) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

result offload_create(const struct offload_options *options, struct offload **ret_offload)
{
    assert(options->threads >= 1 && options->threads <= THREADS_MAX);
    assert(options->nice >= 0 && options->nice <= NICE_MAX);
    assert(strlen(options->name) < NAME_SIZE);
    struct offload *offload = calloc(1, sizeof *offload + options->threads * sizeof offload->ids[0]);
    if (offload == NULL) panic("no memory for the pool %s", options->name);
    memcpy(offload->name, options->name, strlen(options->name));
    offload->nice = options->nice;
    offload->thread_done = options->thread_done;
    offload->pending_limit = options->threads + options->queue_limit;
    sem_init(&offload->tickets, 0, 0);
    pthread_mutex_init(&offload->line_lock, NULL);
    offload->threads = start_threads(offload, options->threads);
    if (offload->threads < options->threads) {
        offload_destroy(offload);
        return RESULT(INTERNAL);
    }
    *ret_offload = offload;
    return RESULT_OK;
}

void offload_destroy(struct offload *offload)
{
    if (offload == NULL) return;
    for (unsigned i = 0; i < offload->threads; i++) sem_post(&offload->tickets);
    for (unsigned i = 0; i < offload->threads; i++) pthread_join(offload->ids[i], NULL);
    pthread_mutex_destroy(&offload->line_lock);
    sem_destroy(&offload->tickets);
    free(offload);
}

static void hand_over(struct offload *offload, struct work *work)
{
    struct work *newest = atomic_load(&offload->inbox);
    do {
        work->next = newest;
    } while (!atomic_compare_exchange_weak(&offload->inbox, &newest, work));
    if (sem_post(&offload->tickets) != 0) panic("the pool %s has too many tickets", offload->name);
}

result offload_run(struct offload *offload, void (*run)(void *argument), void *argument)
{
    if (fiber_self() == NULL) panic("a wait outside of a fiber");
    if (atomic_fetch_add(&offload->pending, 1) >= offload->pending_limit) {
        atomic_fetch_sub(&offload->pending, 1);
        atomic_fetch_add(&offload->refused, 1);
        return RESULT(OVERLOADED);
    }
    struct work work = {.run = run, .argument = argument, .loop = loop_self(), .post.run = come_back};
    loop_lend(work.loop);
    hand_over(offload, &work);
    fiber_wait(&work.wait);
    return RESULT_OK;
}

void offload_counts(struct offload *offload, struct offload_counts *ret_counts)
{
    const unsigned running = atomic_load(&offload->running);
    const unsigned pending = atomic_load(&offload->pending);
    *ret_counts = (struct offload_counts){
        .queued = pending > running ? pending - running : 0,
        .running = running,
        .finished = atomic_load(&offload->finished),
        .refused = atomic_load(&offload->refused),
        .busy_us = atomic_load(&offload->busy_us),
    };
}
