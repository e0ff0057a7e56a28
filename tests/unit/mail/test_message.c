// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../../../src/mail/message_internal.h"
#include "auth/mail/smtp.h"

static struct arena *arena;
static struct task task;

static void begin(void)
{
    arena = arena_create(16u << 20);
    task_init(&task, arena, STR("test"), 60000);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(mail_message, .init = begin, .fini = end);

static struct mail_message some_message(void)
{
    return (struct mail_message){.from = {STR("Auth"), STR("login@example.org")},
                                 .to = STR("ada@example.net"),
                                 .language = STR("en"),
                                 .text = {STR("Hello"), STR("text\n"), STR("<p>page</p>\n")},
                                 .at_ms = INT64_C(1767607205123)};
}

static bool holds(struct str text, const char *words)
{
    return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

static void refused(const struct mail_message *message, const char *what)
{
    struct str bytes;
    fault_clear(&task.fault);
    cr_expect_eq(mail_message_print(&task, message, &bytes).code, STATUS_BAD_REQUEST, "%s", what);
}

/* Security incident: what people say of themselves becomes headers of a mail. */
Test(mail_message, nothing_that_ends_a_line_reaches_a_header)
{
    static const char *const BAD[] = {
        "a\r\nBcc: eve@example.org", "a\nb", "a\rb", "a\tb", "a\x01", "a\x7f", "a\xff"};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
        struct mail_message message = some_message();
        message.text.subject = str_from(BAD[i]);
        refused(&message, BAD[i]);
        message = some_message();
        message.from.name = str_from(BAD[i]);
        refused(&message, BAD[i]);
        message = some_message();
        message.language = str_from(BAD[i]);
        refused(&message, BAD[i]);
        message = some_message();
        message.reply_to = (struct mailbox){str_from(BAD[i]), STR("a@b.example")};
        refused(&message, BAD[i]);
    }
    struct mail_message message = some_message();
    message.text.subject = (struct str){"a\0b", 3};
    refused(&message, "NUL");
}

static const char *const NO_ADDRESSES[] = {
    "",
    "a",
    "@",
    "a@",
    "@b",
    "a@b@c",
    "a b@c.d",
    "a@b c",
    "a@b.",
    "a@.b",
    "a@b..c",
    ".a@b.c",
    "a.@b.c",
    "a..b@c.d",
    "a@-b.c",
    "a@b-.c",
    "\"a b\"@c.d",
    "a@[127.0.0.1]",
    "<a@b.c>",
    "a@b.c>",
    "a@b.c\r\n",
    "a\r\n@b.c",
    "a,b@c.d",
    "a;b@c.d",
    "a:b@c.d",
    "(x)a@b.c",
    "a@b.c,d@e.f",
    "a\x01@b.c",
    "\xc3\xa4@b.c",
    "a@\xc3\xa4.c",
    "a\\@b.c",
    "1234567890123456789012345678901234567890123456789012345678901234x@b.c",
    "a@123456789012345678901234567890123456789012345678901234567890123x.c"};

Test(mail_message, what_is_no_address_is_no_recipient)
{
    for (size_t i = 0; i < ARRAY_COUNT(NO_ADDRESSES); i++) {
        struct mail_message message = some_message();
        message.to = str_from(NO_ADDRESSES[i]);
        cr_expect(!is_mail_address(message.to), "%s", NO_ADDRESSES[i]);
        refused(&message, NO_ADDRESSES[i]);
    }
    char long_address[300];
    memset(long_address, 'a', sizeof long_address);
    memcpy(long_address, "a@", 2);
    for (size_t i = 60; i < 290; i += 60) long_address[i] = '.';
    cr_expect(!is_mail_address((struct str){long_address, 255}));
    static const char *const GOOD[] = {"a@b",   "a.b+c@d-e.example", "!#$%&'*+-/=?^_`{|}~@x.y", "A@B.C",
                                       "1@2.3", "a@xn--a.b"};
    for (size_t i = 0; i < ARRAY_COUNT(GOOD); i++)
        cr_expect(is_mail_address(str_from(GOOD[i])), "%s", GOOD[i]);
}

Test(mail_message, mailboxes_have_one_form)
{
    struct mailbox mailbox;
    cr_expect(mailbox_parse(STR("a@b.c"), &mailbox) && is_empty(mailbox.name));
    cr_expect(mailbox_parse(STR("<a@b.c>"), &mailbox) && str_equal(mailbox.address, STR("a@b.c")));
    cr_expect(mailbox_parse(STR("Example Org <a@b.c>"), &mailbox) &&
              str_equal(mailbox.name, STR("Example Org")));
    cr_expect(mailbox_parse(STR("\"Org, Example\" <a@b.c>"), &mailbox) &&
              str_equal(mailbox.name, STR("Org, Example")));
    cr_expect(mailbox_parse(STR("B\xc3\xa4r <a@b.c>"), &mailbox) &&
              str_equal(mailbox.name, STR("B\xc3\xa4r")));
    static const char *const BAD[] = {
        "", "x", "a@b.c <", "Name a@b.c", "Name <a@b.c", "Name <a b@c>", "<>", "a <a@b.c> b"};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++)
        cr_expect(!mailbox_parse(str_from(BAD[i]), &mailbox), "%s", BAD[i]);
}

Test(mail_message, a_message_has_its_headers_once_and_both_parts)
{
    struct mail_message message = some_message();
    struct str bytes;
    message.reply_to = (struct mailbox){STR("Help \"desk\""), STR("help@example.org")};
    cr_assert(is_ok(mail_message_print(&task, &message, &bytes)), "%s", task.fault.detail);
    cr_expect(str_equal(bytes, STR("Date: Mon, 5 Jan 2026 10:00:05 +0000\r\n"
                                   "From: \"Auth\"\r\n <login@example.org>\r\n"
                                   "To: <ada@example.net>\r\n"
                                   "Reply-To: \"Help \\\"desk\\\"\"\r\n <help@example.org>\r\n"
                                   "Subject: Hello\r\n"
                                   "Message-ID: <00000000-0000-0000-0000-000000000000@example.org>\r\n"
                                   "Auto-Submitted: auto-generated\r\n"
                                   "MIME-Version: 1.0\r\n"
                                   "Content-Language: en\r\n"
                                   "Content-Type: multipart/alternative; "
                                   "boundary=\"=_00000000-0000-0000-0000-000000000000\"\r\n\r\n"
                                   "--=_00000000-0000-0000-0000-000000000000\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: quoted-printable\r\n\r\ntext\r\n\r\n"
                                   "--=_00000000-0000-0000-0000-000000000000\r\n"
                                   "Content-Type: text/html; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>page</p>\r\n\r\n"
                                   "--=_00000000-0000-0000-0000-000000000000--\r\n")),
              "%.*s", STR_ARGS(bytes));
}

static void expect_lines(struct str bytes, size_t most)
{
    while (!is_empty(bytes)) {
        const struct str line = str_split(&bytes, '\n');
        cr_expect(line.len > 0 && line.ptr[line.len - 1] == '\r', "every line ends with CR LF");
        cr_expect_leq(line.len - 1, most, "%.*s", STR_ARGS(line));
        for (size_t i = 0; i + 1 < line.len; i++)
            cr_expect((unsigned char)line.ptr[i] >= ' ' && (unsigned char)line.ptr[i] <= '~', "only ASCII");
    }
}

Test(mail_message, long_and_foreign_subjects_are_folded_into_lines)
{
    struct mail_message message = some_message();
    struct str bytes;
    struct strbuf subject;
    strbuf_init(&subject, arena, 64, 4096);
    for (int i = 0; i < 20; i++) strbuf_add(&subject, STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x91 word "));
    message.text.subject = strbuf_str(&subject);
    message.from.name = message.text.subject;
    cr_assert(is_ok(mail_message_print(&task, &message, &bytes)));
    expect_lines(bytes, 90);
    cr_expect(holds(bytes, "Subject: =?utf-8?B?"));
    strbuf_init(&subject, arena, 64, 4096);
    for (int i = 0; i < 40; i++) strbuf_add(&subject, STR("plain words "));
    message.text.subject = strbuf_str(&subject);
    message.from.name = STR("x");
    cr_assert(is_ok(mail_message_print(&task, &message, &bytes)));
    expect_lines(bytes, 90);
    cr_expect(holds(bytes, "\r\n plain") || holds(bytes, "\r\n words"));
    message.text.subject = STR("=?utf-8?B?ZXZpbA==?=");
    cr_assert(is_ok(mail_message_print(&task, &message, &bytes)));
    cr_expect(!holds(bytes, "ZXZpbA=="), "what looks like an encoded word is encoded");
}

static struct str quoted(const char *text)
{
    struct strbuf out;
    strbuf_init(&out, arena, 64, 1u << 20);
    quoted_printable_print(str_from(text), &out);
    return strbuf_str(&out);
}

Test(mail_message, quoted_printable_is_that_of_the_standard)
{
    static const char *const CASES[][2] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\n\nb\n", "a\r\n\r\nb\r\n"},
        {"a=b", "a=3Db\r\n"},
        {"end ", "end=20\r\n"},
        {"end\t\n", "end=09\r\n"},
        {"in\tner", "in\tner\r\n"},
        {".\n", "=2E\r\n"},
        {"From me", "=46rom me\r\n"},
        {"\xc3\xa4", "=C3=A4\r\n"},
        {"cr\r\n", "cr=0D\r\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
        cr_expect(str_equal(quoted(CASES[i][0]), str_from(CASES[i][1])), "%s: %.*s", CASES[i][1],
                  STR_ARGS(quoted(CASES[i][0])));
    char line[400];
    memset(line, '.', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    expect_lines(quoted(line), 76);
    for (size_t i = 0; i + 2 < sizeof line; i += 2) memcpy(line + i, "\xc3\xa4", 2);
    line[sizeof line - 2] = '\0';
    expect_lines(quoted(line), 76);
}

static result server(const char *url, const char *password, enum smtp_starttls starttls)
{
    struct smtp *smtp = NULL;
    const struct smtp_options options = {.url = secret_copy(arena, url, strlen(url)),
                                         .password = secret_copy(arena, password, strlen(password)),
                                         .starttls = starttls,
                                         .helo = STR("example.org"),
                                         .timeout_ms = 1000};
    fault_clear(&task.fault);
    const result created = smtp_create(&task, &options, &smtp);
    if (is_ok(created)) smtp_destroy(smtp);
    return created;
}

Test(mail_message, a_password_is_sent_under_tls_or_to_this_machine)
{
    cr_expect(is_ok(server("smtp://u:p@mail.example", "", SMTP_STARTTLS_REQUIRED)));
    cr_expect(is_ok(server("smtps://u:p@mail.example", "", SMTP_STARTTLS_OFF)));
    cr_expect(is_ok(server("smtps://u@mail.example", "p", SMTP_STARTTLS_OFF)));
    cr_expect(is_ok(server("smtp://mail.example:25", "", SMTP_STARTTLS_OFF)));
    cr_expect(is_ok(server("smtp://u:p@127.0.0.1:25", "", SMTP_STARTTLS_OFF)));
    cr_expect(is_ok(server("smtp://u%40x:p%2F%25@localhost", "", SMTP_STARTTLS_OPPORTUNISTIC)));
    static const char *const BAD[] = {
        "smtp://u:p@mail.example", "http://mail.example", "mail.example",           "smtp://",
        "smtp://u@localhost",      "smtp://:p@localhost", "smtp://localhost:99999", "smtp://a b"};
    for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
        cr_expect_eq(server(BAD[i], "", SMTP_STARTTLS_OFF).code, STATUS_BAD_REQUEST, "%s", BAD[i]);
        cr_expect(strstr(task.fault.detail, "AUTH_SMTP"), "%s", task.fault.detail);
    }
    cr_expect_eq(server("smtp://u:p@mail.example", "", SMTP_STARTTLS_OPPORTUNISTIC).code, STATUS_BAD_REQUEST);
    cr_expect_eq(server("smtp://localhost", "password", SMTP_STARTTLS_OFF).code, STATUS_BAD_REQUEST);
}
