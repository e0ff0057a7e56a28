/* settings_internal.h — the table of settings as data, and the steps of reading them: collect what was given,
 * turn it into values, check values against each other.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CONFIG_SETTINGS_INTERNAL_H
#define AUTH_CONFIG_SETTINGS_INTERNAL_H

#include "auth/config/settings.h"

#define SETTING_FILE_BYTES_MAX 65536u

enum setting_type {
    TYPE_TEXT,
    TYPE_LIST,
    TYPE_URI,
    TYPE_SECRET,
    TYPE_KEY,
    TYPE_INTEGER,
    TYPE_BOOLEAN,
    TYPE_CHOICE
};

enum setting_form {
    FORM_ANY,
    FORM_WORD, /* no space */
    FORM_SQL_URI,
    FORM_REDIS_URL,
    FORM_SMTP_URL,
    FORM_LISTEN,
    FORM_ISSUER,
    FORM_PROXIES,
    FORM_ORIGINS,
    FORM_DOMAINS
};

struct setting_row {
    const char *section;
    const char *name;
    const char *key;
    enum setting_type type;
    size_t offset;
    const char *initial;
    enum setting_form form;
    int64_t min;
    int64_t max;
    const char *unit;
    const char *choices; /* "a|b|c" */
    const char *help;
};

struct setting_group {
    const char *section;
    const char *title;
};

extern const struct setting_row setting_rows[SETTING_COUNT];
extern const struct setting_group setting_groups[];
extern const size_t setting_group_count;

/* What one source gave for one setting. */
struct given {
    bool is_set;
    bool is_file; /* the value names a file that holds it */
    struct str value;
};

struct collected {
    struct arena *arena;
    struct settings_problems *problems;
    struct given given[SOURCE_COUNT][SETTING_COUNT];
};

void problem_add(struct collected *collected, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);
void warning_add(struct collected *collected, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);

/* Secrets and URIs, which may hold one: never repeated, also read from a file. */
bool is_confidential(const struct setting_row *row);

void collect_argv(struct collected *collected, const char *const *sets);
void collect_environ(struct collected *collected, const char *const *environ);
void collect_ini(struct collected *collected, const char *path, bool must_exist);
/* The value of a variable, or NULL. */
const char *environ_find(const char *const *environ, struct str name);

/* Takes NAME or NAME_FILE; false if there is no such setting. */
bool collect_named(struct collected *collected, enum setting_source source, struct str name,
                   struct str value);
void collect_row(struct collected *collected, enum setting_source source, size_t index, struct given given);

/* False if it cannot be read or is longer than SETTING_FILE_BYTES_MAX. */
bool file_read(struct arena *arena, const char *path, struct str *ret_text);

/* ", did you mean NAME?" or an empty text. */
const char *near_name(struct arena *arena, struct str name);
const char *near_key(struct arena *arena, struct str section, struct str key);

/* Writes the member, or adds a problem. */
void value_parse(struct collected *collected, const struct setting_row *row, struct str text,
                 struct settings *settings);
/* NULL when the text has the form, else what it must be. */
const char *form_problem(enum setting_form form, struct str text);
bool is_loopback_host(struct str host);

/* Rules about more than one setting. */
void settings_check(struct collected *collected, const struct settings *settings);

static inline const void *setting_at(const struct settings *settings, const struct setting_row *row)
{
    return (const char *)settings + row->offset;
}

#endif
