/* audit_chain.h — security events in one order that nobody can change unnoticed.
 * Shape:   events are written without a place, so that sign-ins do not wait for each other; AUDIT_CHAIN_DELAY_MS later a
 *          step gives those that have none their places and hashes, in batches. Of two replicas at it one wins, by a
 *          conditional update of the chain's end; the other finds the events done. An event that is removed before it has
 *          a place leaves no trace.
 *          The end carries a tag under a key derived from the server secret: who can write to the database, but has no
 *          such key, cannot make another end. Where the tag is not right, chaining goes on and the tag stays wrong, so
 *          that the verification tells.
 * Waits:   all but audit_chain_wake (database).
 * Threads: one loop's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_CHAIN_H
#define AUTH_DOMAIN_AUDIT_CHAIN_H

#include "auth/domain/background.h"
#include "auth/model/audit_record.h"

#define AUDIT_CHAIN_DELAY_MS INT64_C(250)
#define AUDIT_CHAIN_BATCH    INT64_C(500)

extern const struct background_work audit_chain_work;

/* There may be an event without a place, or there will be once the caller has committed. Never waits. */
void audit_chain_wake(struct service *service);

/* One batch; `*ret_count`: events that have got their places. CONFLICT when another server was first. */
NODISCARD result audit_chain_step(struct service *service, struct task *task, int64_t *ret_count);
/* For a command, before it ends: what it has noted gets its places, as far as that takes few batches. */
NODISCARD result audit_chain_flush(struct service *service, struct task *task);

/* The tag that belongs to an end. */
void audit_end_tag(const struct service *service, const struct audit_end *end,
                   unsigned char ret_tag[AUDIT_HASH_BYTES]);
/* Whether the chain's end is one that a server with our secret has made. */
bool is_audit_end_right(const struct service *service, const struct audit_chain *chain);

#endif
