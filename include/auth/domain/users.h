/* users.h — administration of accounts.
 * Rule:    one transaction for each change, with the event that names who made it; sessions that end and what caches know
 *          are denied everywhere after the commit. Whoever has less power over the service than an account has does not
 *          change that account, and the last administrator stays one. No administrator sets a password: a reset is begun,
 *          and its owner chooses.
 * Errors:  NOT_FOUND, PRECONDITION_FAILED, FORBIDDEN, CONFLICT (taken, with the field; not in this status; the last administrator),
 *          VALIDATION_FAILED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database, cache; hash where a password is given).
 * Source:  OWASP ASVS 6.4.1, 6.4.6, 7.4.2, 7.4.5, 8.2.1; RFC 9110 §13.1.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_USERS_H
#define AUTH_DOMAIN_USERS_H

#include "auth/domain/rights.h"
#include "auth/domain/sessions.h"
#include "auth/json/fields.h"
#include "auth/model/versions.h"
#include "auth/store/user_repo.h"

#define LOCK_REASON_MAX 200u /* code points */
#define EXTERNAL_ID_MAX 255u /* bytes */

/* Which account is changed, by whom. */
struct user_target {
    struct id id;
    const struct versions_expected *expected; /* NULL: any version */
    struct str granter;                       /* scopes of who changes it */
};

struct user_draft {
    struct str email;
    struct str name;
    struct str locale;
    struct str external_id;
    struct str claims; /* JSON object, or empty */
    struct str_list roles;
    bool is_email_verified;
    bool requires_mfa;
    bool sends_link;        /* by which its owner chooses the first password */
    struct secret password; /* from who has the shell alone; may be empty */
    struct str granter;
    struct device device;
};

/* CONFLICT when the address or the external id is taken. What it may do is read in the same transaction. */
NODISCARD result users_create(struct service *service, struct task *task, const struct user_draft *draft,
                              struct user *ret_user, struct rights *ret_rights);

/* A text that is set to the empty one is removed. */
struct user_change {
    bool sets_email, sets_verified, sets_name, sets_locale, sets_requires_mfa, sets_external_id;
    bool is_email_verified;
    bool requires_mfa;
    struct str email; /* not proved unless said so; the owner of the old one is told, and all sessions end */
    struct str name;
    struct str locale;
    struct str external_id;
    struct device device;
};

NODISCARD result users_update(struct service *service, struct task *task, const struct user_target *target,
                              const struct user_change *change, struct user *ret_user,
                              struct rights *ret_rights);

/* Part of a change that gives the account another address, in its transaction: who reads the old one is told, what was sent to
 * it is good for nothing, and all sessions end. */
NODISCARD result users_leave_address(struct service *service, struct db *tx, struct task *task,
                                     const struct account *before, const struct device *device,
                                     struct id_list *ret_ended);

/* All sessions end. OK for one that is locked already: the reason is the new one. */
NODISCARD result users_lock(struct service *service, struct task *task, const struct user_target *target,
                            struct str reason);
/* Also of a deletion by an administrator. Failed attempts are forgotten: the way back for who was throttled to the stop. */
NODISCARD result users_unlock(struct service *service, struct task *task, const struct user_target *target);
/* After the grace period, in which only an administrator brings it back, or at once: then *ret_delete_after_ms is 0. */
NODISCARD result users_delete(struct service *service, struct task *task, const struct user_target *target,
                              bool is_immediate, int64_t *ret_delete_after_ms);

/* NOT_FOUND unless it is the account's and lives. */
NODISCARD result users_end_session(struct service *service, struct task *task,
                                   const struct user_target *target, struct id session_id);
NODISCARD result users_end_sessions(struct service *service, struct task *task,
                                    const struct user_target *target);
/* The password is good for nothing, all sessions end, and a link goes to the owner to choose another one; where `ret_link` is
 * not NULL it is handed to who asks instead of being mailed. */
NODISCARD result users_forget_password(struct service *service, struct task *task,
                                       const struct user_target *target, const struct device *device,
                                       struct str *ret_link);
/* Part of a change, in its transaction: the account is what it is until the change is made, and is of a version that is
 * expected; the version in *ret_user is the new one. */
NODISCARD result users_hold(struct db *tx, struct task *task, const struct user_target *target,
                            struct user *ret_user);
/* FORBIDDEN or NOT_FOUND, for what is done by others' rules. */
NODISCARD result users_may_touch(struct service *service, struct task *task,
                                 const struct user_target *target);

#endif
