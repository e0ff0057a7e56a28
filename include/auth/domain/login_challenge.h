/* login_challenge.h — a sign-in whose first proof was right, and that waits for the second factor.
 * Shape:   the login token has 256 bits, is kept as a digest, lives five minutes, takes five attempts and is used once. It is
 *          bound to the account, to its password as it was, and to the user agent it was begun with. An account that must
 *          use a second factor and has none adds one on the way: neither locked out nor let in.
 * Errors:  MFA_REQUIRED (what begins one), EXPIRED (login token not good, be it for whatever reason), CODE_INVALID,
 *          RATE_LIMITED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  NIST SP 800-63B-4 §3.2.2; OWASP ASVS 6.6.2, 6.7.2, 6.3.4.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_LOGIN_CHALLENGE_H
#define AUTH_DOMAIN_LOGIN_CHALLENGE_H

#include "auth/domain/factors.h"

#define LOGIN_TOKEN_PREFIX     "lt_"
#define LOGIN_CHALLENGE_MS     INT64_C(300000)
#define LOGIN_CHALLENGE_TRIES  5
#define LOGIN_CHALLENGE_ENROLS 5

/* Always a failure: MFA_REQUIRED, with the login token, the methods and how long it is good in task->problem_members. The
 * throttle of the first proof is forgotten. */
NODISCARD result login_challenge_begin(struct service *service, struct task *task,
                                       const struct sign_in *sign_in, const struct known_device *known,
                                       const struct assurance *assurance);

struct login_continuation {
    struct secret login_token;
    enum second_factor_kind kind;
    struct secret code;
    struct device device;
};

NODISCARD result login_continue(struct service *service, struct task *task,
                                const struct login_continuation *given, struct token_response *ret_response);

/* For an account that must use a second factor and has none: begins one. login_continue confirms it. */
NODISCARD result login_enrol(struct service *service, struct task *task, struct secret login_token,
                             const struct device *device, struct totp_enrolment *ret_enrolment);

#endif
