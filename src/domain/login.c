// SPDX-License-Identifier: MIT
#include "auth/domain/login.h"

#include "auth/domain/audit.h"

#include "auth/base/log.h"
#include "auth/domain/clients.h"
#include "auth/domain/email.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/rights.h"
#include "auth/domain/throttle.h"
#include "auth/store/account_repo.h"

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
    return audit_note(service, service->db, task,
                      &(struct audit_event){.type = AUDIT_LOGIN_FAILED,
                                            .account_id = account->id,
                                            .client_address = device->address});
}

/* Hashed, whatever the account is like. */
static result verify_throttled(struct service *service, struct task *task, const struct account *account,
                               struct secret password, const struct throttle *throttle,
                               bool *ret_needs_rehash)
{
    const result verified =
        password_verify_wait(service->hasher, task, account->password_hash, password, ret_needs_rehash);
    if (verified.code != STATUS_HASHING_BUSY) return verified;
    /* Not evaluated, so not counted. */
    TRY(throttle_undo(service, task, throttle));
    return verified;
}

/* The session stands already: what fails here is done at the next sign-in. */
static void rehash(struct service *service, struct task *task, const struct account *account,
                   struct secret password)
{
    struct str hash;
    result done = password_hash_wait(service->hasher, task, password, &hash);
    if (is_ok(done)) done = account_rehash(service->db, task, account->id, account->password_hash, hash);
    if (!is_ok(done)) fault_clear(&task->fault);
}

static result reopen(struct service *service, struct db *tx, struct task *task, struct id account_id)
{
    TRY(account_reopen(tx, task, account_id));
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = AUDIT_ACCOUNT_REOPENED, .account_id = account_id});
}

/* All of it or nothing. NOT_FOUND when the account is no longer what was verified. */
static result store_session(struct service *service, struct task *task, const struct sign_in *sign_in,
                            const struct session *session)
{
    const struct account *account = sign_in->account;
    struct id_list ended;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    if (account->status == ACCOUNT_CLOSING) TRY(reopen(service, tx, task, account->id));
    TRY(account_hold(tx, task, account->id, account->password_changed_at_ms));
    TRY(sessions_begin(service, tx, task, session, &ended));
    if (sign_in->throttle) TRY(throttle_succeeded(tx, task, sign_in->throttle));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_LOGIN_SUCCEEDED,
                                         .account_id = account->id,
                                         .session_id = session->id,
                                         .client_address = session->client_address}));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    if (account->status == ACCOUNT_CLOSING) rights_deny(service, task, account->id);
    return RESULT_OK;
}

result login_begin(struct service *service, struct task *task, const struct sign_in *sign_in,
                   struct token_response *ret_response)
{
    struct client client;
    struct token_response response;
    TRY(clients_find(service, task, service->policy->client_id, &client));
    const struct session session = sessions_draft(service, task, sign_in, &client);
    /* Made before the transaction, whose lease then waits for no signature; given out after it. */
    const struct token_grant grant = {.kind = GRANT_SIGN_IN, .client = &client, .session = &session};
    TRY(tokens_issue(service, task, &grant, &response));
    const result stored = store_session(service, task, sign_in, &session);
    if (stored.code == STATUS_NOT_FOUND)
        FAIL(&task->fault, INVALID_CREDENTIALS, "account changed while it was signed in to");
    TRY(stored);
    *ret_response = response;
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
    bool needs_rehash = false;
    TRY(throttle_begin(service, task, email_key, &throttle));
    TRY(find_account(service, task, email_key, &account));
    const result verified = verify_throttled(service, task, &account, password, &throttle, &needs_rehash);
    const bool is_refused =
        verified.code == STATUS_INVALID_CREDENTIALS || (is_ok(verified) && account.status == ACCOUNT_LOCKED);
    if (is_refused) {
        TRY(note_failure(service, task, &account, &login->device));
        FAIL(&task->fault, INVALID_CREDENTIALS, "sign-in refused");
    }
    TRY(verified);
    const struct sign_in sign_in = {
        .account = &account, .device = login->device, .throttle = &throttle, .amr = STR("pwd")};
    TRY(login_begin(service, task, &sign_in, ret_response));
    if (needs_rehash) rehash(service, task, &account, password);
    return RESULT_OK;
}

result login_reverify(struct service *service, struct task *task, const struct account *account,
                      struct secret password)
{
    struct throttle throttle;
    bool needs_rehash = false; /* whoever asks again is about to change the password or to leave */
    TRY(throttle_begin(service, task, account->email_key, &throttle));
    TRY(verify_throttled(service, task, account, password, &throttle, &needs_rehash));
    return throttle_succeeded(service->db, task, &throttle);
}
