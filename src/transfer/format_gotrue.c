// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "import_internal.h"

/* A row of auth.users: of a dump, as CSV, or by row_to_json. */
struct metadata {
    struct str name;
    struct str full_name;
    struct str locale;
};

struct record {
    struct str id;
    struct str email;
    struct secret encrypted_password;
    struct str email_confirmed_at;
    struct str banned_until;
    struct str deleted_at;
    struct str created_at;
    struct metadata user;
    bool is_anonymous;
};

static const struct field METADATA_ROWS[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct metadata, name)},
    {.name = "full_name",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct metadata, full_name)},
    {.name = "locale",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct metadata, locale)},
};
static const struct fields METADATA_FIELDS = FOREIGN_FIELDS(METADATA_ROWS, struct metadata, "Metadata");

#define TEXT(member)                                                    \
    {                                                                   \
        .name = #member, .type = FIELD_STRING, .flags = FIELD_NULLABLE, \
        .offset = offsetof(struct record, member)                       \
    }
static const struct field ROWS[] = {
    TEXT(id),
    TEXT(email),
    {.name = "encrypted_password",
     .type = FIELD_SECRET,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct record, encrypted_password)},
    TEXT(email_confirmed_at),
    TEXT(banned_until),
    TEXT(deleted_at),
    TEXT(created_at),
    {.name = "raw_user_meta_data",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .object = &METADATA_FIELDS,
     .offset = offsetof(struct record, user)},
    {.name = "is_anonymous",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct record, is_anonymous)},
};
static const struct fields FIELDS_OF_RECORD = FOREIGN_FIELDS(ROWS, struct record, "Record");

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    (void)options;
    const struct record *record = given;
    if (!is_empty(record->deleted_at) || record->is_anonymous) {
        fault_add_field(&task->fault, record->is_anonymous ? "/is_anonymous" : "/deleted_at", "left_out",
                        "is of a deleted or an anonymous account");
        return RESULT(VALIDATION_FAILED);
    }
    *ret_account = (struct import_account){
        .id = import_id(record->id),
        .external_id = import_external_id(task, "gotrue", record->id),
        .email = record->email,
        .is_email_verified = !is_empty(record->email_confirmed_at),
        .name = is_empty(record->user.full_name) ? record->user.name : record->user.full_name,
        .locale = record->user.locale,
        .password_hash = secret_expose(record->encrypted_password),
        .is_locked = import_time_ms(task, record->banned_until) > task->now_ms,
        .created_at_ms = import_time_ms(task, record->created_at),
    };
    return RESULT_OK;
}

const struct import_format import_format_gotrue = {"gotrue", &FIELDS_OF_RECORD, convert};
