// SPDX-License-Identifier: MIT
#include "auth/domain/login.h"

#include "auth/domain/audit.h"

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "auth/domain/clients.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/codes.h"
#include "auth/domain/email.h"
#include "auth/domain/login_challenge.h"
#include "auth/domain/mailer.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/rights.h"
#include "auth/domain/throttle.h"
#include "auth/store/account_repo.h"

/* Several times what a reminder takes where the disk is slow. */
#define REMIND_STEP_MS INT64_C(100)

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

/* The session stands already, or its second factor is asked for: what fails here is done at the next sign-in. */
static void rehash(struct service *service, struct task *task, const struct account *account,
                   struct secret password)
{
    const struct fault before = task->fault;
    struct str hash;
    result done = password_hash_wait(service->hasher, task, password, &hash);
    if (is_ok(done)) done = account_rehash(service->db, task, account->id, account->password_hash, hash);
    if (!is_ok(done)) task->fault = before;
}

static result reopen(struct service *service, struct db *tx, struct task *task, struct id account_id)
{
    TRY(account_reopen(tx, task, account_id));
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = AUDIT_ACCOUNT_REOPENED, .account_id = account_id});
}

/* What a sign-in needs in its transaction beside the proof itself. */
struct beginning {
    const struct sign_in *sign_in;
    const struct session *session;
    const struct known_device *known;
    struct secret device_token; /* to be given out */
    struct id_list ended;
};

/* The account is held: what was found before holds now, or there is no session. NOT_FOUND when a factor was added at the
 * same moment. */
static result settle_factor(struct service *service, struct db *tx, struct task *task,
                            struct beginning *beginning)
{
    const struct sign_in *sign_in = beginning->sign_in;
    struct assurance assurance;
    bool is_demanded;
    if (sign_in->second_factor)
        return factors_spend_at_login(service, tx, task, sign_in, beginning->session->id, &beginning->ended);
    TRY(second_factor_demand(service, tx, task, sign_in->account->id, &assurance, &is_demanded));
    REQUIRE(!is_demanded, NOT_FOUND);
    return RESULT_OK;
}

/* Of the address whatever it was that proved to be the owner's, and of the first proof. */
static result forget_failures(struct service *service, struct db *tx, struct task *task,
                              const struct sign_in *sign_in)
{
    if (sign_in->throttle) TRY(throttle_succeeded(tx, task, sign_in->throttle));
    return throttle_forget(service, tx, task, sign_in->account->email_key);
}

static struct id_list joined(struct task *task, struct id_list a, struct id_list b)
{
    struct id *items = arena_alloc_array(task->arena, a.count + b.count, sizeof *items);
    for (size_t i = 0; i < a.count; i++) items[i] = a.items[i];
    for (size_t i = 0; i < b.count; i++) items[a.count + i] = b.items[i];
    return (struct id_list){items, a.count + b.count};
}

/* All of it or nothing. NOT_FOUND when the account is no longer what was verified. */
static result store_session(struct service *service, struct task *task, struct beginning *beginning)
{
    const struct sign_in *sign_in = beginning->sign_in;
    const struct session *session = beginning->session;
    const struct account *account = sign_in->account;
    struct id_list oldest;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    if (account->status == ACCOUNT_CLOSING) TRY(reopen(service, tx, task, account->id));
    TRY(account_hold(tx, task, account->id, account->password_changed_at_ms));
    TRY(settle_factor(service, tx, task, beginning));
    TRY(sessions_begin(service, tx, task, session, &oldest));
    TRY(forget_failures(service, tx, task, sign_in));
    TRY(devices_note(service, tx, task, sign_in, beginning->known, &beginning->device_token));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_LOGIN_SUCCEEDED,
                                         .account_id = account->id,
                                         .session_id = session->id,
                                         .client_address = session->client_address}));
    TRY(db_commit(&tx, task));
    const struct id_list ended = joined(task, beginning->ended, oldest);
    sessions_deny(service, task, &ended);
    if (account->status == ACCOUNT_CLOSING) rights_deny(service, task, account->id);
    mailer_wake(service);
    return RESULT_OK;
}

static result changed(struct task *task)
{
    fault_clear(&task->fault);
    FAIL(&task->fault, INVALID_CREDENTIALS, "account changed while it was signed in to");
}

static result begin_session(struct service *service, struct task *task, const struct sign_in *sign_in,
                            const struct known_device *known, struct token_response *ret_response)
{
    struct client client;
    struct token_response response;
    TRY(clients_find(service, task, service->policy->client_id, &client));
    const struct session session = sessions_draft(service, task, sign_in, &client);
    /* Made before the transaction, whose lease then waits for no signature; given out after it. */
    const struct token_grant grant = {.kind = GRANT_SIGN_IN, .client = &client, .session = &session};
    const result issued = tokens_issue(service, task, &grant, &response);
    if (issued.code == STATUS_MFA_REQUIRED) return changed(task);
    TRY(issued);
    struct beginning beginning = {.sign_in = sign_in, .session = &session, .known = known};
    const result stored = store_session(service, task, &beginning);
    if (stored.code == STATUS_NOT_FOUND) return changed(task);
    TRY(stored);
    response.device_token = secret_expose(beginning.device_token);
    *ret_response = response;
    return RESULT_OK;
}

result login_begin(struct service *service, struct task *task, const struct sign_in *sign_in,
                   struct token_response *ret_response)
{
    const struct account *account = sign_in->account;
    struct known_device known;
    struct assurance assurance;
    bool is_demanded;
    TRY(devices_recognise(service, task, sign_in->device.token, account->email_key, &known));
    if (sign_in->second_factor) return begin_session(service, task, sign_in, &known, ret_response);
    TRY(second_factor_demand(service, service->db, task, account->id, &assurance, &is_demanded));
    if (is_demanded) return login_challenge_begin(service, task, sign_in, &known, &assurance);
    return begin_session(service, task, sign_in, &known, ret_response);
}

/* An attempt from a device that the owner has signed in from does not count with everybody's. */
static result begin_throttle(struct service *service, struct task *task, const struct login *login,
                             struct str email_key, struct throttle *ret_throttle)
{
    struct known_device known;
    TRY(devices_recognise(service, task, login->device.token, email_key, &known));
    if (!known.is_known) return throttle_begin(service, task, email_key, ret_throttle);
    const struct throttle_subject subject = {
        .kind = THROTTLE_DEVICE, .account_id = known.key.account_id, .device = &known};
    return throttle_begin_for(service, task, &subject, ret_throttle);
}

/* Nobody has proved the address yet, and policy wants that before a password counts. */
static bool is_unproved(const struct service *service, const struct account *account)
{
    return service->policy->requires_verification && !account->is_email_verified;
}

/* Answered as an unknown address is. Whoever knows the password gets mail to prove the address with, which takes longer: where
 * that may be, every refusal waits for it. */
static result refuse(struct service *service, struct task *task, const struct account *account,
                     const struct device *device, bool is_right)
{
    const int64_t began_ms = clock_monotonic_ms();
    TRY(note_failure(service, task, account, device));
    if (is_right && is_unproved(service, account)) TRY(code_requests_remind(service, task, account, device));
    if (service->policy->requires_verification) codes_answer_at_step(began_ms, REMIND_STEP_MS);
    FAIL(&task->fault, INVALID_CREDENTIALS, "sign-in refused");
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
    TRY(begin_throttle(service, task, login, email_key, &throttle));
    TRY(find_account(service, task, email_key, &account));
    const result verified = verify_throttled(service, task, &account, password, &throttle, &needs_rehash);
    const bool is_refused =
        verified.code == STATUS_INVALID_CREDENTIALS ||
        (is_ok(verified) && (account.status == ACCOUNT_LOCKED || is_unproved(service, &account)));
    if (is_refused) return refuse(service, task, &account, &login->device, is_ok(verified));
    TRY(verified);
    const struct sign_in sign_in = {
        .account = &account, .device = login->device, .throttle = &throttle, .amr = STR("pwd")};
    const result begun = login_begin(service, task, &sign_in, ret_response);
    const bool is_right = is_ok(begun) || begun.code == STATUS_MFA_REQUIRED;
    if (needs_rehash && is_right) rehash(service, task, &account, password);
    return begun;
}

result login_reverify(struct service *service, struct task *task, const struct account *account,
                      enum throttle_kind kind, struct secret password)
{
    struct throttle throttle;
    bool needs_rehash = false; /* whoever asks again is about to change the password or to leave */
    const struct throttle_subject subject = {.kind = kind, .account_id = account->id};
    TRY(throttle_begin_for(service, task, &subject, &throttle));
    TRY(verify_throttled(service, task, account, password, &throttle, &needs_rehash));
    return throttle_succeeded(service->db, task, &throttle);
}
