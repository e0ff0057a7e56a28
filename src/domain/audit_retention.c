// SPDX-License-Identifier: MIT
#include "auth/domain/audit_retention.h"

#include "auth/domain/audit_checkpoint.h"
#include "auth/store/audit_repo.h"

bool is_audit_start_allowed(const struct service *service, const struct task *task,
                            const struct audit_checkpoint *checkpoint)
{
    const int64_t kept_ms = service->policy->audit_retention_ms;
    return kept_ms > 0 && checkpoint->at_ms <= task->now_ms - kept_ms;
}

/* One that is not ours allows nothing: the verification tells of it. */
static result erase_events(struct service *service, struct task *task, int64_t count, int64_t *ret_erased)
{
    struct audit_checkpoint checkpoint;
    const int64_t before_ms = task->now_ms - service->policy->audit_retention_ms;
    const result found = audit_checkpoint_by_time(service->db, task, before_ms, &checkpoint);
    if (found.code == STATUS_NOT_FOUND) return RESULT_OK;
    TRY(found);
    TRY(audit_checkpoint_verify(service, task, &checkpoint));
    TRY(audit_checkpoint_mark_start(service->db, task, checkpoint.end.seq));
    return audit_event_erase(service->db, task, checkpoint.end.seq, count, ret_erased);
}

result audit_retention_step(struct service *service, struct task *task, int64_t count,
                            struct audit_erased *ret_erased)
{
    const struct policy *policy = service->policy;
    *ret_erased = (struct audit_erased){0};
    if (policy->audit_address_ms > 0) {
        const int64_t before_ms = task->now_ms - policy->audit_address_ms;
        TRY(audit_event_forget_addresses(service->db, task, before_ms, count, &ret_erased->addresses));
    }
    return policy->audit_retention_ms > 0 ? erase_events(service, task, count, &ret_erased->events)
                                          : RESULT_OK;
}
