// SPDX-License-Identifier: MIT
#include "auth/domain/password_policy.h"

#include <string.h>
#include <uninorm.h>
#include <zxcvbn.h>

#include "auth/base/encoding.h"

/* Below a million guesses a throttled attacker on the network comes through (zxcvbn's score 1). */
#define GUESSES_BITS_MIN 20.0
/* What is beyond is not looked at: the estimate's work grows with the square of the length. */
#define ESTIMATED_BYTES_MAX 64u
#define CONTEXT_WORDS_MAX   8u

static result refuse(struct task *task, const char *pointer, const char *code, const char *detail)
{
    fault_add_field(&task->fault, pointer, code, detail);
    FAIL(&task->fault, VALIDATION_FAILED, "password refused: %s", code);
}

result password_normalize(struct task *task, const char *pointer, struct secret password,
                          struct secret *ret_normal)
{
    const struct str text = secret_expose(password);
    if (!is_utf8(text)) return refuse(task, pointer, "malformed", "must be text in UTF-8");
    if (text.len > PASSWORD_BYTES_MAX || utf8_count(text) > PASSWORD_CHARS_MAX)
        return refuse(task, pointer, "too_long", "must be at most 256 characters long");

    /* NIST SP 800-63B-4 §3.1.1.2: "the verifier SHOULD apply [...] the NFC normalization". */
    unsigned char *bytes = arena_alloc(task->arena, 4 * PASSWORD_BYTES_MAX);
    size_t len = 4 * PASSWORD_BYTES_MAX;
    if (!u8_normalize(UNINORM_NFC, (const uint8_t *)text.ptr, text.len, bytes, &len))
        FAIL(&task->fault, INTERNAL, "password could not be normalised");
    if (len > PASSWORD_BYTES_MAX) return refuse(task, pointer, "too_long", "must be at most 1024 bytes long");
    *ret_normal = (struct secret){bytes, len};
    return RESULT_OK;
}

/* What a worker thread estimates; all texts NUL-terminated. */
struct estimate {
    char password[ESTIMATED_BYTES_MAX + 1];
    const char *words[CONTEXT_WORDS_MAX + 1];
    double bits;
};

static void estimate_run(void *argument)
{
    struct estimate *estimate = argument;
    estimate->bits = ZxcvbnMatch(estimate->password, estimate->words, NULL);
}

/* The local part, the domain's labels and the whole address: what an attacker tries first. */
static void add_context_words(struct task *task, struct estimate *estimate, struct str email)
{
    size_t count = 0;
    estimate->words[count++] = "auth";
    struct str rest = str_lower_ascii(task->arena, email);
    if (!is_empty(rest)) estimate->words[count++] = rest.ptr;
    const struct str local = str_split(&rest, '@');
    if (!is_empty(local)) estimate->words[count++] = str_copy(task->arena, local).ptr;
    while (!is_empty(rest) && count < CONTEXT_WORDS_MAX) {
        const struct str label = str_split(&rest, '.');
        if (label.len >= 3) estimate->words[count++] = str_copy(task->arena, label).ptr;
    }
}

result password_policy_check(struct service *service, struct task *task, const char *pointer,
                             struct secret normal, struct str email)
{
    const struct str text = secret_expose(normal);
    if ((int64_t)utf8_count(text) < service->policy->password_min) {
        const struct str detail = str_printf(task->arena, "must be at least %lld characters long",
                                             (long long)service->policy->password_min);
        return refuse(task, pointer, "too_short", detail.ptr);
    }

    struct estimate *estimate = arena_alloc(task->arena, sizeof *estimate);
    const size_t len = text.len < ESTIMATED_BYTES_MAX ? text.len : ESTIMATED_BYTES_MAX;
    memcpy(estimate->password, text.ptr, len);
    add_context_words(task, estimate, email);
    TRY(offload_run(service->work, estimate_run, estimate));
    if (estimate->bits >= GUESSES_BITS_MIN) return RESULT_OK;

    fault_add_field(&task->fault, pointer, "weak_password",
                    "is among the first million an attacker would try; choose a longer or less usual one");
    FAIL(&task->fault, WEAK_PASSWORD, "password too easy to guess");
}
