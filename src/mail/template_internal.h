/* template_internal.h — one template: its check and its filling. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_TEMPLATE_INTERNAL_H
#define AUTH_MAIL_TEMPLATE_INTERNAL_H

#include "auth/base/strbuf.h"
#include "auth/mail/templates.h"

enum template_form { TEMPLATE_TEXT, TEMPLATE_HTML, TEMPLATE_FORM_COUNT };

extern const char *const template_suffixes[TEMPLATE_FORM_COUNT]; /* ".txt", ".html" */

/* What is built in; ends with a row without a language. */
struct template_builtin {
    const char *language;
    const char *kind;
    enum template_form form;
    const char *bytes;
    size_t count;
};
extern const struct template_builtin template_builtins[];

/* NULL when the template is right, else what is wrong in line *ret_line. */
const char *template_problem(struct str template, enum template_form form, unsigned *ret_line);

/* Of a template without a problem; values are as they shall stand, but for what HTML escapes. */
void template_fill(struct str template, enum template_form form, const struct mail_values *values,
                   struct strbuf *out);

#endif
