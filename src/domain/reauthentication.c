// SPDX-License-Identifier: MIT
#include "auth/domain/reauthentication.h"

#include "auth/domain/audit.h"
#include "auth/domain/clients.h"
#include "auth/domain/login.h"
#include "auth/domain/mailer.h"
#include "auth/domain/password_policy.h"
#include "auth/store/account_repo.h"

/* How the session was begun, without what a second factor added. */
static struct str first_amr(struct str amr)
{
    return has_word(amr, STR("email")) && !has_word(amr, STR("pwd")) ? STR("email") : STR("pwd");
}

static struct str amr_after(struct task *task, const struct session *session,
                            enum reauthentication_method method)
{
    if (method == REAUTHENTICATE_PASSWORD) return STR("pwd");
    return second_factor_amr(task, first_amr(session->amr),
                             method == REAUTHENTICATE_TOTP ? SECOND_FACTOR_TOTP : SECOND_FACTOR_RECOVERY);
}

struct proof {
    const struct account *account;
    const struct session *session;
    const struct reauthentication *given;
    struct second_factor factor; /* unless by password */
};

static result check_password(struct service *service, struct task *task, const struct proof *proof)
{
    struct secret password;
    TRY(password_normalize(task, "/password", proof->given->proof, &password));
    return login_reverify(service, task, proof->account, THROTTLE_REAUTHENTICATION, password);
}

static result check_code(struct service *service, struct task *task, struct proof *proof)
{
    struct known_device device;
    TRY(devices_recognise(service, task, proof->given->device.token, proof->account->email_key, &device));
    const struct second_factor_claim claim = {
        .kind = proof->given->method == REAUTHENTICATE_TOTP ? SECOND_FACTOR_TOTP : SECOND_FACTOR_RECOVERY,
        .code = proof->given->proof,
        .device = &device};
    return second_factor_check(service, task, proof->account, &claim, &proof->factor);
}

static result check(struct service *service, struct task *task, struct proof *proof)
{
    const bool is_password = proof->given->method == REAUTHENTICATE_PASSWORD;
    const result checked =
        is_password ? check_password(service, task, proof) : check_code(service, task, proof);
    if (checked.code == STATUS_INVALID_CREDENTIALS) {
        TRY(audit_note(service, service->db, task,
                       &(struct audit_event){.type = AUDIT_REAUTHENTICATION_REFUSED,
                                             .account_id = proof->account->id,
                                             .session_id = proof->session->id}));
        FAIL(&task->fault, INVALID_CREDENTIALS, "reauthentication refused");
    }
    return checked;
}

/* The session as it will be; by it tokens are made before the transaction, whose lease then waits for no signature. */
static struct session renewed(const struct service *service, struct task *task, const struct proof *proof)
{
    struct session session = *proof->session;
    const int64_t idle_ms = task->now_ms + service->policy->session_idle_ms;
    session.amr = amr_after(task, proof->session, proof->given->method);
    session.authenticated_at_ms = task->now_ms;
    session.refreshed_at_ms = task->now_ms;
    session.idle_expires_at_ms = idle_ms < session.expires_at_ms ? idle_ms : session.expires_at_ms;
    session.assured_until_ms = sessions_assured_until(service, session.amr, task->now_ms);
    session.refresh_counter = proof->session->refresh_counter + SESSION_REAUTHENTICATION_STEPS;
    return session;
}

static result store(struct service *service, struct task *task, const struct proof *proof,
                    const struct session *session)
{
    unsigned char digest[REFRESH_DIGEST_BYTES];
    struct session stored, change = *session;
    const struct account *account = proof->account;
    (void)refresh_token_of(service, task, session->id, session->refresh_counter, digest);
    change.refresh_counter = proof->session->refresh_counter;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_hold(tx, task, account->id, account->password_changed_at_ms));
    if (proof->given->method != REAUTHENTICATE_PASSWORD)
        TRY(second_factor_spend(service, tx, task, account, &proof->given->device, &proof->factor));
    TRY(session_reauthenticate(tx, task, &change, digest, &stored));
    /* Whoever is signed in and proves to be the owner has the way back for those who are stopped at the door. */
    TRY(throttle_forget(service, tx, task, account->email_key));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_SESSION_REAUTHENTICATED,
                                         .account_id = account->id,
                                         .session_id = session->id,
                                         .client_address = proof->given->device.address}));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &(struct id_list){&session->id, 1});
    mailer_wake(service);
    return RESULT_OK;
}

/* INVALID_TOKEN: the session is what the caller's token stands for. */
static result gone(struct task *task)
{
    FAIL(&task->fault, INVALID_TOKEN, "session or account changed while it was authenticated anew");
}

/* By the password alone the session would be one of one factor, which an account that must use two has none of. */
static result lacking(struct task *task)
{
    fault_clear(&task->fault);
    FAIL(&task->fault, STEP_UP_REQUIRED, "account must use a second factor, and this is the first alone");
}

result reauthenticate(struct service *service, struct task *task, const struct reauthentication *given,
                      struct token_response *ret_response)
{
    struct account account;
    struct session session;
    struct client client;
    struct token_response response;
    TRY(account_find(service->db, task, given->account_id, &account));
    TRY(session_find(service->db, task, given->session_id, &session));
    struct proof proof = {.account = &account, .session = &session, .given = given};
    TRY(check(service, task, &proof));
    TRY(clients_find(service, task, session.client_id, &client));
    const struct session next = renewed(service, task, &proof);
    const struct token_grant grant = {.kind = GRANT_SIGN_IN, .client = &client, .session = &next};
    const result issued = tokens_issue(service, task, &grant, &response);
    if (issued.code == STATUS_INVALID_GRANT) return gone(task);
    if (issued.code == STATUS_MFA_REQUIRED) return lacking(task);
    TRY(issued);
    const result stored = store(service, task, &proof, &next);
    if (stored.code == STATUS_NOT_FOUND || stored.code == STATUS_CONFLICT) return gone(task);
    TRY(stored);
    *ret_response = response;
    return RESULT_OK;
}
