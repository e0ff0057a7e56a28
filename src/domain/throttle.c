// SPDX-License-Identifier: MIT
#include "auth/domain/throttle.h"

#include <string.h>

#include "auth/crypto/digest.h"

/* A database that leaks shows no addresses of people who have no account. */
static struct throttle throttle_of(const struct service *service, struct str email_key)
{
    unsigned char tag[SHA256_BYTES];
    hmac_sha256(&service->secrets->throttle_key, &email_key, 1, tag);
    struct throttle throttle;
    memcpy(throttle.key, tag, sizeof throttle.key);
    return throttle;
}

static int64_t seconds_until(int64_t at_ms, int64_t now_ms)
{
    return at_ms <= now_ms ? 1 : (at_ms - now_ms + MS_PER_SECOND - 1) / MS_PER_SECOND;
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
