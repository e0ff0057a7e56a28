/* fiber.h — a stack of its own for straight-line code that waits.
 * Shape:   128 KiB stacks with a guard page, pooled per loop; a fiber never changes its thread.
 * Waits:   fiber_wait and fiber_sleep only; code on the loop's own stack cannot wait: that is a bug and
 *          aborts.
 * Rules:   no mutex held across a wait; after a wait, loop-owned pointers, errno and static buffers are
 *          suspect; what waits lives on the fiber's stack, so a wait ends only by its event and is never
 *          unwound.
 * Residue: what an ended fiber left on its stack is given back to the kernel, and so reads as zeros, within a
 *          few seconds after. Secrets belong in an arena all the same: it is wiped with the request.
 * Threads: a loop's fibers are touched by its thread alone.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_FIBER_H
#define AUTH_LOOP_FIBER_H

#include "auth/loop/loop.h"

#define FIBER_STACK_BYTES   (128u * 1024u)
#define FIBER_LIMIT_DEFAULT 1024u

struct fiber;

/* One expected event, on the waiting fiber's stack; starts as `struct wait wait = {0}`. */
struct wait {
    struct fiber *fiber; /* NULL until somebody waits */
    bool is_done;
};

/* What runs, and what is told when it has ended; embedded in its owner. */
struct fiber_job {
    void (*run)(struct fiber_job *job); /* on the fiber's stack */
    /* On the loop's stack, or on the starter's if it never waited; may free the owner, or start another
     * fiber; may be NULL. */
    void (*ended)(struct fiber_job *job);
};

/* Runs the job at once on a fiber of this thread's loop until it first waits or ends: the starter goes on
 * then. A fiber may start another. Needs a running loop: from elsewhere, post a call that starts it.
 * OVERLOADED when the loop's fibers are all in use, or the kernel has no stack left: the job has not run
 * then. */
NODISCARD result fiber_start(struct fiber_job *job);
/* The most fibers a loop may have at once; set before the loop runs. */
void fiber_set_limit(struct loop *loop, size_t limit);

/* The running fiber, or NULL on the loop's own stack. */
struct fiber *fiber_self(void);

/* Parks the running fiber until wait_finish(wait); returns at once if that has happened already. */
void fiber_wait(struct wait *wait);
/* Ends the wait, once; the fiber goes on from the loop's ready queue, never in place. Loop thread only. */
void wait_finish(struct wait *wait);

/* Parks the running fiber for a time. */
void fiber_sleep(int64_t duration_ms);

/* Fibers of this loop: in use now, most ever in use. */
void fiber_counts(const struct loop *loop, size_t *ret_running, size_t *ret_peak);

/* Runs job on a fiber of a fresh loop and returns when it has ended: for commands and tests. Not from within
 * a running loop. Fibers the job started and left waiting are dropped. */
NODISCARD result fiber_run_alone(struct fiber_job *job);

#endif
