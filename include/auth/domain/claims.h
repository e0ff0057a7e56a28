/* claims.h — what administrators say of an account in its access tokens.
 * Shape:   a JSON object of at most 2 KiB; none of its members has the name of a claim that means something to others.
 * Errors:  VALIDATION_FAILED names what is wrong.
 * Source:  RFC 7519 §4.1 and the "JSON Web Token Claims" registry; RFC 9068 §2.2; OpenID Connect Core §2, §5.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_CLAIMS_H
#define AUTH_DOMAIN_CLAIMS_H

#include "auth/base/task.h"

#define CLAIMS_TEXT_MAX 2048u /* bytes, as compact text */

/* What stands between the braces of a claims object; empty where there is nothing, or a name that is reserved. */
struct str claims_members(struct str claims);
/* `claims` is a JSON object as compact text. */
NODISCARD result claims_check(struct task *task, const char *pointer, struct str claims);

#endif
