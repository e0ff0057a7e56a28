/* smtp.h — mail handed to a mail server.
 * Shape:   an smtp says how the server is reached; a session is a connection to it that is kept between messages. Both
 *          block: sessions belong on a thread of a pool, one at a time.
 * Rule:    where TLS is spoken the certificate is verified, and a password is sent under TLS alone, but for a server on
 *          this machine.
 * Errors:  smtp_create: BAD_REQUEST naming the setting. What the server does is an answer, not a failure.
 * Threads: an smtp is constant; a session is used by one thread at a time, not always the same.
 * Source:  RFC 5321; RFC 3207 (STARTTLS); RFC 4954 (AUTH); RFC 8314 (smtps).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_SMTP_H
#define AUTH_MAIL_SMTP_H

#include "auth/base/secret.h"
#include "auth/base/task.h"

#define SMTP_REASON_MAX 240u

enum smtp_starttls { SMTP_STARTTLS_REQUIRED, SMTP_STARTTLS_OPPORTUNISTIC, SMTP_STARTTLS_OFF };

struct smtp_options {
    struct secret url;      /* smtp://user:password@host:port or smtps:// */
    struct secret password; /* instead of the one in the URL */
    enum smtp_starttls starttls;
    struct str helo;    /* what this side calls itself */
    struct str ca_file; /* authorities in PEM, instead of the system's */
    int64_t timeout_ms; /* for a message, its connection included */
};

struct smtp;
struct smtp_session;

enum smtp_outcome {
    SMTP_ACCEPTED,
    SMTP_REFUSED,  /* this message, for good (5xx to its recipient or its content) */
    SMTP_DEFERRED, /* this message, for now (4xx) */
    SMTP_FAILED    /* the server, the way to it, or what it thinks of us */
};

struct smtp_answer {
    enum smtp_outcome outcome;
    char reason[SMTP_REASON_MAX]; /* of the server or the library; no secrets */
};

struct smtp_letter {
    struct str from; /* addresses alone, checked */
    struct str to;
    struct str bytes; /* the message */
};

NODISCARD result smtp_create(struct task *task, const struct smtp_options *options, struct smtp **ret_smtp);
/* From any thread: what sessions have begun fails within about a second, and so does what they begin. */
void smtp_abort(struct smtp *smtp);
/* Accepts NULL. */
void smtp_destroy(struct smtp *smtp);

/* NULL when memory is short. */
struct smtp_session *smtp_session_open(const struct smtp *smtp);
void smtp_send(struct smtp_session *session, const struct smtp_letter *letter,
               struct smtp_answer *ret_answer);
/* Takes leave of the server. Accepts NULL. */
void smtp_session_close(struct smtp_session *session);

#endif
