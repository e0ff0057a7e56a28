// SPDX-License-Identifier: MIT
#include "auth/domain/code_requests.h"

#include "auth/base/clock.h"
#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/audit.h"
#include "auth/domain/email.h"
#include "auth/domain/mailer.h"

static const struct {
    enum mail_kind kind;
    const char *path;
} LETTERS[CODE_PURPOSE_COUNT] = {
    [CODE_VERIFY] = {MAIL_VERIFY, "/ui/verify"},
    [CODE_LOGIN] = {MAIL_LOGIN_CODE, "/ui/login"},
    [CODE_RESET] = {MAIL_PASSWORD_RESET, "/ui/reset"},
    [CODE_CHANGE] = {MAIL_EMAIL_CHANGE, "/ui/email"},
};

/* Whether the owner of the account is helped by it. Signing in brings back an account that is closing; nothing else does. */
static bool is_of_use(enum code_purpose purpose, const struct account *account)
{
    if (is_nil(account->id) || account->status == ACCOUNT_LOCKED) return false;
    if (account->status == ACCOUNT_CLOSING) return purpose == CODE_LOGIN;
    return purpose != CODE_VERIFY || !account->is_email_verified;
}

result code_requests_write(struct service *service, struct db *db, struct task *task,
                           const struct code_letter *letter, struct code_made *ret_made)
{
    static const struct account nobody;
    const bool is_meant = !letter->is_for_nobody && !letter->leaves_nothing;
    const struct account *account = is_meant ? letter->account : &nobody;
    const struct code_order order = {
        .subject = {.purpose = letter->purpose, .email_key = letter->email_key},
        .account_id = account->id,
        .leaves_nothing = letter->leaves_nothing,
    };
    TRY(codes_make(service, db, task, &order, ret_made));
    const struct mail mail = {.kind = LETTERS[letter->purpose].kind,
                              .account_id = account->id,
                              .to = is_meant ? account->email : letter->email_key,
                              .locale = account->locale,
                              .name = account->name,
                              .code = ret_made->code,
                              .link_path = str_from(LETTERS[letter->purpose].path),
                              .link_token = ret_made->token,
                              .device = letter->device.user_agent,
                              .client_address = letter->device.address,
                              .expires_at_ms = ret_made->expires_at_ms,
                              .is_decoy = !is_meant || letter->is_not_mailed};
    return mailer_enqueue(service, db, task, &mail);
}

static result send(struct service *service, struct task *task, const struct code_letter *letter)
{
    struct code_made made;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(code_requests_write(service, tx, task, letter, &made));
    TRY(audit_note(
        service, tx, task,
        &(struct audit_event){.type = AUDIT_CODE_ASKED,
                              .account_id = letter->is_for_nobody ? (struct id){{0}} : letter->account->id,
                              .client_address = letter->device.address}));
    TRY(db_commit(&tx, task));
    mailer_wake(service);
    return RESULT_OK;
}

result code_requests_ask(struct service *service, struct task *task, const struct code_request *request,
                         int64_t *ret_expires_in_seconds)
{
    const int64_t began_ms = clock_monotonic_ms();
    struct account account;
    struct code_letter letter = {.purpose = request->purpose, .account = &account, .device = request->device};
    if (request->purpose == CODE_LOGIN && !service->policy->has_code_sign_in)
        FAIL(&task->fault, DISABLED_BY_POLICY, "sign-in by code is switched off");
    TRY(email_canonicalize(task, "/email", request->email, &letter.email_key));
    const struct code_subject subject = {.purpose = request->purpose, .email_key = letter.email_key};
    TRY(codes_allow(service, task, &subject));
    TRY(accounts_look_up(service, task, letter.email_key, &account));
    letter.is_for_nobody = !is_of_use(request->purpose, &account);
    TRY(send(service, task, &letter));
    codes_answer_at_step(began_ms, CODE_ANSWER_STEP_MS);
    *ret_expires_in_seconds = service->policy->code_life_ms[request->purpose] / MS_PER_SECOND;
    return RESULT_OK;
}

result code_requests_remind(struct service *service, struct task *task, const struct account *account,
                            const struct device *device)
{
    const struct code_subject subject = {.purpose = CODE_VERIFY, .email_key = account->email_key};
    const struct code_letter letter = {.purpose = CODE_VERIFY,
                                       .email_key = account->email_key,
                                       .account = account,
                                       .device = *device,
                                       .is_for_nobody = !is_of_use(CODE_VERIFY, account)};
    const result allowed = codes_allow(service, task, &subject);
    if (allowed.code == STATUS_RATE_LIMITED) {
        fault_clear(&task->fault);
        task->retry_after_seconds = 0;
        return RESULT_OK;
    }
    TRY(allowed);
    return send(service, task, &letter);
}

static struct str link_of(struct service *service, struct task *task, enum code_purpose purpose,
                          const struct code_made *made)
{
    return str_printf(task->arena, "%.*s%s#%.*s", STR_ARGS(service->policy->issuer), LETTERS[purpose].path,
                      STR_ARGS(secret_expose(made->token)));
}

result code_requests_link(struct service *service, struct task *task, const struct code_link_order *order,
                          struct code_link *ret_link)
{
    struct account account;
    struct code_made made;
    if (order->purpose == CODE_LOGIN && !service->policy->has_code_sign_in)
        FAIL(&task->fault, DISABLED_BY_POLICY, "sign-in by code is switched off");
    TRY(account_find(service->db, task, order->account_id, &account));
    TRY(administrators_may_touch(service, task, order->granter, account.id));
    if (!is_of_use(order->purpose, &account))
        FAIL(&task->fault, CONFLICT, "account is locked or closing, or its address is proved");
    const struct code_letter letter = {.purpose = order->purpose,
                                       .email_key = account.email_key,
                                       .account = &account,
                                       .is_not_mailed = !order->is_mailed};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(code_requests_write(service, tx, task, &letter, &made));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_LINK_CREATED, .account_id = account.id}));
    TRY(db_commit(&tx, task));
    mailer_wake(service);
    *ret_link = (struct code_link){.code = made.code, .expires_at_ms = made.expires_at_ms};
    const struct str link = link_of(service, task, order->purpose, &made);
    ret_link->link = secret_copy(task->arena, link.ptr, link.len);
    return RESULT_OK;
}
