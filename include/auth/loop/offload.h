/* offload.h — threads for work that blocks: hashing, files, names.
 * Shape:   a pool of threads and a bounded queue; the fiber that asks parks and goes on in its own loop.
 * Order:   first come, first served. The loop's side takes no lock, so a thread at nice 19 that was put aside
 *          in the middle of the queue never holds up the loop.
 * Errors:  OVERLOADED when the queue is full: the caller answers 503 with Retry-After. INTERNAL at creation.
 * Threads: offload_run from a fiber of any loop; signals other than those of crashes are blocked in the pool.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_OFFLOAD_H
#define AUTH_LOOP_OFFLOAD_H

#include "auth/loop/fiber.h"

struct offload;

struct offload_options {
    const char *name;          /* thread name, at most 15 characters */
    unsigned threads;          /* 1 to 256 */
    unsigned queue_limit;      /* jobs waiting, not running */
    int nice;                  /* 0 to 19, per thread */
    void (*thread_done)(void); /* runs in each thread before it ends; may be NULL */
};

struct offload_counts {
    unsigned queued;
    unsigned running;
    unsigned long finished;
    unsigned long refused;
    int64_t busy_us; /* sum of run times */
};

/* INTERNAL if the kernel has no thread left. */
NODISCARD result offload_create(const struct offload_options *options, struct offload **ret_offload);
/* Finishes what is queued, then joins; nobody may ask any more. Accepts NULL. */
void offload_destroy(struct offload *offload);

/* Runs work(argument) in the pool and parks the fiber until it has run. */
NODISCARD result offload_run(struct offload *offload, void (*work)(void *argument), void *argument);

/* From any thread; the figures are each right, but not of one moment. */
void offload_counts(struct offload *offload, struct offload_counts *ret_counts);

#endif
