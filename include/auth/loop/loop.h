/* loop.h — one thread's event loop: descriptors, timers, wake-ups from other threads.
 * Shape:   an epoll set; callbacks run on the loop's own stack and never wait.
 * Order:   within one wake: descriptors in order of `priority` (0 first), then due timers, then ready fibers,
 *          then the sleep hooks. Posts count as descriptors of the first priority. HTTP is watched with the
 *          last priority, so that what the database and the cache said (a revocation, above all) is known
 *          before the next request is looked at.
 * Units:   timers in monotonic milliseconds (clock_monotonic_ms); never early, up to a millisecond late.
 * Errors:  INTERNAL when the kernel refuses a descriptor; exhausted memory aborts.
 * Threads: everything here belongs to the loop's thread, but loop_post, loop_stop and loop_give_back, which any
 *          thread may call.
 * Source:  epoll(7), eventfd(2).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_LOOP_H
#define AUTH_LOOP_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "auth/base/result.h"

struct loop;

enum loop_priority { LOOP_FIRST, LOOP_MIDDLE, LOOP_LAST };

/* A watched descriptor; embedded in its owner, who keeps it alive until loop_unwatch. Zero before its first
 * use. */
struct watch {
    int fd;
    enum loop_priority priority;
    void (*ready)(struct watch *watch, uint32_t epoll_events);
    struct loop *loop; /* the loop's; NULL when not set */
};

/* A timer; embedded in its owner, who keeps it alive until it fires or is stopped. Zero before its first use.
 */
struct timer {
    int64_t due_ms;
    void (*due)(struct timer *timer); /* may start the timer again, or free its owner */
    struct loop *loop;
    size_t heap_index; /* the loop's; 0 when not set */
};

/* A call from another thread; embedded in its owner, who leaves it alone until `run` is called. */
struct post {
    void (*run)(struct post *post); /* may post it again, or free its owner */
    struct post *next;              /* the loop's */
};

/* INTERNAL if the kernel refuses. */
NODISCARD result loop_create(struct loop **ret_loop);
/* Accepts NULL. Not while it runs. Waits until all that was lent is given back; then clears the watches and
 * timers still set, forgets posts that have not run, and drops fibers that still wait without unwinding them.
 * Threads that post must have ended, save those that gave back. */
void loop_destroy(struct loop *loop);
/* Runs until loop_stop, on the calling thread; may be run again. Fibers still waiting are left to their
 * events. */
void loop_run(struct loop *loop);
/* From any thread: the current wake is finished, then loop_run returns. A stop before loop_run is not lost.
 */
void loop_stop(struct loop *loop);
/* The loop this thread runs, or NULL. */
struct loop *loop_self(void);

/* `epoll_events`: EPOLLIN, EPOLLOUT, EPOLLET as for epoll_ctl. */
NODISCARD result loop_watch(struct loop *loop, struct watch *watch, uint32_t epoll_events);
/* Other events for a watch that is set. */
void loop_rewatch(struct watch *watch, uint32_t epoll_events);
/* Safe within any callback: an event already fetched for the watch is dropped. Accepts a watch that is not
 * set, and one whose descriptor a library has closed behind our back, even if the number is in use again by
 * then. */
void loop_unwatch(struct watch *watch);

/* Sets or moves the timer to fire once at due_ms; started by a timer that fires, not before the next
 * millisecond. */
void loop_timer_start(struct loop *loop, struct timer *timer, int64_t due_ms);
/* Accepts a timer that is not set. */
void loop_timer_stop(struct timer *timer);

/* From any thread: run `post->run(post)` on the loop's stack soon. Posts of one thread keep their order. */
void loop_post(struct loop *loop, struct post *post);

/* A fiber hands something that stands on its stack to another thread, which posts when it has done its part and
 * gives back after that: until then loop_destroy keeps the stack and the loop. */
void loop_lend(struct loop *loop);
void loop_give_back(struct loop *loop);

/* Calls `hook(argument)` at the end of each wake, before the loop sleeps (buffers are flushed once there),
 * and once when loop_run begins. At most 8 hooks, all set before the loop runs. */
void loop_on_sleep(struct loop *loop, void (*hook)(void *argument), void *argument);

#endif
