/* throttle_repo.h — failed attempts, counted exactly.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_THROTTLE_REPO_H
#define AUTH_STORE_THROTTLE_REPO_H

#include "auth/store/db.h"

#define THROTTLE_KEY_BYTES 16u

struct throttle_rule {
    int64_t free_attempts;
    int64_t first_delay_ms;
    int64_t longest_delay_ms;
    int64_t stop; /* attempts after which none is let through */
};

struct throttle_state {
    int64_t failures;
    int64_t blocked_until_ms;
};

/* Counts one attempt as failed, if one may be made now; RATE_LIMITED, and the state as it is, if not. */
NODISCARD result throttle_take(struct db *db, struct task *task, const unsigned char key[THROTTLE_KEY_BYTES],
                               const struct throttle_rule *rule, struct throttle_state *ret_state);
/* Takes one counted attempt back. */
NODISCARD result throttle_uncount(struct db *db, struct task *task,
                                  const unsigned char key[THROTTLE_KEY_BYTES]);
/* Forgets the failures. */
NODISCARD result throttle_clear(struct db *db, struct task *task,
                                const unsigned char key[THROTTLE_KEY_BYTES]);

/* What is kept until when after the last attempt; at the stop for ever. */
struct throttle_retention {
    int64_t free_attempts;
    int64_t stop;
    int64_t unthrottled_before_ms; /* fewer failures than are free */
    int64_t throttled_before_ms;
};
/* Of `count` taken anywhere those that are old enough. */
NODISCARD result throttle_erase_old(struct db *db, struct task *task, const struct throttle_retention *rule,
                                    int64_t count, int64_t *ret_erased);

#endif
