/* throttle.h — how often an address may be tried.
 * Shape:   one counter for each canonical address, whether or not it has an account; an attempt is counted
 *          before it is evaluated, so attempts at the same moment never exceed the limit.
 * Errors:  RATE_LIMITED with the task's retry_after_seconds set.
 * Waits:   yes (database).
 * Source:  NIST SP 800-63B-4 §3.2.2; OWASP ASVS 6.3.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_THROTTLE_H
#define AUTH_DOMAIN_THROTTLE_H

#include "auth/domain/service.h"

struct throttle {
    unsigned char key[THROTTLE_KEY_BYTES];
};

/* Counts an attempt as failed until throttle_succeeded says otherwise. */
NODISCARD result throttle_begin(struct service *service, struct task *task, struct str email_key,
                                struct throttle *ret_throttle);
/* The attempt was right: all failures are forgotten, in the caller's transaction. */
NODISCARD result throttle_succeeded(struct db *db, struct task *task, const struct throttle *throttle);
/* All failures of an address are forgotten, in the caller's transaction. */
NODISCARD result throttle_forget(const struct service *service, struct db *db, struct task *task,
                                 struct str email_key);
/* The attempt was never evaluated (the server was busy): it does not count. */
NODISCARD result throttle_undo(struct service *service, struct task *task, const struct throttle *throttle);

#endif
