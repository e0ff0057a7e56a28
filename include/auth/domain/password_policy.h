/* password_policy.h — which passwords may be chosen, and the one form they are hashed in.
 * Shape:   NFC and nothing else: no trimming, no case folding, no cutting.
 * Errors:  VALIDATION_FAILED (too short, too long, not UTF-8), WEAK_PASSWORD (easy to guess) and BREACHED_PASSWORD (on a
 *          list of stolen ones), naming `pointer`; the field's code tells the rule.
 * Rule:    no rule of composition. What zxcvbn would find within a million guesses is refused: its lists of common
 *          passwords and words, with their usual spellings, sequences, dates, patterns on the keyboard, and the words of
 *          the owner and the service.
 * Waits:   the checks do, for a worker thread, and for an online list where one is configured.
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

/* Whose words make a password weaker where it holds them. */
struct password_owner {
    struct str email;
    struct str name;
};

/* A newly chosen password, normal already. */
NODISCARD result password_policy_judge(struct service *service, struct task *task, const char *pointer,
                                       struct secret normal, const struct password_owner *owner);
/* The same where only the address is known. */
NODISCARD result password_policy_check(struct service *service, struct task *task, const char *pointer,
                                       struct secret normal, struct str email);

#endif
