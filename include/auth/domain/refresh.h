/* refresh.h — refresh tokens: rotation, the grace rule, and reuse.
 * Rule G1: for the grace window only the immediate parent of the current token, while that one is unused and
 *          for the same client, gets the same successor again. Anything older is reuse: the session ends
 *          before the answer.
 * Errors:  INVALID_GRANT; DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  RFC 9700 §4.14.2; OWASP ASVS 10.4.5.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_REFRESH_H
#define AUTH_DOMAIN_REFRESH_H

#include "auth/domain/grants.h"

NODISCARD result refresh_redeem(struct service *service, struct task *task, const struct client *client,
                                const struct grant_request *request, struct token_response *ret_response);

/* The living session of which this is the current refresh token; INVALID_GRANT otherwise. Changes nothing. */
NODISCARD result refresh_inspect(struct service *service, struct task *task, struct str token,
                                 struct session *ret_session);

#endif
