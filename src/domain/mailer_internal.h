/* mailer_internal.h — the parts of the mailer: what a mail holds, its message, its delivery, the worker. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_MAILER_INTERNAL_H
#define AUTH_DOMAIN_MAILER_INTERNAL_H

#include <stdatomic.h>

#include "auth/domain/mailer.h"
#include "auth/mail/message.h"
#include "auth/mail/smtp.h"
#include "auth/mail/templates.h"

enum mail_class { MAIL_CLASS_ASKED, MAIL_CLASS_NOTICE, MAIL_CLASS_FREE };

struct mailer {
    struct mailer_options options;
    struct mail_templates *templates;
    struct smtp *smtp; /* NULL: there is no server */
    struct mailbox from;
    struct mailbox reply_to;
    atomic_bool is_stopping;
    _Atomic int64_t waiting;
    _Atomic int64_t oldest_at_ms;
    _Atomic uint64_t sent;
    _Atomic uint64_t printed;
    _Atomic uint64_t failed;
    _Atomic uint64_t limited;
};

/* mail_content.c */
NODISCARD result mail_content_seal(struct service *service, struct task *task, struct id id,
                                   const struct mail *mail, struct str *ret_sealed);
enum mail_class mail_class_of(enum mail_kind kind);

/* mail_text.c: in the language of the mail. */
NODISCARD result mail_text_make(struct service *service, struct task *task, const struct mail *mail,
                                struct mail_text *ret_text);
struct str mail_link(struct service *service, struct task *task, const struct mail *mail);

/* mail_delivery.c */
enum delivery_outcome {
    DELIVERY_SENT,
    DELIVERY_PRINTED,
    DELIVERY_REFUSED,    /* for good */
    DELIVERY_POSTPONED,  /* this one; others may be taken */
    DELIVERY_UNREACHABLE /* the mail server: others are not tried now */
};

/* What is kept between the mails of one step: the connection. */
struct delivery;

NODISCARD result delivery_open(struct service *service, struct task *task, struct delivery **ret_delivery);
void delivery_close(struct delivery *delivery);
/* `*ret_reason` is for the operator and holds no secret. */
NODISCARD result delivery_run(struct delivery *delivery, struct task *task, const struct mail *mail,
                              struct id id, enum delivery_outcome *ret_outcome, struct str *ret_reason);

#endif
