// SPDX-License-Identifier: MIT
#include "auth/domain/mailer.h"

#include <stdlib.h>

#include "auth/base/log.h"
#include "mailer_internal.h"

static const char *const KIND_NAMES[MAIL_KIND_COUNT] = {
#define MAIL_KIND(name, text, class, purpose) [MAIL_##name] = (text),
#include "auth/domain/mail_kinds.def"
#undef MAIL_KIND
};

static const enum mail_class CLASSES[MAIL_KIND_COUNT] = {
#define MAIL_KIND(name, text, class, purpose) [MAIL_##name] = MAIL_CLASS_##class,
#include "auth/domain/mail_kinds.def"
#undef MAIL_KIND
};

const char *mail_kind_name(enum mail_kind kind)
{
    return KIND_NAMES[kind];
}

enum mail_class mail_class_of(enum mail_kind kind)
{
    return CLASSES[kind];
}

static result take_mailbox(struct task *task, const char *setting, struct str text,
                           struct mailbox *ret_mailbox)
{
    if (is_empty(text) || mailbox_parse(text, ret_mailbox)) return RESULT_OK;
    FAIL(&task->fault, BAD_REQUEST, "%s: must be an address, or a name and <address>", setting);
}

static result open_server(struct task *task, struct mailer *mailer)
{
    struct mailer_options *options = &mailer->options;
    TRY(take_mailbox(task, "AUTH_MAIL_FROM", options->from, &mailer->from));
    TRY(take_mailbox(task, "AUTH_MAIL_REPLY_TO", options->reply_to, &mailer->reply_to));
    if (options->smtp.url.len == 0) return RESULT_OK;
    if (is_empty(options->from))
        FAIL(&task->fault, BAD_REQUEST, "AUTH_MAIL_FROM: is needed with AUTH_SMTP_URL: whom mail comes from");
    options->smtp.helo = mail_domain(mailer->from.address);
    return smtp_create(task, &options->smtp, &mailer->smtp);
}

result mailer_create(struct task *task, const struct mailer_options *options, struct mailer **ret_mailer)
{
    const struct mail_templates_options templates = {.folder = options->templates,
                                                     .language = options->language,
                                                     .kinds = KIND_NAMES,
                                                     .kind_count = MAIL_KIND_COUNT};
    struct mailer *mailer = calloc(1, sizeof *mailer);
    if (!mailer) panic("out of memory");
    mailer->options = *options;
    result created = mail_templates_create(task, &templates, &mailer->templates);
    if (is_ok(created)) created = open_server(task, mailer);
    if (is_ok(created))
        *ret_mailer = mailer;
    else
        mailer_destroy(mailer);
    return created;
}

void mailer_destroy(struct mailer *mailer)
{
    if (!mailer) return;
    mail_templates_destroy(mailer->templates);
    smtp_destroy(mailer->smtp);
    free(mailer);
}

void mailer_stop(struct mailer *mailer)
{
    atomic_store(&mailer->is_stopping, true);
}

void mailer_abort(struct mailer *mailer)
{
    if (mailer->smtp) smtp_abort(mailer->smtp);
}

bool mailer_has_server(const struct mailer *mailer)
{
    return mailer->smtp != NULL;
}

void mailer_counts(struct mailer *mailer, struct mailer_counts *ret_counts)
{
    *ret_counts = (struct mailer_counts){
        .waiting = atomic_load(&mailer->waiting),
        .oldest_at_ms = atomic_load(&mailer->oldest_at_ms),
        .sent = atomic_load(&mailer->sent),
        .printed = atomic_load(&mailer->printed),
        .failed = atomic_load(&mailer->failed),
        .limited = atomic_load(&mailer->limited),
    };
}

result mailer_enqueue(struct service *service, struct db *db, struct task *task, const struct mail *mail)
{
    return mailer_enqueue_as(service, db, task, id_new(task->now_ms), mail);
}

result mailer_enqueue_as(struct service *service, struct db *db, struct task *task, struct id id,
                         const struct mail *mail)
{
    struct mail content = *mail;
    if (content.at_ms == 0) content.at_ms = task->now_ms;
    struct mail_record record = {.id = id,
                                 .kind = str_from(KIND_NAMES[mail->kind]),
                                 .recipient = mail->to,
                                 .account_id = mail->account_id};
    TRY(mail_content_seal(service, task, record.id, &content, &record.sealed_content));
    return mail_insert(db, task, &record, !mail->is_decoy);
}

void mailer_wake(struct service *service)
{
    if (!service->mail) service->is_mail_due = true;
    background_wake(service->mail, service, 0);
}
