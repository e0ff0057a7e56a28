// SPDX-License-Identifier: MIT
#include "auth/domain/audit.h"

#include "auth/store/audit_repo.h"
#include "auth/store/idempotency_repo.h"

result audit_note(struct service *service, struct db *db, struct task *task, const struct audit_event *event)
{
    (void)service;
    struct audit_event noted = *event;
    if (is_empty(noted.actor)) noted.actor = task->actor;
    /* A request that may be sent again has been done once this is committed. */
    if (task->claim) TRY(idempotency_mark(db, task, task->claim));
    return audit_event_insert(db, task, &noted);
}
