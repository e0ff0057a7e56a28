/* roles.h — roles: named sets of scopes that people are given, by themselves or through groups.
 * Rule:    power over this service (scopes.h: is_guarded_scope) is given, changed and taken away only by who has it; the
 *          scopes of other services by whoever may administer roles. What changes holds at once, for tokens that are out
 *          there as well.
 * Errors:  VALIDATION_FAILED, FORBIDDEN, NOT_FOUND, CONFLICT (the name is taken; too many; the last administrator),
 *          PRECONDITION_FAILED (another version), DATABASE_UNAVAILABLE.
 * Waits:   yes (database, cache).
 * Source:  OWASP ASVS 8.1, 8.2, 8.3.2; NIST RBAC (INCITS 359).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_ROLES_H
#define AUTH_DOMAIN_ROLES_H

#include "auth/domain/service.h"
#include "auth/store/role_repo.h"

#define ROLE_NAME_MAX        64u
#define ROLE_DESCRIPTION_MAX 200u /* code points */
#define ROLE_SCOPES_MAX      512u /* bytes */
#define ROLES_PER_ACCOUNT    50u
#define GROUPS_PER_ACCOUNT   200u

/* Letters, digits and -._: of ASCII, so that a name needs no escape anywhere. */
bool is_role_name(struct str name);
/* A name or a description people read: text without control characters, without space at either end. */
bool is_plain_text(struct str text, size_t chars_max);

/* `granter`: the scopes of who does it. */
NODISCARD result roles_create(struct service *service, struct task *task, const struct role *role,
                              struct str granter, struct role *ret_role);
NODISCARD result roles_find(struct service *service, struct task *task, struct str name,
                            struct role *ret_role);
NODISCARD result roles_update(struct service *service, struct task *task, struct str name,
                              const struct role_change *change, struct str granter, struct role *ret_role);
/* `expected` NULL: any version. Taken from all who have it, a bounded number at a time. */
NODISCARD result roles_delete(struct service *service, struct task *task, struct str name,
                              const struct versions_expected *expected, struct str granter);

struct role_grant {
    struct id account_id;
    struct str role;
    struct str granter;
};

/* OK also for who has it already. */
NODISCARD result roles_grant(struct service *service, struct task *task, const struct role_grant *grant);
NODISCARD result roles_withdraw(struct service *service, struct task *task, const struct role_grant *grant);

/* Replaces the custom claims; "{}" or empty: none. Whether whoever asks may touch the account is asked before. */
struct user_target;
NODISCARD result roles_set_claims(struct service *service, struct task *task,
                                  const struct user_target *target, struct str claims, int64_t *ret_version);

#endif
