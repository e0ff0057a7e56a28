// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/clock.h"
#include "import_internal.h"

/* A user of "firebase auth:export FILE --format=json". */
struct record {
    struct str local_id;
    struct str email;
    bool email_verified;
    struct secret password_hash;
    struct str salt;
    struct str display_name;
    bool disabled;
    struct str created_at;
    struct str custom_attributes;
};

#define AT(member) .offset = offsetof(struct record, member)
static const struct field ROWS[] = {
    {.name = "localId", .type = FIELD_STRING, .flags = FIELD_REQUIRED, AT(local_id)},
    {.name = "email", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(email)},
    {.name = "emailVerified", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, AT(email_verified)},
    {.name = "passwordHash", .type = FIELD_SECRET, .flags = FIELD_NULLABLE, AT(password_hash)},
    {.name = "salt", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(salt)},
    {.name = "displayName", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(display_name)},
    {.name = "disabled", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, AT(disabled)},
    {.name = "createdAt", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(created_at)},
    {.name = "customAttributes", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(custom_attributes)},
};
static const struct fields FIELDS_OF_RECORD = FOREIGN_FIELDS(ROWS, struct record, "Record");

/* Custom claims are the text of an object; the reader of objects wants them as a member. */
struct claims {
    struct str claims;
};
static const struct field CLAIMS_ROWS[] = {
    {.name = "claims",
     .type = FIELD_RAW,
     .offset = offsetof(struct claims, claims),
     .max = IMPORT_CLAIMS_BYTES_MAX},
};
static const struct fields CLAIMS_FIELDS = FIELDS(CLAIMS_ROWS, struct claims, "Claims");

static result take_claims(struct task *task, struct str text, struct import_account *account)
{
    struct claims claims;
    if (is_empty(text) || str_equal(text, STR("{}"))) return RESULT_OK;
    const struct str document = str_printf(task->arena, "{\"claims\":%.*s}", STR_ARGS(text));
    TRY(import_inner(&CLAIMS_FIELDS, task, "/customAttributes", document, &claims));
    account->claims = claims.claims;
    return RESULT_OK;
}

/* Firebase's own scrypt: the key that is shared by all hashes of a project stands in each of them. */
static result take_password(const struct firebase_hash *hash, struct task *task, const struct record *record,
                            struct import_account *account)
{
    struct str key, separator, salt, tag;
    if (record->password_hash.len == 0) return RESULT_OK;
    TRY(import_base64(task, "--firebase-signer-key-file", secret_expose(hash->signer_key), &key));
    TRY(import_base64(task, "--firebase-salt-separator", hash->salt_separator, &separator));
    TRY(import_base64(task, "/salt", record->salt, &salt));
    TRY(import_base64(task, "/passwordHash", secret_expose(record->password_hash), &tag));
    account->password_hash =
        str_printf(task->arena, "$fbscrypt$v=1,n=%lld,r=%lld,p=1,ss=%.*s,sk=%.*s$%.*s$%.*s",
                   (long long)hash->memory_cost, (long long)hash->rounds, STR_ARGS(separator), STR_ARGS(key),
                   STR_ARGS(salt), STR_ARGS(tag));
    return RESULT_OK;
}

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    const struct record *record = given;
    int64_t created_at_ms = 0;
    (void)str_to_int64(record->created_at, &created_at_ms);
    *ret_account = (struct import_account){
        .external_id = import_external_id(task, "firebase", record->local_id),
        .email = record->email,
        .is_email_verified = record->email_verified,
        .name = record->display_name,
        .is_locked = record->disabled,
        .created_at_ms = created_at_ms,
    };
    TRY(take_claims(task, record->custom_attributes, ret_account));
    return take_password(&options->firebase, task, record, ret_account);
}

const struct import_format import_format_firebase = {"firebase", &FIELDS_OF_RECORD, convert};
