// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"
#include "auth/json/fields.h"
#include "mailer_internal.h"

#define CONTENT_FIRST_BYTES 512u
#define CONTENT_BYTES_MAX   8192u
#define LOCALE_BYTES_MAX    35u
#define TEXT_BYTES_MAX      256u
#define DETAIL_BYTES_MAX    512u

#define MAIL_TEXT(key)                                                           \
    {                                                                            \
        .name = #key, .type = FIELD_STRING, .offset = offsetof(struct mail, key) \
    }
#define MAIL_SECRET(key)                                                                               \
    {                                                                                                  \
        .name = #key, .type = FIELD_SECRET, .flags = FIELD_SHOWN, .offset = offsetof(struct mail, key) \
    }
#define MAIL_TIME(key)                                                         \
    {                                                                          \
        .name = #key, .type = FIELD_TIME, .offset = offsetof(struct mail, key) \
    }

/* What the templates are filled with, as it lies sealed in the outbox. */
static const struct field CONTENT_ROWS[] = {
    MAIL_TEXT(locale),       MAIL_TEXT(name),          MAIL_SECRET(code),         MAIL_TEXT(link_path),
    MAIL_SECRET(link_token), MAIL_TEXT(device),        MAIL_TEXT(client_address), MAIL_TEXT(detail),
    MAIL_TIME(at_ms),        MAIL_TIME(expires_at_ms),
};
static const struct fields CONTENT_FIELDS = FIELDS(CONTENT_ROWS, struct mail, "MailContent");

static struct str seal_context(struct task *task, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    return str_printf(task->arena, "mail:%s", text);
}

/* Cut between characters, control characters as spaces: what is put in can be read again. */
static struct str tame(struct task *task, struct str text, size_t bytes_max)
{
    if (is_empty(text) || !is_utf8(text)) return STR_NONE;
    char *tamed = arena_alloc(task->arena, bytes_max + 1);
    size_t len = 0;
    for (uint32_t c; len < text.len;) {
        const size_t count = utf8_next(str_from_offset(text, len), &c);
        if (len + count > bytes_max) break;
        for (size_t i = 0; i < count; i++) tamed[len + i] = c < 0x20 || c == 0x7f ? ' ' : text.ptr[len + i];
        len += count;
    }
    return (struct str){tamed, len};
}

result mail_content_seal(struct service *service, struct task *task, struct id id, const struct mail *mail,
                         struct str *ret_sealed)
{
    struct mail content = *mail;
    struct strbuf text;
    struct str printed;
    content.locale = tame(task, mail->locale, LOCALE_BYTES_MAX);
    content.name = tame(task, mail->name, TEXT_BYTES_MAX);
    content.device = tame(task, mail->device, TEXT_BYTES_MAX);
    content.client_address = tame(task, mail->client_address, TEXT_BYTES_MAX);
    content.detail = tame(task, mail->detail, DETAIL_BYTES_MAX);
    strbuf_init(&text, task->arena, CONTENT_FIRST_BYTES, CONTENT_BYTES_MAX);
    fields_write_json(&CONTENT_FIELDS, &content, &text);
    TRY(strbuf_finish(&text, &printed));
    return seal(task, &service->secrets->seal_ring, seal_context(task, id),
                secret_copy(task->arena, printed.ptr, printed.len), ret_sealed);
}

static bool find_kind(struct str name, enum mail_kind *ret_kind)
{
    for (unsigned i = 0; i < MAIL_KIND_COUNT; i++) {
        if (!str_equal(name, str_from(mail_kind_name((enum mail_kind)i)))) continue;
        *ret_kind = (enum mail_kind)i;
        return true;
    }
    return false;
}

result mailer_read(struct service *service, struct task *task, const struct mail_record *record,
                   struct mail *ret_mail)
{
    struct secret content;
    struct mail mail;
    enum mail_kind kind;
    if (!find_kind(record->kind, &kind))
        FAIL(&task->fault, INTERNAL, "mail of an unknown kind: %.*s", STR_ARGS(record->kind));
    TRY(seal_open(task, &service->secrets->seal_ring, seal_context(task, record->id), record->sealed_content,
                  &content));
    TRY(fields_read_json(&CONTENT_FIELDS, task, secret_expose(content), &mail));
    mail.kind = kind;
    mail.account_id = record->account_id;
    mail.to = record->recipient;
    *ret_mail = mail;
    return RESULT_OK;
}
