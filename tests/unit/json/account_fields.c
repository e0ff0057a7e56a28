// SPDX-License-Identifier: MIT
#include "account_fields.h"

static const char *const colors[] = {"red", "green", NULL};

#define AT(member) .offset = offsetof(struct account, member)

static const struct field address_rows[] = {
    {.name = "city", .type = FIELD_STRING, .flags = FIELD_REQUIRED, .offset = offsetof(struct address, city)},
    {.name = "floor", .type = FIELD_INTEGER, .offset = offsetof(struct address, floor), .min = -2, .max = 0},
};

const struct fields address_fields = FIELDS(address_rows, struct address, "Address");

#define NOTE_ROW                                                                                   \
    {                                                                                              \
        .name = "note", .type = FIELD_STRING, .flags = FIELD_NULLABLE | FIELD_MULTILINE, AT(note), \
        .presence_offset = offsetof(struct account, has_note)                                      \
    }

static const struct field account_rows[] = {
    {.name = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED, AT(name), .min = 2, .max = 5},
    {.name = "password", .type = FIELD_SECRET, .flags = FIELD_REQUIRED, AT(password), .min = 8, .max = 64},
    {.name = "age", .type = FIELD_INTEGER, AT(age), .min = 1, .max = 150},
    {.name = "is_admin", .type = FIELD_BOOLEAN, AT(is_admin)},
    {.name = "color", .type = FIELD_CHOICE, AT(color), .choices = colors},
    {.name = "id", .type = FIELD_ID, AT(id)},
    {.name = "created_at", .type = FIELD_TIME, AT(created_at_ms)},
    {.name = "exp", .type = FIELD_EPOCH, AT(expires_at_ms)},
    {.name = "roles", .type = FIELD_STRINGS, AT(roles), .max = 3},
    {.name = "address", .type = FIELD_OBJECT, AT(address), .object = &address_fields},
    {.name = "addresses", .type = FIELD_OBJECTS, AT(addresses), .object = &address_fields},
    NOTE_ROW,
};

const struct fields account_fields = FIELDS(account_rows, struct account, "Account");

static const struct field view_rows[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     AT(id),
     .description = "Its name.",
     .example = "\"0190163d-8694-739b-aea5-966c26f8ad91\""},
    {.name = "name", .type = FIELD_STRING, AT(name)},
    {.name = "token", .type = FIELD_SECRET, .flags = FIELD_SHOWN, AT(password)},
    {.name = "color", .type = FIELD_CHOICE, AT(color), .choices = colors},
    {.name = "created_at", .type = FIELD_TIME, AT(created_at_ms)},
    {.name = "exp", .type = FIELD_EPOCH, AT(expires_at_ms)},
    {.name = "roles", .type = FIELD_STRINGS, AT(roles)},
    {.name = "addresses", .type = FIELD_OBJECTS, AT(addresses), .object = &address_fields},
    NOTE_ROW,
    {.name = "data", .type = FIELD_RAW, AT(data)},
};

const struct fields account_view_fields = FIELDS(view_rows, struct account, "AccountView");
