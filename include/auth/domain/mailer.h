/* mailer.h — mail to people: kept in the outbox with what it tells of, sent in the background.
 * Rule:    a mail is written in the transaction of what it tells of: neither is there without the other, and a server that
 *          dies sends it after its restart. What it holds is sealed, since codes and links are in it.
 * Errors:  DATABASE_UNAVAILABLE.
 * Waits:   mailer_enqueue (database).
 * Source:  OWASP ASVS 6.3.5, 6.3.7, 6.5, 1.3.11; links are made from the configured issuer alone.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_MAILER_H
#define AUTH_DOMAIN_MAILER_H

#include "auth/domain/background.h"

enum mail_kind {
#define MAIL_KIND(name, text, purpose) MAIL_##name,
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
};

/* Through `db`: the caller's transaction. */
NODISCARD result mailer_enqueue(struct service *service, struct db *db, struct task *task,
                                const struct mail *mail);

/* After the commit of what was enqueued: it is sent soon. Never waits. */
void mailer_wake(struct service *service);

/* Sends what is due. */
extern const struct background_work mailer_work;

#endif
