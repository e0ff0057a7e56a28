// SPDX-License-Identifier: MIT
#include "webhook_sender_internal.h"

#define ANSWER_BYTES_MAX (64u * 1024u)
#define ERROR_BYTES_MAX  200u
#define HTTP_GOOD        2 /* hundreds */
#define HTTP_TOO_MANY    429
#define HTTP_UNAVAILABLE 503

/* From the library and the network: it goes into the database, and to terminals. */
static struct str harmless(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, ERROR_BYTES_MAX + 1);
    const size_t len = text.len < ERROR_BYTES_MAX ? text.len : ERROR_BYTES_MAX;
    for (size_t i = 0; i < len; i++) copy[i] = text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i] : '?';
    return (struct str){copy, len};
}

static struct str error_of(struct task *task, const struct fetch_answer *answer)
{
    if (answer->outcome == FETCH_ANSWERED) return str_printf(task->arena, "answered %d", answer->status);
    return harmless(task->arena, str_printf(task->arena, "%s: %.*s", fetch_outcome_name(answer->outcome),
                                            STR_ARGS(answer->reason)));
}

/* What stands in the way of a request is its failure, as if the receiver had not answered. */
static result send(struct service *service, struct task *task, const struct webhook *webhook,
                   const struct webhook_message *message, struct fetch_answer *ret_answer)
{
    const struct webhook_sender_options *options = &service->webhooks->options;
    const struct fetch_request request = {
        .method = STR("POST"),
        .url = webhook->url,
        .headers = message->headers,
        .header_count = WEBHOOK_HEADERS,
        .body = message->body,
        .answer_bytes_max = ANSWER_BYTES_MAX,
        .timeout_ms = options->timeout_ms,
    };
    /* What an operator has allowed once may be allowed no more. */
    const char *problem = fetch_secure_url_problem(options->fetch, webhook->url);
    if (!problem) return fetch_run(options->fetch, task, &request, ret_answer);
    *ret_answer = (struct fetch_answer){.outcome = FETCH_REFUSED,
                                        .reason = str_printf(task->arena, "the URL %s", problem)};
    return RESULT_OK;
}

static result fail(struct task *task, struct webhook_delivery *delivery, struct str error)
{
    fault_clear(&task->fault);
    delivery->last_status = 0;
    delivery->last_duration_ms = 0;
    delivery->last_error = error;
    return RESULT_OK;
}

/* RFC 9110 §10.2.3, RFC 6585 §4: of an answer that says "not now". */
static int64_t wait_of(const struct fetch_answer *answer)
{
    const bool says_later = answer->status == HTTP_TOO_MANY || answer->status == HTTP_UNAVAILABLE;
    return says_later ? answer->retry_after_ms : 0;
}

result webhook_try(struct service *service, struct task *task, const struct webhook *webhook, int64_t now_ms,
                   struct webhook_delivery *delivery, struct webhook_attempt *ret_attempt)
{
    struct webhook_message message;
    struct fetch_answer answer;
    *ret_attempt = (struct webhook_attempt){.outcome = WEBHOOK_FAILED};
    const result made = webhook_message_make(service, task, webhook, delivery, now_ms, &message);
    if (made.code == STATUS_NOT_FOUND) {
        ret_attempt->outcome = WEBHOOK_VOID;
        return fail(task, delivery, STR("the event was erased (AUTH_AUDIT_RETENTION_DAYS)"));
    }
    if (made.code == STATUS_INTERNAL)
        return fail(task, delivery, STR("its secret cannot be opened: was AUTH_SECRET_KEY changed?"));
    TRY(made);
    const result sent = send(service, task, webhook, &message, &answer);
    if (sent.code == STATUS_OVERLOADED) return fail(task, delivery, STR("no thread was free for it"));
    TRY(sent);
    /* What a receiver says beyond its status does not matter, neither how much it is nor whether all of it comes. */
    const bool is_good = answer.status / 100 == HTTP_GOOD;
    ret_attempt->outcome = is_good ? WEBHOOK_DELIVERED : WEBHOOK_FAILED;
    ret_attempt->wait_ms = wait_of(&answer);
    delivery->last_status = answer.status;
    delivery->last_duration_ms = answer.duration_ms;
    delivery->last_error = is_good ? STR_NONE : error_of(task, &answer);
    return RESULT_OK;
}
