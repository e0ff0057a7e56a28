/* reauthentication.h — who is signed in proves it again: the same session, with a fresh auth_time and what was proved.
 * Rule:    a session never counts for more than its last authentication: by password alone it is of one factor, by a second
 *          factor of two. The refresh token of before is dead; access tokens stay what they are.
 * Errors:  INVALID_CREDENTIALS, CODE_INVALID, RATE_LIMITED, INVALID_TOKEN (session ended or was refreshed at the same
 *          moment), STEP_UP_REQUIRED (the password alone, where a second factor is demanded), HASHING_BUSY,
 *          DATABASE_UNAVAILABLE.
 * Waits:   yes (database, hash).
 * Source:  RFC 9470; NIST SP 800-63B-4 §5.2; OWASP ASVS 7.2.4, 7.5.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_REAUTHENTICATION_H
#define AUTH_DOMAIN_REAUTHENTICATION_H

#include "auth/domain/second_factor.h"

enum reauthentication_method { REAUTHENTICATE_PASSWORD, REAUTHENTICATE_TOTP, REAUTHENTICATE_RECOVERY };

struct reauthentication {
    struct id account_id;
    struct id session_id;
    enum reauthentication_method method;
    struct secret proof; /* password or code */
    struct device device;
};

NODISCARD result reauthenticate(struct service *service, struct task *task,
                                const struct reauthentication *given, struct token_response *ret_response);

#endif
