/* webhook_sender.h — security events on their way to webhooks.
 * Rule:    a delivery is written in the transaction that gives its event a place in the chain: there is exactly one for
 *          each webhook that wants the event. It is sent at least once; again, under the same webhook-id, where the answer
 *          could not be recorded: the server was killed, or the database was away.
 *          A webhook is served by one worker at a time, whoever else is at work, in the order of the chain as far as the
 *          servers' clocks agree. What fails is tried again later, while others go on; a receiver that fails is paused, ever
 *          longer, so that it takes no time from other receivers. What a server leaves behind, another one that serves
 *          requests finds within a minute.
 * Shape:   POST of {"type","timestamp","data"}, data being the event (audit.h); webhook-id is the event's id, the same for
 *          all receivers and attempts. Any 2xx is success, redirects are not followed, 410 disables the webhook, and so does
 *          failing for days. Of the answer only the status is kept.
 * Errors:  DATABASE_UNAVAILABLE; webhook_sender_create: BAD_REQUEST naming the setting.
 * Waits:   webhook_sender_drain (database, receivers).
 * Threads: a sender is shared by all loops.
 * Source:  Standard Webhooks 1.0.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_WEBHOOK_SENDER_H
#define AUTH_DOMAIN_WEBHOOK_SENDER_H

#include "auth/domain/background.h"
#include "auth/fetch/fetch.h"

#define WEBHOOK_RETRIES_MAX 20u
#define WEBHOOK_LANES       8u /* webhooks that are served at a time: as many threads the fetch should have */

struct webhook_sender;

struct webhook_sender_options {
    struct fetch *fetch; /* with threads of its own: receivers may be slow */
    int64_t timeout_ms;
    struct str retry_seconds; /* the waits after failed attempts, by commas; then it is given up */
    int64_t disable_after_ms; /* of failing; 0: never */
    int64_t backlog_max;      /* a webhook that more deliveries wait for is disabled */
};

struct webhook_counts {
    int64_t waiting;    /* as last seen */
    uint64_t delivered; /* deliveries */
    uint64_t attempts_failed;
    uint64_t given_up; /* deliveries */
    uint64_t disabled; /* webhooks */
};

NODISCARD result webhook_sender_create(struct task *task, const struct webhook_sender_options *options,
                                       struct webhook_sender **ret_sender);
/* Accepts NULL. */
void webhook_sender_destroy(struct webhook_sender *sender);
/* From any thread: no further request is begun; what has begun is finished. */
void webhook_sender_stop(struct webhook_sender *sender);
void webhook_sender_counts(struct webhook_sender *sender, struct webhook_counts *ret_counts);

/* What is wrong with the URL of a webhook; NULL: nothing. */
const char *webhook_url_problem(const struct service *service, struct str url);

/* After the commit of a delivery. Never waits. */
void webhook_sender_wake(struct service *service);

/* Sends what is due, until nothing is or `limit_ms` are over: for commands, which have no background. */
NODISCARD result webhook_sender_drain(struct service *service, struct task *task, int64_t limit_ms);

/* Sends what is due. */
extern const struct background_work webhook_work;

#endif
