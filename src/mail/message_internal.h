/* message_internal.h — encodings of mail. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_MESSAGE_INTERNAL_H
#define AUTH_MAIL_MESSAGE_INTERNAL_H

#include "auth/base/strbuf.h"
#include "auth/mail/message.h"

/* No control characters, valid UTF-8. */
bool is_header_text(struct str text);

/* A line of text after "Name: ": as it is, folded at spaces, or as encoded words. `column`: characters before it. */
void header_text_print(struct arena *arena, struct str text, size_t column, struct strbuf *out);

/* A name before an address, in quotes or as encoded words. */
void header_phrase_print(struct arena *arena, struct str name, struct strbuf *out);

/* Lines of `text` end with LF; those written end with CR LF, the last one too. */
void quoted_printable_print(struct str text, struct strbuf *out);

/* "Sat, 28 Nov 2026 05:17:10 +0000" */
void mail_date_print(int64_t at_ms, struct strbuf *out);

#endif
