// SPDX-License-Identifier: MIT
#include "auth/domain/second_factor.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/crypto/totp.h"
#include "auth/domain/audit.h"
#include "auth/domain/notices.h"
#include "auth/domain/scopes.h"
#include "auth/store/login_challenge_repo.h"

/* --- seeds and codes ---------------------------------------------------------------------------------------------- */

static struct str seal_context(struct task *task, struct id factor_id)
{
    char text[ID_TEXT_SIZE];
    id_print(factor_id, text);
    return str_printf(task->arena, "factor:%s", text);
}

result totp_seed_seal(struct service *service, struct task *task, struct id factor_id, struct secret seed,
                      struct str *ret_sealed)
{
    return seal(task, &service->secrets->seal_ring, seal_context(task, factor_id), seed, ret_sealed);
}

struct secret recovery_code_make(struct task *task, unsigned char ret_digest[RECOVERY_DIGEST_BYTES])
{
    unsigned char random[RECOVERY_CODE_BYTES];
    random_bytes(random, sizeof random);
    const struct str plain = str_lower_ascii(task->arena, base32_print(task->arena, random, sizeof random));
    wipe(random, sizeof random);
    sha256(plain, ret_digest);
    char *text = arena_alloc(task->arena, RECOVERY_CODE_CHARS + RECOVERY_CODE_CHARS / RECOVERY_CODE_GROUP);
    size_t len = 0;
    for (size_t i = 0; i < plain.len; i++) {
        if (i > 0 && i % RECOVERY_CODE_GROUP == 0) text[len++] = '-';
        text[len++] = plain.ptr[i];
    }
    text[len] = '\0';
    return (struct secret){(unsigned char *)text, len};
}

/* As it is typed: hyphens and spaces, and the case of letters, do not matter. 120 random bits need no slow hash (NIST SP
 * 800-63B-4 §3.1.2.2). */
static bool recovery_digest(struct task *task, struct secret code,
                            unsigned char ret_digest[RECOVERY_DIGEST_BYTES])
{
    char plain[RECOVERY_CODE_CHARS];
    size_t len = 0;
    const struct str typed = str_lower_ascii(task->arena, secret_expose(code));
    for (size_t i = 0; i < typed.len; i++) {
        if (typed.ptr[i] == '-' || typed.ptr[i] == ' ') continue;
        if (len == sizeof plain) return false;
        plain[len++] = typed.ptr[i];
    }
    sha256((struct str){plain, len}, ret_digest);
    wipe(plain, sizeof plain);
    return len == sizeof plain;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

/* Those a code may be of: confirmed ones, or the one that waits for its first code. */
static bool is_candidate(const struct factor *factor, const struct second_factor_claim *claim, int64_t now_ms)
{
    if (!str_equal(factor->kind, STR(FACTOR_KIND_TOTP))) return false;
    if (is_nil(claim->enrolment_id)) return factor->confirmed_at_ms != 0;
    return id_equal(factor->id, claim->enrolment_id) && factor->confirmed_at_ms == 0 &&
           factor->created_at_ms > now_ms - ENROLMENT_TIME_MS;
}

static result match(struct service *service, struct task *task, const struct factor *factor,
                    struct secret code, int64_t *ret_step)
{
    struct secret seed;
    TRY(seal_open(task, &service->secrets->seal_ring, seal_context(task, factor->id), factor->sealed_secret,
                  &seed));
    return totp_match(seed, totp_step_at(task->now_ms), service->policy->totp_drift_steps, code, ret_step);
}

/* NOT_FOUND when it is of none, or of a step that is over. */
static result find_totp(struct service *service, struct task *task, const struct account *account,
                        const struct second_factor_claim *claim, struct second_factor *factor)
{
    struct factor_list list;
    TRY(factor_list_of_account(service->db, task, account->id, &list));
    for (size_t i = 0; i < list.count; i++) {
        int64_t step;
        if (!is_candidate(&list.items[i], claim, task->now_ms)) continue;
        const result matched = match(service, task, &list.items[i], claim->code, &step);
        if (matched.code == STATUS_NOT_FOUND) continue;
        TRY(matched);
        if (step <= list.items[i].last_step) continue;
        factor->use =
            (struct factor_use){.factor_id = list.items[i].id, .account_id = account->id, .step = step};
        factor->is_enrolment = !is_nil(claim->enrolment_id);
        return RESULT_OK;
    }
    return RESULT(NOT_FOUND);
}

static result find_code(struct service *service, struct task *task, const struct account *account,
                        const struct second_factor_claim *claim, struct second_factor *factor)
{
    if (claim->kind == SECOND_FACTOR_TOTP) return find_totp(service, task, account, claim, factor);
    REQUIRE(recovery_digest(task, claim->code, factor->code_digest), NOT_FOUND);
    factor->use.account_id = account->id;
    return recovery_code_find(service->db, task, account->id, factor->code_digest);
}

result second_factor_check(struct service *service, struct task *task, const struct account *account,
                           const struct second_factor_claim *claim, struct second_factor *ret_factor)
{
    struct second_factor factor = {.kind = claim->kind};
    const struct throttle_subject subject = {.kind = claim->kind == SECOND_FACTOR_TOTP ? THROTTLE_TOTP
                                                                                       : THROTTLE_RECOVERY,
                                             .account_id = account->id,
                                             .device = claim->device};
    TRY(throttle_begin_for(service, task, &subject, &factor.throttle));
    const result found = find_code(service, task, account, claim, &factor);
    if (found.code == STATUS_NOT_FOUND) {
        TRY(audit_note(service, service->db, task,
                       &(struct audit_event){.type = AUDIT_LOGIN_CODE_REFUSED, .account_id = account->id}));
        FAIL(&task->fault, CODE_INVALID, "second factor refused");
    }
    TRY(found);
    *ret_factor = factor;
    return RESULT_OK;
}

/* --- spending ----------------------------------------------------------------------------------------------------- */

static result spend_totp(struct db *tx, struct task *task, const struct second_factor *factor)
{
    return factor->is_enrolment ? factor_confirm(tx, task, &factor->use, task->now_ms - ENROLMENT_TIME_MS)
                                : factor_spend_step(tx, task, &factor->use);
}

static result tell_of_recovery(struct service *service, struct db *tx, struct task *task,
                               const struct account *account, const struct device *device)
{
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_RECOVERY_CODE_USED,
                                         .account_id = account->id,
                                         .client_address = device->address}));
    return notice_enqueue(service, tx, task, account,
                          &(struct notice){.kind = MAIL_RECOVERY_CODE_USED, .device = device});
}

static result use_challenge(struct db *tx, struct task *task, struct id challenge_id)
{
    const result used = login_challenge_use(tx, task, challenge_id);
    if (used.code == STATUS_NOT_FOUND) FAIL(&task->fault, EXPIRED, "login token was used at the same moment");
    return used;
}

result second_factor_spend(struct service *service, struct db *tx, struct task *task,
                           const struct account *account, const struct device *device,
                           const struct second_factor *factor)
{
    if (!is_nil(factor->challenge_id)) TRY(use_challenge(tx, task, factor->challenge_id));
    const bool is_recovery = factor->kind == SECOND_FACTOR_RECOVERY;
    const result spent = is_recovery ? recovery_code_spend(tx, task, account->id, factor->code_digest)
                                     : spend_totp(tx, task, factor);
    if (spent.code == STATUS_NOT_FOUND)
        FAIL(&task->fault, CODE_INVALID, "second factor was used at the same moment");
    TRY(spent);
    if (is_recovery) TRY(tell_of_recovery(service, tx, task, account, device));
    return throttle_succeeded(tx, task, &factor->throttle);
}

/* --- what it proves ----------------------------------------------------------------------------------------------- */

struct str second_factor_amr(struct task *task, struct str first, enum second_factor_kind kind)
{
    const char *second = kind == SECOND_FACTOR_TOTP ? FACTOR_AMR_TOTP : FACTOR_AMR_RECOVERY;
    const char *both = has_word(first, STR("pwd")) ? " mfa" : "";
    return str_printf(task->arena, "%.*s %s%s", STR_ARGS(first), second, both);
}

bool has_second_step(struct str amr)
{
    return has_word(amr, STR(FACTOR_AMR_TOTP)) || has_word(amr, STR(FACTOR_AMR_RECOVERY));
}

/* --- the demand --------------------------------------------------------------------------------------------------- */

static bool is_listed(struct str listed, struct str role)
{
    while (!is_empty(listed))
        if (str_equal(str_trim(str_split(&listed, ',')), role)) return true;
    return false;
}

/* One of the account's roles, parted by `separator`, is among those that the operator lists. */
static bool has_listed_role(const struct service *service, struct str roles, char separator)
{
    struct str listed = service->policy->mfa_roles;
    if (is_empty(listed)) return false;
    while (!is_empty(roles)) {
        const struct str role = str_split(&roles, separator);
        if (!is_empty(role) && is_listed(listed, role)) return true;
    }
    return false;
}

static result is_demanded_by_role(struct service *service, struct db *db, struct task *task,
                                  struct id account_id, bool *ret_is_demanded)
{
    struct str names;
    *ret_is_demanded = false;
    if (is_empty(service->policy->mfa_roles)) return RESULT_OK;
    TRY(account_role_names(db, task, account_id, &names));
    *ret_is_demanded = has_listed_role(service, names, ' ');
    return RESULT_OK;
}

result second_factor_demand(struct service *service, struct db *db, struct task *task, struct id account_id,
                            struct assurance *ret_assurance, bool *ret_is_demanded)
{
    struct assurance assurance;
    bool is_demanded = service->policy->requires_mfa;
    TRY(assurance_find(db, task, account_id, &assurance));
    is_demanded = is_demanded || assurance.requires_mfa || assurance.factor_count > 0;
    if (!is_demanded) TRY(is_demanded_by_role(service, db, task, account_id, &is_demanded));
    *ret_assurance = assurance;
    *ret_is_demanded = is_demanded;
    return RESULT_OK;
}

bool second_factor_is_lacking(const struct service *service, const struct session *session,
                              const struct rights *rights)
{
    if (has_second_step(session->amr)) return false;
    return service->policy->requires_mfa || session->requires_mfa ||
           has_listed_role(service, rights->roles, ',');
}
