/* code_requests.h — a code and a link by mail, for whoever asks.
 * Rule:    any well-formed address gets the same answer after the same work and time: known, unknown, locked, closing,
 *          verified or not. Mail goes out only where it is of use to the owner of an account.
 * Errors:  VALIDATION_FAILED, DISABLED_BY_POLICY, RATE_LIMITED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP Forgot Password Cheat Sheet; OWASP ASVS 6.3.8, 6.4.3, 6.5.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_CODE_REQUESTS_H
#define AUTH_DOMAIN_CODE_REQUESTS_H

#include "auth/domain/codes.h"
#include "auth/domain/sessions.h"

struct code_request {
    enum code_purpose purpose; /* all but CODE_CHANGE */
    struct str email;
    struct device device;
};

NODISCARD result code_requests_ask(struct service *service, struct task *task,
                                   const struct code_request *request, int64_t *ret_expires_in_seconds);

/* A code that is to be made and mailed. */
struct code_letter {
    enum code_purpose purpose;
    struct str email_key;
    const struct account *account; /* whose; not looked at when it is for nobody */
    struct device device;
    bool is_for_nobody;  /* made all the same, and mailed to nobody */
    bool leaves_nothing; /* not even made */
    bool is_not_mailed;  /* told to whoever asked instead */
};

/* In the caller's transaction; mailer_wake after its commit. */
NODISCARD result code_requests_write(struct service *service, struct db *db, struct task *task,
                                     const struct code_letter *letter, struct code_made *ret_made);

/* A code and a link that an administrator hands over, or has mailed: so he starts a reset and never knows a password. */
struct code_link_order {
    struct id account_id;
    enum code_purpose purpose; /* all but CODE_CHANGE */
    struct str granter;        /* the scopes of who asks: nobody gets into an account that may more */
    bool is_mailed;
};

struct code_link {
    struct secret link;
    struct secret code;
    int64_t expires_at_ms;
};

/* NOT_FOUND; FORBIDDEN; CONFLICT when it would be of no use. */
NODISCARD result code_requests_link(struct service *service, struct task *task,
                                    const struct code_link_order *order, struct code_link *ret_link);

/* Mail with which an account whose password was right proves its address; quietly nothing when there was enough of it. */
NODISCARD result code_requests_remind(struct service *service, struct task *task,
                                      const struct account *account, const struct device *device);

#endif
