// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "mailer_internal.h"

struct delivery {
    struct service *service;
};

result delivery_open(struct service *service, struct task *task, struct delivery **ret_delivery)
{
    struct delivery *delivery = arena_alloc(task->arena, sizeof *delivery);
    delivery->service = service;
    *ret_delivery = delivery;
    return RESULT_OK;
}

void delivery_close(struct delivery *delivery)
{
    (void)delivery;
}

/* There is no mail server: who runs this reads its log. The one place where a code and a link are written down. */
static void print_mail(struct service *service, struct task *task, const struct mail *mail,
                       const struct mail_text *text)
{
    log_event(LOG_LEVEL_INFO, "mail", LOG_TEXT("to", mail->to),
              LOG_TEXT("kind", str_from(mail_kind_name(mail->kind))),
              LOG_TEXT("language", mail_templates_language(service->mailer->templates, mail->locale)),
              LOG_TEXT("subject", text->subject), LOG_TEXT("code", secret_expose(mail->code)),
              LOG_TEXT("link", mail_link(service, task, mail)), LOG_TEXT("text", text->text));
}

result delivery_run(struct delivery *delivery, struct task *task, const struct mail *mail, struct id id,
                    enum delivery_outcome *ret_outcome, struct str *ret_reason)
{
    struct mail_text text;
    (void)id;
    TRY(mail_text_make(delivery->service, task, mail, &text));
    print_mail(delivery->service, task, mail, &text);
    *ret_outcome = DELIVERY_PRINTED;
    *ret_reason = STR_NONE;
    return RESULT_OK;
}
