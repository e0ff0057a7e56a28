/* export.h — accounts as records that can be imported again.
 * Shape:   one JSON object for each account, in the form of import's "auth" format.
 * Errors:  DATABASE_UNAVAILABLE.
 * Owner:   texts live in the task's arena.
 * Waits:   export_page (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_EXPORT_H
#define AUTH_TRANSFER_EXPORT_H

#include "auth/domain/service.h"
#include "auth/json/fields.h"

#define EXPORT_PAGE_MAX 500u

/* A record. */
extern const struct fields export_record_fields;

struct export_page {
    const struct str *records;
    size_t count;
    struct id last; /* where the next page begins; nil: there is none */
};

/* The accounts after `after` (nil: from the first), with their password hashes where asked for. */
NODISCARD result export_page(struct service *service, struct task *task, struct id after, bool with_hashes,
                             struct export_page *ret_page);

#endif
