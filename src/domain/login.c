// SPDX-License-Identifier: MIT
#include "auth/domain/login.h"

#include "auth/base/log.h"
#include "auth/domain/clients.h"
#include "auth/domain/email.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/throttle.h"
#include "auth/store/account_repo.h"
#include "auth/store/audit_repo.h"

/* An account as sign-in sees it: one that is not there has the empty hash, which is verified all the same. */
static result find_account(struct service *service, struct task *task, struct str email_key,
                           struct account *ret_account)
{
    const result found = account_find_by_email_key(service->db, task, email_key, ret_account);
    if (found.code == STATUS_NOT_FOUND) {
        *ret_account = (struct account){0};
        return RESULT_OK;
    }
    TRY(found);
    /* Gone is gone, whether or not the row has been cleared away yet. */
    if (ret_account->status == ACCOUNT_CLOSING && ret_account->delete_after_ms <= task->now_ms)
        *ret_account = (struct account){0};
    return RESULT_OK;
}

static result note_failure(struct service *service, struct task *task, const struct account *account,
                           const struct device *device)
{
    return audit_event_insert(service->db, task,
                              &(struct audit_event){.type = AUDIT_LOGIN_FAILED,
                                                    .account_id = account->id,
                                                    .client_address = device->address});
}

/* Throttled, then hashed, whatever the account is like. */
static result verify_throttled(struct service *service, struct task *task, const struct account *account,
                               struct secret password, struct throttle *throttle)
{
    bool needs_rehash = false;
    const result verified =
        password_verify_wait(service->hasher, task, account->password_hash, password, &needs_rehash);
    if (verified.code == STATUS_HASHING_BUSY) {
        /* Not evaluated, so not counted; if even that fails, the answer is still that we are busy. */
        const result undone = throttle_undo(service, task, throttle);
        return is_ok(undone) ? verified : undone;
    }
    TRY(verified);
    if (!needs_rehash) return RESULT_OK;
    struct str hash;
    TRY(password_hash_wait(service->hasher, task, password, &hash));
    return account_rehash(service->db, task, account->id, account->password_hash, hash);
}

static result begin_session(struct service *service, struct task *task, const struct account *account,
                            const struct login *login, const struct throttle *throttle,
                            struct token_response *ret_response)
{
    struct client client;
    TRY(clients_find(service, task, service->policy->client_id, &client));
    struct session session;
    struct id_list ended;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    if (account->status == ACCOUNT_CLOSING) {
        TRY(account_reopen(tx, task, account->id));
        TRY(audit_event_insert(
            tx, task, &(struct audit_event){.type = AUDIT_ACCOUNT_REOPENED, .account_id = account->id}));
    }
    struct account reopened = *account;
    reopened.status = ACCOUNT_ACTIVE;
    TRY(sessions_begin(service, tx, task, &reopened, &client, &login->device, &session, &ended));
    TRY(throttle_succeeded(tx, task, throttle));
    TRY(audit_event_insert(tx, task,
                           &(struct audit_event){.type = AUDIT_LOGIN_SUCCEEDED,
                                                 .account_id = account->id,
                                                 .session_id = session.id,
                                                 .client_address = login->device.address}));
    const struct token_grant grant = {.kind = GRANT_SIGN_IN, .client = &client, .session = &session};
    TRY(tokens_issue(service, task, &grant, ret_response));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    return RESULT_OK;
}

result login_password(struct service *service, struct task *task, const struct login *login,
                      struct token_response *ret_response)
{
    struct str email_key;
    struct secret password;
    TRY(email_canonicalize(task, "/email", login->email, &email_key));
    TRY(password_normalize(task, "/password", login->password, &password));

    struct throttle throttle;
    struct account account;
    TRY(throttle_begin(service, task, email_key, &throttle));
    TRY(find_account(service, task, email_key, &account));
    const result verified = verify_throttled(service, task, &account, password, &throttle);
    const bool is_refused =
        verified.code == STATUS_INVALID_CREDENTIALS || (is_ok(verified) && account.status == ACCOUNT_LOCKED);
    if (is_refused) {
        TRY(note_failure(service, task, &account, &login->device));
        FAIL(&task->fault, INVALID_CREDENTIALS, "sign-in refused");
    }
    TRY(verified);
    return begin_session(service, task, &account, login, &throttle, ret_response);
}

result login_reverify(struct service *service, struct task *task, const struct account *account,
                      struct secret password)
{
    struct throttle throttle;
    TRY(throttle_begin(service, task, account->email_key, &throttle));
    TRY(verify_throttled(service, task, account, password, &throttle));
    return throttle_succeeded(service->db, task, &throttle);
}
