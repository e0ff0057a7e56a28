/* password_policy.h — which passwords may be chosen, and the one form they are hashed in.
 * Shape:   NFC and nothing else: no trimming, no case folding, no cutting.
 * Errors:  VALIDATION_FAILED (too short, too long, not UTF-8) and WEAK_PASSWORD (easy to guess), naming
 *          `pointer`.
 * Waits:   password_policy_check, for a worker thread.
 * Source:  NIST SP 800-63B-4 §3.1.1.2, OWASP ASVS 6.2; the estimate is zxcvbn's.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_PASSWORD_POLICY_H
#define AUTH_DOMAIN_PASSWORD_POLICY_H

#include "auth/domain/service.h"

#define PASSWORD_CHARS_MAX 256u

/* What is hashed: also for passwords that are only compared. */
NODISCARD result password_normalize(struct task *task, const char *pointer, struct secret password,
                                    struct secret *ret_normal);

/* A newly chosen password, normal already; `email` and the service's name make it weaker where it holds them.
 */
NODISCARD result password_policy_check(struct service *service, struct task *task, const char *pointer,
                                       struct secret normal, struct str email);

#endif
