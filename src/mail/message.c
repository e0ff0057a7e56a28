// SPDX-License-Identifier: MIT
#include "auth/mail/message.h"

#include "message_internal.h"

#define FIRST_BYTES 8192u

static result check_mailbox(struct task *task, const struct mailbox *mailbox, const char *what)
{
    if (!is_mail_address(mailbox->address)) FAIL(&task->fault, BAD_REQUEST, "%s is no mail address", what);
    if (!is_header_text(mailbox->name)) FAIL(&task->fault, BAD_REQUEST, "%s holds control characters", what);
    return RESULT_OK;
}

static result check(struct task *task, const struct mail_message *message)
{
    const struct mailbox to = {.address = message->to};
    TRY(check_mailbox(task, &message->from, "the sender"));
    TRY(check_mailbox(task, &to, "the recipient"));
    if (!is_empty(message->reply_to.address)) TRY(check_mailbox(task, &message->reply_to, "Reply-To"));
    if (!is_header_text(message->text.subject) || !is_header_text(message->language))
        FAIL(&task->fault, BAD_REQUEST, "the subject holds control characters");
    return RESULT_OK;
}

static void add_mailbox(struct arena *arena, const char *name, const struct mailbox *mailbox,
                        struct strbuf *out)
{
    strbuf_printf(out, "%s: ", name);
    if (!is_empty(mailbox->name)) {
        header_phrase_print(arena, mailbox->name, out);
        /* The address has a line of its own: it may be long. */
        strbuf_add(out, STR("\r\n "));
    }
    strbuf_printf(out, "<%.*s>\r\n", STR_ARGS(mailbox->address));
}

static void add_headers(struct arena *arena, const struct mail_message *message, const char *id,
                        struct strbuf *out)
{
    strbuf_add(out, STR("Date: "));
    mail_date_print(message->at_ms, out);
    strbuf_add(out, STR("\r\n"));
    add_mailbox(arena, "From", &message->from, out);
    strbuf_printf(out, "To: <%.*s>\r\n", STR_ARGS(message->to));
    if (!is_empty(message->reply_to.address)) add_mailbox(arena, "Reply-To", &message->reply_to, out);
    strbuf_add(out, STR("Subject: "));
    header_text_print(arena, message->text.subject, sizeof "Subject: " - 1, out);
    strbuf_printf(out, "\r\nMessage-ID: <%s@%.*s>\r\n", id, STR_ARGS(mail_domain(message->from.address)));
    strbuf_add(out, STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"));
    if (!is_empty(message->language))
        strbuf_printf(out, "Content-Language: %.*s\r\n", STR_ARGS(message->language));
    /* "=_" never stands in quoted-printable text (RFC 2045 §6.7, rule 1). */
    strbuf_printf(out, "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n\r\n", id);
}

static void add_part(const char *id, const char *type, struct str text, struct strbuf *out)
{
    strbuf_printf(out, "--=_%s\r\nContent-Type: %s; charset=utf-8\r\n", id, type);
    strbuf_add(out, STR("Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
    quoted_printable_print(text, out);
    strbuf_add(out, STR("\r\n"));
}

result mail_message_print(struct task *task, const struct mail_message *message, struct str *ret_bytes)
{
    struct strbuf out;
    char id[ID_TEXT_SIZE];
    TRY(check(task, message));
    id_print(message->id, id);
    strbuf_init(&out, task->arena, FIRST_BYTES, MAIL_BYTES_MAX);
    add_headers(task->arena, message, id, &out);
    add_part(id, "text/plain", message->text.text, &out);
    add_part(id, "text/html", message->text.html, &out);
    strbuf_printf(&out, "--=_%s--\r\n", id);
    return strbuf_finish(&out, ret_bytes);
}
