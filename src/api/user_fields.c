// SPDX-License-Identifier: MIT
#include "auth/domain/accounts.h"
#include "auth/domain/claims.h"
#include "auth/domain/email.h"
#include "auth/domain/roles.h"
#include "user_fields_internal.h"

static const struct field USER_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, id),
     .description = "Never changes; the sub of the account's tokens"},
    {.name = "email",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, email),
     .description = "As it was given"},
    {.name = "email_verified",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, email_verified),
     .description = "Whether its owner has proved to read it, or an administrator says so"},
    {.name = "name",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct user_reply, name),
     .description = "Name to be shown"},
    {.name = "locale",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED | FIELD_NULLABLE,
     .offset = offsetof(struct user_reply, locale),
     .description = "RFC 5646 language tag"},
    {.name = "status",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, status),
     .description = "active; locked: no sign-in, no token; closing: gone after delete_after"},
    {.name = "lock_reason",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_reply, lock_reason),
     .description = "Why it is locked; on a closing one: its owner cannot take the deletion back"},
    {.name = "requires_mfa",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, requires_mfa),
     .description = "Whether this account must use a second factor"},
    {.name = "has_password",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, has_password),
     .description = "Whether it can sign in by password"},
    {.name = "external_id",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_reply, external_id),
     .description = "What another system calls it"},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct user_reply, roles),
     .description = "Its roles, those of its groups among them; not told in lists"},
    {.name = "groups",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct user_reply, groups),
     .description = "The names of its groups; not told in lists"},
    {.name = "created_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, created_at_ms),
     .description = "When the account was made"},
    {.name = "updated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct user_reply, updated_at_ms),
     .description = "When it was last changed"},
    {.name = "last_login_at",
     .type = FIELD_TIME,
     .offset = offsetof(struct user_reply, last_login_at_ms),
     .description = "When the newest session that is still known was begun"},
    {.name = "delete_after",
     .type = FIELD_TIME,
     .offset = offsetof(struct user_reply, delete_after_ms),
     .description = "Of a closing one: when it is gone"},
};
const struct fields user_reply_fields = FIELDS(USER_ROWS, struct user_reply, "User");

static const struct field USER_LIST_ROWS[] = {
    PAGE_REPLY_ROWS(&user_reply_fields, "The accounts, in the order they were made")};
const struct fields user_list_reply_fields = FIELDS(USER_LIST_ROWS, struct page_reply, "UserList");

/* --- what is asked ------------------------------------------------------------------------------------------------ */

const char *const user_statuses[] = {"active", "locked", "closing", NULL};

static const struct field USER_QUERY_ROWS[] = {
    PAGE_QUERY_ROWS(struct user_query),
    {.name = "email",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_query, email),
     .max = EMAIL_BYTES_MAX,
     .description = "The account of this address, in any spelling; other filters are not looked at"},
    {.name = "email_prefix",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_query, email_prefix),
     .max = EMAIL_BYTES_MAX,
     .description = "Those whose address begins so"},
    {.name = "status",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct user_query, status),
     .presence_offset = offsetof(struct user_query, status_presence),
     .choices = user_statuses,
     .description = "Those of this status"},
    {.name = "verified",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct user_query, verified),
     .presence_offset = offsetof(struct user_query, verified_presence),
     .description = "Those whose address is proved, or is not"},
    {.name = "role",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_query, role),
     .max = ROLE_NAME_MAX,
     .description = "Those who have it, by themselves or through a group; not together with group_id"},
    {.name = "group_id",
     .type = FIELD_ID,
     .offset = offsetof(struct user_query, group_id),
     .description = "The members of this group"},
    {.name = "created_after",
     .type = FIELD_TIME,
     .offset = offsetof(struct user_query, created_from_ms),
     .description = "Those made then or later"},
    {.name = "created_before",
     .type = FIELD_TIME,
     .offset = offsetof(struct user_query, created_until_ms),
     .description = "Those made earlier"},
};
const struct fields user_query_fields = FIELDS(USER_QUERY_ROWS, struct user_query, "UserQuery");

#define EMAIL_ROW(row_flags)                                                                             \
    {                                                                                                    \
        .name = "email", .type = FIELD_STRING, .flags = (row_flags),                                     \
        .offset = offsetof(struct user_body, email),                                                     \
        .presence_offset = offsetof(struct user_body, email_presence), .min = 3, .max = EMAIL_BYTES_MAX, \
        .description = "Address to sign in with; a new one is not proved unless email_verified says so", \
        .example = "\"grace@example.org\""                                                               \
    }

#define PROFILE_ROWS                                                                                       \
    {.name = "name",                                                                                       \
     .type = FIELD_STRING,                                                                                 \
     .flags = FIELD_NULLABLE,                                                                              \
     .offset = offsetof(struct user_body, name),                                                           \
     .presence_offset = offsetof(struct user_body, name_presence),                                         \
     .min = 1,                                                                                             \
     .max = ACCOUNT_NAME_MAX,                                                                              \
     .description = "Name to be shown",                                                                    \
     .example = "\"Grace Hopper\""},                                                                       \
        {.name = "locale",                                                                                 \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_NULLABLE,                                                                          \
         .offset = offsetof(struct user_body, locale),                                                     \
         .presence_offset = offsetof(struct user_body, locale_presence),                                   \
         .min = 2,                                                                                         \
         .max = ACCOUNT_LOCALE_MAX,                                                                        \
         .description = "RFC 5646 language tag",                                                           \
         .example = "\"en-GB\""},                                                                          \
        {.name = "external_id",                                                                            \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_NULLABLE,                                                                          \
         .offset = offsetof(struct user_body, external_id),                                                \
         .presence_offset = offsetof(struct user_body, external_id_presence),                              \
         .min = 1,                                                                                         \
         .max = EXTERNAL_ID_MAX,                                                                           \
         .description = "What another system calls it; of one account alone",                              \
         .example = "\"hr-4711\""},                                                                        \
        {.name = "email_verified",                                                                         \
         .type = FIELD_BOOLEAN,                                                                            \
         .offset = offsetof(struct user_body, email_verified),                                             \
         .presence_offset = offsetof(struct user_body, verified_presence),                                 \
         .description = "true: you know that its owner reads the address",                                 \
         .example = "false"},                                                                              \
    {                                                                                                      \
        .name = "requires_mfa", .type = FIELD_BOOLEAN, .offset = offsetof(struct user_body, requires_mfa), \
        .presence_offset = offsetof(struct user_body, requires_mfa_presence),                              \
        .description = "Whether it must use a second factor", .example = "false"                           \
    }

static const struct field USER_BODY_ROWS[] = {
    EMAIL_ROW(FIELD_REQUIRED),
    PROFILE_ROWS,
    {.name = "claims",
     .type = FIELD_RAW,
     .offset = offsetof(struct user_body, claims),
     .max = CLAIMS_TEXT_MAX,
     .description = "Custom claims of its tokens",
     .example = "{\"department\":\"engineering\"}"},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct user_body, roles),
     .max = ROLES_PER_ACCOUNT,
     .description = "Roles it has from the start; takes admin:roles, too",
     .example = "[\"editor\"]"},
    {.name = "send_link",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct user_body, send_link),
     .description = "Mail its owner a link to choose the first password",
     .example = "true"},
};
const struct fields user_body_fields = FIELDS(USER_BODY_ROWS, struct user_body, "UserRequest");

static const struct field USER_PATCH_ROWS[] = {EMAIL_ROW(0), PROFILE_ROWS};
const struct fields user_patch_body_fields = FIELDS(USER_PATCH_ROWS, struct user_body, "UserPatch");

static const struct field USER_DELETE_QUERY_ROWS[] = {
    {.name = "now",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct user_delete_query, now),
     .description = "true: erased at once, without a time in which it can be brought back"},
};
const struct fields user_delete_query_fields =
    FIELDS(USER_DELETE_QUERY_ROWS, struct user_delete_query, "UserDeletionQuery");

static const struct field USER_DELETE_ROWS[] = {
    {.name = "delete_after",
     .type = FIELD_TIME,
     .offset = offsetof(struct user_delete_reply, delete_after_ms),
     .description = "Until then lifting the lock brings it back; left out when it is gone already"},
};
const struct fields user_delete_reply_fields =
    FIELDS(USER_DELETE_ROWS, struct user_delete_reply, "UserDeletion");

static const struct field USER_LOCK_ROWS[] = {
    {.name = "reason",
     .type = FIELD_STRING,
     .offset = offsetof(struct user_lock_body, reason),
     .min = 1,
     .max = LOCK_REASON_MAX,
     .description = "Why, for other administrators; its owner is not told",
     .example = "\"left the company\""},
};
const struct fields user_lock_body_fields = FIELDS(USER_LOCK_ROWS, struct user_lock_body, "UserLock");
