/* audit_repo.h — security events in the database.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_AUDIT_REPO_H
#define AUTH_STORE_AUDIT_REPO_H

#include "auth/model/audit_event.h"
#include "auth/store/db.h"

/* With the task's time and id. */
NODISCARD result audit_event_insert(struct db *db, struct task *task, const struct audit_event *event);

#endif
