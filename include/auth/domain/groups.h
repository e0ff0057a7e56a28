/* groups.h — groups of people; what roles a group has, its members have.
 * Rule:    a change is bounded, however many members there are: the roles of a group change by a generation (rights.h),
 *          and a group that goes is emptied a thousand members at a time. Membership of a group that has power over this
 *          service is given and taken only by who has that power.
 * Errors:  VALIDATION_FAILED, FORBIDDEN, NOT_FOUND, CONFLICT (the name is taken; too many; the last administrator),
 *          PRECONDITION_FAILED (another version), DATABASE_UNAVAILABLE.
 * Waits:   yes (database, cache).
 * Source:  OWASP ASVS 8.2, 8.3.2; RFC 9068 §2.2.3.1 (what tokens say of groups).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_GROUPS_H
#define AUTH_DOMAIN_GROUPS_H

#include "auth/domain/service.h"
#include "auth/store/group_repo.h"

#define GROUP_NAME_MAX 64u /* code points */

/* In NFC, without control characters and without commas, which part names wherever they are listed. */
NODISCARD result group_name_normalize(struct task *task, const char *pointer, struct str name,
                                      struct str *ret_name);

NODISCARD result groups_create(struct service *service, struct task *task, const struct group *group,
                               struct group *ret_group);
NODISCARD result groups_update(struct service *service, struct task *task, struct id id,
                               const struct group_change *change, struct group *ret_group);
NODISCARD result groups_delete(struct service *service, struct task *task, struct id id,
                               const struct versions_expected *expected, struct str granter);

struct group_grant {
    struct id group_id;
    struct id account_id; /* of a member */
    struct str role;      /* of a role */
    struct str granter;   /* the scopes of who does it */
};

/* OK also for who belongs to it already. */
NODISCARD result groups_add_member(struct service *service, struct task *task,
                                   const struct group_grant *grant);
NODISCARD result groups_remove_member(struct service *service, struct task *task,
                                      const struct group_grant *grant);
NODISCARD result groups_add_role(struct service *service, struct task *task, const struct group_grant *grant);
NODISCARD result groups_remove_role(struct service *service, struct task *task,
                                    const struct group_grant *grant);

#endif
