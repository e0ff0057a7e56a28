// SPDX-License-Identifier: MIT
#include "auth/domain/mailer.h"

#include "auth/json/fields.h"
#include "auth/store/mail_repo.h"

#define CONTENT_FIRST_BYTES 512u
#define CONTENT_BYTES_MAX   8192u
#define STEP_TIME_MS        INT64_C(60000)
#define STEP_ARENA_BYTES    (4u * 1024u * 1024u)

static const char *const KIND_NAMES[MAIL_KIND_COUNT] = {
#define MAIL_KIND(name, text, purpose) [MAIL_##name] = (text),
#include "auth/domain/mail_kinds.def"
#undef MAIL_KIND
};

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

static result seal_content(struct service *service, struct task *task, struct id id, const struct mail *mail,
                           struct str *ret_sealed)
{
    struct strbuf text;
    struct str content;
    strbuf_init(&text, task->arena, CONTENT_FIRST_BYTES, CONTENT_BYTES_MAX);
    fields_write_json(&CONTENT_FIELDS, mail, &text);
    TRY(strbuf_finish(&text, &content));
    return seal(task, &service->secrets->seal_ring, seal_context(task, id),
                secret_copy(task->arena, content.ptr, content.len), ret_sealed);
}

result mailer_enqueue(struct service *service, struct db *db, struct task *task, const struct mail *mail)
{
    struct mail content = *mail;
    if (content.at_ms == 0) content.at_ms = task->now_ms;
    struct mail_record record = {.id = id_new(task->now_ms),
                                 .kind = str_from(KIND_NAMES[mail->kind]),
                                 .recipient = mail->to,
                                 .account_id = mail->account_id};
    TRY(seal_content(service, task, record.id, &content, &record.sealed_content));
    return mail_insert(db, task, &record);
}

void mailer_wake(struct service *service)
{
    background_wake(service->mail, service, 0);
}

static result step(struct service *service, struct task *task, int64_t *ret_again_ms)
{
    (void)service;
    (void)task;
    *ret_again_ms = 0;
    return RESULT_OK;
}

const struct background_work mailer_work = {.name = "mail",
                                            .pause_ms = 0,
                                            .time_limit_ms = STEP_TIME_MS,
                                            .arena_bytes = STEP_ARENA_BYTES,
                                            .step = step};
