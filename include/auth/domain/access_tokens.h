/* access_tokens.h — is this access token, or this API key, good, now?
 * Shape:   signature, claims and revocation are remembered by the token's digest for a few seconds; the
 *          session behind it is checked every time.
 * Errors:  INVALID_TOKEN for everything that is not right; DATABASE_UNAVAILABLE when that cannot be known.
 * Waits:   not when token and session are in the near cache.
 * Source:  RFC 9068 §4, RFC 7009, RFC 8725.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_ACCESS_TOKENS_H
#define AUTH_DOMAIN_ACCESS_TOKENS_H

#include "auth/domain/service.h"
#include "auth/model/principal.h"

NODISCARD result access_token_verify(struct service *service, struct task *task, struct str token,
                                     struct principal *ret_principal);

/* This one token is refused from now on, everywhere. */
NODISCARD result access_token_revoke(struct service *service, struct task *task,
                                     const struct principal *principal);

#endif
