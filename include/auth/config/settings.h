/* settings.h — what the operator decided: read once, checked whole, then constant.
 * Shape:   one member for each row of settings.def; where each value came from beside it.
 * Order:   command line, environment, settings.ini, default: the first that gives a value. An empty value
 *          counts as none. Secrets and URIs are also read from the file that NAME_FILE names.
 * Errors:  VALIDATION_FAILED with every problem by name, none of them repeating a secret.
 * Owner:   the task's arena holds all strings and secrets.
 * Threads: constant after settings_load.
 * Source:  The Twelve-Factor App, III; OWASP ASVS 13.3.1 (secrets outside of code and argument lists).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CONFIG_SETTINGS_H
#define AUTH_CONFIG_SETTINGS_H

#include "auth/base/secret.h"
#include "auth/base/strbuf.h"
#include "auth/base/task.h"

#define SETTINGS_PROBLEMS_MAX 64u /* further ones are counted, not listed */

enum migrate_on_start { MIGRATE_AUTO, MIGRATE_CHECK, MIGRATE_OFF };
enum migration_checksum { MIGRATION_CHECKSUM_REFUSE, MIGRATION_CHECKSUM_WARN };
enum setting_signup { SIGNUP_OPEN, SIGNUP_INVITE, SIGNUP_CLOSED };
enum setting_mfa { MFA_OPTIONAL, MFA_REQUIRED_OF_ALL };
enum setting_breached_fail { BREACHED_FAIL_OPEN, BREACHED_FAIL_CLOSED };
/* AUTH_SIGNING_ALGORITHM and LOG_LEVEL have their own enums: signing_algorithm and log_level. */
enum setting_log_format { SETTING_LOG_AUTO, SETTING_LOG_TEXT, SETTING_LOG_JSON };

enum setting_source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_COMMAND_LINE, SOURCE_COUNT };

struct setting_list {
    const struct str *items;
    size_t count;
};

#define SET_GROUP(section, title)
#define SET_TEXT(section, NAME, key, member, initial, form, help)               SETTING_##NAME,
#define SET_LIST(section, NAME, key, member, initial, form, help)               SETTING_##NAME,
#define SET_URI(section, NAME, key, member, initial, form, help)                SETTING_##NAME,
#define SET_SECRET(section, NAME, key, member, help)                            SETTING_##NAME,
#define SET_KEY(section, NAME, key, member, help)                               SETTING_##NAME,
#define SET_INTEGER(section, NAME, key, member, initial, low, high, unit, help) SETTING_##NAME,
#define SET_BOOLEAN(section, NAME, key, member, initial, help)                  SETTING_##NAME,
#define SET_CHOICE(section, NAME, key, member, initial, choices, help)          SETTING_##NAME,
enum setting_name {
#include "auth/config/settings.def"
    SETTING_COUNT
};
#include "auth/config/settings_undef.h"

#define SET_GROUP(section, title)
#define SET_TEXT(section, NAME, key, member, initial, form, help) struct str member;
#define SET_LIST(section, NAME, key, member, initial, form, help) struct setting_list member;
#define SET_URI(section, NAME, key, member, initial, form, help)  struct secret member;
#define SET_SECRET(section, NAME, key, member, help)              struct secret member;
#define SET_KEY(section, NAME, key, member, help) \
    struct key256 member;                         \
    bool has_##member;
#define SET_INTEGER(section, NAME, key, member, initial, low, high, unit, help) int64_t member;
#define SET_BOOLEAN(section, NAME, key, member, initial, help)                  bool member;
#define SET_CHOICE(section, NAME, key, member, initial, choices, help)          int member;
struct settings {
#include "auth/config/settings.def"
    enum setting_source sources[SETTING_COUNT];
};
#include "auth/config/settings_undef.h"

struct settings_sources {
    const char *const *argv_sets; /* "NAME=value", NULL-terminated; NULL: none */
    const char *const *environ;   /* as the C library has it; NULL: none */
    const char *ini_path;         /* read if it is there, unless AUTH_SETTINGS names another; NULL: none */
};

struct settings_problem {
    const char *name; /* of the setting, or of the file */
    const char *problem;
    bool is_warning; /* worth telling, no reason to stop */
};

struct settings_problems {
    struct settings_problem items[SETTINGS_PROBLEMS_MAX];
    size_t count;       /* listed */
    size_t error_count; /* all errors, listed or not */
};

/* `ret_problems` is written on failure too. */
NODISCARD result settings_load(struct task *task, const struct settings_sources *sources,
                               struct settings *ret_settings, struct settings_problems *ret_problems);

/* SQL_URI; without one and with POSTGRES_HOST, what the parts amount to; without either, a file in AUTH_DATA_DIR. In
 * the arena. */
struct secret settings_sql_uri(const struct settings *settings, struct arena *arena);
/* MIGRATION_SQL_URI, else the same as settings_sql_uri. */
struct secret settings_migration_sql_uri(const struct settings *settings, struct arena *arena);
/* The URI without its password, for people. */
struct str settings_uri_masked(struct str uri, struct arena *arena);

enum settings_form { SETTINGS_TABLE, SETTINGS_JSON };
/* The values in force and where each came from; secrets masked. */
void settings_print(const struct settings *settings, enum settings_form form, struct strbuf *out);
/* The reference for people, in Markdown, group by group. */
void settings_reference(struct strbuf *out);

#endif
