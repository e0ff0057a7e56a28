// SPDX-License-Identifier: MIT
#include "import_internal.h"

/* Our own form, as `auth export` writes it: one object a line. */
struct record {
    struct id id;
    struct str external_id;
    struct str email;
    bool email_verified;
    struct str name;
    struct str locale;
    struct secret password_hash;
    int status;
    bool requires_mfa;
    struct str claims;
    struct str_list roles;
    struct str_list groups;
    int64_t created_at_ms;
    struct secret totp_secret;
};

static const char *const STATUSES[] = {"active", "locked", NULL};

#define AT(member) .offset = offsetof(struct record, member)
static const struct field ROWS[] = {
    {.name = "id", .type = FIELD_ID, AT(id)},
    {.name = "external_id", .type = FIELD_STRING, AT(external_id), .min = 1, .max = 255},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     AT(email),
     .max = 254,
     .example = "\"ada@example.org\""},
    {.name = "email_verified", .type = FIELD_BOOLEAN, AT(email_verified)},
    {.name = "name", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(name)},
    {.name = "locale", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(locale)},
    {.name = "password_hash", .type = FIELD_SECRET, .flags = FIELD_NULLABLE, AT(password_hash), .max = 512},
    {.name = "status", .type = FIELD_CHOICE, AT(status), .choices = STATUSES},
    {.name = "requires_mfa", .type = FIELD_BOOLEAN, AT(requires_mfa)},
    {.name = "claims",
     .type = FIELD_RAW,
     .flags = FIELD_NULLABLE,
     AT(claims),
     .max = IMPORT_CLAIMS_BYTES_MAX},
    {.name = "roles", .type = FIELD_STRINGS, AT(roles), .max = IMPORT_NAMES_MAX},
    {.name = "groups", .type = FIELD_STRINGS, AT(groups), .max = IMPORT_NAMES_MAX},
    {.name = "created_at", .type = FIELD_TIME, AT(created_at_ms)},
    {.name = "totp_secret", .type = FIELD_SECRET, .flags = FIELD_NULLABLE, AT(totp_secret), .max = 256},
};
const struct fields import_record_fields = FIELDS(ROWS, struct record, "AccountRecord");

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    (void)options;
    const struct record *record = given;
    *ret_account = (struct import_account){
        .id = record->id,
        .external_id = record->external_id,
        .email = record->email,
        .is_email_verified = record->email_verified,
        .name = record->name,
        .locale = record->locale,
        .password_hash = secret_expose(record->password_hash),
        .is_locked = record->status == 1,
        .requires_mfa = record->requires_mfa,
        .claims = record->claims,
        .roles = record->roles,
        .groups = record->groups,
        .created_at_ms = record->created_at_ms,
    };
    if (record->totp_secret.len == 0) return RESULT_OK;
    return import_base32(task, "/totp_secret", secret_expose(record->totp_secret), &ret_account->totp_secret);
}

const struct import_format import_format_auth = {"auth", &import_record_fields, convert};
