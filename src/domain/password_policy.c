// SPDX-License-Identifier: MIT
#include "auth/domain/password_policy.h"

#include <string.h>
#include <uninorm.h>
#include <zxcvbn.h>

#include "auth/base/encoding.h"
#include "auth/domain/breached.h"

/* Below a million guesses a throttled attacker on the network comes through (zxcvbn's score 1). */
#define GUESSES_BITS_MIN 20.0
/* What is beyond is not looked at: the estimate's work grows with the square of the length. */
#define ESTIMATED_BYTES_MAX 64u
#define CONTEXT_WORDS_MAX   24u
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
    ZxcTypeMatch_t type; /* of the longest part that was recognised */
};

static void estimate_run(void *argument)
{
    struct estimate *estimate = argument;
    ZxcMatch_t *parts = NULL;
    int longest = 0;
    estimate->bits = ZxcvbnMatch(estimate->password, estimate->words, &parts);
    for (const ZxcMatch_t *part = parts; part; part = part->Next) {
        const ZxcTypeMatch_t type = part->Type & ~(unsigned)MULTIPLE_MATCH;
        if (type == NON_MATCH || type == BRUTE_MATCH || part->Length <= longest) continue;
        longest = part->Length;
        estimate->type = type;
    }
    ZxcvbnFreeInfo(parts);
}

struct weakness {
    const char *code;
    const char *detail;
};

static struct weakness weakness_of(ZxcTypeMatch_t type)
{
    static const struct weakness kinds[] = {
        [NON_MATCH] = {"too_simple", "is too easy to guess; choose a longer or less usual one"},
        [DICTIONARY_MATCH] =
            {"common_password",
             "is a password or a word that many use, or one like it; choose a longer or less usual one"},
        [USER_MATCH] =
            {"context_word",
             "is your address or name or the name of this service, or one like it; choose something else"},
        [REPEATS_MATCH] = {"repeated", "repeats the same characters; choose a longer or less usual one"},
        [SEQUENCE_MATCH] = {"sequence", "is a sequence of characters; choose a longer or less usual one"},
        [SPATIAL_MATCH] = {"keyboard_pattern",
                           "is a pattern on the keyboard; choose a longer or less usual one"},
        [DATE_MATCH] = {"date", "is a date; choose a longer or less usual one"},
    };
    switch (type) {
    case DICTIONARY_MATCH:
    case DICT_LEET_MATCH:
        return kinds[DICTIONARY_MATCH];
    case USER_MATCH:
    case USER_LEET_MATCH:
        return kinds[USER_MATCH];
    case DATE_MATCH:
    case YEAR_MATCH:
        return kinds[DATE_MATCH];
    case REPEATS_MATCH:
    case SEQUENCE_MATCH:
    case SPATIAL_MATCH:
        return kinds[type];
    case NON_MATCH:
    case BRUTE_MATCH:
    case LONG_PWD_MATCH:
    case MULTIPLE_MATCH:
        break;
    }
    return kinds[NON_MATCH];
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

static void add_parts(struct task *task, struct estimate *estimate, struct str name)
{
    while (!is_empty(name)) add_word(task, estimate, str_split(&name, ' '));
}

/* The whole address, its local part, the names of its domain and of this service, the owner's name: what an attacker
 * tries first. */
static void add_context_words(struct task *task, struct estimate *estimate,
                              const struct password_owner *owner, struct str issuer)
{
    struct str domain = str_lower_ascii(task->arena, owner->email);
    struct str path = str_lower_ascii(task->arena, issuer);
    add_word(task, estimate, STR("auth"));
    add_word(task, estimate, domain);
    add_word(task, estimate, str_split(&domain, '@'));
    (void)str_split(&path, '/');
    (void)str_split(&path, '/');
    add_labels(task, estimate, str_split(&path, '/'));
    add_labels(task, estimate, domain);
    add_parts(task, estimate, str_lower_ascii(task->arena, owner->name));
}

static result check_strength(struct service *service, struct task *task, const char *pointer, struct str text,
                             const struct password_owner *owner)
{
    struct estimate *estimate = arena_alloc(task->arena, sizeof *estimate);
    const size_t len = text.len < ESTIMATED_BYTES_MAX ? text.len : ESTIMATED_BYTES_MAX;
    memcpy(estimate->password, text.ptr, len);
    add_context_words(task, estimate, owner, service->policy->issuer);
    TRY(offload_run(service->work, estimate_run, estimate));
    if (estimate->bits >= GUESSES_BITS_MIN) return RESULT_OK;

    const struct weakness weakness = weakness_of(estimate->type);
    fault_add_field(&task->fault, pointer, weakness.code, weakness.detail);
    FAIL(&task->fault, WEAK_PASSWORD, "password too easy to guess: %s", weakness.code);
}

static result check_breached(struct service *service, struct task *task, const char *pointer,
                             struct secret normal)
{
    bool is_breached;
    TRY(breached_check(service, task, normal, &is_breached));
    if (!is_breached) return RESULT_OK;
    fault_add_field(
        &task->fault, pointer, "breached_password",
        "is on a list of stolen passwords, which attackers try first; choose another, and change it "
        "wherever else you use it");
    FAIL(&task->fault, BREACHED_PASSWORD, "password is on a list of stolen ones");
}

result password_policy_judge(struct service *service, struct task *task, const char *pointer,
                             struct secret normal, const struct password_owner *owner)
{
    const struct str text = secret_expose(normal);
    if ((int64_t)utf8_count(text) < service->policy->password_min) {
        const struct str detail = str_printf(task->arena, "must be at least %lld characters long",
                                             (long long)service->policy->password_min);
        return refuse(task, pointer, "too_short", detail.ptr);
    }
    TRY(check_strength(service, task, pointer, text, owner));
    return check_breached(service, task, pointer, normal);
}

result password_policy_check(struct service *service, struct task *task, const char *pointer,
                             struct secret normal, struct str email)
{
    return password_policy_judge(service, task, pointer, normal, &(struct password_owner){.email = email});
}
