// SPDX-License-Identifier: MIT
#include "auth/domain/accounts.h"

#include "auth/domain/audit.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/email.h"
#include "auth/domain/invitations.h"
#include "auth/domain/mailer.h"
#include "auth/domain/password_policy.h"
#include "users_internal.h"

struct signing_up {
    const struct signup *signup;
    struct account account;
    struct account owner;         /* of an address that is taken; else the nil id */
    struct invitation invitation; /* of a link; else the nil id */
    struct secret password;
    bool is_new;
};

static bool is_invited(const struct signing_up *signing_up)
{
    return !is_nil(signing_up->invitation.id);
}

/* Who may come at all. */
static result check_way(struct service *service, struct task *task, struct signing_up *signing_up)
{
    const struct signup *signup = signing_up->signup;
    const struct policy *policy = service->policy;
    if (signup->is_by_operator) return RESULT_OK;
    const bool has_link = signup->invitation.len > 0;
    if (!has_link && !policy->is_signup_open) FAIL(&task->fault, DISABLED_BY_POLICY, "sign-up is closed");
    if (has_link && !policy->is_signup_by_invitation)
        FAIL(&task->fault, DISABLED_BY_POLICY, "sign-up is closed, to whoever is invited, too");
    if (!has_link) return RESULT_OK;
    return invitations_look(service, task, signup->invitation, &signing_up->invitation);
}

/* An invitation is for its address, and for that whatever its domain. */
static result check_address(struct service *service, struct task *task, struct signing_up *signing_up)
{
    const struct policy *policy = service->policy;
    struct str *email_key = &signing_up->account.email_key;
    TRY(email_canonicalize(task, "/email", signing_up->signup->email, email_key));
    if (signing_up->signup->is_by_operator) return RESULT_OK;
    if (!is_invited(signing_up))
        return email_domain_check(task, "/email", *email_key, policy->email_domains_allowed,
                                  policy->email_domains_denied);
    if (!str_equal(*email_key, signing_up->invitation.email_key))
        FAIL(&task->fault, CODE_INVALID, "invitation is of another address");
    return RESULT_OK;
}

static result check_password(struct service *service, struct task *task, struct signing_up *signing_up)
{
    const struct signup *signup = signing_up->signup;
    const struct password_owner owner = {.email = signup->email, .name = signup->name};
    if (signup->password.len == 0 && service->policy->has_code_sign_in) return RESULT_OK;
    if (signup->password.len == 0) {
        fault_add_field(&task->fault, "/password", "required", "must be given");
        FAIL(&task->fault, VALIDATION_FAILED, "no password, and codes do not sign in");
    }
    TRY(password_normalize(task, "/password", signup->password, &signing_up->password));
    return password_policy_judge(service, task, "/password", signing_up->password, &owner);
}

/* All before anything is stored; words, address and password are all looked at, so that all that is wrong is named at once. */
static result check(struct service *service, struct task *task, struct signing_up *signing_up)
{
    TRY(check_way(service, task, signing_up));
    const struct user given = {.name = signing_up->signup->name, .locale = signing_up->signup->locale};
    const result words = user_check_words(task, &given);
    const result address = check_address(service, task, signing_up);
    const result password =
        address.code == STATUS_CODE_INVALID ? RESULT_OK : check_password(service, task, signing_up);
    TRY(address);
    TRY(words);
    return password;
}

/* The account's owner learns that somebody tried; whoever tried does not. */
static result tell_owner(struct service *service, struct db *tx, struct task *task,
                         const struct signing_up *signing_up)
{
    const struct account *owner = &signing_up->owner;
    const struct mail mail = {.kind = MAIL_SIGNUP_REPEATED,
                              .account_id = owner->id,
                              .to = owner->email,
                              .locale = owner->locale,
                              .name = owner->name,
                              .link_path = STR("/ui/reset"),
                              .device = signing_up->signup->device.user_agent,
                              .client_address = signing_up->signup->device.address,
                              .is_decoy = is_nil(owner->id)};
    struct code_made unused;
    const struct code_order order = {
        .subject = {.purpose = CODE_VERIFY, .email_key = signing_up->account.email_key},
        .leaves_nothing = true};
    TRY(codes_make(service, tx, task, &order, &unused));
    return mailer_enqueue(service, tx, task, &mail);
}

/* Where a password signs in at once, the address is proved whenever its owner likes. */
static bool is_verified_by_mail(const struct service *service, const struct signing_up *signing_up)
{
    const bool has_password = signing_up->signup->password.len > 0;
    if (signing_up->account.is_email_verified) return false;
    return service->policy->requires_verification || !has_password;
}

/* The same statements for a new address and for one that is taken. */
static result write_letter(struct service *service, struct db *tx, struct task *task,
                           const struct signing_up *signing_up)
{
    struct code_made made;
    if (!signing_up->is_new) return tell_owner(service, tx, task, signing_up);
    const struct code_letter letter = {
        .purpose = CODE_VERIFY,
        .email_key = signing_up->account.email_key,
        .account = &signing_up->account,
        .device = signing_up->signup->device,
        .leaves_nothing = !is_verified_by_mail(service, signing_up),
    };
    return code_requests_write(service, tx, task, &letter, &made);
}

/* Who is invited has proved the address; for whom an operator makes an account, the operator answers. */
static result prove(struct service *service, struct db *tx, struct task *task, struct signing_up *signing_up)
{
    struct account *account = &signing_up->account;
    if (!signing_up->is_new || (!is_invited(signing_up) && !signing_up->signup->is_by_operator))
        return RESULT_OK;
    account->is_email_verified = true;
    if (is_invited(signing_up))
        return invitations_accept(service, tx, task, &signing_up->invitation, account->id);
    return account_prove(tx, task, account->id, true);
}

static result store(struct service *service, struct task *task, struct signing_up *signing_up)
{
    const struct account *account = &signing_up->account;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_purge_closed(tx, task, account->email_key));
    const result inserted = account_insert(tx, task, account);
    signing_up->is_new = is_ok(inserted);
    if (inserted.code != STATUS_CONFLICT) TRY(inserted);
    TRY(prove(service, tx, task, signing_up));
    TRY(write_letter(service, tx, task, signing_up));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = signing_up->is_new ? AUDIT_ACCOUNT_CREATED
                                                                    : AUDIT_ACCOUNT_SIGNUP_REPEATED,
                                         .account_id = signing_up->is_new ? account->id : (struct id){{0}},
                                         .client_address = signing_up->signup->device.address}));
    TRY(db_commit(&tx, task));
    mailer_wake(service);
    return RESULT_OK;
}

/* Whether the answer says if the address was free. Where it does not, its time must not either: a row more or less, and a mail
 * that goes to somebody, are some tenths of a millisecond beside the hash, and thousands of answers would tell. */
static bool gives_away(const struct service *service, const struct signup *signup)
{
    return service->policy->signup_signs_in || signup->is_by_operator;
}

result accounts_sign_up(struct service *service, struct task *task, const struct signup *signup,
                        struct account *ret_account, bool *ret_is_new)
{
    struct signing_up signing_up = {.signup = signup,
                                    .account = {.id = id_new(task->now_ms),
                                                .email = signup->email,
                                                .name = signup->name,
                                                .locale = signup->locale,
                                                .password_changed_at_ms = task->now_ms,
                                                .created_at_ms = task->now_ms,
                                                .updated_at_ms = task->now_ms}};
    struct account *account = &signing_up.account;
    TRY(check(service, task, &signing_up));
    if (is_empty(account->locale)) account->locale = signing_up.invitation.locale;
    /* Hashed whether or not the address is taken: the time must not tell. */
    if (signing_up.password.len > 0)
        TRY(password_hash_wait(service->hasher, task, signing_up.password, &account->password_hash));
    const int64_t hashed_ms = clock_monotonic_ms();
    TRY(accounts_look_up(service, task, account->email_key, &signing_up.owner));
    TRY(store(service, task, &signing_up));
    if (!gives_away(service, signup)) codes_answer_at_step(hashed_ms, CODE_ANSWER_STEP_MS);
    *ret_account = *account;
    *ret_is_new = signing_up.is_new;
    return RESULT_OK;
}
