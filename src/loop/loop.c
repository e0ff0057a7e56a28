// SPDX-License-Identifier: MIT
#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "loop_internal.h"

#define FD_FIRST_CAPACITY 64u
#define LENT_LOOK_NS      100000

static _Thread_local struct loop *this_thread_loop;

struct loop *loop_self(void)
{
    return this_thread_loop;
}

/* The newest post comes first in the stack; what was posted first shall run first. */
static struct post *reverse(struct post *newest)
{
    struct post *oldest = NULL;
    while (newest != NULL) {
        struct post *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void run_posts(struct watch *watch, uint32_t epoll_events)
{
    (void)epoll_events;
    struct post *post = reverse(atomic_exchange(&watch->loop->posts, NULL));
    while (post != NULL) {
        struct post *next = post->next;
        post->run(post);
        post = next;
    }
}

/* Edge-triggered: each write wakes the loop once and the counter is never read; at one write a nanosecond it
 * would last for 584 years. */
static void wake(struct loop *loop)
{
    const uint64_t one = 1;
    while (write(loop->wake.fd, &one, sizeof one) < 0) {
        if (errno != EINTR) panic("cannot wake a loop: errno %d", errno);
    }
}

void loop_post(struct loop *loop, struct post *post)
{
    loop_lend(loop);
    struct post *newest = atomic_load(&loop->posts);
    do {
        post->next = newest;
    } while (!atomic_compare_exchange_weak(&loop->posts, &newest, post));
    /* Whoever found the stack empty has woken the loop, which has not taken the stack since. */
    if (newest == NULL) wake(loop);
    loop_give_back(loop);
}

void loop_lend(struct loop *loop)
{
    atomic_fetch_add(&loop->callers, 1);
}

void loop_give_back(struct loop *loop)
{
    atomic_fetch_sub(&loop->callers, 1);
}

void loop_stop(struct loop *loop)
{
    loop_lend(loop);
    atomic_store(&loop->is_stopping, true);
    wake(loop);
    loop_give_back(loop);
}

static result open_descriptors(struct loop *loop)
{
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->wake.priority = LOOP_FIRST;
    loop->wake.ready = run_posts;
    REQUIRE(loop->epoll_fd >= 0 && loop->wake.fd >= 0, INTERNAL);
    return loop_watch(loop, &loop->wake, EPOLLIN | EPOLLET);
}

result loop_create(struct loop **ret_loop)
{
    struct loop *loop = aligned_alloc(_Alignof(struct loop), sizeof *loop);
    if (loop == NULL) panic("no memory for a loop");
    memset(loop, 0, sizeof *loop);
    fibers_init(loop);
    const result opened = open_descriptors(loop);
    if (!is_ok(opened)) {
        loop_destroy(loop);
        return opened;
    }
    *ret_loop = loop;
    return RESULT_OK;
}

/* A thread may still work on what stands on a fiber's stack, or be on its way out of loop_post. */
static void wait_for_callers(const struct loop *loop)
{
    const struct timespec pause = {.tv_nsec = LENT_LOOK_NS};
    while (atomic_load(&loop->callers) != 0) nanosleep(&pause, NULL);
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) return;
    assert(this_thread_loop != loop);
    wait_for_callers(loop);
    for (size_t fd = 0; fd < loop->fd_capacity; fd++) {
        if (loop->by_fd[fd] != NULL) loop->by_fd[fd]->loop = NULL;
    }
    free(loop->by_fd);
    /* Timers first: that of a sleeping fiber stands on its stack. */
    timers_done(&loop->timers);
    fibers_done(loop);
    if (loop->wake.fd >= 0) close(loop->wake.fd);
    if (loop->epoll_fd >= 0) close(loop->epoll_fd);
    free(loop);
}

static void by_fd_reserve(struct loop *loop, size_t fd)
{
    if (fd < loop->fd_capacity) return;
    size_t capacity = loop->fd_capacity == 0 ? FD_FIRST_CAPACITY : loop->fd_capacity;
    while (capacity <= fd) capacity *= 2;
    struct watch **by_fd = reallocarray(loop->by_fd, capacity, sizeof(struct watch *));
    if (by_fd == NULL) panic("no memory to watch descriptor %zu", fd);
    for (size_t i = loop->fd_capacity; i < capacity; i++) by_fd[i] = NULL;
    loop->by_fd = by_fd;
    loop->fd_capacity = capacity;
}

result loop_watch(struct loop *loop, struct watch *watch, uint32_t epoll_events)
{
    assert(watch->loop == NULL);
    REQUIRE(watch->fd >= 0, INTERNAL);
    const size_t fd = (size_t)watch->fd;
    by_fd_reserve(loop, fd);
    struct epoll_event event = {.events = epoll_events, .data.ptr = watch};
    REQUIRE(epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0, INTERNAL);
    /* Another watch may stand here: its descriptor was closed by a library, which took the registration with
     * it, and the number is used again. From now on that watch is deaf, and must not touch this registration.
     */
    loop->by_fd[fd] = watch;
    watch->loop = loop;
    return RESULT_OK;
}

static bool is_registered(const struct watch *watch)
{
    return watch->loop->by_fd[watch->fd] == watch;
}

void loop_rewatch(struct watch *watch, uint32_t epoll_events)
{
    assert(watch->loop != NULL);
    if (!is_registered(watch)) return;
    struct epoll_event event = {.events = epoll_events, .data.ptr = watch};
    /* Fails only when the descriptor was closed, of which its owner learns from the library that closed it.
     */
    (void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

static void drop_fetched(struct loop *loop, const struct watch *watch)
{
    for (int i = 0; i < loop->batch_count; i++) {
        if (loop->batch[i].data.ptr == watch) loop->batch[i].data.ptr = NULL;
    }
}

void loop_unwatch(struct watch *watch)
{
    struct loop *loop = watch->loop;
    if (loop == NULL) return;
    drop_fetched(loop, watch);
    if (is_registered(watch)) {
        loop->by_fd[watch->fd] = NULL;
        /* Fails only when the descriptor was closed, which has removed it from the set. */
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    }
    watch->loop = NULL;
}

void loop_on_sleep(struct loop *loop, void (*hook)(void *argument), void *argument)
{
    assert(loop->hook_count < LOOP_HOOKS_MAX);
    loop->hooks[loop->hook_count++] = (struct sleep_hook){hook, argument};
}

static void run_hooks(const struct loop *loop)
{
    for (size_t i = 0; i < loop->hook_count; i++) loop->hooks[i].run(loop->hooks[i].argument);
}

static void fetch(struct loop *loop)
{
    const int wait_ms = has_ready_fibers(loop) ? 0 : timers_wait_ms(&loop->timers);
    const int count = epoll_wait(loop->epoll_fd, loop->batch, LOOP_BATCH_MAX, wait_ms);
    if (count < 0 && errno != EINTR) panic("epoll_wait: errno %d", errno);
    loop->batch_count = count < 0 ? 0 : count;
}

static void dispatch(struct loop *loop, enum loop_priority priority)
{
    for (int i = 0; i < loop->batch_count; i++) {
        struct watch *watch = loop->batch[i].data.ptr;
        if (watch == NULL || watch->priority != priority) continue;
        loop->batch[i].data.ptr = NULL;
        watch->ready(watch, loop->batch[i].events);
    }
}

void loop_run(struct loop *loop)
{
    assert(this_thread_loop == NULL);
    this_thread_loop = loop;
    run_hooks(loop);
    while (!atomic_load(&loop->is_stopping)) {
        fetch(loop);
        for (enum loop_priority priority = LOOP_FIRST; priority <= LOOP_LAST; priority++) {
            dispatch(loop, priority);
        }
        loop->batch_count = 0;
        timers_run_due(&loop->timers);
        fibers_run_ready(loop);
        run_hooks(loop);
    }
    atomic_store(&loop->is_stopping, false);
    this_thread_loop = NULL;
}
