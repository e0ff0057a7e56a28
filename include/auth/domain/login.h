/* login.h — signing in with address and password; the gate of every sign-in.
 * Rule:    an unknown address, one without a password, a locked account and a wrong password take the same
 *          path, the same work and give the same answer.
 * Errors:  INVALID_CREDENTIALS, MFA_REQUIRED, RATE_LIMITED, HASHING_BUSY, VALIDATION_FAILED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database, hash).
 * Source:  OWASP Authentication Cheat Sheet; NIST SP 800-63B-4 §3.1.1, §3.2.2; OWASP ASVS 6.3.8.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_LOGIN_H
#define AUTH_DOMAIN_LOGIN_H

#include "auth/domain/sessions.h"
#include "auth/domain/throttle.h"

struct login {
    struct str email;
    struct secret password;
    struct device device;
};

NODISCARD result login_password(struct service *service, struct task *task, const struct login *login,
                                struct token_response *ret_response);

/* A session for an account whose owner has just proved to be that; the throttle is forgotten. MFA_REQUIRED, with what to go
 * on with in task->problem_members, where the account has a second factor or policy demands one and none was given: every
 * way of signing in comes through here. INVALID_CREDENTIALS when the account was locked or closed or got another password
 * or a factor meanwhile: nothing that ends an account's sessions misses one that is being begun. */
NODISCARD result login_begin(struct service *service, struct task *task, const struct sign_in *sign_in,
                             struct token_response *ret_response);

/* The password of an account that is signed in already, by the same rules (same work), with a counter of its own for each
 * `kind` of asking. */
NODISCARD result login_reverify(struct service *service, struct task *task, const struct account *account,
                                enum throttle_kind kind, struct secret password);

#endif
