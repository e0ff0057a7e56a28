// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "import_internal.h"

/* A line of the users' export, or of the export with hashes that Auth0's support hands out. */
struct object_id {
    struct str oid;
};

struct record {
    struct object_id object_id;
    struct str user_id;
    struct str email;
    bool email_verified;
    struct str name;
    struct secret password_hash;
    bool blocked;
    struct str created_at;
};

static const struct field OBJECT_ID_ROWS[] = {
    {.name = "$oid", .type = FIELD_STRING, .offset = offsetof(struct object_id, oid)},
};
static const struct fields OBJECT_ID_FIELDS = FIELDS(OBJECT_ID_ROWS, struct object_id, "ObjectId");

#define AT(member) .offset = offsetof(struct record, member)
static const struct field ROWS[] = {
    {.name = "_id",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     AT(object_id),
     .object = &OBJECT_ID_FIELDS},
    {.name = "user_id", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(user_id)},
    {.name = "email", .type = FIELD_STRING, .flags = FIELD_REQUIRED, AT(email)},
    {.name = "email_verified", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, AT(email_verified)},
    {.name = "name", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(name)},
    {.name = "passwordHash", .type = FIELD_SECRET, .flags = FIELD_NULLABLE, AT(password_hash)},
    {.name = "blocked", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, AT(blocked)},
    {.name = "created_at", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(created_at)},
};
static const struct fields FIELDS_OF_RECORD = FOREIGN_FIELDS(ROWS, struct record, "Record");

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    (void)options;
    const struct record *record = given;
    /* The export with hashes has the bare id, the other one "auth0|<id>": the same person. */
    const struct str oid = record->object_id.oid;
    const struct str name = !is_empty(record->user_id) ? record->user_id
                            : is_empty(oid)            ? STR_NONE
                                                       : str_printf(task->arena, "auth0|%.*s", STR_ARGS(oid));
    *ret_account = (struct import_account){
        .external_id = import_external_id(task, "auth0", name),
        .email = record->email,
        .is_email_verified = record->email_verified,
        /* Auth0 fills it with the address where there is none. */
        .name = str_equal(record->name, record->email) ? STR_NONE : record->name,
        .password_hash = secret_expose(record->password_hash),
        .is_locked = record->blocked,
        .created_at_ms = import_time_ms(task, record->created_at),
    };
    return RESULT_OK;
}

const struct import_format import_format_auth0 = {"auth0", &FIELDS_OF_RECORD, convert};
