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
#define CONTEXT_WORDS_MAX   12u
#define CONTEXT_WORD_MIN    3u

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
    const char *words[CONTEXT_WORDS_MAX + 1]; /* ends with NULL */
    size_t word_count;
    double bits;
};

static void estimate_run(void *argument)
{
    struct estimate *estimate = argument;
    estimate->bits = ZxcvbnMatch(estimate->password, estimate->words, NULL);
}

static void add_word(struct task *task, struct estimate *estimate, struct str word)
{
    if (word.len < CONTEXT_WORD_MIN || estimate->word_count == CONTEXT_WORDS_MAX) return;
    estimate->words[estimate->word_count++] = str_copy(task->arena, word).ptr;
}

static void add_labels(struct task *task, struct estimate *estimate, struct str name)
{
    while (!is_empty(name)) add_word(task, estimate, str_split(&name, '.'));
}

/* The whole address, its local part, the names of its domain and of this service: what an attacker tries first. */
static void add_context_words(struct task *task, struct estimate *estimate, struct str email,
                              struct str issuer)
{
    struct str domain = str_lower_ascii(task->arena, email);
    struct str path = str_lower_ascii(task->arena, issuer);
    add_word(task, estimate, STR("auth"));
    add_word(task, estimate, domain);
    add_word(task, estimate, str_split(&domain, '@'));
    (void)str_split(&path, '/');
    (void)str_split(&path, '/');
    add_labels(task, estimate, str_split(&path, '/'));
    add_labels(task, estimate, domain);
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
    add_context_words(task, estimate, email, service->policy->issuer);
    TRY(offload_run(service->work, estimate_run, estimate));
    if (estimate->bits >= GUESSES_BITS_MIN) return RESULT_OK;

    fault_add_field(&task->fault, pointer, "weak_password",
                    "is among the first million an attacker would try; choose a longer or less usual one");
    FAIL(&task->fault, WEAK_PASSWORD, "password too easy to guess");
}
