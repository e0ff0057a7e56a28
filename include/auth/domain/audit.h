/* audit.h — the log of security events: only ever added to.
 * Rule:    an event is written in the transaction of what it tells of, so that neither is there without the other.
 * Errors:  DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 16.2, 16.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_H
#define AUTH_DOMAIN_AUDIT_H

#include "auth/domain/service.h"
#include "auth/model/audit_event.h"

/* Through `db`: the caller's transaction, or service->db where the event stands alone. An event that names no actor gets
 * the task's. */
NODISCARD result audit_note(struct service *service, struct db *db, struct task *task,
                            const struct audit_event *event);

#endif
