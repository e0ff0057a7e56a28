/* precondition_internal.h — changes that are only made to the version somebody has read.
 * Shape:   a resource of a route that is_versioned tells its version as ETag: "7". If-Match with it is honoured where it is
 *          given; without it the change is made to whatever version there is.
 * Errors:  PRECONDITION_FAILED.
 * Source:  RFC 9110 §8.8.3 (ETag), §13.1.1 (If-Match: strong comparison).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_PRECONDITION_INTERNAL_H
#define AUTH_API_PRECONDITION_INTERNAL_H

#include "api_internal.h"
#include "auth/model/versions.h"

/* For the rule that makes the change: it holds the row and compares. */
struct versions_expected versions_expected(const struct request *request);
/* The version of what is answered. */
void etag_set(const struct request *request, struct response *response, int64_t version);

/* In dispatch: who asks for a precondition where there are no versions is not served as if he had not. */
NODISCARD result check_precondition(struct request *request);

#endif
