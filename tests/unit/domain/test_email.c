// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/email.h"

static struct arena *arena;
static struct task *task;

static void begin(void)
{
    arena = arena_create(1u << 20);
    task = calloc(1, sizeof *task);
    task_init(task, arena, STR("test"), 1000);
}

static void end(void)
{
    free(task);
    arena_destroy(arena);
}

TestSuite(email, .init = begin, .fini = end);

static result key_of(struct str email, struct str *ret_key)
{
    arena_reset(arena);
    task_init(task, arena, STR("test"), 1000);
    return email_canonicalize(task, "/email", email, ret_key);
}

static void expect_refused(struct str email, const char *what)
{
    struct str key = STR("untouched");
    const result outcome = key_of(email, &key);
    cr_expect_eq(outcome.code, STATUS_VALIDATION_FAILED, "%s gave %.*s", what, STR_ARGS(key));
    cr_expect(str_equal(key, STR("untouched")), "%s", what);
    cr_expect_eq(task->fault.error_count, 1, "%s", what);
    if (task->fault.error_count == 1) cr_expect_str_eq(task->fault.errors[0].pointer, "/email");
}

/* Security incident 43: of two @ nobody has to guess which one counts. */
Test(email, what_is_no_address_is_refused_and_named)
{
    static const char *const refused[] = {
        "",
        "@",
        "ada",
        "ada@",
        "@example.org",
        "ada@example",
        "ada@@example.org",
        "ada@b@example.org",
        "ada@example.org@",
        "ada@example.org@example.org",
        "\"ada\"@example.org",
        "\"a@b\"@example.org",
        "ada(comment)@example.org",
        "Ada <ada@example.org>",
        "ada,bob@example.org",
        "ada;bob@example.org",
        "ada:bob@example.org",
        "ada\\bob@example.org",
        "[ada]@example.org",
        " ada@example.org",
        "ada@example.org ",
        "ada @example.org",
        "ada@ example.org",
        "ada@example .org",
        ".ada@example.org",
        "ada.@example.org",
        "ada..b@example.org",
        ".@example.org",
        "ada@.example.org",
        "ada@example..org",
        "ada@example.org.",
        "ada@example.org..",
        "ada@.",
        "ada@..",
        "ada@-example.org",
        "ada@example-.org",
        "ada@exa_mple.org",
        "ada@exa!mple.org",
        "ada@exa/mple.org",
        "ada@[127.0.0.1]",
        "ada@127.0.0.1",
        "ada@[IPv6:::1]",
        "ada@example.123",
        "ada@example.org:25",
        "ada@example.org%00.net",
        "ada%example.org",
        "mailto:ada@example.org",
        "ada\n@example.org",
        "ada@example.org\n",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada\t@example.org",
        "ada\x7f@example.org",
        "ada\x01@example.org",
        "ada@exa\x01mple.org",
        "ada@exa\x1bmple.org",
        "ada@exa\xc2\x85mple.org", /* a control character beyond ASCII */
        "ada\xc2\xa0@example.org", /* no-break space */
        "ad\xc3\xa4@example.org",  /* ä before the @ */
        "a\xcc\x88"
        "da@example.org", /* the same, decomposed */
        "\xe2\x84\xaa"
        "arl@example.org",        /* the Kelvin sign, which lower-cases to k */
        "\xc4\xb1ra@example.org", /* dotless i, which upper-cases to I */
        "\xc4\xb0ra@example.org", /* dotted I */
        "\xd0\xb0"
        "da@example.org",              /* Cyrillic a */
        "ada\xe2\x80\xae@example.org", /* right-to-left override */
        "ada\xe2\x80\x8b@example.org", /* zero-width space */
        "ada@exa\xe2\x80\xaemple.org",
        "ada@\xf0\x9f\x98\x80.org",   /* a smile is no letter of IDNA 2008 */
        "ada@exa\xff.org",            /* not UTF-8 */
        "ad\xc0\x80@example.org",     /* an overlong NUL */
        "ad\xed\xa0\x80@example.org", /* a surrogate */
        "ada@xn--.org",
        "ada@xn--\xc3\xa4.org",
        "ada@xn--0.pt",
        "ada@xn--a.pt",
        "ada@\xcc\x88xample.org", /* a label that begins with a combining mark */
    };
    cr_expect_geq(ARRAY_COUNT(refused), 60);
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) expect_refused(str_from(refused[i]), refused[i]);
    expect_refused((struct str){"ada\0@example.org", 16}, "NUL before the @");
    expect_refused((struct str){"ada@example.org\0", 16}, "NUL at the end");
    expect_refused((struct str){"ada@example.org\0.net", 20}, "NUL in the domain");
    expect_refused(STR_NONE, "nothing");
}

Test(email, the_limits_of_rfc_5321_hold_to_the_character)
{
    struct str key;
    const char *a64 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const char *b63 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    char text[512];
    snprintf(text, sizeof text, "%s@example.org", a64);
    cr_expect(is_ok(key_of(str_from(text), &key)));
    snprintf(text, sizeof text, "%sa@example.org", a64);
    expect_refused(str_from(text), "65 before the @");
    snprintf(text, sizeof text, "ada@%s.org", b63);
    cr_expect(is_ok(key_of(str_from(text), &key)));
    snprintf(text, sizeof text, "ada@%sb.org", b63);
    expect_refused(str_from(text), "a label of 64");
    snprintf(text, sizeof text, "%s@%s.%s.%.61s", a64, b63, b63, b63);
    cr_expect_eq(strlen(text), 254);
    cr_expect(is_ok(key_of(str_from(text), &key)), "254 in all: %s", task->fault.detail);
    snprintf(text, sizeof text, "%s@%s.%s.%.62s", a64, b63, b63, b63);
    expect_refused(str_from(text), "255 in all");
    /* 45 letters of three bytes: 140 bytes as given, more than a label holds as A-label. */
    snprintf(text, sizeof text, "ada@");
    for (int i = 0; i < 70; i++) strcat(text, "\xe4\xbe\x8b");
    expect_refused(str_from(text), "a name that is too long as A-labels");
}

Test(email, an_address_has_one_key_whatever_its_spelling)
{
    static const struct {
        const char *email;
        const char *key;
    } taken[] = {
        {"ada@example.org", "ada@example.org"},
        {"ADA@EXAMPLE.ORG", "ada@example.org"},
        {"Ada@Example.Org", "ada@example.org"},
        {"a@b.cd", "a@b.cd"},
        {"ada+tag@example.org", "ada+tag@example.org"},
        {"a.d.a@example.org", "a.d.a@example.org"},
        {"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"},
        {"123@456.example", "123@456.example"},
        {"ada@3com.example", "ada@3com.example"},
        {"ada@example.o3", "ada@example.o3"},
        {"ada@sub.sub.example.org", "ada@sub.sub.example.org"},
        {"ada@exa-mple.org", "ada@exa-mple.org"},
        {"ada@b\xc3\xbc"
         "cher.example",
         "ada@xn--bcher-kva.example"},
        {"ada@B\xc3\x9c"
         "CHER.example",
         "ada@xn--bcher-kva.example"},
        {"ada@bu\xcc\x88"
         "cher.example",
         "ada@xn--bcher-kva.example"}, /* decomposed */
        {"ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"},
        {"ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"},
        {"ada@fa\xc3\x9f.example", "ada@xn--fa-hia.example"}, /* ß is a letter of its own in IDNA 2008 */
        {"ada@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "ada@xn--r8jz45g.xn--zckzah"},
        {"ada@\xef\xbd\x85xample.org", "ada@example.org"},       /* full-width e */
        {"ada@example\xe3\x80\x82org", "ada@example.org"},       /* ideographic full stop */
        {"ada@\xe2\x84\xaa.example.org", "ada@k.example.org"},   /* the Kelvin sign is a k in names */
        {"ada@exa\xc2\xadmple.org", "ada@example.org"},          /* soft hyphen */
        {"ada@\xc4\xb1.example.org", "ada@xn--cfa.example.org"}, /* dotless i is its own letter */
    };
    for (size_t i = 0; i < ARRAY_COUNT(taken); i++) {
        struct str key = STR("");
        const result outcome = key_of(str_from(taken[i].email), &key);
        cr_expect(is_ok(outcome), "%s: %s", taken[i].email, task->fault.detail);
        cr_expect(str_equal(key, str_from(taken[i].key)), "%s gave %.*s", taken[i].email, STR_ARGS(key));
    }
}

Test(email, the_key_of_a_key_is_itself)
{
    static const char *const emails[] = {"ADA@B\303\234cher.example", "x@fa\303\237.de",
                                         "ada@\304\261.example.org"};
    for (size_t i = 0; i < ARRAY_COUNT(emails); i++) {
        struct str key, again;
        char copy[300];
        cr_assert(is_ok(key_of(str_from(emails[i]), &key)));
        snprintf(copy, sizeof copy, "%.*s", STR_ARGS(key));
        cr_assert(is_ok(key_of(str_from(copy), &again)));
        cr_expect(str_equal(again, str_from(copy)), "%s", copy);
    }
}

/* Whatever comes out is plain: it goes into a unique column, log lines and header fields. */
Test(email, every_byte_at_every_place_gives_a_plain_key_or_a_refusal)
{
    static const char pattern[] = "ada@exam.org";
    for (size_t place = 0; place < sizeof pattern - 1; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof pattern];
            struct str key;
            memcpy(text, pattern, sizeof pattern);
            text[place] = (char)byte;
            if (!is_ok(key_of((struct str){text, sizeof pattern - 1}, &key))) continue;
            for (size_t i = 0; i < key.len; i++)
                cr_expect(key.ptr[i] > ' ' && key.ptr[i] < 0x7f && !(key.ptr[i] >= 'A' && key.ptr[i] <= 'Z'),
                          "byte %d at %zu", byte, place);
        }
    }
}
