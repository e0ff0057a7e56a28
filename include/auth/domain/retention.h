/* retention.h — what is kept no longer than it is needed.
 * Shape:   a step looks at a bounded number of rows of each kind. It is due at the start, when tokens are issued, once a
 *          minute at most, a second after a step that found much, and an hour after any other: an idle server asks next to
 *          nothing. A lease lets one loop of one replica do it at a
 *          time; when that one is gone, another one takes it over at its next step. Nothing depends on it: what has
 *          expired is refused whether or not its row is still there.
 *          Accounts: closed, and their grace is over. Sessions, ended invitations, API keys: RETENTION_MS after their
 *          latest end. Revoked tokens: an hour after they would have expired. Codes and links: a day after they have;
 *          begun sign-ins and kept answers: an hour after. Mail: RETENTION_MS after it was written, unless it waits;
 *          deliveries to webhooks: all the same. Known devices: when they count as new ones again. Failed attempts: a day
 *          after the last one; where they were throttled RETENTION_MS, and at the stop until an administrator lifts it.
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

/* A step is due: now, or a minute after the last one. Never waits. A service without a retention keeps everything. */
void retention_touch(struct service *service);

/* `*ret_is_behind`: there is more to erase than one step does. */
NODISCARD result retention_step(struct service *service, struct task *task, bool *ret_is_behind);

#endif
