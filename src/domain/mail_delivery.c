// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/domain/email.h"
#include "auth/loop/offload.h"
#include "auth/mail/message.h"
#include "auth/mail/smtp.h"
#include "mailer_internal.h"

/* The session is opened by the first message and lent to the thread that sends one. */
struct delivery {
    struct service *service;
    struct smtp_session *session;
};

struct sending {
    struct delivery *delivery;
    struct smtp_letter letter;
    int64_t begin_until_ms; /* monotonic: later the claim might run out underneath */
    bool is_late;
    struct smtp_answer answer;
};

result delivery_open(struct service *service, struct task *task, struct delivery **ret_delivery)
{
    struct delivery *delivery = arena_alloc(task->arena, sizeof *delivery);
    delivery->service = service;
    *ret_delivery = delivery;
    return RESULT_OK;
}

static void close_session(void *argument)
{
    struct delivery *delivery = argument;
    smtp_session_close(delivery->session);
    delivery->session = NULL;
}

/* Taking leave waits for the server as well. */
void delivery_close(struct delivery *delivery)
{
    if (!delivery->session) return;
    if (!is_ok(offload_run(delivery->service->network, close_session, delivery))) close_session(delivery);
}

static void send_one(void *argument)
{
    struct sending *sending = argument;
    struct delivery *delivery = sending->delivery;
    sending->is_late = clock_monotonic_ms() > sending->begin_until_ms;
    if (sending->is_late) return;
    sending->answer = (struct smtp_answer){.outcome = SMTP_FAILED, .reason = "no memory for a connection"};
    if (!delivery->session) delivery->session = smtp_session_open(delivery->service->mailer->smtp);
    if (delivery->session) smtp_send(delivery->session, &sending->letter, &sending->answer);
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

/* As it was given, in ASCII; the domain of a name in other letters as the network knows it. */
static bool address_of(struct task *task, const struct mail *mail, struct str *ret_address)
{
    struct str key;
    *ret_address = mail->to;
    if (is_mail_address(mail->to)) return true;
    const result canonical = email_canonicalize(task, "to", mail->to, &key);
    fault_clear(&task->fault);
    if (!is_ok(canonical) || !is_mail_address(key)) return false;
    *ret_address = key;
    return true;
}

/* The same mail has the same Message-ID each time: where it arrives twice, a mailbox may tell. */
static result make_letter(struct service *service, struct task *task, const struct mail *mail, struct id id,
                          const struct mail_text *text, struct smtp_letter *ret_letter)
{
    const struct mailer *mailer = service->mailer;
    const struct mail_message message = {
        .id = id,
        .from = mailer->from,
        .reply_to = mailer->reply_to,
        .to = ret_letter->to,
        .language = mail_templates_language(mailer->templates, mail->locale),
        .text = *text,
        .at_ms = task->now_ms,
    };
    TRY(mail_message_print(task, &message, &ret_letter->bytes));
    ret_letter->from = mailer->from.address;
    return RESULT_OK;
}

static enum delivery_outcome outcome_of(const struct sending *sending)
{
    if (sending->is_late) return DELIVERY_POSTPONED;
    switch (sending->answer.outcome) {
    case SMTP_ACCEPTED:
        return DELIVERY_SENT;
    case SMTP_REFUSED:
        return DELIVERY_REFUSED;
    case SMTP_DEFERRED:
        return DELIVERY_POSTPONED;
    case SMTP_FAILED:
        break;
    }
    return DELIVERY_UNREACHABLE;
}

static void run_sending(struct delivery *delivery, struct task *task, struct sending *sending,
                        enum delivery_outcome *ret_outcome, struct str *ret_reason)
{
    struct service *service = delivery->service;
    sending->begin_until_ms = clock_monotonic_ms() + service->mailer->options.smtp.timeout_ms;
    const result ran = offload_run(service->network, send_one, sending);
    if (ran.code == STATUS_OVERLOADED) sending->is_late = true;
    *ret_outcome = outcome_of(sending);
    *ret_reason = sending->is_late ? STR("no thread was free for it")
                                   : str_copy(task->arena, str_from(sending->answer.reason));
}

/* What cannot be laid out now cannot be later. */
static result prepare(struct delivery *delivery, struct task *task, const struct mail *mail, struct id id,
                      struct sending *sending)
{
    struct service *service = delivery->service;
    struct mail_text text;
    sending->delivery = delivery;
    TRY(mail_text_make(service, task, mail, &text));
    if (!service->mailer->smtp) {
        print_mail(service, task, mail, &text);
        return RESULT_OK;
    }
    if (!address_of(task, mail, &sending->letter.to))
        FAIL(&task->fault, BAD_REQUEST, "the recipient is no mail address");
    return make_letter(service, task, mail, id, &text, &sending->letter);
}

result delivery_run(struct delivery *delivery, struct task *task, const struct mail *mail, struct id id,
                    enum delivery_outcome *ret_outcome, struct str *ret_reason)
{
    struct sending *sending = arena_alloc(task->arena, sizeof *sending);
    const result prepared = prepare(delivery, task, mail, id, sending);
    if (!is_ok(prepared)) {
        *ret_outcome = DELIVERY_REFUSED;
        *ret_reason = str_copy(
            task->arena, str_from(task->fault.detail[0] ? task->fault.detail : status_name(prepared.code)));
        fault_clear(&task->fault);
        return RESULT_OK;
    }
    *ret_outcome = DELIVERY_PRINTED;
    *ret_reason = STR_NONE;
    if (!delivery->service->mailer->smtp) return RESULT_OK;
    run_sending(delivery, task, sending, ret_outcome, ret_reason);
    return RESULT_OK;
}
