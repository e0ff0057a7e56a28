/* background.h — work beside the traffic, one bounded step at a time.
 * Shape:   a step does a little and says when it wants to go on by itself; with nothing to do it says 0, and nothing
 *          happens until somebody wakes it: an idle server asks its database nothing. At most one step of a background
 *          runs at a time on its loop; other loops and replicas may run the same work, which claims what it does.
 * Errors:  a step that fails is logged, once for each failure, and repeated after BACKGROUND_RETRY_MS.
 * Waits:   background_wake never does; steps may (they run on a fiber of their own).
 * Threads: one loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_BACKGROUND_H
#define AUTH_DOMAIN_BACKGROUND_H

#include "auth/domain/service.h"

#define BACKGROUND_RETRY_MS INT64_C(10000)

struct background;

struct background_work {
    const char *name;      /* for the log, and the id of the step's task */
    int64_t pause_ms;      /* least time from the end of a step to the next one */
    int64_t time_limit_ms; /* of a step */
    size_t arena_bytes;
    /* `*ret_again_ms`: when to go on by itself, from now; 0: not before it is woken. */
    result (*step)(struct service *service, struct task *task, int64_t *ret_again_ms);
};

/* `work` is constant. */
struct background *background_create(const struct background_work *work);
/* Its loop runs no more, or no step is running. Accepts NULL. */
void background_destroy(struct background *background);

/* No step begins any more, whoever asks for one; one that runs goes on to its end. Accepts NULL. */
void background_stop(struct background *background);

/* A step is due in `delay_ms`, or sooner if it was to be sooner; the pause is kept. Accepts NULL: the work is not done
 * here. Only on the loop's thread. */
void background_wake(struct background *background, struct service *service, int64_t delay_ms);

#endif
