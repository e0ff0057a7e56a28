// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "auth/domain/password_policy.h"

struct trial {
    struct fiber_job job;
    void (*body)(void);
};

static struct task *task;
static struct service service;
static struct policy policy;

static struct secret secret_of(const char *text)
{
    return (struct secret){(unsigned char *)(uintptr_t)text, strlen(text)};
}

static void renew(void)
{
    task_init(task, task->arena, STR("test"), 10000);
}

static void trial_run(struct fiber_job *job)
{
    const struct offload_options work = {.name = "work", .threads = 1, .queue_limit = 10};
    policy = (struct policy){.password_min = 8, .issuer = STR("https://login.globex.example")};
    task = calloc(1, sizeof *task);
    task->arena = arena_create((size_t)16 << 20);
    renew();
    service = (struct service){.policy = &policy};
    cr_expect(is_ok(offload_create(&work, &service.work)));
    CONTAINER_OF(job, struct trial, job)->body();
    offload_destroy(service.work);
    arena_destroy(task->arena);
    free(task);
}

static void in_fiber(void (*body)(void))
{
    struct trial trial = {.job.run = trial_run, .body = body};
    cr_assert(is_ok(fiber_run_alone(&trial.job)));
}

static enum status judge(const char *password, const char *email)
{
    struct secret normal;
    renew();
    const result normalized = password_normalize(task, "/password", secret_of(password), &normal);
    if (!is_ok(normalized)) return normalized.code;
    return password_policy_check(&service, task, "/password", normal, str_from(email)).code;
}

static void expect(const char *password, enum status code)
{
    const enum status judged = judge(password, "ada.lovelace@analytical.example");
    cr_expect_eq(judged, code, "%s: %s", password, status_name(judged));
    cr_expect_eq(task->fault.error_count, code == STATUS_OK ? 0 : 1, "%s", password);
    if (code != STATUS_OK) cr_expect_str_eq(task->fault.errors[0].pointer, "/password");
    if (strstr("password refused: easy to guess", password)) return; /* a word of our own */
    cr_expect_null(strstr(task->fault.detail, password), "%s in the log", password);
}

/* --- refused ------------------------------------------------------------------------------------------------------ */

static void too_short(void)
{
    expect("", STATUS_VALIDATION_FAILED);
    expect("x7$Kq2", STATUS_VALIDATION_FAILED);
    expect("x7$Kq2p", STATUS_VALIDATION_FAILED);
    /* Four letters, each of two code points before they are composed. */
    expect("a\xcc\x88o\xcc\x88u\xcc\x88"
           "e\xcc\x88",
           STATUS_VALIDATION_FAILED);
    policy.password_min = 15;
    expect("x7$Kq2pW9!rTz5", STATUS_VALIDATION_FAILED);
    expect("x7$Kq2pW9!rTz5u", STATUS_OK);
}

Test(password_policy, too_few_characters_are_refused)
{
    in_fiber(too_short);
}

static void easy(void)
{
    static const char *const common[] = {
        "password",   "password1", "Password1", "P@ssw0rd",  "12345678",  "123456789",
        "1234567890", "qwertyui",  "qwerty123", "letmein1",  "iloveyou",  "sunshine",
        "football1",  "baseball1", "princess1", "aaaaaaaa",  "abcdefgh",  "abcd1234",
        "11111111",   "trustno1",  "dragon123", "monkey123", "welcome1",  "master123",
        "superman1",  "qazwsxedc", "asdfghjkl", "zxcvbnm1",  "starwars1", "whatever1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(common); i++) expect(common[i], STATUS_WEAK_PASSWORD);
}

Test(password_policy, what_is_tried_first_is_refused)
{
    in_fiber(easy);
}

static void context(void)
{
    expect("ada.lovelace", STATUS_WEAK_PASSWORD);
    expect("ADA.LOVELACE", STATUS_WEAK_PASSWORD);
    expect("ada.lovelace1", STATUS_WEAK_PASSWORD);
    expect("ada.lovelace@analytical.example", STATUS_WEAK_PASSWORD);
    expect("analytical", STATUS_WEAK_PASSWORD);
    expect("analytical1", STATUS_WEAK_PASSWORD);
    expect("globex123", STATUS_WEAK_PASSWORD);
    expect("authauth", STATUS_WEAK_PASSWORD);
    cr_expect_eq(judge("zorblattian", "zorblattian@analytical.example"), STATUS_WEAK_PASSWORD);
    cr_expect_eq(judge("zorblattian", "ada@analytical.example"), STATUS_OK);
}

Test(password_policy, the_own_address_and_the_name_of_the_service_are_refused)
{
    in_fiber(context);
}

static void expect_rule(const char *password, const char *rule)
{
    expect(password, STATUS_WEAK_PASSWORD);
    cr_expect_str_eq(task->fault.errors[0].code, rule, "%s", password);
}

static void rules(void)
{
    expect_rule("password1", "common_password");
    expect_rule("P@ssw0rd", "common_password");
    expect_rule("ada.lovelace1", "context_word");
    expect_rule("globex123", "context_word");
    expect_rule("(((((((((((", "repeated");
    expect_rule("bcdefghijkl", "sequence");
    expect_rule("24.12.1984", "date");
    const struct password_owner owner = {.email = STR("a@b.example"),
                                         .name = STR("Wolfeschlegel Zorblattian")};
    struct secret normal;
    renew();
    cr_expect(is_ok(password_normalize(task, "/p", secret_of("zorblattian1"), &normal)));
    cr_expect_eq(password_policy_judge(&service, task, "/p", normal, &owner).code, STATUS_WEAK_PASSWORD);
    cr_expect_str_eq(task->fault.errors[0].code, "context_word");
}

Test(password_policy, the_rule_that_refused_is_named)
{
    in_fiber(rules);
}

static char *repeated(const char *unit, size_t count)
{
    char *text = arena_alloc(task->arena, strlen(unit) * count + 1);
    for (size_t i = 0; i < count; i++) memcpy(text + i * strlen(unit), unit, strlen(unit));
    return text;
}

static void too_long(void)
{
    struct secret normal;
    cr_expect(is_ok(password_normalize(task, "/p", secret_of(repeated("x", 256)), &normal)));
    cr_expect_eq(normal.len, 256);
    cr_expect_eq(password_normalize(task, "/p", secret_of(repeated("x", 257)), &normal).code,
                 STATUS_VALIDATION_FAILED);
    renew();
    cr_expect(is_ok(password_normalize(task, "/p", secret_of(repeated("\xf0\x9f\x98\x80", 256)), &normal)));
    cr_expect_eq(normal.len, 1024);
    cr_expect_eq(password_normalize(task, "/p", secret_of(repeated("\xf0\x9f\x98\x80", 257)), &normal).code,
                 STATUS_VALIDATION_FAILED);
    renew();
    /* A code point that NFC makes two of, both of four bytes. */
    cr_expect_eq(password_normalize(task, "/p", secret_of(repeated("\xf0\x9d\x85\x9e", 256)), &normal).code,
                 STATUS_VALIDATION_FAILED);
    cr_expect_str_eq(task->fault.errors[0].code, "too_long");
}

Test(password_policy, beyond_256_characters_or_1024_bytes_is_refused_and_never_cut)
{
    in_fiber(too_long);
}

static void not_text(void)
{
    static const char *const broken[] = {"\xff\xfe plum tree", "plum\xc3", "\xed\xa0\x80 plum tree",
                                         "\xc0\x80 plum tree"};
    struct secret normal;
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        renew();
        cr_expect_eq(password_normalize(task, "/p", secret_of(broken[i]), &normal).code,
                     STATUS_VALIDATION_FAILED);
        cr_expect_str_eq(task->fault.errors[0].code, "malformed");
    }
}

Test(password_policy, what_is_not_utf8_is_refused)
{
    in_fiber(not_text);
}

/* --- taken -------------------------------------------------------------------------------------------------------- */

static void taken(void)
{
    expect("correct horse battery staple", STATUS_OK);
    expect("plum tree over the river", STATUS_OK);
    expect("vxqpwmznrt", STATUS_OK);
    expect("8260417395", STATUS_OK);
    expect("   spaces  at both ends   ", STATUS_OK);
    expect("\xf0\x9f\x8c\xb2\xf0\x9f\x8d\x8e\xf0\x9f\x8e\xb8\xf0\x9f\x8f\xa0\xf0\x9f\x90\x99\xf0\x9f\x91\xbb"
           "\xf0\x9f\x92"
           "\xa1\xf0\x9f\x93\x8e\xf0\x9f\x94\x94\xf0\x9f\x95\xb0\xf0\x9f\x96\x8b\xf0\x9f\x97\xbd\xf0\x9f\x98"
           "\x8e\xf0\x9f"
           "\x9a\x80\xf0\x9f\xa6\x89",
           STATUS_OK); /* fifteen pictures */
    policy.password_min = 15;
    expect("\xf0\x9f\x8c\xb2\xf0\x9f\x8d\x8e\xf0\x9f\x8e\xb8\xf0\x9f\x8f\xa0\xf0\x9f\x90\x99\xf0\x9f\x91\xbb"
           "\xf0\x9f\x92"
           "\xa1\xf0\x9f\x93\x8e\xf0\x9f\x94\x94\xf0\x9f\x95\xb0\xf0\x9f\x96\x8b\xf0\x9f\x97\xbd\xf0\x9f\x98"
           "\x8e\xf0\x9f"
           "\x9a\x80\xf0\x9f\xa6\x89",
           STATUS_OK);
    expect("\xd0\xb4\xd0\xb5\xd1\x80\xd0\xb5\xd0\xb2\xd0\xbe \xd0\xbd\xd0\xb0\xd0\xb4 "
           "\xd1\x80\xd0\xb5\xd0\xba\xd0\xbe\xd0"
           "\xb9 \xd1\x88\xd1\x83\xd0\xbc\xd0\xb8\xd1\x82",
           STATUS_OK);
}

Test(password_policy, letters_digits_spaces_and_pictures_are_taken_without_rules_of_mixture)
{
    in_fiber(taken);
}

static bool are_one_password(const char *a, const char *b)
{
    struct secret first, second;
    cr_expect(is_ok(password_normalize(task, "/p", secret_of(a), &first)));
    cr_expect(is_ok(password_normalize(task, "/p", secret_of(b), &second)));
    return secret_equal(first, second);
}

static void normal_form(void)
{
    cr_expect(are_one_password("\xc3\xa9toile du nord", "e\xcc\x81toile du nord"));
    cr_expect(are_one_password("\xe2\x84\xab ngstrom", "\xc3\x85 ngstrom")); /* the sign and the letter */
    cr_expect(are_one_password("\xea\xb0\x80 hangul", "\xe1\x84\x80\xe1\x85\xa1 hangul"));
    /* NFC is not NFKC, and nothing is folded, trimmed or dropped. */
    cr_expect(!are_one_password("\xef\xbc\xa1 wide", "A wide"));
    cr_expect(!are_one_password("\xef\xac\x81ne words", "fine words"));
    cr_expect(!are_one_password("Plum tree", "plum tree"));
    cr_expect(!are_one_password("plum tree", "plum tree "));
    cr_expect(!are_one_password("plum tree", " plum tree"));
    cr_expect(!are_one_password("plum  tree", "plum tree"));
    cr_expect(!are_one_password("plum\xc2\xa0tree", "plum tree"));
    cr_expect(!are_one_password("plum\xe2\x80\x8btree", "plumtree"));
}

Test(password_policy, one_password_in_two_unicode_spellings_is_one_and_nothing_else_is)
{
    in_fiber(normal_form);
}
