/* fiber.h — a stack of its own for straight-line code that waits.
 * Shape:   128 KiB stacks with a guard page, pooled per loop; a fiber never changes its thread.
 * Waits:   fiber_wait only; it asserts that a fiber is running, so code on the loop's own stack cannot wait.
 * Rules:   no mutex held across a wait; after a wait, loop-owned pointers, errno and static buffers are
 * suspect; what waits lives on the fiber's stack, so a wait ends only by its event and is never unwound.
 * Threads: a loop's fibers are touched by its thread alone.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_FIBER_H
#define AUTH_LOOP_FIBER_H

#include "auth/loop/loop.h"

#define FIBER_STACK_BYTES (128u * 1024u)

struct fiber;

/* One expected event, on the waiting fiber's stack. */
struct wait {
    struct fiber *fiber; /* NULL until somebody waits */
    bool is_done;
};

/* What runs, and what is told when it has ended; embedded in its owner. */
struct fiber_job {
    void (*run)(struct fiber_job *job); /* on the fiber's stack */
    void (*ended)(
        struct fiber_job *job); /* on the loop's stack (or the starter's, if it never waited); may be NULL */
};

/* Runs the job at once on a fiber of this thread's loop until it first waits or ends.
 * OVERLOADED when the loop's fibers are all in use. */
NODISCARD result fiber_start(struct fiber_job *job);
/* The most fibers a loop may have at once; set before the loop runs. */
void fiber_set_limit(struct loop *loop, size_t limit);

/* The running fiber, or NULL on the loop's own stack. */
struct fiber *fiber_self(void);

/* Parks the running fiber until wait_finish(wait). */
void fiber_wait(struct wait *wait);
/* Ends the wait; the fiber goes on from the loop's ready queue, never in place. Loop thread only. */
void wait_finish(struct wait *wait);

/* Parks the running fiber for a time. */
void fiber_sleep(int64_t duration_ms);

/* Fibers of this loop: in use now, most ever in use. */
void fiber_counts(const struct loop *loop, size_t *ret_running, size_t *ret_peak);

/* Runs job on a fiber of a fresh loop and returns when it has ended: for commands and tests. */
NODISCARD result fiber_run_alone(struct fiber_job *job);

#endif
