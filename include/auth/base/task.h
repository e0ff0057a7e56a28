/* task.h — one piece of work: a request, a command, a background job.
 * Shape:   what every function that can wait or fail is handed: memory, the fault, the time.
 * Units:   now_ms is Unix milliseconds at the beginning of the work; deadline_ms is monotonic.
 * Owner:   whoever starts the work; the arena outlives the task's answers.
 * Threads: one at a time (an offloaded job works on its own copies).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_TASK_H
#define AUTH_BASE_TASK_H

#include "auth/base/arena.h"
#include "auth/base/fault.h"
#include "auth/base/str.h"

struct request_claim; /* model/request_claim.h */

struct task {
    struct arena *arena;
    struct fault fault;
    int64_t now_ms;
    int64_t deadline_ms;
    int64_t retry_after_seconds; /* told to the client with 429 and 503; 0: the status's default */
    int64_t max_age_seconds; /* told with STEP_UP_REQUIRED: how old an authentication may be; 0: not told */
    struct str acr_values;   /* told with STEP_UP_REQUIRED: how strong it must be; empty: not told */
    struct str id;           /* the request id, or the name of the command or job */
    struct str actor; /* who does it, for the audit log: "account:<id>", "client:<id>", "key:<id>", the name
                                    of a command or job; empty: the account itself */
    const struct request_claim *claim; /* marked as done in the transaction of its work; NULL: none */
    struct str
        problem_members; /* JSON members ("name":value,...) told in the problem document beside the fixed ones */
};

/* Begins work now. `time_limit_ms` from now is the deadline. */
void task_init(struct task *task, struct arena *arena, struct str id, int64_t time_limit_ms);

/* True when the deadline has passed. */
bool is_late(const struct task *task);

#endif
