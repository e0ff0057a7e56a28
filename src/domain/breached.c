// SPDX-License-Identifier: MIT
#include "auth/domain/breached.h"

#include "auth/base/encoding.h"
#include "auth/base/log.h"
#include "auth/crypto/breached_file.h"
#include "auth/fetch/fetch.h"

#define PREFIX_CHARS     5 /* of the digest in hex: all that leaves */
#define SUFFIX_CHARS     35u
#define ANSWER_BYTES_MAX (512u * 1024u)

/* What a worker thread looks up; in the arena of the task, whose fiber is parked meanwhile. */
struct lookup {
    const struct breached_file *file;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    bool is_found;
    result outcome;
};

static void lookup_run(void *argument)
{
    struct lookup *lookup = argument;
    lookup->outcome = breached_file_find(lookup->file, lookup->digest, &lookup->is_found);
}

static result look_in_file(struct service *service, struct task *task, struct lookup *lookup)
{
    TRY(offload_run(service->work, lookup_run, lookup));
    if (!is_ok(lookup->outcome))
        FAIL(&task->fault, INTERNAL,
             "the file of breached passwords has changed since the start, or is damaged");
    return RESULT_OK;
}

static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

bool breached_range_read(struct str text, const char suffix[SUFFIX_CHARS + 1u], bool *ret_is_found)
{
    bool is_found = false, has_line = false;
    while (!is_empty(text)) {
        struct str line = str_split(&text, '\n');
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
        if (is_empty(line)) continue;
        const struct str digits = str_split(&line, ':');
        int64_t count = 0;
        if (digits.len != SUFFIX_CHARS || !is_hex(digits) || !str_to_int64(line, &count)) return false;
        has_line = true;
        if (count > 0 && str_equal_nocase(digits, str_from(suffix))) is_found = true;
    }
    if (has_line) *ret_is_found = is_found;
    return has_line;
}

/* What could not be learnt. */
static result no_answer(struct service *service, struct task *task, const char *outcome)
{
    if (service->policy->breached_fails_closed)
        FAIL(&task->fault, CHECK_UNAVAILABLE, "the online list of breached passwords: %s", outcome);
    log_event(LOG_LEVEL_WARN, "a new password was accepted without the online list of breached passwords",
              LOG_TEXT("outcome", str_from(outcome)), LOG_TEXT("request_id", task->id));
    return RESULT_OK;
}

static result ask_list(struct service *service, struct task *task, struct lookup *lookup)
{
    char hex[2 * BREACHED_DIGEST_BYTES + 1];
    hex_encode(lookup->digest, sizeof lookup->digest, hex);
    /* As the list writes them: where it is a folder of files, their names are in upper case. */
    for (size_t i = 0; i < PREFIX_CHARS; i++)
        if (hex[i] >= 'a') hex[i] = (char)(hex[i] - 'a' + 'A');
    const struct fetch_header headers[] = {{STR("Add-Padding"), STR("true")}};
    const struct fetch_request request = {
        .method = STR("GET"),
        .url =
            str_printf(task->arena, "%.*s%.*s", STR_ARGS(service->policy->breached_url), PREFIX_CHARS, hex),
        .headers = headers,
        .header_count = ARRAY_COUNT(headers),
        .answer_bytes_max = ANSWER_BYTES_MAX,
        .timeout_ms = service->policy->breached_timeout_ms,
    };
    struct fetch_answer answer;
    const result asked = fetch_run(service->fetch, task, &request, &answer);
    if (!is_ok(asked)) {
        fault_clear(&task->fault);
        return no_answer(service, task, status_code(asked.code));
    }
    if (answer.outcome != FETCH_ANSWERED) return no_answer(service, task, fetch_outcome_name(answer.outcome));
    if (answer.status != 200 || !breached_range_read(answer.body, hex + PREFIX_CHARS, &lookup->is_found))
        return no_answer(service, task, "answered something else");
    return RESULT_OK;
}

result breached_check(struct service *service, struct task *task, struct secret normal, bool *ret_is_breached)
{
    struct lookup *lookup = arena_alloc(task->arena, sizeof *lookup);
    lookup->file = service->breached_file;
    breached_digest(normal, lookup->digest);
    if (lookup->file) TRY(look_in_file(service, task, lookup));
    if (!lookup->is_found && !is_empty(service->policy->breached_url)) TRY(ask_list(service, task, lookup));
    *ret_is_breached = lookup->is_found;
    return RESULT_OK;
}
