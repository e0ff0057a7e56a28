/* events_api_internal.h — security events: handlers, field tables, and the stream of them. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_EVENTS_API_INTERNAL_H
#define AUTH_API_EVENTS_API_INTERNAL_H

#include "auth/domain/audit_query.h"
#include "paging_internal.h"

HANDLER(admin_events_get);
HANDLER(admin_events_checkpoint_get);
HANDLER(me_events_get);

extern const struct fields events_query_fields, events_reply_fields, checkpoint_reply_fields;
extern const struct fields my_events_query_fields, my_events_reply_fields;

/* The answer becomes a stream of the events that pass the filter: those after filter->after, then the ones that come. A
 * negative filter->after begins with what comes. */
NODISCARD result events_stream(struct request *request, const struct audit_filter *filter,
                               struct response *response);

#endif
