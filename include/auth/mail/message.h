/* message.h — a message as it goes over the wire.
 * Shape:   text and page as multipart/alternative, UTF-8 in quoted-printable; words that are not ASCII as encoded words;
 *          lines of at most 76 characters, ended by CR LF; nothing but ASCII.
 * Errors:  BAD_REQUEST for what must not stand in a header: control characters above all, and what is no address.
 * Owner:   what is returned lives in the task's arena.
 * Source:  RFC 5322; RFC 2045 §6.7, RFC 2046 §5.1.4, RFC 2047; RFC 3834 §5 (Auto-Submitted).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_MESSAGE_H
#define AUTH_MAIL_MESSAGE_H

#include "auth/base/id.h"
#include "auth/mail/templates.h"

#define MAIL_ADDRESS_BYTES_MAX 254u
#define MAIL_BYTES_MAX         (1024u * 1024u)

struct mailbox {
    struct str name; /* may be empty */
    struct str address;
};

struct mail_message {
    struct id id;
    struct mailbox from;
    struct mailbox reply_to; /* without an address: none */
    struct str to;           /* an address */
    struct str language;
    struct mail_text text;
    int64_t at_ms;
};

/* local@domain in ASCII: atoms parted by dots, labels parted by dots; no quotes, no comments, no address literals. */
bool is_mail_address(struct str text);
/* What stands behind the '@'. */
struct str mail_domain(struct str address);

/* "ada@example.org" or "Ada <ada@example.org>"; false on anything else. */
bool mailbox_parse(struct str text, struct mailbox *ret_mailbox);

NODISCARD result mail_message_print(struct task *task, const struct mail_message *message,
                                    struct str *ret_bytes);

#endif
