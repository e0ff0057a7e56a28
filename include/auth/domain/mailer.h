/* mailer.h — mail to people: kept in the outbox with what it tells of, sent in the background.
 * Rule:    a mail is written in the transaction of what it tells of: neither is there without the other, and a server that
 *          dies sends it after its restart. What it holds is sealed, since codes and links are in it, and erased once it
 *          is sent or given up.
 *          Each mail is sent by one worker, whoever else is at work, and once; only a server that is killed after the mail
 *          server has taken a mail and before this is noted sends it a second time, when its claim has run out.
 *          Without a mail server it is printed to the log, with its code and its link.
 *          Mail that anybody can ask for is limited for each address and account; who asks is told nothing of it.
 * Errors:  DATABASE_UNAVAILABLE; mailer_create: BAD_REQUEST naming the setting or the template's file and line.
 * Waits:   mailer_enqueue, mailer_drain (database).
 * Threads: a mailer is shared by all loops.
 * Source:  OWASP ASVS 6.3.5, 6.3.7, 6.5, 1.3.11; links are made from the configured issuer alone.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_MAILER_H
#define AUTH_DOMAIN_MAILER_H

#include "auth/domain/background.h"
#include "auth/mail/smtp.h"
#include "auth/store/mail_repo.h"

enum mail_kind {
#define MAIL_KIND(name, text, class, purpose) MAIL_##name,
#include "auth/domain/mail_kinds.def"
#undef MAIL_KIND
    MAIL_KIND_COUNT
};

struct mail {
    enum mail_kind kind;
    struct id account_id;      /* whose mail it is; nil: nobody's (an invitation) */
    struct str to;             /* the address, canonical or as given: checked again before it is sent */
    struct str locale;         /* RFC 5646; empty or unknown: the default language */
    struct str name;           /* of the person; may be empty */
    struct secret code;        /* to be typed; may be empty */
    struct str link_path;      /* below the issuer, "/ui/verify"; empty: no link */
    struct secret link_token;  /* stands behind '#' of the link, where no log and no referrer sees it */
    struct str device;         /* user agent, for notices */
    struct str client_address; /* for notices */
    struct str detail;         /* what was added, removed, or who invites; may be empty */
    int64_t at_ms;             /* when it happened; 0: now */
    int64_t expires_at_ms;     /* of code and link; 0: neither */
    bool is_decoy; /* the same work, and nothing is kept or sent: nobody learns from the time who gets mail */
};

struct mailer_options {
    struct str templates; /* folder of the operator's; empty: those built in */
    struct str language;
    int64_t per_hour; /* for each address */
    int64_t account_per_hour;
    int64_t notices_per_hour;
    int64_t retry_ms; /* the first wait, doubled for each further one up to the longest */
    int64_t retry_longest_ms;
    int64_t give_up_ms; /* after a mail was written */
    struct str from;    /* needed with a server */
    struct str reply_to;
    struct smtp_options smtp; /* without a URL there is no server: mail is printed to the log */
};

struct mailer;

struct mailer_counts {
    int64_t waiting; /* as last seen */
    int64_t oldest_at_ms;
    uint64_t sent;
    uint64_t printed;
    uint64_t failed;
    uint64_t limited; /* those of the failed that exceeded a limit */
};

NODISCARD result mailer_create(struct task *task, const struct mailer_options *options,
                               struct mailer **ret_mailer);
/* Accepts NULL. */
void mailer_destroy(struct mailer *mailer);
/* From any thread: no further mail is begun; what has begun is finished. */
void mailer_stop(struct mailer *mailer);
/* From any thread: what the mail server has not answered yet counts as failed, within about a second. */
void mailer_abort(struct mailer *mailer);
/* False: mail is printed to the log. */
bool mailer_has_server(const struct mailer *mailer);
void mailer_counts(struct mailer *mailer, struct mailer_counts *ret_counts);

/* Through `db`: the caller's transaction. */
NODISCARD result mailer_enqueue(struct service *service, struct db *db, struct task *task,
                                const struct mail *mail);

/* The same under an id of the caller's, who wants to hear what becomes of it. */
NODISCARD result mailer_enqueue_as(struct service *service, struct db *db, struct task *task, struct id id,
                                   const struct mail *mail);

/* After the commit of what was enqueued: it is sent soon; in a command, at its end. Never waits. */
void mailer_wake(struct service *service);

/* Sends what is due now and returns: for commands, which have no background. Takes as long as the mail server does. */
NODISCARD result mailer_drain(struct service *service, struct task *task);

/* What a mail of the outbox holds; its strings live in the task's arena. */
NODISCARD result mailer_read(struct service *service, struct task *task, const struct mail_record *record,
                             struct mail *ret_mail);

const char *mail_kind_name(enum mail_kind kind);

/* Sends what is due. */
extern const struct background_work mailer_work;

#endif
