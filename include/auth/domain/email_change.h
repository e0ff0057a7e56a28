/* email_change.h — another address for an account.
 * Rule:    the new address is proved by a code sent to it before anything changes, and the old one is told. An address that
 *          has an account gets the same answer after the same work; its owner gets a notice instead of the code.
 *          The code is typed by whoever is signed in to the account; the link is enough by itself.
 * Errors:  VALIDATION_FAILED, RATE_LIMITED, CODE_INVALID, INVALID_TOKEN (the account is gone), DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 6.3.7, 6.3.8, 7.4.3, 7.5.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_EMAIL_CHANGE_H
#define AUTH_DOMAIN_EMAIL_CHANGE_H

#include "auth/domain/codes.h"
#include "auth/domain/sessions.h"

struct email_change {
    struct id account_id;
    struct id session_id; /* goes on when the address has changed; the others end */
    struct str email;
    struct device device;
};

NODISCARD result email_change_ask(struct service *service, struct task *task,
                                  const struct email_change *change, int64_t *ret_expires_in_seconds);

struct email_proof {
    struct secret token;  /* or: */
    struct id account_id; /* who is signed in */
    struct secret code;
    struct device device;
};

NODISCARD result email_change_confirm(struct service *service, struct task *task,
                                      const struct email_proof *proof);

#endif
