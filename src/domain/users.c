// SPDX-License-Identifier: MIT
#include "auth/domain/users.h"

#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/devices.h"
#include "auth/domain/email.h"
#include "auth/domain/notices.h"
#include "auth/domain/rights.h"
#include "auth/domain/roles.h"
#include "auth/domain/throttle.h"
#include "auth/store/account_repo.h"
#include "auth/store/code_repo.h"
#include "users_internal.h"

#define DELETED_REASON "deleted by an administrator"

static const struct id NO_SESSION = {{0}};

result users_may_touch(struct service *service, struct task *task, const struct user_target *target)
{
    return administrators_may_touch(service, task, target->granter, target->id);
}

result users_hold(struct db *tx, struct task *task, const struct user_target *target, struct user *ret_user)
{
    int64_t version;
    TRY(user_hold(tx, task, target->id, &version));
    if (target->expected && !is_version_expected(target->expected, version))
        FAIL(&task->fault, PRECONDITION_FAILED, "account has another version");
    return user_find(tx, task, target->id, ret_user);
}

static result note(struct service *service, struct db *tx, struct task *task, enum audit_type type,
                   struct id id)
{
    return audit_note(service, tx, task, &(struct audit_event){.type = type, .account_id = id});
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static result apply(struct task *task, const struct user_change *change, struct user *user)
{
    /* Not what is there already: nobody escapes a demand by a name of before today's rules. */
    const struct user given = {
        .name = change->name, .locale = change->locale, .external_id = change->external_id};
    const result words = user_check_words(task, &given);
    if (change->sets_email) {
        TRY(email_canonicalize(task, "/email", change->email, &user->email_key));
        user->email = change->email;
        user->is_email_verified = false;
    }
    if (change->sets_verified) user->is_email_verified = change->is_email_verified;
    if (change->sets_name) user->name = change->name;
    if (change->sets_locale) user->locale = change->locale;
    if (change->sets_requires_mfa) user->requires_mfa = change->requires_mfa;
    if (change->sets_external_id) user->external_id = change->external_id;
    return words;
}

result users_leave_address(struct service *service, struct db *tx, struct task *task,
                           const struct account *before, const struct device *device,
                           struct id_list *ret_ended)
{
    TRY(code_forget(tx, task, before->id));
    TRY(session_end_all(tx, task, before->id, NO_SESSION, "email_changed", ret_ended));
    TRY(note(service, tx, task, AUDIT_EMAIL_CHANGED, before->id));
    return notice_enqueue(service, tx, task, before,
                          &(struct notice){.kind = MAIL_EMAIL_CHANGED, .device = device});
}

static result note_update(struct service *service, struct db *tx, struct task *task,
                          const struct user *before, const struct user *after)
{
    TRY(note(service, tx, task, AUDIT_ACCOUNT_UPDATED, after->id));
    if (!before->is_email_verified && after->is_email_verified)
        TRY(note(service, tx, task, AUDIT_EMAIL_VERIFIED, after->id));
    if (before->requires_mfa == after->requires_mfa) return RESULT_OK;
    return note(service, tx, task, AUDIT_FACTOR_DEMAND_CHANGED, after->id);
}

result users_update(struct service *service, struct task *task, const struct user_target *target,
                    const struct user_change *change, struct user *ret_user, struct rights *ret_rights)
{
    struct user before, after;
    struct id_list ended = {0};
    TRY(users_may_touch(service, task, target));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(users_hold(tx, task, target, &before));
    after = before;
    TRY(apply(task, change, &after));
    const bool moves = !str_equal(before.email_key, after.email_key);
    if (moves) {
        const struct account left = {
            .id = before.id, .email = before.email, .name = before.name, .locale = before.locale};
        TRY(account_purge_closed(tx, task, after.email_key));
        TRY(users_leave_address(service, tx, task, &left, &change->device, &ended));
    }
    TRY(user_name_conflict(tx, task, &after, user_update(tx, task, &after)));
    TRY(note_update(service, tx, task, &before, &after));
    TRY(rights_read(tx, task, after.id, ret_rights));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    rights_deny(service, task, after.id);
    if (moves) mailer_wake(service);
    *ret_user = after;
    return RESULT_OK;
}

/* --- status ------------------------------------------------------------------------------------------------------- */

result users_lock(struct service *service, struct task *task, const struct user_target *target,
                  struct str reason)
{
    struct administrator_guard guard;
    struct user user;
    TRY(check_reason(task, reason));
    TRY(users_may_touch(service, task, target));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(administrators_hold(tx, task, &guard));
    TRY(users_hold(tx, task, target, &user));
    if (user.status == ACCOUNT_CLOSING) FAIL(&task->fault, CONFLICT, "account is being deleted");
    user.status = ACCOUNT_LOCKED;
    user.lock_reason = reason;
    TRY(user_set_status(tx, task, &user));
    TRY(administrators_check(tx, task, &guard));
    return sessions_commit_ending(service, &tx, task, user.id,
                                  &(struct account_ending){AUDIT_ACCOUNT_LOCKED, "account_locked"});
}

result users_unlock(struct service *service, struct task *task, const struct user_target *target)
{
    struct account account;
    struct user user;
    TRY(users_may_touch(service, task, target));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(users_hold(tx, task, target, &user));
    if (user.status == ACCOUNT_CLOSING && is_empty(user.lock_reason))
        FAIL(&task->fault, CONFLICT, "account is being deleted by its owner");
    user.status = ACCOUNT_ACTIVE;
    user.lock_reason = STR_NONE;
    user.delete_after_ms = 0;
    TRY(user_set_status(tx, task, &user));
    TRY(account_find(tx, task, user.id, &account));
    TRY(throttle_forget_account(service, tx, task, &account));
    TRY(devices_forget(tx, task, user.id));
    TRY(note(service, tx, task, AUDIT_ACCOUNT_UNLOCKED, user.id));
    TRY(db_commit(&tx, task));
    rights_deny(service, task, user.id);
    return RESULT_OK;
}

result users_delete(struct service *service, struct task *task, const struct user_target *target,
                    bool is_immediate, int64_t *ret_delete_after_ms)
{
    struct administrator_guard guard;
    struct user user;
    TRY(users_may_touch(service, task, target));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(administrators_hold(tx, task, &guard));
    TRY(users_hold(tx, task, target, &user));
    const int64_t grace_ms = is_immediate ? 0 : service->policy->deletion_grace_ms;
    const bool is_closing = user.status == ACCOUNT_CLOSING && user.delete_after_ms < task->now_ms + grace_ms;
    if (!is_closing) user.delete_after_ms = task->now_ms + grace_ms;
    user.status = ACCOUNT_CLOSING;
    user.lock_reason = STR(DELETED_REASON);
    TRY(user_set_status(tx, task, &user));
    TRY(administrators_check(tx, task, &guard));
    struct account_ending ending = {AUDIT_ACCOUNT_CLOSED, "account_closed"};
    if (!is_immediate) {
        TRY(sessions_commit_ending(service, &tx, task, user.id, &ending));
        *ret_delete_after_ms = user.delete_after_ms;
        return RESULT_OK;
    }
    struct id_list ended;
    TRY(session_end_all(tx, task, user.id, NO_SESSION, ending.reason, &ended));
    TRY(account_erase_closed(tx, task, user.id));
    TRY(note(service, tx, task, AUDIT_ACCOUNT_ERASED, user.id));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    rights_deny(service, task, user.id);
    *ret_delete_after_ms = 0;
    return RESULT_OK;
}

/* --- sessions and password ---------------------------------------------------------------------------------------- */

result users_end_session(struct service *service, struct task *task, const struct user_target *target,
                         struct id session_id)
{
    TRY(users_may_touch(service, task, target));
    return sessions_end(service, task, session_id, target->id, "ended_by_administrator");
}

result users_end_sessions(struct service *service, struct task *task, const struct user_target *target)
{
    TRY(users_may_touch(service, task, target));
    return sessions_end_all(service, task, target->id, NO_SESSION, "ended_by_administrator");
}

result users_forget_password(struct service *service, struct task *task, const struct user_target *target,
                             const struct device *device, struct str *ret_link)
{
    struct account account;
    struct user user;
    TRY(users_may_touch(service, task, target));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(users_hold(tx, task, target, &user));
    if (user.status != ACCOUNT_ACTIVE) FAIL(&task->fault, CONFLICT, "account is not active");
    TRY(user_forget_password(tx, task, user.id));
    TRY(account_find(tx, task, user.id, &account));
    if (ret_link)
        TRY(user_make_link(service, tx, task, &account, ret_link));
    else
        TRY(user_send_link(service, tx, task, &account, device));
    TRY(sessions_commit_ending(service, &tx, task, user.id,
                               &(struct account_ending){AUDIT_PASSWORD_FORGOTTEN, "password_forgotten"}));
    if (!ret_link) mailer_wake(service);
    return RESULT_OK;
}
