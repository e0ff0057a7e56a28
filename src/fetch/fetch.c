// SPDX-License-Identifier: MIT
#include "auth/fetch/fetch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "fetch_internal.h"

#define FETCH_ARENA_BYTES (1u << 20)
#define SPARE_BYTES       (256u * 1024u) /* of a thread's arena, for headers */
#define BODY_FIRST_BYTES  4096u
#define METHOD_BYTES_MAX  16u
#define HEADER_BYTES_MAX  4096u

static const char *const OUTCOME_NAMES[] = {
    [FETCH_ANSWERED] = "answered",       [FETCH_BAD_URL] = "bad_url",       [FETCH_REFUSED] = "refused",
    [FETCH_UNREACHABLE] = "unreachable", [FETCH_TLS_FAILED] = "tls_failed", [FETCH_TIMED_OUT] = "timed_out",
    [FETCH_TOO_LARGE] = "too_large",     [FETCH_BROKEN] = "broken",
};

const char *fetch_outcome_name(enum fetch_outcome outcome)
{
    return OUTCOME_NAMES[outcome];
}

static result check_ca_file(struct task *task, struct str ca_file)
{
    if (is_empty(ca_file) || access(str_copy(task->arena, ca_file).ptr, R_OK) == 0) return RESULT_OK;
    FAIL(&task->fault, BAD_REQUEST, "AUTH_CA_FILE: %.*s cannot be read", STR_ARGS(ca_file));
}

static result fill(struct task *task, const struct fetch_options *options, struct fetch *fetch)
{
    struct task copies = {.arena = fetch->arena};
    const result parsed = allowed_parse(&copies, options->allow, &fetch->allowed);
    if (!is_ok(parsed)) FAIL(&task->fault, BAD_REQUEST, "%s", copies.fault.detail);
    TRY(check_ca_file(task, options->ca_file));
    fetch->options = *options;
    fetch->options.ca_file = str_copy(fetch->arena, options->ca_file);
    fetch->options.user_agent = str_copy(fetch->arena, options->user_agent);
    return RESULT_OK;
}

result fetch_create(struct task *task, const struct fetch_options *options, struct fetch **ret_fetch)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch) panic("out of memory");
    fetch->arena = arena_create(FETCH_ARENA_BYTES);
    const result filled = fill(task, options, fetch);
    if (is_ok(filled))
        *ret_fetch = fetch;
    else
        fetch_destroy(fetch);
    return filled;
}

void fetch_abort(struct fetch *fetch)
{
    atomic_store(&fetch->is_aborted, true);
}

void fetch_destroy(struct fetch *fetch)
{
    if (!fetch) return;
    arena_destroy(fetch->arena);
    free(fetch);
}

const char *fetch_url_problem(const struct fetch *fetch, struct str url)
{
    CURLU *parsed = NULL;
    bool is_host_allowed = false;
    const char *problem = url_parse(fetch, url, &parsed, &is_host_allowed);
    curl_url_cleanup(parsed);
    return problem;
}

const char *fetch_secure_url_problem(const struct fetch *fetch, struct str url)
{
    CURLU *parsed = NULL;
    bool is_host_allowed = false;
    const char *problem = url_parse(fetch, url, &parsed, &is_host_allowed);
    if (!problem && !url_is_secure(parsed) && !url_is_listed(fetch, parsed))
        problem = "must begin with https://";
    curl_url_cleanup(parsed);
    return problem;
}

static bool is_token(struct str text, size_t bytes_max)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c))) return false;
    }
    return text.len > 0 && text.len <= bytes_max;
}

static bool is_field_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f) return false;
    }
    return text.len <= HEADER_BYTES_MAX;
}

/* Requests are made by us, with texts from outside in them. */
static result check_request(struct task *task, const struct fetch_request *request)
{
    assert(request->timeout_ms > 0 && request->answer_bytes_max <= FETCH_BODY_BYTES_MAX);
    if (!is_token(request->method, METHOD_BYTES_MAX)) FAIL(&task->fault, BAD_REQUEST, "not a method");
    if (request->header_count > FETCH_HEADERS_MAX) FAIL(&task->fault, BAD_REQUEST, "too many headers");
    for (size_t i = 0; i < request->header_count; i++) {
        const struct fetch_header *header = &request->headers[i];
        if (!is_token(header->name, HEADER_BYTES_MAX) || !is_field_value(header->value))
            FAIL(&task->fault, BAD_REQUEST, "header %zu is not well formed", i);
    }
    return RESULT_OK;
}

static enum fetch_outcome outcome_of(const struct transfer *transfer)
{
    if (transfer->is_too_large) return FETCH_TOO_LARGE;
    switch ((int)transfer->code) {
    case CURLE_OK:
        return FETCH_ANSWERED;
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_TIMED_OUT;
    case CURLE_URL_MALFORMAT:
        return FETCH_BAD_URL;
    case CURLE_COULDNT_RESOLVE_HOST:
        return FETCH_UNREACHABLE;
    case CURLE_COULDNT_CONNECT:
        return transfer->is_refused ? FETCH_REFUSED : FETCH_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return FETCH_TLS_FAILED;
    default:
        return FETCH_BROKEN;
    }
}

static struct str reason_of(const struct transfer *transfer, struct task *task)
{
    if (transfer->is_too_large) return STR("the answer is too large");
    if (outcome_of(transfer) == FETCH_REFUSED) return STR("the address is not public");
    const char *words = transfer->error[0] ? transfer->error : curl_easy_strerror(transfer->code);
    return str_copy(task->arena, str_from(words));
}

static int64_t retry_after_ms(const struct transfer *transfer)
{
    const int64_t longest_s = RETRY_AFTER_MAX_MS / MS_PER_SECOND;
    if (transfer->retry_after <= 0) return 0; /* also of a time that is over */
    return (transfer->retry_after < longest_s ? transfer->retry_after : longest_s) * MS_PER_SECOND;
}

static result finish(const struct transfer *transfer, struct task *task, struct fetch_answer *ret_answer)
{
    const enum fetch_outcome outcome = outcome_of(transfer);
    if (transfer->has_failed) FAIL(&task->fault, INTERNAL, "the request could not be set up");
    ret_answer->outcome = outcome;
    ret_answer->status = (int)transfer->status;
    ret_answer->retry_after_ms = retry_after_ms(transfer);
    if (outcome != FETCH_ANSWERED) {
        ret_answer->reason = reason_of(transfer, task);
        return RESULT_OK;
    }
    ret_answer->content_type = str_copy(task->arena, transfer->content_type);
    ret_answer->body = str_copy(task->arena, strbuf_str(&transfer->body));
    return RESULT_OK;
}

static result run(struct fetch *fetch, struct task *task, struct transfer *transfer,
                  struct fetch_answer *ret_answer)
{
    struct arena *arena SCOPED(arena_destroy_scoped) =
        arena_create(3 * transfer->request->answer_bytes_max + SPARE_BYTES);
    transfer->arena = arena;
    strbuf_init(&transfer->body, arena, BODY_FIRST_BYTES, transfer->request->answer_bytes_max);
    TRY(offload_run(fetch->options.pool, transfer_run, transfer));
    return finish(transfer, task, ret_answer);
}

result fetch_run(struct fetch *fetch, struct task *task, const struct fetch_request *request,
                 struct fetch_answer *ret_answer)
{
    const int64_t began_ms = clock_monotonic_ms();
    struct transfer *transfer = arena_alloc(task->arena, sizeof *transfer);
    *transfer = (struct transfer){.fetch = fetch, .request = request};
    *ret_answer = (struct fetch_answer){.outcome = FETCH_BAD_URL};
    TRY(check_request(task, request));
    const char *problem = url_parse(fetch, request->url, &transfer->url, &transfer->is_host_allowed);
    if (problem) {
        if (problem == url_not_public) ret_answer->outcome = FETCH_REFUSED;
        ret_answer->reason = str_printf(task->arena, "the URL %s", problem);
        return RESULT_OK;
    }
    const result ran = run(fetch, task, transfer, ret_answer);
    curl_url_cleanup(transfer->url);
    ret_answer->duration_ms = clock_monotonic_ms() - began_ms;
    return ran;
}
