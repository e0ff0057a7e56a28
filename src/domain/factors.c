// SPDX-License-Identifier: MIT
#include "auth/domain/factors.h"

#include "auth/base/encoding.h"
#include "auth/crypto/totp.h"
#include "auth/domain/audit.h"
#include "auth/domain/notices.h"
#include "auth/domain/qr_code.h"
#include "auth/domain/sessions.h"
#include "auth/domain/users.h"
#include "auth/store/account_repo.h"
#include "auth/store/login_challenge_repo.h"

static const struct id NO_SESSION = {{0}};

/* --- adding ------------------------------------------------------------------------------------------------------- */

static struct str host_of(struct str issuer)
{
    struct str rest = issuer;
    const struct str scheme = str_split(&rest, ':');
    if (is_empty(rest)) return scheme;
    while (str_starts_with(rest, STR("/"))) rest = str_from_offset(rest, 1);
    rest = str_split(&rest, '/');
    return str_split(&rest, ':');
}

/* "otpauth://totp/ISSUER:ACCOUNT?secret=…&issuer=…"; the parameters are the defaults, told for programs that ask. */
static struct secret uri_of(const struct service *service, struct task *task, const struct account *account,
                            struct str seed_text)
{
    const struct policy *policy = service->policy;
    const struct str issuer = percent_encode(
        task->arena, is_empty(policy->totp_issuer) ? host_of(policy->issuer) : policy->totp_issuer);
    const struct str uri = str_printf(
        task->arena, "otpauth://totp/%.*s:%.*s?secret=%.*s&issuer=%.*s&algorithm=SHA1&digits=%u&period=%d",
        STR_ARGS(issuer), STR_ARGS(percent_encode(task->arena, account->email)), STR_ARGS(seed_text),
        STR_ARGS(issuer), TOTP_DIGITS, TOTP_STEP_SECONDS);
    return secret_copy(task->arena, uri.ptr, uri.len);
}

static result store_factor(struct service *service, struct task *task, struct id account_id,
                           const struct factor *factor)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(factor_delete_pending(tx, task, account_id));
    TRY(factor_insert(tx, task, account_id, factor));
    return db_commit(&tx, task);
}

static result check_room(struct service *service, struct task *task, struct id account_id)
{
    struct assurance assurance;
    TRY(assurance_find(service->db, task, account_id, &assurance));
    if (assurance.factor_count >= FACTORS_PER_ACCOUNT) FAIL(&task->fault, CONFLICT, "too many factors");
    return RESULT_OK;
}

result factors_enrol_totp(struct service *service, struct task *task, const struct totp_draft *draft,
                          struct totp_enrolment *ret_enrolment)
{
    const struct secret seed = totp_seed_make(task->arena);
    const struct str seed_text = base32_print(task->arena, seed.bytes, seed.len);
    struct factor factor = {
        .id = draft->id, .kind = STR(FACTOR_KIND_TOTP), .name = draft->name, .created_at_ms = task->now_ms};
    struct totp_enrolment enrolment = {.id = draft->id,
                                       .name = draft->name,
                                       .seed_text = secret_copy(task->arena, seed_text.ptr, seed_text.len),
                                       .uri = uri_of(service, task, draft->account, seed_text)};
    TRY(check_room(service, task, draft->account->id));
    TRY(totp_seed_seal(service, task, factor.id, seed, &factor.sealed_secret));
    TRY(qr_code_svg(service, task, enrolment.uri, &enrolment.qr_svg));
    TRY(store_factor(service, task, draft->account->id, &factor));
    *ret_enrolment = enrolment;
    return RESULT_OK;
}

/* --- recovery codes ----------------------------------------------------------------------------------------------- */

/* Makes and stores the whole set; in the caller's transaction. */
static result replace_codes(struct service *service, struct db *tx, struct task *task, struct id account_id,
                            struct str_list *ret_codes)
{
    struct str *codes = arena_alloc_array(task->arena, RECOVERY_CODES_COUNT, sizeof *codes);
    TRY(recovery_code_delete_all(tx, task, account_id));
    for (size_t i = 0; i < RECOVERY_CODES_COUNT; i++) {
        unsigned char digest[RECOVERY_DIGEST_BYTES];
        codes[i] = secret_expose(recovery_code_make(task, digest));
        TRY(recovery_code_insert(tx, task, account_id, digest));
    }
    *ret_codes = (struct str_list){codes, RECOVERY_CODES_COUNT};
    return audit_note(service, tx, task,
                      &(struct audit_event){.type = AUDIT_RECOVERY_CODES_MADE, .account_id = account_id});
}

result factors_make_recovery_codes(struct service *service, struct task *task, struct id account_id,
                                   struct str_list *ret_codes)
{
    struct account account;
    struct assurance assurance;
    struct str_list codes;
    TRY(account_find(service->db, task, account_id, &account));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    /* Two sets made at the same moment would both be good. */
    TRY(account_hold(tx, task, account_id, account.password_changed_at_ms));
    TRY(assurance_find(tx, task, account_id, &assurance));
    if (assurance.factor_count == 0)
        FAIL(&task->fault, CONFLICT, "no factor that recovery codes could stand in for");
    TRY(replace_codes(service, tx, task, account_id, &codes));
    TRY(db_commit(&tx, task));
    *ret_codes = codes;
    return RESULT_OK;
}

/* --- confirming and removing -------------------------------------------------------------------------------------- */

/* What follows a change of factors: other sessions end, sign-ins that wait begin anew, the owner is told. */
static result follow_change(struct service *service, struct db *tx, struct task *task,
                            const struct account *account, const struct factor_change *change, bool is_added)
{
    const struct audit_event event = {.type = is_added ? AUDIT_FACTOR_ADDED : AUDIT_FACTOR_REMOVED,
                                      .account_id = account->id,
                                      .session_id = change->session_id,
                                      .client_address = change->device.address};
    TRY(login_challenge_void_all(tx, task, account->id));
    TRY(audit_note(service, tx, task, &event));
    return notice_enqueue(service, tx, task, account,
                          &(struct notice){.kind = is_added ? MAIL_FACTOR_ADDED : MAIL_FACTOR_REMOVED,
                                           .device = &change->device,
                                           .detail = STR(FACTOR_KIND_TOTP)});
}

struct confirmation {
    const struct account *account;
    const struct factor_change *change;
    const struct second_factor *factor;
};

static result store_confirmation(struct service *service, struct task *task,
                                 const struct confirmation *confirmation, struct str_list *ret_codes)
{
    const struct account *account = confirmation->account;
    const struct factor_change *change = confirmation->change;
    struct assurance assurance;
    struct id_list ended;
    struct str_list codes = {0};
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    /* A sign-in at the same moment either sees the factor, or waits, and its session ends here. */
    TRY(account_hold(tx, task, account->id, account->password_changed_at_ms));
    TRY(second_factor_spend(service, tx, task, account, &change->device, confirmation->factor));
    TRY(assurance_find(tx, task, account->id, &assurance));
    if (assurance.factor_count == 1) TRY(replace_codes(service, tx, task, account->id, &codes));
    TRY(session_end_all(tx, task, account->id, change->session_id, "factor_added", &ended));
    TRY(follow_change(service, tx, task, account, change, true));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    mailer_wake(service);
    *ret_codes = codes;
    return RESULT_OK;
}

result factors_confirm(struct service *service, struct task *task, const struct factor_change *change,
                       struct secret code, struct str_list *ret_recovery_codes)
{
    struct account account;
    struct factor factor;
    struct second_factor found;
    TRY(account_find(service->db, task, change->account_id, &account));
    TRY(factors_find(service, task, change->account_id, change->factor_id, &factor));
    if (factor.confirmed_at_ms != 0) FAIL(&task->fault, CONFLICT, "factor is confirmed already");
    const struct second_factor_claim claim = {
        .kind = SECOND_FACTOR_TOTP, .code = code, .enrolment_id = change->factor_id};
    TRY(second_factor_check(service, task, &account, &claim, &found));
    const struct confirmation confirmation = {&account, change, &found};
    return store_confirmation(service, task, &confirmation, ret_recovery_codes);
}

result factors_spend_at_login(struct service *service, struct db *tx, struct task *task,
                              const struct sign_in *sign_in, struct id session_id, struct id_list *ret_ended)
{
    const struct second_factor *factor = sign_in->second_factor;
    const struct account *account = sign_in->account;
    const struct factor_change change = {.session_id = session_id, .device = sign_in->device};
    struct assurance assurance;
    *ret_ended = (struct id_list){0};
    if (factor->is_enrolment) {
        TRY(assurance_find(tx, task, account->id, &assurance));
        if (assurance.factor_count > 0) FAIL(&task->fault, EXPIRED, "account has got a factor meanwhile");
    }
    TRY(second_factor_spend(service, tx, task, account, &sign_in->device, factor));
    if (!factor->is_enrolment) return RESULT_OK;
    TRY(session_end_all(tx, task, account->id, session_id, "factor_added", ret_ended));
    return follow_change(service, tx, task, account, &change, true);
}

result factors_find(struct service *service, struct task *task, struct id account_id, struct id factor_id,
                    struct factor *ret_factor)
{
    struct factor_list list;
    TRY(factor_list_of_account(service->db, task, account_id, &list));
    for (size_t i = 0; i < list.count; i++) {
        if (!id_equal(list.items[i].id, factor_id)) continue;
        *ret_factor = list.items[i];
        return RESULT_OK;
    }
    return RESULT(NOT_FOUND);
}

result factors_rename(struct service *service, struct task *task, struct id account_id, struct id factor_id,
                      struct str name)
{
    return factor_rename(service->db, task, factor_id, account_id, name);
}

/* Recovery codes stand in for a factor: with the last one they go. */
static result check_last(struct service *service, struct db *tx, struct task *task, struct id account_id)
{
    struct assurance assurance;
    bool is_demanded;
    TRY(second_factor_demand(service, tx, task, account_id, &assurance, &is_demanded));
    if (assurance.factor_count > 0) return RESULT_OK;
    if (is_demanded) FAIL(&task->fault, CONFLICT, "account must have a second factor");
    return recovery_code_delete_all(tx, task, account_id);
}

result factors_remove(struct service *service, struct task *task, const struct factor_change *change)
{
    struct account account;
    struct id_list ended = {0};
    bool was_confirmed;
    TRY(account_find(service->db, task, change->account_id, &account));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(account_hold(tx, task, account.id, account.password_changed_at_ms));
    TRY(factor_delete(tx, task, change->factor_id, account.id, &was_confirmed));
    if (was_confirmed) {
        TRY(check_last(service, tx, task, account.id));
        TRY(session_end_all(tx, task, account.id, change->session_id, "factor_removed", &ended));
        TRY(follow_change(service, tx, task, &account, change, false));
    }
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    mailer_wake(service);
    return RESULT_OK;
}

/* --- by an administrator ------------------------------------------------------------------------------------------ */

result factors_reset(struct service *service, struct task *task, struct id account_id)
{
    struct account account;
    struct id_list ended;
    const struct audit_event event = {.type = AUDIT_FACTORS_RESET, .account_id = account_id};
    TRY(account_find(service->db, task, account_id, &account));
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(factor_delete_all(tx, task, account_id));
    TRY(recovery_code_delete_all(tx, task, account_id));
    TRY(login_challenge_void_all(tx, task, account_id));
    TRY(throttle_forget_account(service, tx, task, &account));
    TRY(session_end_all(tx, task, account_id, NO_SESSION, "factors_reset", &ended));
    TRY(audit_note(service, tx, task, &event));
    TRY(notice_enqueue(service, tx, task, &account,
                       &(struct notice){.kind = MAIL_FACTOR_REMOVED, .detail = STR(FACTOR_KIND_TOTP)}));
    TRY(db_commit(&tx, task));
    sessions_deny(service, task, &ended);
    mailer_wake(service);
    return RESULT_OK;
}

result factors_demand(struct service *service, struct task *task, const struct user_target *target,
                      bool requires_mfa)
{
    struct user user;
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(users_hold(tx, task, target, &user));
    TRY(assurance_set_required(tx, task, target->id, requires_mfa));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_FACTOR_DEMAND_CHANGED,
                                         .account_id = target->id,
                                         .detail = requires_mfa ? "required" : "optional"}));
    return db_commit(&tx, task);
}
