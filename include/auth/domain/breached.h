/* breached.h — whether a password is known to have been stolen.
 * Shape:   the configured file (crypto/breached_file.h) is searched first, then the configured online list is asked with
 *          the first five hex digits of the digest, to which some hundred passwords belong; the answer is padded, so that
 *          its length tells nothing either.
 * Errors:  INTERNAL when the file cannot be searched: a password is not taken for good because nobody could look.
 *          CHECK_UNAVAILABLE when the online list gives no answer and the policy wants one; else that is logged, and the
 *          other rules have to do.
 * Waits:   yes: the file is searched by a worker thread, since its pages may have to be read first; the list is asked by a
 *          thread for the network.
 * Source:  NIST SP 800-63B-4 §3.1.1.2; OWASP ASVS 6.2.12; haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_BREACHED_H
#define AUTH_DOMAIN_BREACHED_H

#include "auth/domain/service.h"

NODISCARD result breached_check(struct service *service, struct task *task, struct secret normal,
                                bool *ret_is_breached);

/* One line for each digest that begins with the digits asked for: its other 35 hex digits, a colon and a count, which is 0
 * where the line is padding. False when the text is no such answer. */
bool breached_range_read(struct str text, const char suffix[36], bool *ret_is_found);

#endif
