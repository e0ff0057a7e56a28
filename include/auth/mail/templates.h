/* templates.h — the texts of mail, in the languages there are.
 * Shape:   two files for each language and kind, <language>/<kind>.txt and .html. The first line of the .txt is the
 *          subject, the second one is empty. {{slot}} is filled in; {{#slot}}…{{/slot}} stands only where the slot is not
 *          empty, {{^slot}}…{{/slot}} only where it is. In an .html file what is filled in is escaped.
 *          Two languages are built in; a folder of the operator may replace any pair of files, and bring languages of
 *          its own, whole.
 * Errors:  BAD_REQUEST naming the file, the line and what is wrong with it.
 * Owner:   templates own their texts; what is filled lives in the task's arena.
 * Threads: constant once created; any thread may fill.
 * Source:  RFC 4647 §3.4 (lookup of languages); the syntax is Mustache's, of which there is nothing but this.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_TEMPLATES_H
#define AUTH_MAIL_TEMPLATES_H

#include "auth/base/task.h"

#define MAIL_VALUE_BYTES_MAX 1024u /* what is longer is cut */

enum mail_slot {
#define MAIL_SLOT(name, text, meaning) MAIL_SLOT_##name,
#include "auth/mail/slots.def"
#undef MAIL_SLOT
    MAIL_SLOT_COUNT
};

struct mail_values {
    struct str of[MAIL_SLOT_COUNT];
};

/* A message before it is laid out for the wire. */
struct mail_text {
    struct str subject; /* one line */
    struct str text;
    struct str html;
};

struct mail_templates;

struct mail_templates_options {
    struct str folder;   /* of the operator's files; empty: none */
    struct str language; /* of those who have none, or one that is not there */
    const char *const *kinds;
    size_t kind_count;
};

NODISCARD result mail_templates_create(struct task *task, const struct mail_templates_options *options,
                                       struct mail_templates **ret_templates);
/* Accepts NULL. */
void mail_templates_destroy(struct mail_templates *templates);

/* The language for a locale: de-AT is answered by de-AT, else de, else the default one. */
struct str mail_templates_language(const struct mail_templates *templates, struct str locale);

/* Control characters in values become spaces. TOO_LARGE if the message grows beyond any reason. */
NODISCARD result mail_templates_fill(const struct mail_templates *templates, struct task *task,
                                     struct str locale, size_t kind, const struct mail_values *values,
                                     struct mail_text *ret_text);

#endif
