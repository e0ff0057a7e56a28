// SPDX-License-Identifier: MIT
#include "auth/domain/throttle.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/domain/devices.h"

static const char *const KIND_NAMES[THROTTLE_KIND_COUNT] = {
    [THROTTLE_DEVICE] = "device",
    [THROTTLE_TOTP] = "totp",
    [THROTTLE_RECOVERY] = "recovery",
    [THROTTLE_REAUTHENTICATION] = "reauthentication",
    [THROTTLE_PASSWORD_CHANGE] = "password_change",
};

/* A database that leaks shows no addresses of people who have no account. */
static struct throttle throttle_of(const struct service *service, struct str name)
{
    unsigned char tag[SHA256_BYTES];
    hmac_sha256(&service->secrets->throttle_key, &name, 1, tag);
    struct throttle throttle;
    memcpy(throttle.key, tag, sizeof throttle.key);
    return throttle;
}

static int64_t seconds_until(int64_t at_ms, int64_t now_ms)
{
    return at_ms <= now_ms ? 1 : (at_ms - now_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
}

/* "totp:<account>", and the device where it is known. Every address has an @, so that no name is one. */
static struct str name_of(struct task *task, const struct throttle_subject *subject)
{
    char account[ID_TEXT_SIZE];
    char device[2 * SHA256_BYTES + 1];
    id_print(subject->account_id, account);
    const char *kind = KIND_NAMES[subject->kind];
    if (!subject->device || !subject->device->is_known)
        return str_printf(task->arena, "%s:%s", kind, account);
    hex_encode(subject->device->key.digest, sizeof subject->device->key.digest, device);
    return str_printf(task->arena, "%s:%s:%s", kind, account, device);
}

result throttle_begin_for(struct service *service, struct task *task, const struct throttle_subject *subject,
                          struct throttle *ret_throttle)
{
    return throttle_begin(service, task, name_of(task, subject), ret_throttle);
}

result throttle_forget_account(const struct service *service, struct db *db, struct task *task,
                               const struct account *account)
{
    TRY(throttle_forget(service, db, task, account->email_key));
    for (int kind = THROTTLE_TOTP; kind < THROTTLE_KIND_COUNT; kind++) {
        const struct throttle_subject subject = {.kind = (enum throttle_kind)kind, .account_id = account->id};
        TRY(throttle_forget(service, db, task, name_of(task, &subject)));
    }
    return RESULT_OK;
}

result throttle_begin(struct service *service, struct task *task, struct str email_key,
                      struct throttle *ret_throttle)
{
    const struct throttle throttle = throttle_of(service, email_key);
    const struct throttle_rule *rule = &service->policy->throttle;
    struct throttle_state state;
    const result taken = throttle_take(service->db, task, throttle.key, rule, &state);
    if (taken.code == STATUS_RATE_LIMITED) {
        const bool is_stopped = state.failures >= rule->stop;
        task->retry_after_seconds = is_stopped ? rule->longest_delay_ms / MS_PER_SECOND
                                               : seconds_until(state.blocked_until_ms, task->now_ms);
        FAIL(&task->fault, RATE_LIMITED, "attempts throttled after %lld failures", (long long)state.failures);
    }
    TRY(taken);
    *ret_throttle = throttle;
    return RESULT_OK;
}

result throttle_succeeded(struct db *db, struct task *task, const struct throttle *throttle)
{
    return throttle_clear(db, task, throttle->key);
}

result throttle_forget(const struct service *service, struct db *db, struct task *task, struct str email_key)
{
    const struct throttle throttle = throttle_of(service, email_key);
    return throttle_clear(db, task, throttle.key);
}

result throttle_undo(struct service *service, struct task *task, const struct throttle *throttle)
{
    return throttle_uncount(service->db, task, throttle->key);
}
