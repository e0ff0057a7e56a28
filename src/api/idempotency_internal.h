/* idempotency_internal.h — requests that may be sent again: Idempotency-Key.
 * Shape:   a key belongs to whoever presents it and to the route, for a day. The same request gets the same answer again,
 *          without being done again; another one is refused, and so is the same one while it is worked on. What was refused
 *          leaves the key free. Answers are kept sealed, for they may hold what is shown once.
 * Rule:    the key is claimed before the work and marked in the work's own transaction (audit_note), so that a server that
 *          dies in between leaves no doubt: unmarked, nothing was done and a claim that is a minute old may be taken over;
 *          marked, it was, and is never done again.
 * Errors:  BAD_REQUEST, IDEMPOTENCY_KEY_REUSED, REQUEST_IN_PROGRESS, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  draft-ietf-httpapi-idempotency-key-header-07; departure: the key may be given without quotation marks, too.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_IDEMPOTENCY_INTERNAL_H
#define AUTH_API_IDEMPOTENCY_INTERNAL_H

#include "api_internal.h"

#define IDEMPOTENCY_KEY_MAX 255u
#define IDEMPOTENCY_KEEP_MS INT64_C(86400000)
#define IDEMPOTENCY_GONE_MS INT64_C(60000) /* longer than a request may take, beside those that are marked */

/* Calls the route's handler, where the request carries a key and the route takes one, at most once for it. */
NODISCARD result handle_once(struct request *request, const void *body, struct response *response);

#endif
