/* loop_internal.h — the parts of a loop, for the files of this module. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_LOOP_INTERNAL_H
#define AUTH_LOOP_LOOP_INTERNAL_H

#include <stdatomic.h>
#include <sys/epoll.h>

#include "auth/loop/fiber.h"
#include "auth/loop/loop.h"

/* More than the descriptors of a loop (HTTP, some twenty connections, two of its own), so one fetch sees all.
 */
#define LOOP_BATCH_MAX 256
#define LOOP_HOOKS_MAX 8u

/* A binary heap in slots[1] to slots[count]: the root is due first. */
struct timer_heap {
    struct timer **slots;
    size_t count;
    size_t capacity; /* slots that may be filled */
    int64_t now_ms;  /* what is due is judged by this while timers fire */
    bool is_firing;
};

struct fiber_pool {
    struct fiber *all;         /* every fiber made, for loop_destroy */
    struct fiber *warm;        /* at rest, stack as its last job left it; last in, first out */
    struct fiber *cold;        /* at rest, stack given back */
    struct fiber *ready_first; /* to go on in this order */
    struct fiber **ready_tail; /* where the next one is linked */
    struct fiber *running_now; /* NULL on the loop's stack */
    struct timer trim;         /* turns warm into cold */
    size_t limit;
    size_t in_use;
    size_t peak;
};

struct sleep_hook {
    void (*run)(void *argument);
    void *argument;
};

struct loop {
    int epoll_fd;
    struct watch wake; /* the eventfd */
    struct epoll_event batch[LOOP_BATCH_MAX];
    int batch_count;
    struct watch **by_fd; /* who holds the registration of each descriptor number */
    size_t fd_capacity;
    struct timer_heap timers;
    struct fiber_pool fibers;
    struct sleep_hook hooks[LOOP_HOOKS_MAX];
    size_t hook_count;
    /* Written by other threads, hence away from the lines above. */
    _Alignas(64) _Atomic(struct post *) posts; /* newest first */
    atomic_bool is_stopping;
    atomic_uint callers; /* lent and not given back, and threads within loop_post or loop_stop */
};

/* Milliseconds until the first timer is due, as epoll_wait takes them; -1 if none is set. */
int timers_wait_ms(const struct timer_heap *heap);
/* Fires what is due now; what a due timer starts fires in a later wake. */
void timers_run_due(struct timer_heap *heap);
void timers_done(struct timer_heap *heap);

void fibers_init(struct loop *loop);
void fibers_done(struct loop *loop);
bool has_ready_fibers(const struct loop *loop);
/* Runs the fibers that are ready now; those they make ready run in the next wake. */
void fibers_run_ready(struct loop *loop);

#endif
