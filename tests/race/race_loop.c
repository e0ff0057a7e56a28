// SPDX-License-Identifier: MIT
/* Several loops, posting threads and two pools at once, for ThreadSanitizer: what threads share in this module
 * is the posts, the stop, the pools' queues and the figures. Ends by itself; exits 1 if anything was lost. */
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/loop/offload.h"

#define LOOPS           3u
#define POSTERS         2u
#define FIBERS_PER_LOOP 40u
#define POSTS_IN_FLIGHT 16u
#define RUN_MS          2000
#define BRIEF_LOOPS_MAX 2000u

static struct offload *pools[2];
static struct loop *loops[LOOPS];
static atomic_bool is_over;
static atomic_ulong works;
static atomic_ulong refusals;
static atomic_ulong posts_sent;
static atomic_ulong posts_run;

static void require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "race_loop: %s\n", what);
    exit(1);
}

struct asker {
    struct fiber_job job;
    struct loop *loop;
    unsigned number;
    unsigned long sum; /* not atomic: handed over by the pool and the post alone */
    unsigned *living;
};

static void add_one(void *argument)
{
    struct asker *asker = argument;
    asker->sum++;
    atomic_fetch_add(&works, 1);
}

static void ask(struct fiber_job *job)
{
    struct asker *asker = CONTAINER_OF(job, struct asker, job);
    unsigned long expected = 0;
    while (!atomic_load(&is_over)) {
        const result done = offload_run(pools[(asker->number + expected) % 2], add_one, asker);
        require(is_ok(done) || done.code == STATUS_OVERLOADED, "an unexpected failure");
        if (is_ok(done)) expected++;
        if (!is_ok(done)) atomic_fetch_add(&refusals, 1);
        if (!is_ok(done) || expected % 64 == 0) fiber_sleep(1);
    }
    require(asker->sum == expected, "a work was lost or done twice");
    require(loop_self() == asker->loop, "a fiber has changed its loop");
}

static void asker_ended(struct fiber_job *job)
{
    struct asker *asker = CONTAINER_OF(job, struct asker, job);
    if (--*asker->living == 0) loop_stop(asker->loop);
}

struct loop_thread {
    struct post start;
    struct loop *loop;
    unsigned living;
    struct asker askers[FIBERS_PER_LOOP];
};

static void start_askers(struct post *start)
{
    struct loop_thread *thread = CONTAINER_OF(start, struct loop_thread, start);
    thread->living = FIBERS_PER_LOOP;
    for (unsigned i = 0; i < FIBERS_PER_LOOP; i++) {
        thread->askers[i] = (struct asker){.job = {.run = ask, .ended = asker_ended},
                                           .loop = thread->loop,
                                           .number = i,
                                           .living = &thread->living};
        require(is_ok(fiber_start(&thread->askers[i].job)), "no fiber");
    }
}

static void *loop_main(void *argument)
{
    struct loop_thread *thread = argument;
    thread->start.run = start_askers;
    loop_post(thread->loop, &thread->start);
    loop_run(thread->loop);
    return NULL;
}

struct ball {
    struct post post;
    atomic_bool is_home;
};

static void ball_run(struct post *post)
{
    atomic_fetch_add(&posts_run, 1);
    atomic_store(&CONTAINER_OF(post, struct ball, post)->is_home, true);
}

static void *poster_main(void *argument)
{
    struct ball *balls = argument;
    for (unsigned long i = 0; !atomic_load(&is_over); i++) {
        struct ball *ball = &balls[i % POSTS_IN_FLIGHT];
        if (!atomic_load(&ball->is_home)) continue;
        atomic_store(&ball->is_home, false);
        atomic_fetch_add(&posts_sent, 1);
        loop_post(loops[i % LOOPS], &ball->post);
    }
    return NULL;
}

static void ask_once(struct fiber_job *job)
{
    struct asker *asker = CONTAINER_OF(job, struct asker, job);
    const result done = offload_run(pools[0], add_one, asker);
    require(is_ok(done) || done.code == STATUS_OVERLOADED, "an unexpected failure");
}

/* Loops that end as soon as their work comes back, while the thread that posted it is on its way out. */
static void *brief_loops_main(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < BRIEF_LOOPS_MAX && !atomic_load(&is_over); i++) {
        struct asker asker = {.job.run = ask_once};
        require(is_ok(fiber_run_alone(&asker.job)), "no loop");
    }
    return NULL;
}

static void *watcher_main(void *argument)
{
    (void)argument;
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    while (!atomic_load(&is_over)) {
        struct offload_counts counts;
        offload_counts(pools[0], &counts);
        offload_counts(pools[1], &counts);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static pthread_t start_thread(void *(*run)(void *argument), void *argument)
{
    pthread_t thread;
    require(pthread_create(&thread, NULL, run, argument) == 0, "no thread");
    return thread;
}

static void open_all(struct loop_thread *threads)
{
    const struct offload_options wide = {.name = "wide", .threads = 3, .queue_limit = 1000};
    const struct offload_options narrow = {.name = "narrow", .threads = 1, .queue_limit = 8, .nice = 19};
    require(is_ok(offload_create(&wide, &pools[0])), "no pool");
    require(is_ok(offload_create(&narrow, &pools[1])), "no pool");
    for (unsigned i = 0; i < LOOPS; i++) {
        require(is_ok(loop_create(&loops[i])), "no loop");
        threads[i].loop = loops[i];
    }
}

static void run_all(struct loop_thread *threads, struct ball balls[POSTERS][POSTS_IN_FLIGHT])
{
    pthread_t loop_ids[LOOPS];
    pthread_t poster_ids[POSTERS];
    for (unsigned i = 0; i < LOOPS; i++) loop_ids[i] = start_thread(loop_main, &threads[i]);
    for (unsigned i = 0; i < POSTERS; i++) poster_ids[i] = start_thread(poster_main, balls[i]);
    const pthread_t brief = start_thread(brief_loops_main, NULL);
    const pthread_t watcher = start_thread(watcher_main, NULL);
    const struct timespec duration = {.tv_sec = RUN_MS / 1000};
    nanosleep(&duration, NULL);
    atomic_store(&is_over, true);
    for (unsigned i = 0; i < POSTERS; i++) pthread_join(poster_ids[i], NULL);
    for (unsigned i = 0; i < LOOPS; i++) pthread_join(loop_ids[i], NULL);
    pthread_join(brief, NULL);
    pthread_join(watcher, NULL);
}

static void stop_when_posted(struct post *post)
{
    (void)post;
    loop_stop(loop_self());
}

int main(void)
{
    static struct loop_thread threads[LOOPS];
    static struct ball balls[POSTERS][POSTS_IN_FLIGHT];
    for (unsigned i = 0; i < POSTERS * POSTS_IN_FLIGHT; i++) {
        struct ball *ball = &balls[i / POSTS_IN_FLIGHT][i % POSTS_IN_FLIGHT];
        ball->post.run = ball_run;
        atomic_store(&ball->is_home, true);
    }
    open_all(threads);
    run_all(threads, balls);
    offload_destroy(pools[0]);
    offload_destroy(pools[1]);
    for (unsigned i = 0; i < LOOPS; i++) {
        /* What was posted after the loop's last wake runs in one more. */
        struct post last = {.run = stop_when_posted};
        loop_post(loops[i], &last);
        loop_run(loops[i]);
        loop_destroy(loops[i]);
    }
    require(atomic_load(&posts_run) == atomic_load(&posts_sent), "a post was lost");
    printf("race_loop: %lu works, %lu refused, %lu posts\n", atomic_load(&works), atomic_load(&refusals),
           atomic_load(&posts_run));
    return 0;
}
