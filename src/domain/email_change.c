// SPDX-License-Identifier: MIT
#include "auth/domain/email_change.h"

#include "auth/domain/accounts.h"
#include "auth/domain/audit.h"
#include "auth/domain/email.h"
#include "auth/domain/mailer.h"
#include "auth/domain/rights.h"

/* --- asking ------------------------------------------------------------------------------------------------------- */

struct asking {
    const struct email_change *change;
    struct account account;
    struct account owner; /* of the new address, where that is somebody else; else the nil id */
    struct code_made made;
};

/* Everything the notices of one change have in common. */
static struct mail notice(enum mail_kind kind, const struct account *account, const struct device *device)
{
    return (struct mail){.kind = kind,
                         .account_id = account->id,
                         .to = account->email,
                         .locale = account->locale,
                         .name = account->name,
                         .device = device->user_agent,
                         .client_address = device->address};
}

/* The code to the new address; or, where it has an account, a notice to its owner. */
static struct mail letter_to_new(const struct asking *asking)
{
    if (!is_nil(asking->owner.id))
        return notice(MAIL_SIGNUP_REPEATED, &asking->owner, &asking->change->device);
    struct mail mail = notice(MAIL_EMAIL_CHANGE, &asking->account, &asking->change->device);
    mail.to = asking->change->email;
    mail.code = asking->made.code;
    mail.link_path = STR("/ui/email");
    mail.link_token = asking->made.token;
    mail.expires_at_ms = asking->made.expires_at_ms;
    return mail;
}

static result store_asking(struct service *service, struct task *task, struct asking *asking)
{
    const struct email_change *change = asking->change;
    const struct code_order order = {
        .subject = {.purpose = CODE_CHANGE, .account_id = change->account_id},
        .account_id = change->account_id,
        .new_email = change->email,
        .session_id = change->session_id,
    };
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(codes_make(service, tx, task, &order, &asking->made));
    const struct mail to_new = letter_to_new(asking);
    const struct mail to_old = notice(MAIL_EMAIL_CHANGE_ASKED, &asking->account, &change->device);
    TRY(mailer_enqueue(service, tx, task, &to_new));
    TRY(mailer_enqueue(service, tx, task, &to_old));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_EMAIL_CHANGE_ASKED,
                                         .account_id = change->account_id,
                                         .session_id = change->session_id,
                                         .client_address = change->device.address}));
    return db_commit(&tx, task);
}

result email_change_ask(struct service *service, struct task *task, const struct email_change *change,
                        int64_t *ret_expires_in_seconds)
{
    struct asking asking = {.change = change};
    const struct policy *policy = service->policy;
    const struct code_subject subject = {.purpose = CODE_CHANGE, .account_id = change->account_id};
    struct str email_key;
    TRY(email_canonicalize(task, "/email", change->email, &email_key));
    TRY(email_domain_check(task, "/email", email_key, policy->email_domains_allowed,
                           policy->email_domains_denied));
    TRY(codes_allow(service, task, &subject));
    const result found = account_find(service->db, task, change->account_id, &asking.account);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_TOKEN, "account is gone");
    TRY(found);
    TRY(accounts_look_up(service, task, email_key, &asking.owner));
    /* Another spelling of the own address is nobody else's. */
    if (id_equal(asking.owner.id, change->account_id)) asking.owner = (struct account){0};
    TRY(store_asking(service, task, &asking));
    mailer_wake(service);
    *ret_expires_in_seconds = policy->code_life_ms[CODE_CHANGE] / MS_PER_SECOND;
    return RESULT_OK;
}

/* --- confirming --------------------------------------------------------------------------------------------------- */

struct confirming {
    const struct email_proof *proof;
    struct code_use use;
    struct account account; /* as it was */
    struct id_list ended;
};

/* CONFLICT when somebody else has got the address meanwhile. */
static result set_address(struct db *tx, struct task *task, const struct confirming *confirming)
{
    struct str email_key;
    TRY(email_canonicalize(task, "/email", confirming->use.new_email, &email_key));
    TRY(account_purge_closed(tx, task, email_key));
    return account_set_email(tx, task, confirming->account.id, confirming->use.new_email, email_key);
}

static result finish(struct service *service, struct db **tx, struct task *task,
                     struct confirming *confirming)
{
    const struct id id = confirming->account.id;
    const struct id session_id = confirming->use.session_id;
    const struct mail mail = notice(MAIL_EMAIL_CHANGED, &confirming->account, &confirming->proof->device);
    const struct code_subject subject = {.purpose = CODE_CHANGE, .account_id = id};
    TRY(session_end_all(*tx, task, id, session_id, "email_changed", &confirming->ended));
    TRY(codes_allow_again(service, *tx, task, &subject));
    TRY(mailer_enqueue(service, *tx, task, &mail));
    TRY(audit_note(service, *tx, task,
                   &(struct audit_event){.type = AUDIT_EMAIL_CHANGED,
                                         .account_id = id,
                                         .session_id = session_id,
                                         .client_address = confirming->proof->device.address}));
    TRY(db_commit(tx, task));
    sessions_deny(service, task, &confirming->ended);
    /* It goes on, with another address. */
    sessions_deny(service, task, &(struct id_list){&session_id, 1});
    rights_deny(service, task, id);
    mailer_wake(service);
    return RESULT_OK;
}

result email_change_confirm(struct service *service, struct task *task, const struct email_proof *proof)
{
    struct confirming confirming = {.proof = proof};
    const struct code_proof code = {.subject = {.purpose = CODE_CHANGE, .account_id = proof->account_id},
                                    .token = proof->token,
                                    .code = proof->code};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    const result redeemed = codes_redeem(service, tx, task, &code, &confirming.use);
    if (redeemed.code == STATUS_CODE_INVALID)
        return codes_refuse(service, &tx, task, confirming.use.account_id, proof->device.address);
    TRY(redeemed);
    TRY(account_find(tx, task, confirming.use.account_id, &confirming.account));
    /* All codes to the old address are dead. */
    TRY(code_forget(tx, task, confirming.account.id));
    const result set = set_address(tx, task, &confirming);
    if (set.code == STATUS_CONFLICT) {
        db_rollback(&tx);
        fault_clear(&task->fault);
        FAIL(&task->fault, CODE_INVALID, "address is taken, or the account is not active");
    }
    TRY(set);
    return finish(service, &tx, task, &confirming);
}
