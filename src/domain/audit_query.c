// SPDX-License-Identifier: MIT
#include "auth/domain/audit_query.h"

static result narrow_from(struct service *service, struct task *task, struct audit_filter *filter)
{
    int64_t seq;
    if (filter->since_ms <= 0) return RESULT_OK;
    TRY(audit_event_seq_from(service->db, task, filter->since_ms, &seq));
    if (seq - 1 > filter->after) filter->after = seq - 1;
    return RESULT_OK;
}

static result narrow_to(struct service *service, struct task *task, struct audit_filter *filter)
{
    int64_t seq;
    if (filter->until_ms <= 0) return RESULT_OK;
    TRY(audit_event_seq_to(service->db, task, filter->until_ms, &seq));
    if (seq > 0 && (filter->before == 0 || seq + 1 < filter->before)) filter->before = seq + 1;
    return RESULT_OK;
}

result audit_events_find(struct service *service, struct task *task, const struct audit_filter *filter,
                         struct audit_page *ret_page)
{
    struct audit_filter narrowed = *filter;
    result found = narrow_from(service, task, &narrowed);
    if (is_ok(found)) found = narrow_to(service, task, &narrowed);
    if (found.code == STATUS_NOT_FOUND) {
        *ret_page = (struct audit_page){0};
        return RESULT_OK;
    }
    TRY(found);
    return audit_event_page(service->db, task, &narrowed, ret_page);
}
