/* loop.h — one thread's event loop: descriptors, timers, wake-ups from other threads.
 * Shape:   an epoll set; callbacks run on the loop's own stack and never wait.
 * Order:   within one wake: descriptors in order of `priority` (0 first), then due timers, then ready fibers.
 *          HTTP is watched with the last priority, so that what the database and the cache said (a
 * revocation, above all) is known before the next request is looked at. Units:   timers in monotonic
 * milliseconds. Threads: everything here belongs to the loop's thread, but loop_post, which any thread may
 * call.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_LOOP_H
#define AUTH_LOOP_LOOP_H

#include <stdint.h>

#include "auth/base/result.h"

struct loop;

enum loop_priority { LOOP_FIRST, LOOP_MIDDLE, LOOP_LAST };

/* A watched descriptor; embedded in its owner, who keeps it alive until loop_unwatch. */
struct watch {
    int fd;
    enum loop_priority priority;
    void (*ready)(struct watch *watch, uint32_t epoll_events);
    struct loop *loop; /* set by loop_watch */
};

/* A timer; embedded in its owner, who keeps it alive until it fires or is stopped. */
struct timer {
    int64_t due_ms;
    void (*due)(struct timer *timer);
    struct loop *loop;
    size_t heap_index; /* the loop's; 0 when not set */
};

/* A call from another thread; embedded in its owner. */
struct post {
    void (*run)(struct post *post);
    struct post *next;
};

/* INTERNAL if the kernel refuses. */
NODISCARD result loop_create(struct loop **ret_loop);
void loop_destroy(struct loop *loop);
/* Runs until loop_stop; fibers still waiting are left to their events. */
void loop_run(struct loop *loop);
/* From any thread. */
void loop_stop(struct loop *loop);
/* The loop this thread runs, or NULL. */
struct loop *loop_self(void);

/* `epoll_events`: EPOLLIN, EPOLLOUT, EPOLLET as for epoll_ctl. */
NODISCARD result loop_watch(struct loop *loop, struct watch *watch, uint32_t epoll_events);
void loop_rewatch(struct watch *watch, uint32_t epoll_events);
/* Safe within any callback: an event already fetched for the watch is dropped. Accepts a watch that is not
 * set. */
void loop_unwatch(struct watch *watch);

/* Sets or moves the timer to fire once at due_ms (monotonic). */
void loop_timer_start(struct loop *loop, struct timer *timer, int64_t due_ms);
void loop_timer_stop(struct timer *timer);

/* From any thread: run `post->run(post)` on the loop's stack soon. */
void loop_post(struct loop *loop, struct post *post);

/* Calls `hook(argument)` at the end of each wake, before the loop sleeps (buffers are flushed once there).
 * The list is short and fixed at start. */
void loop_on_sleep(struct loop *loop, void (*hook)(void *argument), void *argument);

#endif
