// SPDX-License-Identifier: MIT
#include "auth/domain/code_redemption.h"

#include "auth/base/clock.h"
#include "auth/domain/accounts.h"
#include "auth/domain/audit.h"
#include "auth/domain/email.h"
#include "auth/domain/login.h"
#include "auth/domain/mailer.h"
#include "auth/domain/password_policy.h"
#include "auth/domain/rights.h"
#include "auth/store/credential_repo.h"

/* A code that is being redeemed, in its transaction. */
struct redeeming {
    const struct code_redemption *redemption;
    struct code_proof proof;
    int64_t began_ms;       /* when the code was looked for; clock_monotonic_ms */
    struct account account; /* whose code it was */
    struct id_list ended;   /* sessions */
    struct dropped_credentials dropped;
};

static result read_proof(struct task *task, const struct code_redemption *redemption,
                         struct redeeming *ret_redeeming)
{
    *ret_redeeming = (struct redeeming){.redemption = redemption,
                                        .proof = {.subject = {.purpose = redemption->purpose},
                                                  .token = redemption->token,
                                                  .code = redemption->code}};
    if (redemption->token.len > 0) return RESULT_OK;
    return email_canonicalize(task, "/email", redemption->email, &ret_redeeming->proof.subject.email_key);
}

/* Whether there was a code to be tried shows neither in the answer nor in its time. */
static result refuse(struct service *service, struct db **tx, struct task *task,
                     const struct redeeming *redeeming, struct id account_id)
{
    const result refused = codes_refuse(service, tx, task, account_id, redeeming->redemption->device.address);
    codes_answer_at_step(redeeming->began_ms, CODE_ANSWER_STEP_MS);
    return refused;
}

/* Uses the code up and finds its account; whatever is waiting for the same subject may be asked for anew. */
static result redeem(struct service *service, struct db **tx, struct task *task, struct redeeming *redeeming)
{
    struct code_use use;
    struct account *account = &redeeming->account;
    redeeming->began_ms = clock_monotonic_ms();
    const result redeemed = codes_redeem(service, *tx, task, &redeeming->proof, &use);
    if (redeemed.code == STATUS_CODE_INVALID) return refuse(service, tx, task, redeeming, use.account_id);
    TRY(redeemed);
    TRY(account_find(*tx, task, use.account_id, account));
    const bool is_gone = account->status == ACCOUNT_CLOSING && account->delete_after_ms <= task->now_ms;
    if (account->status == ACCOUNT_LOCKED || is_gone)
        return refuse(service, tx, task, redeeming, account->id);
    const struct code_subject subject = {.purpose = redeeming->redemption->purpose,
                                         .email_key = account->email_key};
    return codes_allow_again(service, *tx, task, &subject);
}

static result note(struct service *service, struct db *tx, struct task *task,
                   const struct redeeming *redeeming, enum audit_type type)
{
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = type,
                                            .account_id = redeeming->account.id,
                                            .client_address = redeeming->redemption->device.address});
}

/* What a stranger may have set up for an address that is not his. */
static result drop_of_before(struct service *service, struct db *tx, struct task *task,
                             struct redeeming *redeeming)
{
    TRY(credential_drop_all(tx, task, redeeming->account.id, &redeeming->dropped));
    return note(service, tx, task, redeeming, AUDIT_CREDENTIALS_DROPPED);
}

/* After the commit, before the answer. */
static void deny(struct service *service, struct task *task, const struct redeeming *redeeming)
{
    sessions_deny(service, task, &redeeming->ended);
    rights_deny(service, task, redeeming->account.id);
    for (size_t i = 0; i < redeeming->dropped.key_count; i++)
        cache_deny(service->cache, task, CACHE_API_KEY, redeeming->dropped.key_digests[i]);
}

/* --- sign-in ------------------------------------------------------------------------------------------------------ */

/* Nobody had proved the address: all of before goes, the password with it. */
static result take_over(struct service *service, struct db *tx, struct task *task,
                        struct redeeming *redeeming)
{
    const struct id id = redeeming->account.id;
    TRY(code_forget(tx, task, id));
    TRY(account_prove(tx, task, id, false));
    TRY(drop_of_before(service, tx, task, redeeming));
    TRY(session_end_all(tx, task, id, (struct id){{0}}, "address_proved", &redeeming->ended));
    TRY(note(service, tx, task, redeeming, AUDIT_EMAIL_VERIFIED));
    return account_find(tx, task, id, &redeeming->account);
}

static result begin(struct service *service, struct task *task, const struct redeeming *redeeming,
                    struct token_response *ret_response)
{
    const struct sign_in sign_in = {
        .account = &redeeming->account, .device = redeeming->redemption->device, .amr = STR("email")};
    const result begun = login_begin(service, task, &sign_in, ret_response);
    /* It changed at the same moment. */
    return begun.code == STATUS_INVALID_CREDENTIALS ? RESULT(CODE_INVALID) : begun;
}

result code_redemption_login(struct service *service, struct task *task,
                             const struct code_redemption *redemption, struct token_response *ret_response)
{
    struct redeeming redeeming;
    if (!service->policy->has_code_sign_in)
        FAIL(&task->fault, DISABLED_BY_POLICY, "sign-in by code is switched off");
    TRY(read_proof(task, redemption, &redeeming));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(redeem(service, &tx, task, &redeeming));
    if (!redeeming.account.is_email_verified) TRY(take_over(service, tx, task, &redeeming));
    TRY(db_commit(&tx, task));
    deny(service, task, &redeeming);
    return begin(service, task, &redeeming, ret_response);
}

/* --- verification ------------------------------------------------------------------------------------------------- */

/* Only where nobody could have chosen a password for somebody else's address. */
static bool signs_in(const struct service *service, const struct account *account)
{
    return service->policy->signup_signs_in && is_empty(account->password_hash);
}

result code_redemption_verify(struct service *service, struct task *task,
                              const struct code_redemption *redemption, struct token_response *ret_response,
                              bool *ret_signs_in)
{
    struct redeeming redeeming;
    TRY(read_proof(task, redemption, &redeeming));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(redeem(service, &tx, task, &redeeming));
    const result proved = account_prove(tx, task, redeeming.account.id, true);
    /* Proved otherwise meanwhile: what was to be is. */
    if (proved.code != STATUS_NOT_FOUND) TRY(proved);
    TRY(note(service, tx, task, &redeeming, AUDIT_EMAIL_VERIFIED));
    TRY(db_commit(&tx, task));
    deny(service, task, &redeeming);
    *ret_signs_in = signs_in(service, &redeeming.account);
    return *ret_signs_in ? begin(service, task, &redeeming, ret_response) : RESULT_OK;
}

/* --- another password --------------------------------------------------------------------------------------------- */

/* The address the password is held against: the account's, as far as it can be known without using the code up. */
static result address_of(struct service *service, struct task *task, const struct code_redemption *redemption,
                         struct str *ret_email)
{
    struct id id;
    struct account account;
    *ret_email = redemption->email;
    if (redemption->token.len == 0) return RESULT_OK;
    const result looked = codes_look(service, task, CODE_RESET, redemption->token, &id);
    if (looked.code == STATUS_CODE_INVALID) FAIL(&task->fault, CODE_INVALID, "link refused");
    TRY(looked);
    TRY(account_find(service->db, task, id, &account));
    *ret_email = account.email;
    return RESULT_OK;
}

static result tell_of_change(struct service *service, struct db *tx, struct task *task,
                             const struct redeeming *redeeming)
{
    const struct account *account = &redeeming->account;
    const struct mail mail = {.kind = MAIL_PASSWORD_CHANGED,
                              .account_id = account->id,
                              .to = account->email,
                              .locale = account->locale,
                              .name = account->name,
                              .device = redeeming->redemption->device.user_agent,
                              .client_address = redeeming->redemption->device.address};
    return mailer_enqueue(service, tx, task, &mail);
}

static result set_password(struct service *service, struct db **tx, struct task *task,
                           struct redeeming *redeeming, struct str hash)
{
    const struct account *account = &redeeming->account;
    TRY(code_forget(*tx, task, account->id));
    const result set = account_reset_password(*tx, task, account->id, hash);
    if (set.code == STATUS_NOT_FOUND) return refuse(service, tx, task, redeeming, account->id);
    TRY(set);
    if (!account->is_email_verified) TRY(drop_of_before(service, *tx, task, redeeming));
    TRY(session_end_all(*tx, task, account->id, (struct id){{0}}, "password_reset", &redeeming->ended));
    TRY(throttle_forget(service, *tx, task, account->email_key));
    TRY(note(service, *tx, task, redeeming, AUDIT_PASSWORD_RESET));
    return tell_of_change(service, *tx, task, redeeming);
}

result code_redemption_reset(struct service *service, struct task *task,
                             const struct code_redemption *redemption)
{
    struct redeeming redeeming;
    struct secret chosen;
    struct str email, hash;
    TRY(read_proof(task, redemption, &redeeming));
    TRY(password_normalize(task, "/new_password", redemption->new_password, &chosen));
    TRY(address_of(service, task, redemption, &email));
    TRY(password_policy_check(service, task, "/new_password", chosen, email));
    /* Before the code is looked at: a server too busy to hash uses up no code. */
    TRY(password_hash_wait(service->hasher, task, chosen, &hash));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(redeem(service, &tx, task, &redeeming));
    TRY(set_password(service, &tx, task, &redeeming, hash));
    TRY(db_commit(&tx, task));
    deny(service, task, &redeeming);
    mailer_wake(service);
    return RESULT_OK;
}
