/* accounts.h — the life of an account.
 * Errors:  VALIDATION_FAILED, WEAK_PASSWORD, DISABLED_BY_POLICY, CODE_INVALID (an invitation), NOT_FOUND, CONFLICT, DATABASE_UNAVAILABLE.
 * Rule:    a change that ends sessions denies them in all caches before it is answered.
 * Waits:   yes (database, hash).
 * Source:  NIST SP 800-63B-4 §3.1.1.2; OWASP ASVS 6.2, 7.4.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_ACCOUNTS_H
#define AUTH_DOMAIN_ACCOUNTS_H

#include "auth/domain/sessions.h"
#include "auth/store/account_repo.h"

#define ACCOUNT_NAME_MAX   200u
#define ACCOUNT_LOCALE_MAX 35u /* RFC 5646 §4.4.1 */

struct signup {
    struct str email;
    struct secret password;   /* may be missing where codes sign in */
    struct secret invitation; /* the token of a link; may be missing */
    struct str name;
    struct str locale;
    struct device device;
    bool is_by_operator; /* who has the shell or the right: the policy of sign-up is for others */
};

/* In signup.c. `*ret_is_new` is for the operator's own commands and for policies that sign in at once; the public answer
 * must not depend on it. */
NODISCARD result accounts_sign_up(struct service *service, struct task *task, const struct signup *signup,
                                  struct account *ret_account, bool *ret_is_new);
NODISCARD result accounts_update(struct service *service, struct task *task, struct id id,
                                 const struct account_profile_change *change, struct account *ret_account);

/* The account of an address as sign-in sees it; one that is not there, or whose grace is over, has the nil id. */
NODISCARD result accounts_look_up(struct service *service, struct task *task, struct str email_key,
                                  struct account *ret_account);

struct password_change {
    struct id account_id;
    struct id session_id; /* goes on; the others end */
    struct secret current;
    struct secret chosen;
    struct device device; /* where it is asked for; told to the owner */
};

/* INVALID_CREDENTIALS when the current password is another one; CONFLICT when another change came first. */
NODISCARD result accounts_change_password(struct service *service, struct task *task,
                                          const struct password_change *change);

/* Ends all sessions; the account is gone after the grace period. CONFLICT for the last administrator. The owner is told
 * by mail, from which device (may be NULL). */
NODISCARD result accounts_close(struct service *service, struct task *task, struct id id,
                                const struct device *device, int64_t *ret_delete_after_ms);

#endif
