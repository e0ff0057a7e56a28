/* keys_api_internal.h — API keys: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_KEYS_API_INTERNAL_H
#define AUTH_API_KEYS_API_INTERNAL_H

#include "auth/store/api_key_repo.h"
#include "rights_api_internal.h"

HANDLER(me_keys_get);
HANDLER(me_keys_post);
HANDLER(me_key_get);
HANDLER(me_key_delete);
HANDLER(admin_keys_get);
HANDLER(admin_keys_post);
HANDLER(admin_key_get);
HANDLER(admin_key_delete);
HANDLER(admin_user_keys_get);
HANDLER(admin_user_keys_delete);

struct key_body {
    struct str client_id; /* of a client's key */
    struct str name;
    struct str_list scopes;
    int64_t expires_at_ms;
};

struct key_reply {
    struct id id;
    struct id account_id; /* told to administrators; nil: a client's */
    struct str client_id; /* told to administrators; empty: a person's */
    struct str name;
    struct str hint;
    struct str_list scopes;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    int64_t last_used_at_ms;
    struct str key; /* once */
};

#define KEY_BODY_FIELDS                                                                                   \
    {.name = "name",                                                                                      \
     .type = FIELD_STRING,                                                                                \
     .flags = FIELD_REQUIRED,                                                                             \
     .offset = offsetof(struct key_body, name),                                                           \
     .min = 1,                                                                                            \
     .max = API_KEY_NAME_MAX,                                                                             \
     .description = "What it is for",                                                                     \
     .example = "\"backup script\""},                                                                     \
        {.name = "scopes",                                                                                \
         .type = FIELD_STRINGS,                                                                           \
         .offset = offsetof(struct key_body, scopes),                                                     \
         .description =                                                                                   \
             "What it may, within what its owner may; account or account:read to act on the own account", \
         .example = "[\"account:read\"]"},                                                                \
    {                                                                                                     \
        .name = "expires_at", .type = FIELD_TIME, .offset = offsetof(struct key_body, expires_at_ms),     \
        .description = "When it ends; never when left out", .example = "\"2099-01-01T00:00:00Z\""         \
    }

#define KEY_REPLY_FIELDS                                                                                   \
    {.name = "id",                                                                                         \
     .type = FIELD_ID,                                                                                     \
     .flags = FIELD_REQUIRED,                                                                              \
     .offset = offsetof(struct key_reply, id),                                                             \
     .description = "Its name in paths and in the log"},                                                   \
        {.name = "name",                                                                                   \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, name),                                                       \
         .description = "What it is for"},                                                                 \
        {.name = "hint",                                                                                   \
         .type = FIELD_STRING,                                                                             \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, hint),                                                       \
         .description = "How it begins"},                                                                  \
        {.name = "scopes",                                                                                 \
         .type = FIELD_STRINGS,                                                                            \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, scopes),                                                     \
         .description = "What it may, as long as its owner may"},                                          \
        {.name = "created_at",                                                                             \
         .type = FIELD_TIME,                                                                               \
         .flags = FIELD_REQUIRED,                                                                          \
         .offset = offsetof(struct key_reply, created_at_ms),                                              \
         .description = "When it was made"},                                                               \
        {.name = "expires_at",                                                                             \
         .type = FIELD_TIME,                                                                               \
         .flags = FIELD_REQUIRED | FIELD_NULLABLE,                                                         \
         .offset = offsetof(struct key_reply, expires_at_ms),                                              \
         .description = "When it ends; null: never"},                                                      \
    {                                                                                                      \
        .name = "last_used_at", .type = FIELD_TIME, .flags = FIELD_REQUIRED | FIELD_NULLABLE,              \
        .offset = offsetof(struct key_reply, last_used_at_ms), .description = "To the minute; null: never" \
    }

#define KEY_SECRET_FIELD                                                                            \
    {                                                                                               \
        .name = "key", .type = FIELD_STRING, .flags = FIELD_REQUIRED,                               \
        .offset = offsetof(struct key_reply, key), .description = "The key itself, shown this once" \
    }

/* As its owner sees it. */
struct key_reply key_reply_of(struct request *request, const struct api_key *key);
extern const struct fields admin_keys_query_fields, admin_key_body_fields, admin_key_reply_fields,
    admin_key_made_reply_fields, admin_key_list_reply_fields;
extern const struct fields key_body_fields, key_reply_fields, key_made_reply_fields, key_list_reply_fields;

#endif
