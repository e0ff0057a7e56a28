// SPDX-License-Identifier: MIT
#include "auth/domain/webhook_sender.h"

#include "webhook_sender_internal.h"

#define SENDER_ARENA_BYTES (64u * 1024u)
#define RETRY_SECONDS_MAX  INT64_C(604800)

static result parse_retries(struct task *task, struct webhook_sender *sender)
{
    struct str rest = sender->options.retry_seconds;
    while (!is_empty(rest)) {
        int64_t seconds;
        const struct str item = str_trim(str_split(&rest, ','));
        if (!str_to_int64(item, &seconds) || seconds < 1 || seconds > RETRY_SECONDS_MAX)
            FAIL(&task->fault, BAD_REQUEST,
                 "AUTH_WEBHOOK_RETRY_SECONDS: must be numbers from 1 to %lld, by commas",
                 (long long)RETRY_SECONDS_MAX);
        if (sender->retry_count == WEBHOOK_RETRIES_MAX)
            FAIL(&task->fault, BAD_REQUEST, "AUTH_WEBHOOK_RETRY_SECONDS: more than %u items",
                 WEBHOOK_RETRIES_MAX);
        sender->retry_ms[sender->retry_count++] = seconds * MS_PER_SECOND;
    }
    if (sender->retry_count == 0)
        FAIL(&task->fault, BAD_REQUEST, "AUTH_WEBHOOK_RETRY_SECONDS: must name at least one wait");
    return RESULT_OK;
}

result webhook_sender_create(struct task *task, const struct webhook_sender_options *options,
                             struct webhook_sender **ret_sender)
{
    struct arena *arena = arena_create(SENDER_ARENA_BYTES);
    struct webhook_sender *sender = arena_alloc(arena, sizeof *sender);
    sender->arena = arena;
    sender->options = *options;
    const result parsed = parse_retries(task, sender);
    if (is_ok(parsed))
        *ret_sender = sender;
    else
        webhook_sender_destroy(sender);
    return parsed;
}

void webhook_sender_destroy(struct webhook_sender *sender)
{
    if (sender) arena_destroy(sender->arena);
}

void webhook_sender_stop(struct webhook_sender *sender)
{
    atomic_store(&sender->is_stopping, true);
}

void webhook_sender_counts(struct webhook_sender *sender, struct webhook_counts *ret_counts)
{
    *ret_counts = (struct webhook_counts){
        .waiting = atomic_load(&sender->waiting),
        .delivered = atomic_load(&sender->delivered),
        .attempts_failed = atomic_load(&sender->attempts_failed),
        .given_up = atomic_load(&sender->given_up),
        .disabled = atomic_load(&sender->disabled),
    };
}

const char *webhook_url_problem(const struct service *service, struct str url)
{
    return fetch_secure_url_problem(service->webhooks->options.fetch, url);
}

void webhook_sender_wake(struct service *service)
{
    if (!service->webhook_worker) service->is_webhook_due = true;
    background_wake(service->webhook_worker, service, 0);
}
