// SPDX-License-Identifier: MIT
#include "idempotency_internal.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/crypto/seal.h"
#include "auth/store/idempotency_repo.h"

static const char *const KEPT_HEADERS[] = {"Location", "ETag"};

/* Without the quotation marks of a structured string, in which nothing needs escaping here. */
static bool read_key(struct str header, struct str *ret_key)
{
    struct str key = str_trim(header);
    if (key.len >= 2 && key.ptr[0] == '"' && key.ptr[key.len - 1] == '"')
        key = (struct str){key.ptr + 1, key.len - 2};
    *ret_key = key;
    return key.len >= 1 && key.len <= IDEMPOTENCY_KEY_MAX && printable_prefix(key, true) == key.len;
}

static void digest_parts(const struct request *request, const struct str *parts, size_t count,
                         unsigned char ret_digest[REQUEST_CLAIM_BYTES])
{
    hmac_sha256(&service_of(request)->secrets->idempotency_key, parts, count, ret_digest);
}

/* None of the parts but the last holds a NUL. */
static struct request_claim claim_of(const struct request *request, struct str key)
{
    static const struct str end = STR_INIT("\0");
    struct request_claim claim = {.claimed_at_ms = request->task.now_ms};
    const struct str key_parts[] = {STR("key"), end, request->task.actor, end, str_from(request->route->id),
                                    end,        key};
    const struct str request_parts[] = {STR("request"), end, request->path, end,
                                        request->query, end, request->body};
    digest_parts(request, key_parts, ARRAY_COUNT(key_parts), claim.key_digest);
    digest_parts(request, request_parts, ARRAY_COUNT(request_parts), claim.request_digest);
    return claim;
}

static struct str seal_context(struct task *task, const struct request_claim *claim)
{
    return str_printf(task->arena, "idempotency:%.*s",
                      STR_ARGS(base64url_print(task->arena, claim->key_digest, REQUEST_CLAIM_BYTES)));
}

static struct str header_of(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0) return response->headers[i].value;
    return STR("");
}

/* A line for each thing that has none in it, then the body. */
static struct str print_answer(struct arena *arena, const struct response *response)
{
    struct str text = str_printf(arena, "%.*s\n", STR_ARGS(response->content_type));
    for (size_t i = 0; i < ARRAY_COUNT(KEPT_HEADERS); i++)
        text =
            str_printf(arena, "%.*s%.*s\n", STR_ARGS(text), STR_ARGS(header_of(response, KEPT_HEADERS[i])));
    return str_printf(arena, "%.*s%.*s", STR_ARGS(text), STR_ARGS(response->body));
}

static void read_answer(struct str text, struct response *response)
{
    response->content_type = str_split(&text, '\n');
    for (size_t i = 0; i < ARRAY_COUNT(KEPT_HEADERS); i++) {
        const struct str value = str_split(&text, '\n');
        if (!is_empty(value)) response_header_set(response, KEPT_HEADERS[i], value);
    }
    response->body = text;
}

/* Somebody has claimed the key before. */
static result answer_again(struct request *request, const struct request_claim *claim,
                           struct response *response)
{
    struct service *service = service_of(request);
    struct task *task = &request->task;
    struct idempotency_record record;
    const result found = idempotency_find(service->db, task, claim, &record);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, REQUEST_IN_PROGRESS, "key was just released");
    TRY(found);
    if (!bytes_equal(record.request_digest, claim->request_digest, REQUEST_CLAIM_BYTES))
        FAIL(&task->fault, IDEMPOTENCY_KEY_REUSED, "key was used for another request");
    if (record.is_open || record.status == 0)
        FAIL(&task->fault, REQUEST_IN_PROGRESS, record.is_open ? "being worked on" : "answer was lost");
    struct secret text;
    TRY(seal_open(task, &service->secrets->seal_ring, seal_context(task, claim), record.sealed_answer,
                  &text));
    read_answer(secret_expose(text), response);
    response->status = (int)record.status;
    response_header_set(response, "Idempotency-Replayed", STR("true"));
    return RESULT_OK;
}

/* The work is done: an answer that cannot be kept is given all the same. */
static void keep_answer(struct request *request, const struct request_claim *claim,
                        const struct response *response)
{
    struct service *service = service_of(request);
    struct task *task = &request->task;
    const int status = response->status != 0 ? response->status : request->route->success;
    const struct str text = print_answer(task->arena, response);
    struct str sealed;
    result kept = seal(task, &service->secrets->seal_ring, seal_context(task, claim),
                       secret_copy(task->arena, text.ptr, text.len), &sealed);
    if (is_ok(kept)) kept = idempotency_finish(service->db, task, claim, status, sealed);
    if (!is_ok(kept)) fault_clear(&task->fault);
}

/* What was not done may be tried again with the same key; where that cannot be written, after a minute. */
static void release(struct request *request, const struct request_claim *claim)
{
    struct fault *fault = arena_alloc(request->task.arena, sizeof *fault);
    *fault = request->task.fault;
    const result released = idempotency_release(service_of(request)->db, &request->task, claim);
    (void)is_ok(released);
    request->task.fault = *fault;
}

static result handle_claimed(struct request *request, const struct request_claim *claim, const void *body,
                             struct response *response)
{
    request->task.claim = claim;
    const result handled = request->route->handler(request, body, response);
    request->task.claim = NULL;
    if (is_ok(handled))
        keep_answer(request, claim, response);
    else
        release(request, claim);
    return handled;
}

result handle_once(struct request *request, const void *body, struct response *response)
{
    const struct str header = request_header(request, "Idempotency-Key");
    if (!takes_idempotency_key(request->route) || is_empty(header))
        return request->route->handler(request, body, response);
    struct task *task = &request->task;
    struct str key;
    if (!read_key(header, &key)) {
        fault_add_field(&task->fault, "Idempotency-Key", "malformed",
                        "must be 1 to 255 printable characters");
        FAIL(&task->fault, BAD_REQUEST, "idempotency key refused");
    }
    const struct request_claim claim = claim_of(request, key);
    const result claimed =
        idempotency_claim(service_of(request)->db, task, &claim, task->now_ms + IDEMPOTENCY_KEEP_MS,
                          task->now_ms - IDEMPOTENCY_GONE_MS);
    if (claimed.code == STATUS_CONFLICT) return answer_again(request, &claim, response);
    TRY(claimed);
    return handle_claimed(request, &claim, body, response);
}
