// SPDX-License-Identifier: MIT
#include "auth/domain/login_challenge.h"

#include <string.h>

#include "auth/crypto/token.h"
#include "auth/domain/audit.h"
#include "auth/domain/login.h"
#include "auth/json/writer.h"
#include "auth/store/account_repo.h"

#define MEMBERS_BYTES_MAX 512u

_Static_assert(SHA256_BYTES == CHALLENGE_DIGEST_BYTES, "what is kept of a login token");

/* --- beginning ---------------------------------------------------------------------------------------------------- */

static result store_challenge(struct service *service, struct task *task, const struct sign_in *sign_in,
                              const struct login_challenge *challenge)
{
    SCOPED_TX(tx);
    TRY(db_begin(service->db, task, &tx));
    TRY(login_challenge_erase_expired(tx, task, challenge->account_id));
    TRY(login_challenge_insert(tx, task, challenge));
    if (sign_in->throttle) TRY(throttle_succeeded(tx, task, sign_in->throttle));
    TRY(audit_note(service, tx, task,
                   &(struct audit_event){.type = AUDIT_LOGIN_CHALLENGED,
                                         .account_id = challenge->account_id,
                                         .client_address = challenge->client_address}));
    return db_commit(&tx, task);
}

static void write_methods(struct json_writer *json, const struct assurance *assurance)
{
    json_begin_array(json);
    if (assurance->factor_count > 0) json_string(json, STR("totp"));
    if (assurance->factor_count > 0 && assurance->recovery_count > 0) json_string(json, STR("recovery"));
    if (assurance->factor_count == 0) json_string(json, STR("enroll"));
    json_end_array(json);
}

/* Members of an object: the braces are the problem's. */
static result write_members(struct task *task, struct secret login_token, const struct assurance *assurance)
{
    struct strbuf text;
    strbuf_init(&text, task->arena, MEMBERS_BYTES_MAX, MEMBERS_BYTES_MAX);
    struct json_writer json = {.out = &text};
    json_key(&json, "login_token");
    json_string(&json, secret_expose(login_token));
    json_key(&json, "methods");
    write_methods(&json, assurance);
    json_key(&json, "expires_in");
    json_int64(&json, LOGIN_CHALLENGE_MS / MS_PER_SECOND);
    return strbuf_finish(&text, &task->problem_members);
}

result login_challenge_begin(struct service *service, struct task *task, const struct sign_in *sign_in,
                             const struct known_device *known, const struct assurance *assurance)
{
    const struct account *account = sign_in->account;
    struct token_digest digest;
    const struct secret login_token = token_make(task->arena, LOGIN_TOKEN_PREFIX, &digest);
    struct login_challenge challenge = {
        .id = id_new(task->now_ms),
        .account_id = account->id,
        .amr = sign_in->amr,
        .password_changed_at_ms = account->password_changed_at_ms,
        .client_address = sign_in->device.address,
        .user_agent = device_name(task, &sign_in->device),
        .has_device = known->is_known,
        .is_enrolment = assurance->factor_count == 0,
        .expires_at_ms = task->now_ms + LOGIN_CHALLENGE_MS,
    };
    memcpy(challenge.token_digest, digest.bytes, sizeof challenge.token_digest);
    memcpy(challenge.device_digest, known->key.digest, sizeof challenge.device_digest);
    TRY(store_challenge(service, task, sign_in, &challenge));
    TRY(write_members(task, login_token, assurance));
    FAIL(&task->fault, MFA_REQUIRED, "second factor asked for");
}

/* --- going on ----------------------------------------------------------------------------------------------------- */

static result refuse(struct task *task, const char *why)
{
    FAIL(&task->fault, EXPIRED, "login token refused: %s", why);
}

static result read_key(struct task *task, struct secret login_token, const struct device *device,
                       struct challenge_key *ret_key)
{
    struct token_digest digest;
    const result parsed = token_parse(secret_expose(login_token), LOGIN_TOKEN_PREFIX, &digest);
    if (!is_ok(parsed)) return refuse(task, "not one of ours");
    memcpy(ret_key->token_digest, digest.bytes, sizeof ret_key->token_digest);
    ret_key->user_agent = device_name(task, device);
    return RESULT_OK;
}

/* The account, if it still is what the first proof was given for. */
static result find_account(struct service *service, struct task *task,
                           const struct login_challenge *challenge, struct account *ret_account)
{
    const result found = account_find(service->db, task, challenge->account_id, ret_account);
    if (found.code == STATUS_NOT_FOUND) return refuse(task, "account is gone");
    TRY(found);
    if (ret_account->status == ACCOUNT_LOCKED) return refuse(task, "account is locked");
    if (ret_account->password_changed_at_ms != challenge->password_changed_at_ms)
        return refuse(task, "password was changed");
    return RESULT_OK;
}

static result take(struct service *service, struct task *task, const struct challenge_key *key,
                   struct login_challenge *ret_challenge)
{
    const result taken = login_challenge_take(service->db, task, key, LOGIN_CHALLENGE_TRIES, ret_challenge);
    if (taken.code == STATUS_NOT_FOUND)
        return refuse(task, "unknown, used, spent, expired or another device");
    return taken;
}

/* What may be claimed in this sign-in: the one factor that is being enrolled, or those there are. */
static result claim_of(struct task *task, const struct login_challenge *challenge,
                       const struct login_continuation *given, struct second_factor_claim *ret_claim)
{
    *ret_claim = (struct second_factor_claim){.kind = given->kind, .code = given->code};
    if (!challenge->is_enrolment) return RESULT_OK;
    const bool is_enrolled = given->kind == SECOND_FACTOR_TOTP && !is_nil(challenge->factor_id);
    if (!is_enrolled) FAIL(&task->fault, CODE_INVALID, "no factor is enrolled yet");
    ret_claim->enrolment_id = challenge->factor_id;
    return RESULT_OK;
}

/* A factor that was added meanwhile is the one that counts: who knows a password must not put another beside it. */
static result check_enrolment(struct service *service, struct task *task,
                              const struct login_challenge *challenge)
{
    struct assurance assurance;
    if (!challenge->is_enrolment) return RESULT_OK;
    TRY(assurance_find(service->db, task, challenge->account_id, &assurance));
    return assurance.factor_count == 0 ? RESULT_OK : refuse(task, "account has a factor by now");
}

result login_continue(struct service *service, struct task *task, const struct login_continuation *given,
                      struct token_response *ret_response)
{
    struct challenge_key key;
    struct login_challenge challenge;
    struct account account;
    struct second_factor_claim claim;
    struct second_factor factor;
    TRY(read_key(task, given->login_token, &given->device, &key));
    TRY(take(service, task, &key, &challenge));
    TRY(find_account(service, task, &challenge, &account));
    TRY(check_enrolment(service, task, &challenge));
    TRY(claim_of(task, &challenge, given, &claim));
    struct known_device device = {.is_known = challenge.has_device, .key.account_id = account.id};
    memcpy(device.key.digest, challenge.device_digest, sizeof device.key.digest);
    claim.device = &device;
    TRY(second_factor_check(service, task, &account, &claim, &factor));
    factor.challenge_id = challenge.id;
    const struct sign_in sign_in = {.account = &account,
                                    .device = given->device,
                                    .amr = second_factor_amr(task, challenge.amr, given->kind),
                                    .second_factor = &factor};
    return login_begin(service, task, &sign_in, ret_response);
}

result login_enrol(struct service *service, struct task *task, struct secret login_token,
                   const struct device *device, struct totp_enrolment *ret_enrolment)
{
    struct challenge_key key;
    struct login_challenge challenge;
    struct account account;
    struct totp_enrolment enrolment;
    const struct id factor_id = id_new(task->now_ms);
    TRY(read_key(task, login_token, device, &key));
    const result set =
        login_challenge_set_factor(service->db, task, &key, factor_id, LOGIN_CHALLENGE_ENROLS, &challenge);
    if (set.code == STATUS_NOT_FOUND)
        return refuse(task, "not for enrolment, used, expired or another device");
    TRY(set);
    challenge.is_enrolment = true;
    TRY(find_account(service, task, &challenge, &account));
    TRY(check_enrolment(service, task, &challenge));
    const struct totp_draft draft = {.id = factor_id, .account = &account};
    TRY(factors_enrol_totp(service, task, &draft, &enrolment));
    *ret_enrolment = enrolment;
    return RESULT_OK;
}
