/* notices.h — mail that tells the owner of an account what was done with it.
 * Rule:    in the transaction of what it tells of; the mail worker is woken after the commit.
 * Errors:  DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 6.3.5, 6.3.7.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_NOTICES_H
#define AUTH_DOMAIN_NOTICES_H

#include "auth/domain/mailer.h"
#include "auth/domain/sessions.h"

struct notice {
    enum mail_kind kind;
    const struct device *device; /* where it was done; may be NULL */
    struct str detail;
    int64_t expires_at_ms; /* until when it can be undone; 0: the notice does not say */
};

NODISCARD result notice_enqueue(struct service *service, struct db *tx, struct task *task,
                                const struct account *account, const struct notice *notice);

#endif
