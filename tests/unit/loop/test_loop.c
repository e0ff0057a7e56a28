// SPDX-License-Identifier: MIT
#include "auth/loop/loop.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/loop/fiber.h"

#define POSTS 1000

static struct loop *loop;
static char steps[32];
static size_t step_count;

static void create(void)
{
    cr_assert(is_ok(loop_create(&loop)));
}

static void destroy(void)
{
    loop_destroy(loop);
}

TestSuite(loop, .init = create, .fini = destroy);

static void step(char name)
{
    if (step_count < sizeof steps - 1) steps[step_count++] = name;
}

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

struct source {
    struct watch watch;
    char name;
    struct source *victim;
    unsigned events;
};

/* An eventfd that is readable from the start. */
static struct source source_open(char name, enum loop_priority priority,
                                 void (*ready)(struct watch *watch, uint32_t epoll_events))
{
    const int fd = eventfd(1, EFD_NONBLOCK);
    cr_assert_geq(fd, 0);
    return (struct source){.watch = {.fd = fd, .priority = priority, .ready = ready}, .name = name};
}

static void watch(struct source *source, uint32_t epoll_events)
{
    const result watched = loop_watch(loop, &source->watch, epoll_events);
    cr_assert(is_ok(watched));
}

static void note(struct watch *watched, uint32_t epoll_events)
{
    (void)epoll_events;
    struct source *source = CONTAINER_OF(watched, struct source, watch);
    source->events++;
    step(source->name);
    loop_unwatch(watched);
}

static void note_and_unwatch_victim(struct watch *watched, uint32_t epoll_events)
{
    loop_unwatch(&CONTAINER_OF(watched, struct source, watch)->victim->watch);
    note(watched, epoll_events);
}

Test(loop, a_bad_descriptor_is_refused)
{
    struct watch none = {.fd = -1, .ready = note};
    struct watch closed = {.fd = 1000, .ready = note};
    struct watch file = {.fd = STDERR_FILENO, .ready = note};
    int ends[2];
    cr_assert_eq(loop_watch(loop, &none, EPOLLIN).code, STATUS_INTERNAL);
    cr_assert_eq(loop_watch(loop, &closed, EPOLLIN).code, STATUS_INTERNAL);
    cr_assert_null(closed.loop);
    cr_assert_eq(pipe(ends), 0);
    file.fd = ends[0];
    struct watch twice = file;
    cr_assert(is_ok(loop_watch(loop, &file, EPOLLIN)));
    cr_assert_eq(loop_watch(loop, &twice, EPOLLIN).code, STATUS_INTERNAL);
    loop_unwatch(&twice);
    loop_unwatch(&file);
}

Test(loop, an_event_already_fetched_for_an_unwatched_descriptor_is_dropped)
{
    struct source victim = source_open('v', LOOP_LAST, note);
    struct source first = source_open('f', LOOP_FIRST, note_and_unwatch_victim);
    first.victim = &victim;
    watch(&victim, EPOLLIN);
    watch(&first, EPOLLIN);
    run_for(5);
    cr_assert_str_eq(steps, "f");
    cr_assert_null(victim.watch.loop);
}

static void replace_victim(struct watch *watched, uint32_t epoll_events)
{
    struct source *victim = CONTAINER_OF(watched, struct source, watch)->victim;
    note_and_unwatch_victim(watched, epoll_events);
    victim->name = 'w';
    watch(victim, EPOLLIN);
}

Test(loop, a_watch_set_anew_in_a_callback_hears_of_its_event_in_the_next_wake)
{
    struct source victim = source_open('v', LOOP_LAST, note);
    struct source first = source_open('f', LOOP_FIRST, replace_victim);
    struct source last = source_open('l', LOOP_LAST, note);
    first.victim = &victim;
    watch(&victim, EPOLLIN);
    watch(&first, EPOLLIN);
    watch(&last, EPOLLIN);
    run_for(5);
    cr_assert_str_eq(steps, "flw");
}

Test(loop, unwatching_what_is_not_watched_is_harmless)
{
    struct source source = source_open('s', LOOP_FIRST, note);
    loop_unwatch(&source.watch);
    watch(&source, EPOLLIN);
    loop_unwatch(&source.watch);
    loop_unwatch(&source.watch);
    run_for(2);
    cr_assert_eq(source.events, 0);
}

Test(loop, a_descriptor_closed_and_used_again_is_left_alone_by_its_former_watch)
{
    struct source old = source_open('o', LOOP_FIRST, note);
    watch(&old, EPOLLIN);
    close(old.watch.fd);
    struct source new = source_open('n', LOOP_FIRST, note);
    cr_assert_eq(new.watch.fd, old.watch.fd, "the lowest free number is used again");
    watch(&new, EPOLLIN);
    loop_rewatch(&old.watch, 0);
    loop_unwatch(&old.watch);
    run_for(2);
    cr_assert_str_eq(steps, "n");
}

Test(loop, unwatching_a_descriptor_that_was_closed_is_harmless)
{
    struct source source = source_open('s', LOOP_FIRST, note);
    watch(&source, EPOLLIN);
    close(source.watch.fd);
    loop_rewatch(&source.watch, EPOLLOUT);
    loop_unwatch(&source.watch);
    run_for(2);
    cr_assert_eq(source.events, 0);
}

Test(loop, rewatch_changes_the_events)
{
    struct source source = source_open('s', LOOP_FIRST, note);
    watch(&source, 0);
    run_for(2);
    cr_assert_eq(source.events, 0);
    loop_rewatch(&source.watch, EPOLLOUT);
    run_for(2);
    cr_assert_eq(source.events, 1);
}

static void fiber_step(struct fiber_job *job)
{
    (void)job;
    struct wait wait = {0};
    wait_finish(&wait);
    step('s');
    fiber_sleep(0);
    step('g');
}

static struct fiber_job stepping = {.run = fiber_step};

static void start_fiber(struct post *post)
{
    (void)post;
    step('p');
    cr_assert(is_ok(fiber_start(&stepping)));
}

static void timer_step(struct timer *timer)
{
    (void)timer;
    step('t');
}

static void hook_step(void *argument)
{
    (void)argument;
    if (step_count == 0 || steps[step_count - 1] != 'h') step('h');
}

Test(loop, one_wake_runs_descriptors_by_priority_then_timers_then_fibers_then_hooks)
{
    struct source last = source_open('3', LOOP_LAST, note);
    struct source middle = source_open('2', LOOP_MIDDLE, note);
    struct source first = source_open('1', LOOP_FIRST, note);
    struct post post = {.run = start_fiber};
    struct timer timer = {.due = timer_step};
    loop_on_sleep(loop, hook_step, NULL);
    loop_post(loop, &post);
    watch(&last, EPOLLIN);
    watch(&middle, EPOLLIN);
    watch(&first, EPOLLIN);
    loop_timer_start(loop, &timer, 0);
    run_for(5);
    /* The fiber's timer of 0 ms was started before the timers ran. */
    cr_assert_str_eq(steps, "hps123tgh");
}

static void *run_loop(void *argument)
{
    loop_run(argument);
    return NULL;
}

struct numbered_post {
    struct post post;
    int number;
};

static int next_number;

static void expect_order(struct post *post)
{
    cr_assert_eq(CONTAINER_OF(post, struct numbered_post, post)->number, next_number);
    cr_assert_eq(loop_self(), loop);
    next_number++;
    if (next_number == POSTS) loop_stop(loop);
}

Test(loop, posts_of_one_thread_run_in_order_on_the_loops_thread)
{
    static struct numbered_post posts[POSTS];
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, loop), 0);
    for (int i = 0; i < POSTS; i++) {
        posts[i] = (struct numbered_post){.post.run = expect_order, .number = i};
        loop_post(loop, &posts[i].post);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(next_number, POSTS);
}

static void post_again(struct post *post)
{
    next_number++;
    if (next_number == 3) loop_stop(loop);
    if (next_number < 3) loop_post(loop, post);
}

Test(loop, a_post_may_post_itself_again)
{
    struct post post = {.run = post_again};
    loop_post(loop, &post);
    loop_run(loop);
    cr_assert_eq(next_number, 3);
}

Test(loop, a_stop_before_the_run_is_not_lost_and_the_loop_runs_again)
{
    loop_stop(loop);
    loop_run(loop);
    cr_assert_null(loop_self());
    run_for(2);
}

Test(loop, a_stop_wakes_a_loop_that_sleeps)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, loop), 0);
    usleep(20 * 1000);
    loop_stop(loop);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}

static unsigned wakes;

static void count_wake(void *argument)
{
    (void)argument;
    wakes++;
}

Test(loop, a_loop_with_nothing_to_do_sleeps)
{
    loop_on_sleep(loop, count_wake, NULL);
    run_for(50);
    cr_assert_leq(wakes, 4);
}

Test(loop, destroying_the_loop_clears_its_watches)
{
    struct loop *brief = NULL;
    cr_assert(is_ok(loop_create(&brief)));
    struct source source = source_open('s', LOOP_FIRST, note);
    cr_assert(is_ok(loop_watch(brief, &source.watch, EPOLLIN)));
    loop_destroy(brief);
    cr_assert_null(source.watch.loop);
    loop_unwatch(&source.watch);
    loop_destroy(NULL);
}
