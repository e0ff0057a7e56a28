/* audit_query.h — looking security events up.
 * Shape:   pages in the order of the chain, either way; a cursor is a place. Only events that have a place are seen.
 * Waits:   yes (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_AUDIT_QUERY_H
#define AUTH_DOMAIN_AUDIT_QUERY_H

#include "auth/domain/service.h"
#include "auth/store/audit_repo.h"

/* The events that pass the filter, at most filter->count. A time narrows where it begins to look, so that old events are
 * not read through to come to new ones. */
NODISCARD result audit_events_find(struct service *service, struct task *task,
                                   const struct audit_filter *filter, struct audit_page *ret_page);

#endif
