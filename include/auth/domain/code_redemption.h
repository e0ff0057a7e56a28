/* code_redemption.h — what a code or a link from a mail does when it is presented.
 * Rule:    who redeems one has proved to read the mail of the account's address. Where nobody had proved that before, all
 *          that was set up until then may be another's: sign-in and reset drop it (password, sessions, keys, factors).
 *          A code is no second factor, and passes none by: sign-in goes on to it, and a reset signs nobody in.
 * Errors:  CODE_INVALID, one answer to everything that is wrong with the code; those of login_begin; VALIDATION_FAILED and
 *          WEAK_PASSWORD for the new password, which leave the code as it is; HASHING_BUSY; DATABASE_UNAVAILABLE.
 * Waits:   yes (database, hash).
 * Source:  OWASP ASVS 6.3.6, 6.4.3, 6.5.1; OWASP Forgot Password Cheat Sheet.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_CODE_REDEMPTION_H
#define AUTH_DOMAIN_CODE_REDEMPTION_H

#include "auth/domain/codes.h"
#include "auth/domain/sessions.h"

struct code_redemption {
    enum code_purpose purpose;
    struct secret token; /* or: */
    struct str email;
    struct secret code;
    struct secret new_password; /* CODE_RESET */
    struct device device;
};

/* The session begins as at any sign-in. */
NODISCARD result code_redemption_login(struct service *service, struct task *task,
                                       const struct code_redemption *redemption,
                                       struct token_response *ret_response);
/* The password stays: whoever signed up chose it. `*ret_signs_in`: policy wants tokens at once, and they are in
 * `*ret_response`. */
NODISCARD result code_redemption_verify(struct service *service, struct task *task,
                                        const struct code_redemption *redemption,
                                        struct token_response *ret_response, bool *ret_signs_in);
/* All sessions end, and the failed attempts are forgotten. */
NODISCARD result code_redemption_reset(struct service *service, struct task *task,
                                       const struct code_redemption *redemption);

#endif
