/* audit_retention.h — how long security events are kept, and the addresses in them.
 * Shape:   addresses are forgotten by the age of their event; the chain holds only their digests. Events are erased up to
 *          the last checkpoint that is old enough, so never early, and the chain goes on from what that checkpoint states.
 *          A checkpoint's age is part of what is signed: with the database alone nobody can pass a young one for the
 *          beginning, and the verification takes none that the settings do not allow.
 * Waits:   yes (database).
 * Threads: one loop's.
 * Source:  OWASP ASVS 14.2.7, 16.4.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_RETENTION_H
#define AUTH_DOMAIN_AUDIT_RETENTION_H

#include "auth/domain/service.h"
#include "auth/model/audit_record.h"

struct audit_erased {
    int64_t addresses;
    int64_t events;
};

/* At most `count` rows of each kind. Does nothing that the policy does not ask for. */
NODISCARD result audit_retention_step(struct service *service, struct task *task, int64_t count,
                                      struct audit_erased *ret_erased);

/* Whether the policy lets events up to a checkpoint, which has been verified, be erased. */
bool is_audit_start_allowed(const struct service *service, const struct task *task,
                            const struct audit_checkpoint *checkpoint);

#endif
