/* administrators.h — who may do what to whom among those with power over the service.
 * Shape:   an administrator is an active account with the built-in role "administrator", its own or a group's. A change
 *          that may take the last one away is made between administrators_hold and administrators_check, in its
 *          transaction: of two such changes at once the second one sees what the first has done.
 * Errors:  FORBIDDEN, CONFLICT (nobody would be left), DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 8.2.1, 8.3.1; NIST SP 800-53 AC-6.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_ADMINISTRATORS_H
#define AUTH_DOMAIN_ADMINISTRATORS_H

#include "auth/domain/scopes.h"
#include "auth/domain/service.h"

struct administrator_guard {
    bool were_there;
};

NODISCARD result administrators_hold(struct db *tx, struct task *task, struct administrator_guard *ret_guard);
/* CONFLICT when there was an administrator and now there is none. */
NODISCARD result administrators_check(struct db *tx, struct task *task,
                                      const struct administrator_guard *guard);

/* The built-in role's row; quietly nothing when it is there. */
NODISCARD result administrators_prepare(struct db *db, struct task *task);

/* The first word of power over the service among `scopes` that the granter does not have; empty: none. */
struct str administrators_missing_power(struct str granter, struct str scopes);
/* FORBIDDEN unless the granter has all power over the service that is among `scopes`. */
NODISCARD result administrators_may_give(struct task *task, struct str granter, struct str scopes);
/* FORBIDDEN unless the granter has all power over the service that the account has: who has less does not reset, lock or
 * become who has more. */
NODISCARD result administrators_may_touch(struct service *service, struct task *task, struct str granter,
                                          struct id account_id);

/* What may be done now by who did something before, named as task->actor was then: nothing by an account that is locked or
 * gone, a client that is disabled, a key that is revoked or over. */
NODISCARD result administrators_power_of(struct db *db, struct task *task, struct str actor,
                                         struct str *ret_scopes);

#endif
