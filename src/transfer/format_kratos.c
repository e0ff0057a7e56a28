// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "import_internal.h"

/* An identity as the administration API lists it, with its credentials included. */
struct full_name {
    struct str first;
    struct str last;
};

struct traits {
    struct str email;
    struct full_name name;
};

struct address {
    struct str value;
    bool is_verified;
};

struct config {
    struct secret hashed_password;
    struct secret totp_url;
};

struct credential {
    struct config config;
};

struct credentials {
    struct credential password;
    struct credential totp;
};

struct record {
    struct str id;
    struct str state;
    struct traits traits;
    struct object_list addresses;
    struct credentials credentials;
    struct str created_at;
};

#define TEXT(structure, member_name, member)                                  \
    {                                                                         \
        .name = (member_name), .type = FIELD_STRING, .flags = FIELD_NULLABLE, \
        .offset = offsetof(structure, member)                                 \
    }
#define SECRET(structure, member_name, member)                                \
    {                                                                         \
        .name = (member_name), .type = FIELD_SECRET, .flags = FIELD_NULLABLE, \
        .offset = offsetof(structure, member)                                 \
    }
#define PART(structure, member_name, member, fields)                                              \
    {                                                                                             \
        .name = (member_name), .type = FIELD_OBJECT, .flags = FIELD_NULLABLE, .object = (fields), \
        .offset = offsetof(structure, member)                                                     \
    }

static const struct field NAME_ROWS[] = {TEXT(struct full_name, "first", first),
                                         TEXT(struct full_name, "last", last)};
static const struct fields NAME_FIELDS = FOREIGN_FIELDS(NAME_ROWS, struct full_name, "Name");
static const struct field TRAIT_ROWS[] = {TEXT(struct traits, "email", email),
                                          PART(struct traits, "name", name, &NAME_FIELDS)};
static const struct fields TRAIT_FIELDS = FOREIGN_FIELDS(TRAIT_ROWS, struct traits, "Traits");
static const struct field ADDRESS_ROWS[] = {
    TEXT(struct address, "value", value),
    {.name = "verified",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_NULLABLE,
     .offset = offsetof(struct address, is_verified)},
};
static const struct fields ADDRESS_FIELDS = FOREIGN_FIELDS(ADDRESS_ROWS, struct address, "Address");
static const struct field CONFIG_ROWS[] = {SECRET(struct config, "hashed_password", hashed_password),
                                           SECRET(struct config, "totp_url", totp_url)};
static const struct fields CONFIG_FIELDS = FOREIGN_FIELDS(CONFIG_ROWS, struct config, "Config");
static const struct field CREDENTIAL_ROWS[] = {PART(struct credential, "config", config, &CONFIG_FIELDS)};
static const struct fields CREDENTIAL_FIELDS =
    FOREIGN_FIELDS(CREDENTIAL_ROWS, struct credential, "Credential");
static const struct field CREDENTIALS_ROWS[] = {
    PART(struct credentials, "password", password, &CREDENTIAL_FIELDS),
    PART(struct credentials, "totp", totp, &CREDENTIAL_FIELDS)};
static const struct fields CREDENTIALS_FIELDS =
    FOREIGN_FIELDS(CREDENTIALS_ROWS, struct credentials, "Credentials");
static const struct field ROWS[] = {
    TEXT(struct record, "id", id),
    TEXT(struct record, "state", state),
    PART(struct record, "traits", traits, &TRAIT_FIELDS),
    {.name = "verifiable_addresses",
     .type = FIELD_OBJECTS,
     .flags = FIELD_NULLABLE,
     .object = &ADDRESS_FIELDS,
     .offset = offsetof(struct record, addresses)},
    PART(struct record, "credentials", credentials, &CREDENTIALS_FIELDS),
    TEXT(struct record, "created_at", created_at),
};
static const struct fields FIELDS_OF_RECORD = FOREIGN_FIELDS(ROWS, struct record, "Record");

static bool is_verified(const struct record *record)
{
    const struct address *addresses = record->addresses.items;
    for (size_t i = 0; i < record->addresses.count; i++)
        if (str_equal_nocase(addresses[i].value, record->traits.email)) return addresses[i].is_verified;
    return false;
}

static struct str full_name(struct task *task, const struct full_name *name)
{
    const bool has_both = !is_empty(name->first) && !is_empty(name->last);
    return str_printf(task->arena, "%.*s%s%.*s", STR_ARGS(name->first), has_both ? " " : "",
                      STR_ARGS(name->last));
}

/* otpauth://totp/…?algorithm=SHA1&digits=6&issuer=…&period=30&secret=…, in any order. */
static result take_totp(struct task *task, struct str url, struct import_account *account)
{
    struct str secret = STR_NONE;
    bool is_usual = true;
    (void)str_split(&url, '?');
    while (!is_empty(url)) {
        struct str value = str_split(&url, '&');
        const struct str name = str_split(&value, '=');
        if (str_equal(name, STR("secret"))) secret = value;
        if (str_equal(name, STR("digits"))) is_usual = is_usual && str_equal(value, STR("6"));
        if (str_equal(name, STR("period"))) is_usual = is_usual && str_equal(value, STR("30"));
        if (str_equal(name, STR("algorithm"))) is_usual = is_usual && str_equal(value, STR("SHA1"));
    }
    if (is_usual && !is_empty(secret))
        return import_base32(task, "/credentials/totp/config/totp_url", secret, &account->totp_secret);
    fault_add_field(&task->fault, "/credentials/totp/config/totp_url", "malformed",
                    "must be a one-time password of 6 digits, 30 seconds and SHA-1");
    return RESULT(VALIDATION_FAILED);
}

static result convert(const struct import_options *options, struct task *task, const void *given,
                      struct import_account *ret_account)
{
    (void)options;
    const struct record *record = given;
    *ret_account = (struct import_account){
        .id = import_id(record->id),
        .external_id = import_external_id(task, "kratos", record->id),
        .email = record->traits.email,
        .is_email_verified = is_verified(record),
        .name = full_name(task, &record->traits.name),
        .password_hash = secret_expose(record->credentials.password.config.hashed_password),
        .is_locked = str_equal(record->state, STR("inactive")),
        .created_at_ms = import_time_ms(task, record->created_at),
    };
    const struct secret totp_url = record->credentials.totp.config.totp_url;
    return totp_url.len == 0 ? RESULT_OK : take_totp(task, secret_expose(totp_url), ret_account);
}

const struct import_format import_format_kratos = {"kratos", &FIELDS_OF_RECORD, convert};
