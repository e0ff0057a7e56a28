// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "import_internal.h"

/* A user of a realm's export ("kc.sh export", or the partial export with users). */
#define CREDENTIALS_MAX 32

struct credential {
    struct str type;
    struct secret secret_data;
    struct str credential_data;
};

struct record {
    struct str id;
    struct str username;
    struct str email;
    bool email_verified;
    struct str first_name;
    struct str last_name;
    bool enabled;
    enum presence enabled_presence;
    int64_t created_at_ms;
    struct object_list credentials;
    struct str_list groups;
    struct str_list required_actions;
};

static const struct field CREDENTIAL_ROWS[] = {
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential, type)},
    {.name = "secretData",
     .type = FIELD_SECRET,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential, secret_data)},
    {.name = "credentialData",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential, credential_data)},
};
static const struct fields CREDENTIAL_FIELDS =
    FOREIGN_FIELDS(CREDENTIAL_ROWS, struct credential, "Credential");

#define AT(member) .offset = offsetof(struct record, member)
static const struct field ROWS[] = {
    {.name = "id", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(id)},
    {.name = "username", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(username)},
    {.name = "email", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(email)},
    {.name = "emailVerified", .type = FIELD_BOOLEAN, .flags = FIELD_NULLABLE, AT(email_verified)},
    {.name = "firstName", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(first_name)},
    {.name = "lastName", .type = FIELD_STRING, .flags = FIELD_NULLABLE, AT(last_name)},
    {.name = "enabled",
     .type = FIELD_BOOLEAN,
     AT(enabled),
     .presence_offset = offsetof(struct record, enabled_presence)},
    {.name = "createdTimestamp", .type = FIELD_INTEGER, .flags = FIELD_NULLABLE, AT(created_at_ms)},
    {.name = "credentials",
     .type = FIELD_OBJECTS,
     .flags = FIELD_NULLABLE,
     AT(credentials),
     .object = &CREDENTIAL_FIELDS,
     .max = CREDENTIALS_MAX},
    {.name = "groups", .type = FIELD_STRINGS, .flags = FIELD_NULLABLE, AT(groups)},
    {.name = "requiredActions", .type = FIELD_STRINGS, .flags = FIELD_NULLABLE, AT(required_actions)},
};
static const struct fields FIELDS_OF_RECORD = FOREIGN_FIELDS(ROWS, struct record, "Record");

/* --- what credentials hold as texts of JSON ----------------------------------------------------------------------------- */

struct secret_data {
    struct secret value;
    struct str salt;
};
static const struct field SECRET_DATA_ROWS[] = {
    {.name = "value",
     .type = FIELD_SECRET,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct secret_data, value)},
    {.name = "salt",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct secret_data, salt)},
};
static const struct fields SECRET_DATA_FIELDS =
    FOREIGN_FIELDS(SECRET_DATA_ROWS, struct secret_data, "SecretData");

/* Parameters are lists of one text each. */
struct argon2_parameters {
    struct str_list type;
    struct str_list version;
    struct str_list memory;
    struct str_list parallelism;
};
#define PARAMETER(member)                                                                            \
    {                                                                                                \
        .name = #member, .type = FIELD_STRINGS, .offset = offsetof(struct argon2_parameters, member) \
    }
static const struct field ARGON2_ROWS[] = {PARAMETER(type), PARAMETER(version), PARAMETER(memory),
                                           PARAMETER(parallelism)};
static const struct fields ARGON2_FIELDS =
    FOREIGN_FIELDS(ARGON2_ROWS, struct argon2_parameters, "Parameters");

struct credential_data {
    int64_t iterations;
    struct str algorithm;
    struct str secret_encoding;
    struct str kind;
    int64_t digits;
    int64_t period;
    struct argon2_parameters parameters;
};
static const struct field CREDENTIAL_DATA_ROWS[] = {
    {.name = "hashIterations", .type = FIELD_INTEGER, .offset = offsetof(struct credential_data, iterations)},
    {.name = "algorithm",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential_data, algorithm)},
    {.name = "secretEncoding",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential_data, secret_encoding)},
    {.name = "subType",
     .type = FIELD_STRING,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct credential_data, kind)},
    {.name = "digits", .type = FIELD_INTEGER, .offset = offsetof(struct credential_data, digits)},
    {.name = "period", .type = FIELD_INTEGER, .offset = offsetof(struct credential_data, period)},
    {.name = "additionalParameters",
     .type = FIELD_OBJECT,
     .flags = FIELD_NULLABLE,
     .object = &ARGON2_FIELDS,
     .offset = offsetof(struct credential_data, parameters)},
};
static const struct fields CREDENTIAL_DATA_FIELDS =
    FOREIGN_FIELDS(CREDENTIAL_DATA_ROWS, struct credential_data, "CredentialData");

static struct str only(struct str_list list, struct str otherwise)
{
    return list.count == 1 ? list.items[0] : otherwise;
}

static result refuse(struct task *task, const char *detail)
{
    fault_add_field(&task->fault, "/credentials", "malformed", detail);
    return RESULT(VALIDATION_FAILED);
}

/* "1.0" and "1.3" there are 16 and 19 in the text of a hash. */
static result take_argon2(struct task *task, const struct credential_data *data, struct str salt,
                          struct str tag, struct str *ret_hash)
{
    const struct argon2_parameters *given = &data->parameters;
    const struct str version = only(given->version, STR("1.3"));
    const bool is_first = str_equal(version, STR("1.0"));
    if (!is_first && !str_equal(version, STR("1.3")))
        return refuse(task, "has a password of an Argon2 version that is not known");
    *ret_hash = str_printf(task->arena, "$argon2%.*s$v=%d$m=%.*s,t=%lld,p=%.*s$%.*s$%.*s",
                           STR_ARGS(only(given->type, STR("id"))), is_first ? 16 : 19,
                           STR_ARGS(only(given->memory, STR("7168"))), (long long)data->iterations,
                           STR_ARGS(only(given->parallelism, STR("1"))), STR_ARGS(salt), STR_ARGS(tag));
    return RESULT_OK;
}

static result take_password(struct task *task, const struct secret_data *secret,
                            const struct credential_data *data, struct import_account *account)
{
    struct str salt, tag;
    TRY(import_base64(task, "/credentials/secretData/salt", secret->salt, &salt));
    TRY(import_base64(task, "/credentials/secretData/value", secret_expose(secret->value), &tag));
    if (str_equal(data->algorithm, STR("argon2")))
        return take_argon2(task, data, salt, tag, &account->password_hash);
    if (!str_starts_with(data->algorithm, STR("pbkdf2")))
        return refuse(task, "has a password of an algorithm that is not known");
    account->password_hash = str_printf(task->arena, "$%.*s$i=%lld$%.*s$%.*s", STR_ARGS(data->algorithm),
                                        (long long)data->iterations, STR_ARGS(salt), STR_ARGS(tag));
    return RESULT_OK;
}

/* The secret is text whose bytes are the key, unless it says it is base32. Of several the first counts: Keycloak lists them
 * in the order their owner prefers. */
static result take_totp(struct task *task, const struct secret_data *secret,
                        const struct credential_data *data, struct import_account *account)
{
    if (account->totp_secret.len > 0) return RESULT_OK;
    if (!is_empty(data->kind) && !str_equal(data->kind, STR("totp")))
        return refuse(task, "has a one-time password that counts instead of following the clock");
    const bool is_usual = (data->digits == 0 || data->digits == 6) &&
                          (data->period == 0 || data->period == 30) &&
                          (is_empty(data->algorithm) || str_equal(data->algorithm, STR("HmacSHA1")));
    if (!is_usual)
        return refuse(task, "has a one-time password that is not of 6 digits, 30 seconds and SHA-1");
    if (str_equal(data->secret_encoding, STR("BASE32")))
        return import_base32(task, "/credentials/secretData/value", secret_expose(secret->value),
                             &account->totp_secret);
    account->totp_secret = secret->value;
    return RESULT_OK;
}

static result take_credential(struct task *task, const struct credential *credential,
                              struct import_account *account)
{
    const bool is_password = str_equal(credential->type, STR("password"));
    if (!is_password && !str_equal(credential->type, STR("otp"))) return RESULT_OK;
    struct secret_data secret;
    struct credential_data data;
    TRY(import_inner(&SECRET_DATA_FIELDS, task, "/credentials/secretData",
                     secret_expose(credential->secret_data), &secret));
    TRY(import_inner(&CREDENTIAL_DATA_FIELDS, task, "/credentials/credentialData",
                     credential->credential_data, &data));
    return is_password ? take_password(task, &secret, &data, account)
                       : take_totp(task, &secret, &data, account);
}

static struct str full_name(struct task *task, const struct record *record)
{
    const bool has_both = !is_empty(record->first_name) && !is_empty(record->last_name);
    return str_printf(task->arena, "%.*s%s%.*s", STR_ARGS(record->first_name), has_both ? " " : "",
                      STR_ARGS(record->last_name));
}

/* "/staff/night" is the group "staff/night". */
static struct str_list group_names(struct task *task, struct str_list paths)
{
    struct str *names = arena_alloc_array(task->arena, paths.count + 1, sizeof *names);
    for (size_t i = 0; i < paths.count; i++)
        names[i] =
            str_starts_with(paths.items[i], STR("/")) ? str_from_offset(paths.items[i], 1) : paths.items[i];
    return (struct str_list){names, paths.count};
}

static bool has_name(struct str_list list, struct str name)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.items[i], name)) return true;
    return false;
}

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    (void)options;
    const struct record *record = given;
    *ret_account = (struct import_account){
        .id = import_id(record->id),
        .external_id = import_external_id(task, "keycloak", record->id),
        /* Realms may have addresses as names alone. */
        .email = is_empty(record->email) ? record->username : record->email,
        .is_email_verified = record->email_verified,
        .name = full_name(task, record),
        .is_locked = record->enabled_presence == PRESENCE_VALUE && !record->enabled,
        .requires_mfa = has_name(record->required_actions, STR("CONFIGURE_TOTP")),
        .groups = group_names(task, record->groups),
        .created_at_ms = record->created_at_ms,
    };
    const struct credential *credentials = record->credentials.items;
    for (size_t i = 0; i < record->credentials.count; i++)
        TRY(take_credential(task, &credentials[i], ret_account));
    return RESULT_OK;
}

const struct import_format import_format_keycloak = {"keycloak", &FIELDS_OF_RECORD, convert};
