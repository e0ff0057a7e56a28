/* retention.h — what is kept no longer than it is needed.
 * Shape:   a step looks at a bounded number of rows and runs at most once a minute, and only where tokens are issued:
 *          an idle server asks nothing. Nothing depends on it: what has expired is refused whether or not its row is
 *          still there.
 *          Accounts: closed, and their grace is over. Sessions, ended invitations: RETENTION_MS after their latest end.
 *          Revoked tokens: when they would have expired. Codes and links: a day after they have; begun sign-ins and kept
 *          answers: an hour after. Mail: RETENTION_MS after it was written, unless it waits; deliveries to webhooks: all the
 *          same. Failed attempts: a day after the last one; where they were throttled RETENTION_MS, and at the stop until
 *          an administrator lifts it.
 *          Security events and the addresses in them: as audit_retention.h says.
 * Waits:   retention_step (database).
 * Threads: one loop's.
 * Source:  OWASP ASVS 14.2.7.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_RETENTION_H
#define AUTH_DOMAIN_RETENTION_H

#include "auth/domain/background.h"

#define RETENTION_INTERVAL_MS INT64_C(60000)
#define RETENTION_MS          (INT64_C(30) * 86400000)

extern const struct background_work retention_work;

/* Begins a step in the background when one is due. Never waits. A service without a retention keeps everything. */
void retention_touch(struct service *service);

NODISCARD result retention_step(struct service *service, struct task *task);

#endif
