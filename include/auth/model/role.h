/* role.h — roles (named sets of scopes) and groups (of people, with roles).
 * Shape:   a role is known by its name; a group has an id, and a name that may change.
 * Units:   *_ms are Unix milliseconds UTC; version grows with each change (entity tag).
 * Owner:   text lives in the arena of the task that read it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_ROLE_H
#define AUTH_MODEL_ROLE_H

#include "auth/model/account.h"

struct role {
    struct str name;
    struct str description;
    struct str scopes; /* space-separated */
    int64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

struct group {
    struct id id;
    struct str name;
    struct str description;
    int64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

struct group_member {
    struct id account_id;
    struct str email;
    struct str name;
    enum account_status status;
    int64_t added_at_ms;
};

#endif
