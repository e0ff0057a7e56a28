// SPDX-License-Identifier: MIT
#include "auth/domain/accounts.h"

#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/devices.h"
#include "auth/domain/email.h"
#include "auth/domain/login.h"
#include "auth/domain/notices.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/rights.h"
#include "users_internal.h"

result accounts_look_up(struct service *service, struct task *task, struct str email_key,
                        struct account *ret_account)
{
    const result found = account_find_by_email_key(service->db, task, email_key, ret_account);
    const bool is_there = is_ok(found) && (ret_account->status != ACCOUNT_CLOSING ||
                                           ret_account->delete_after_ms > task->now_ms);
    if (found.code != STATUS_NOT_FOUND) TRY(found);
    if (!is_there) *ret_account = (struct account){0};
    return RESULT_OK;
}

result accounts_update(struct service *service, struct task *task, struct id id,
                       const struct account_profile_change *change, struct account *ret_account)
{
    const struct user given = {.name = change->name, .locale = change->locale};
    TRY(user_check_words(task, &given));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_update_profile(tx, task, id, change, ret_account));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_ACCOUNT_UPDATED, .account_id = id}));
    return db_commit(&tx, task);
}

static result store_password(struct service *service, struct task *task, const struct password_change *change,
                             const struct account *account, struct str hash)
{
    struct id_list ended;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_set_password(tx, task, account->id, account->password_changed_at_ms, hash));
    TRY(session_end_all(tx, task, account->id, change->session_id, "password_changed", &ended));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_PASSWORD_CHANGED,
                                         .account_id = account->id,
                                         .session_id = change->session_id}));
    TRY(notice_enqueue(service, tx, task, account,
                       &(struct notice){.kind = MAIL_PASSWORD_CHANGED, .device = &change->device}));
    TRY(db_commit(&tx, task));
    mailer_wake(service);
    sessions_deny(service, task, &ended);
    return RESULT_OK;
}

result accounts_change_password(struct service *service, struct task *task,
                                const struct password_change *change)
{
    struct account account;
    struct secret current, chosen;
    struct str hash;
    TRY(account_find(service->db, task, change->account_id, &account));
    TRY(password_normalize(task, "/current", change->current, &current));
    TRY(password_normalize(task, "/new", change->chosen, &chosen));
    const struct password_owner owner = {.email = account.email, .name = account.name};
    TRY(password_policy_judge(service, task, "/new", chosen, &owner));
    const result verified = login_reverify(service, task, &account, THROTTLE_PASSWORD_CHANGE, current);
    if (verified.code == STATUS_INVALID_CREDENTIALS) {
        TRY(audit_note(service, service->db, task,
                       &(struct audit_event){.type = AUDIT_PASSWORD_CHANGE_REFUSED,
                                             .account_id = account.id,
                                             .session_id = change->session_id}));
        FAIL(&task->fault, INVALID_CREDENTIALS, "current password is another one");
    }
    TRY(verified);
    TRY(password_hash_wait(service->hasher, task, chosen, &hash));
    return store_password(service, task, change, &account, hash);
}

static result tell_of_closing(struct service *service, struct db *tx, struct task *task, struct id id,
                              const struct device *device)
{
    struct account account;
    TRY(account_find(tx, task, id, &account));
    const bool is_gone_at_once = account.delete_after_ms <= task->now_ms;
    return notice_enqueue(service, tx, task, &account,
                          &(struct notice){.kind = MAIL_ACCOUNT_CLOSED,
                                           .device = device,
                                           .expires_at_ms = is_gone_at_once ? 0 : account.delete_after_ms});
}

result accounts_close(struct service *service, struct task *task, struct id id, const struct device *device,
                      int64_t *ret_delete_after_ms)
{
    const int64_t delete_after_ms = task->now_ms + service->policy->deletion_grace_ms;
    struct administrator_guard guard;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(administrators_hold(tx, task, &guard));
    TRY(account_close(tx, task, id, delete_after_ms));
    TRY(administrators_check(tx, task, &guard));
    TRY(tell_of_closing(service, tx, task, id, device));
    TRY(sessions_commit_ending(service, &tx, task, id,
                               &(struct account_ending){AUDIT_ACCOUNT_CLOSED, "account_closed"}));
    mailer_wake(service);
    *ret_delete_after_ms = delete_after_ms;
    return RESULT_OK;
}
