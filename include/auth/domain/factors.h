/* factors.h — the second factors of an account: adding, confirming, removing; recovery codes.
 * Rule:    a factor counts from the first right code on. Adding and removing one ends the account's other sessions and tells
 *          its owner by mail. Seeds and codes are shown once.
 * Errors:  NOT_FOUND, CONFLICT (too many factors; no factor that recovery codes could stand in for; the last factor of an
 *          account that must have one), CODE_INVALID, RATE_LIMITED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  RFC 6238; NIST SP 800-63B-4 §3.1.2, §4.1, §4.2; OWASP ASVS 6.3.7, 7.4.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_FACTORS_H
#define AUTH_DOMAIN_FACTORS_H

#include "auth/domain/second_factor.h"

#define FACTORS_PER_ACCOUNT  10
#define FACTOR_NAME_MAX      64u
#define RECOVERY_CODES_COUNT 10u

struct totp_draft {
    struct id id;
    const struct account *account;
    struct str name; /* may be empty */
};

/* What an authenticator program needs. */
struct totp_enrolment {
    struct id id;
    struct str name;
    struct secret seed_text; /* base32 */
    struct secret uri;       /* otpauth: */
    struct str qr_svg;
};

/* Earlier enrolments that were not confirmed are forgotten. */
NODISCARD result factors_enrol_totp(struct service *service, struct task *task,
                                    const struct totp_draft *draft, struct totp_enrolment *ret_enrolment);

/* Who changes a factor, from where. */
struct factor_change {
    struct id account_id;
    struct id factor_id;
    struct id session_id; /* goes on; the others end */
    struct device device;
};

/* The codes made with the first factor; else the list is empty. */
NODISCARD result factors_confirm(struct service *service, struct task *task,
                                 const struct factor_change *change, struct secret code,
                                 struct str_list *ret_recovery_codes);
NODISCARD result factors_find(struct service *service, struct task *task, struct id account_id,
                              struct id factor_id, struct factor *ret_factor);
NODISCARD result factors_rename(struct service *service, struct task *task, struct id account_id,
                                struct id factor_id, struct str name);
NODISCARD result factors_remove(struct service *service, struct task *task,
                                const struct factor_change *change);

/* In the transaction of a sign-in, which holds the account: spends what was given for it. A factor that was enrolled on the
 * way is confirmed by that, and the account's other sessions end. EXPIRED when the account has got another meanwhile. */
NODISCARD result factors_spend_at_login(struct service *service, struct db *tx, struct task *task,
                                        const struct sign_in *sign_in, struct id session_id,
                                        struct id_list *ret_ended);

/* The older ones are good for nothing from then on. */
NODISCARD result factors_make_recovery_codes(struct service *service, struct task *task, struct id account_id,
                                             struct str_list *ret_codes);

/* By an administrator, for who has lost everything: all factors and recovery codes go, all sessions end, failed attempts
 * are forgotten. */
NODISCARD result factors_reset(struct service *service, struct task *task, struct id account_id);
/* By an administrator: whether this account must use a second factor. */
struct user_target;
NODISCARD result factors_demand(struct service *service, struct task *task, const struct user_target *target,
                                bool requires_mfa);

#endif
