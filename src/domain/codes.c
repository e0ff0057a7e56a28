// SPDX-License-Identifier: MIT
#include "auth/domain/codes.h"

#include <string.h>

#include "auth/base/clock.h"
#include "auth/domain/audit.h"
#include "auth/loop/fiber.h"
#include "auth/store/throttle_repo.h"

static const char *const PURPOSES[CODE_PURPOSE_COUNT] = {
    [CODE_VERIFY] = "verify", [CODE_LOGIN] = "login", [CODE_RESET] = "reset", [CODE_CHANGE] = "change"};

static struct str purpose_of(enum code_purpose purpose)
{
    return str_from(PURPOSES[purpose]);
}

/* --- digests ------------------------------------------------------------------------------------------------------ */

/* A database that leaks shows no addresses of people who have no account. */
static void subject_digest(const struct service *service, const struct code_subject *subject,
                           unsigned char ret_digest[CODE_DIGEST_BYTES])
{
    const bool is_account = subject->purpose == CODE_CHANGE;
    const struct str account = {(const char *)subject->account_id.bytes, sizeof subject->account_id.bytes};
    const struct str parts[] = {is_account ? STR("account:") : STR("address:"),
                                is_account ? account : subject->email_key};
    hmac_sha256(&service->secrets->code_key, parts, ARRAY_COUNT(parts), ret_digest);
}

/* Of one row: the digest of the same code in another row tells nothing. */
static void code_digest(const struct service *service, const struct id *id, struct secret code,
                        unsigned char ret_digest[CODE_DIGEST_BYTES])
{
    const struct str parts[] = {
        STR("code:"), {(const char *)id->bytes, sizeof id->bytes}, secret_expose(code)};
    hmac_sha256(&service->secrets->code_key, parts, ARRAY_COUNT(parts), ret_digest);
}

static struct secret random_code(struct arena *arena)
{
    char digits[CODE_DIGITS];
    for (size_t i = 0; i < sizeof digits; i++) digits[i] = (char)('0' + random_below(10));
    const struct secret code = secret_copy(arena, digits, sizeof digits);
    wipe(digits, sizeof digits);
    return code;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void request_key(const struct service *service, const struct code_subject *subject,
                        unsigned char ret_key[THROTTLE_KEY_BYTES])
{
    unsigned char digest[CODE_DIGEST_BYTES], tag[SHA256_BYTES];
    subject_digest(service, subject, digest);
    const struct str parts[] = {
        STR("request:"), {(const char *)digest, sizeof digest}, purpose_of(subject->purpose)};
    hmac_sha256(&service->secrets->code_key, parts, ARRAY_COUNT(parts), tag);
    memcpy(ret_key, tag, THROTTLE_KEY_BYTES);
}

result codes_allow(struct service *service, struct task *task, const struct code_subject *subject)
{
    unsigned char key[THROTTLE_KEY_BYTES];
    struct throttle_state state;
    request_key(service, subject, key);
    const result taken = throttle_take(service->db, task, key, &service->policy->code_requests, &state);
    if (taken.code != STATUS_RATE_LIMITED) return taken;
    const int64_t wait_ms = state.blocked_until_ms - task->now_ms;
    task->retry_after_seconds = wait_ms <= 0 ? 1 : (wait_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
    FAIL(&task->fault, RATE_LIMITED, "codes throttled after %lld requests", (long long)state.failures);
}

result codes_allow_again(struct service *service, struct db *db, struct task *task,
                         const struct code_subject *subject)
{
    unsigned char key[THROTTLE_KEY_BYTES];
    request_key(service, subject, key);
    return throttle_clear(db, task, key);
}

/* --- making ------------------------------------------------------------------------------------------------------- */

result codes_make(struct service *service, struct db *db, struct task *task, const struct code_order *order,
                  struct code_made *ret_made)
{
    const struct code_subject *subject = &order->subject;
    struct token_digest token_digest;
    struct code_record record = {.id = id_new(task->now_ms),
                                 .purpose = purpose_of(subject->purpose),
                                 .account_id = order->account_id,
                                 .new_email = order->new_email,
                                 .session_id = order->session_id,
                                 .expires_at_ms =
                                     task->now_ms + service->policy->code_life_ms[subject->purpose]};
    const struct code_made made = {.code = random_code(task->arena),
                                   .token = token_make(task->arena, CODE_TOKEN_PREFIX, &token_digest),
                                   .expires_at_ms = record.expires_at_ms};
    subject_digest(service, subject, record.subject);
    code_digest(service, &record.id, made.code, record.code_digest);
    memcpy(record.token_digest, token_digest.bytes, sizeof record.token_digest);
    TRY(code_put(db, task, &record, !order->leaves_nothing));
    *ret_made = made;
    return RESULT_OK;
}

/* --- redeeming ---------------------------------------------------------------------------------------------------- */

static result redeem_token(struct db *db, struct task *task, const struct code_proof *proof,
                           struct code_use *ret_use)
{
    struct token_digest digest;
    const result parsed = token_parse(secret_expose(proof->token), CODE_TOKEN_PREFIX, &digest);
    REQUIRE(is_ok(parsed), CODE_INVALID);
    return code_use_token(db, task, digest.bytes, purpose_of(proof->subject.purpose), ret_use);
}

static result redeem_code(struct service *service, struct db *db, struct task *task,
                          const struct code_proof *proof, struct code_use *ret_use)
{
    unsigned char subject[CODE_DIGEST_BYTES];
    struct code_attempt attempt = {.purpose = purpose_of(proof->subject.purpose),
                                   .attempts_max = CODE_ATTEMPTS_MAX};
    subject_digest(service, &proof->subject, subject);
    TRY(code_find(db, task, subject, attempt.purpose, CODE_ATTEMPTS_MAX, &attempt.id));
    code_digest(service, &attempt.id, proof->code, attempt.code_digest);
    return code_try(db, task, &attempt, ret_use);
}

result codes_redeem(struct service *service, struct db *db, struct task *task, const struct code_proof *proof,
                    struct code_use *ret_use)
{
    *ret_use = (struct code_use){0};
    if (proof->token.len > 0)
        TRY(redeem_token(db, task, proof, ret_use));
    else
        TRY(redeem_code(service, db, task, proof, ret_use));
    /* One that was made for nobody; nobody was told it. */
    REQUIRE(!is_nil(ret_use->account_id), CODE_INVALID);
    return RESULT_OK;
}

/* The statements are the same for everybody, but a row that refers to an account, a mail that is there, and an attempt that
 * is counted cost the database some tenths of a millisecond more than those that are not: thousands of answers would tell.
 * Of a step the work takes a part. */
void codes_answer_at_step(int64_t began_ms, int64_t step_ms)
{
    fiber_sleep(step_ms - (clock_monotonic_ms() - began_ms) % step_ms);
}

result codes_refuse(struct service *service, struct db **tx, struct task *task, struct id account_id,
                    struct str client_address)
{
    TRY(audit_note(service, *tx, task,
                   &(struct audit_event){.type = AUDIT_CODE_REFUSED,
                                         .account_id = account_id,
                                         .client_address = client_address}));
    TRY(db_commit(tx, task));
    FAIL(&task->fault, CODE_INVALID, "code or link refused");
}

result codes_look(struct service *service, struct task *task, enum code_purpose purpose, struct secret token,
                  struct id *ret_account_id)
{
    struct token_digest digest;
    const result parsed = token_parse(secret_expose(token), CODE_TOKEN_PREFIX, &digest);
    REQUIRE(is_ok(parsed), CODE_INVALID);
    return code_look_token(service->db, task, digest.bytes, purpose_of(purpose), ret_account_id);
}
