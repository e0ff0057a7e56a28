/* audit_feed.h — who wants to know at once that the chain of security events has grown.
 * Shape:   what this loop chains is told to all listeners when it is committed. What other loops and replicas chain is
 *          found by asking where the chain ends, once in AUDIT_FEED_POLL_MS for all listeners of the loop, and only while
 *          there are any: a server nobody listens to asks nothing.
 * Owner:   a listener stands where its owner wants until it has left.
 * Waits:   audit_feed_end (database), at most once in AUDIT_FEED_POLL_MS.
 * Threads: one loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_FEED_H
#define AUTH_DOMAIN_AUDIT_FEED_H

#include "auth/domain/service.h"

#define AUDIT_FEED_POLL_MS INT64_C(700)

struct audit_listener {
    struct audit_listener *next;
    struct audit_listener *previous;
    void (*notify)(struct audit_listener *listener); /* on the loop's thread; does not wait */
};

/* OVERLOADED when the loop has as many listeners as the policy allows. */
NODISCARD result audit_feed_join(struct service *service, struct task *task, struct audit_listener *listener);
void audit_feed_leave(struct service *service, struct audit_listener *listener);

/* The place of the last event, as of AUDIT_FEED_POLL_MS ago at the most. */
NODISCARD result audit_feed_end(struct service *service, struct task *task, int64_t *ret_seq);

/* The chain ends at `seq` now. */
void audit_feed_tell(struct service *service, int64_t seq);

#endif
