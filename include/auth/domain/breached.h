/* breached.h — whether a password is known to have been stolen.
 * Shape:   the configured file (crypto/breached_file.h), where there is one.
 * Errors:  INTERNAL when the file cannot be searched: a password is not taken for good because nobody could look.
 * Waits:   yes: the file is searched by a worker thread, since its pages may have to be read first.
 * Source:  NIST SP 800-63B-4 §3.1.1.2; OWASP ASVS 6.2.12.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_BREACHED_H
#define AUTH_DOMAIN_BREACHED_H

#include "auth/domain/service.h"

NODISCARD result breached_check(struct service *service, struct task *task, struct secret normal,
                                bool *ret_is_breached);

#endif
