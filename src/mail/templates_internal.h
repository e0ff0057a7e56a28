/* templates_internal.h — the set of templates while it is put together. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MAIL_TEMPLATES_INTERNAL_H
#define AUTH_MAIL_TEMPLATES_INTERNAL_H

#include "template_internal.h"

#define TEMPLATE_LANGUAGES_MAX  32u
#define TEMPLATE_KINDS_MAX      32u
#define TEMPLATE_FILE_BYTES_MAX 65536u
#define TEMPLATE_SUM_BYTES_MAX  (8u * 1024u * 1024u)

struct template_language {
    struct str name;
    struct str texts[TEMPLATE_KINDS_MAX][TEMPLATE_FORM_COUNT]; /* without a pointer: not there */
};

struct mail_templates {
    struct arena *arena;
    const char *const *kinds;
    size_t kind_count;
    struct template_language languages[TEMPLATE_LANGUAGES_MAX];
    size_t language_count;
    size_t byte_count;
    const struct template_language *initial;
};

/* The language of that name, made when it is not there; NULL when there are too many. */
struct template_language *template_language_get(struct mail_templates *templates, struct str name);
/* The kind's index, or kind_count. */
size_t template_kind_find(const struct mail_templates *templates, struct str name);

/* What the operator's folder holds takes the place of what is built in. */
NODISCARD result template_folder_read(struct task *task, struct mail_templates *templates, struct str folder);

#endif
