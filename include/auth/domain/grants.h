/* grants.h — the token endpoint: one row for each grant type.
 * Errors:  those of RFC 6749 §5.2, as statuses.
 * Waits:   yes (database), except client_credentials of a cached client.
 * Source:  RFC 6749 §4.4, §6; RFC 9700 §4.14 (rotation and reuse).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_GRANTS_H
#define AUTH_DOMAIN_GRANTS_H

#include "auth/domain/tokens.h"

struct grant_request {
    struct str grant_type;
    struct str refresh_token;
    struct str scope;
};

NODISCARD result grants_redeem(struct service *service, struct task *task, const struct client *client,
                               const struct grant_request *request, struct token_response *ret_response);

/* The names of the grant types, for metadata. */
struct str_list grants_supported(void);

#endif
