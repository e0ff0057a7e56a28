/* service.h — everything the rules work with, for one loop.
 * Owner:   main; a service outlives its loop's fibers.
 * Threads: one loop's; what is shared between loops (hasher, work, secrets, policy) is safe to share.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_SERVICE_H
#define AUTH_DOMAIN_SERVICE_H

#include "auth/cache/cache.h"
#include "auth/crypto/password_hasher.h"
#include "auth/crypto/seal.h"
#include "auth/domain/policy.h"
#include "auth/loop/offload.h"
#include "auth/model/retained.h"
#include "auth/store/db.h"

struct breached_file;
struct keyring;
struct background;
struct mailer;
struct fetch;
struct webhook_sender;

/* Keys derived from the server secret, one for each purpose. */
struct service_secrets {
    struct seal_ring seal_ring;
    struct key256 refresh_key;
    struct key256 throttle_key;
    struct key256 code_key;
    struct key256 cache_key;
    struct key256 cursor_key;
    struct key256 idempotency_key;
    struct key256 audit_address_key;
    struct key256 audit_chain_key;
    struct key256 device_key;
};

/* Where the chain of security events ends, as far as is known here, and who wants to know (audit_feed.h). */
struct audit_listener;
struct audit_feed {
    struct audit_listener *listeners;
    int64_t count;
    int64_t seq;
    int64_t asked_at_ms; /* monotonic; 0: never */
};

/* Of one loop (retention.h). */
struct retention_state {
    struct id holder;        /* of the lease on the work; nil before the first step */
    struct id account_after; /* accounts up to this one were looked at */
    int64_t due_ms;          /* monotonic; not before, however much is done */
    uint64_t steps;
    uint64_t erased[RETAINED_COUNT];
};

struct service {
    const struct policy *policy;
    const struct service_secrets *secrets;
    struct db *db;
    struct cache_link *cache;
    struct password_hasher *hasher;
    struct offload *work;                      /* for what blocks and is not a password hash */
    const struct breached_file *breached_file; /* NULL: none is configured */
    struct keyring *keyring;
    struct mailer *mailer;
    struct fetch *fetch;     /* outgoing requests, with threads of its own */
    struct offload *network; /* for what waits for another server, however long that takes */
    struct webhook_sender *webhooks;
    /* Work beside the traffic; NULL where this service does not do it. */
    struct background *key_reader;
    struct background *retention;
    struct background *mail;
    bool is_mail_due; /* there was mail to wake somebody for, and nobody who does it in the background */
    struct background *webhook_worker;
    bool is_webhook_due; /* as is_mail_due */
    struct background *audit;
    struct retention_state retained; /* what the retention has done */
    unsigned audit_looks;            /* times the chainer has found nothing since an event was noted */
    struct audit_feed feed;
    bool has_noted; /* an event that may not be in the chain yet */
};

void service_secrets_derive(const struct key256 *server_secret, struct service_secrets *ret_secrets);
void service_secrets_wipe(struct service_secrets *secrets);

#endif
