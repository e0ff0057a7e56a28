/* invitations.h — people asked to make an account, with what they will be given.
 * Shape:   a link with 256 random bits, kept as their SHA-256; good once, for one address, for some days. A later invitation
 *          of an address takes the place of an earlier one.
 * Rule:    nobody gives more power over this service than he has, neither when he invites nor when the invitation is
 *          accepted. Who comes by the link has proved the address.
 * Errors:  VALIDATION_FAILED, FORBIDDEN, CONFLICT (the address has an account), NOT_FOUND, CODE_INVALID for a link that is
 *          not good, DISABLED_BY_POLICY, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 6.4.1, 8.2; OWASP Forgot Password Cheat Sheet (links).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_INVITATIONS_H
#define AUTH_DOMAIN_INVITATIONS_H

#include "auth/domain/service.h"
#include "auth/json/fields.h"
#include "auth/store/invitation_repo.h"

#define INVITATION_PREFIX     "iv_"
#define INVITATION_GRANTS_MAX 20

struct invitation_order {
    struct str email;
    struct str_list roles;  /* names */
    struct str_list groups; /* ids */
    struct str locale;
    struct str inviter; /* shown in the mail; may be empty */
    struct str granter; /* the scopes of who invites */
    bool is_not_mailed; /* the link is handed over otherwise */
};

/* The token is shown this once. */
NODISCARD result invitations_create(struct service *service, struct task *task,
                                    const struct invitation_order *order, struct invitation *ret_invitation,
                                    struct secret *ret_token);
/* The address of the link's page, from the configured issuer alone. */
struct secret invitations_link(const struct service *service, struct task *task, struct secret token);
NODISCARD result invitations_revoke(struct service *service, struct task *task, struct id id);

/* The invitation a link belongs to, as long as it is good; it stays so. */
NODISCARD result invitations_look(struct service *service, struct task *task, struct secret token,
                                  struct invitation *ret_invitation);
/* In the transaction that makes the account: uses the invitation up, proves the address, gives what was promised, as far as
 * it is still there and the inviter may still give it. */
NODISCARD result invitations_accept(struct service *service, struct db *tx, struct task *task,
                                    const struct invitation *invitation, struct id account_id);

#endif
