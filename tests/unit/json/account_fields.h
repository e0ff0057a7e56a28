/* account_fields.h — a table with a row of every type, for the tests of the json module. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_ACCOUNT_FIELDS_H
#define AUTH_TESTS_ACCOUNT_FIELDS_H

#include "auth/json/fields.h"

struct address {
    struct str city;
    int64_t floor;
};

struct account {
    struct str name;
    struct secret password;
    int64_t age;
    bool is_admin;
    int color;
    struct id id;
    int64_t created_at_ms;
    int64_t expires_at_ms;
    struct str_list roles;
    struct address address;
    struct object_list addresses;
    struct str note;
    enum presence has_note;
    struct str data;
};

enum color { COLOR_RED, COLOR_GREEN };

extern const struct fields address_fields;
extern const struct fields account_fields;      /* "name" and "password" are required */
extern const struct fields account_view_fields; /* for writing: id required, raw data */

#endif
