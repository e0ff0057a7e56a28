/* email.h — one account, one spelling of its address.
 * Shape:   local part of ASCII atoms (no quotes, no comments), lower-cased for the key; domain through IDNA
 *          2008 to A-labels, lower case, at least two labels. The original is kept for display.
 * Errors:  VALIDATION_FAILED naming `pointer`.
 * Source:  RFC 5321 §4.1.2 and §4.5.3.1 (lengths), RFC 5322 §3.2.3 (atoms), RFC 5890 to 5892.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_EMAIL_H
#define AUTH_DOMAIN_EMAIL_H

#include "auth/base/task.h"

#define EMAIL_BYTES_MAX 254u

NODISCARD result email_canonicalize(struct task *task, const char *pointer, struct str email,
                                    struct str *ret_key);

/* Whether the domain of a canonical address may have accounts: lists by commas of "example.org" or, for all below it,
 * ".example.org"; an empty `allowed` allows all. */
NODISCARD result email_domain_check(struct task *task, const char *pointer, struct str email_key,
                                    struct str allowed, struct str denied);

#endif
