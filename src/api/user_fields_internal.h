/* user_fields_internal.h — what the routes of accounts take and tell, as structures. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_USER_FIELDS_INTERNAL_H
#define AUTH_API_USER_FIELDS_INTERNAL_H

#include "auth/domain/users.h"
#include "paging_internal.h"
#include "user_api_internal.h"

struct user_reply {
    struct id id;
    struct str email;
    bool email_verified;
    struct str name;
    struct str locale;
    struct str status;
    struct str lock_reason;
    bool requires_mfa;
    bool has_password;
    struct str external_id;
    struct str_list roles;
    struct str_list groups;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    int64_t last_login_at_ms;
    int64_t delete_after_ms;
};

struct user_query {
    struct page_query page;
    struct str email;
    struct str email_prefix;
    int status;
    bool verified;
    struct str role;
    struct id group_id;
    int64_t created_from_ms;
    int64_t created_until_ms;
    enum presence status_presence, verified_presence;
};

/* By user_query.status; ends with NULL. */
extern const char *const user_statuses[];

struct user_body {
    struct str email;
    struct str name;
    struct str locale;
    struct str external_id;
    struct str claims;
    struct str_list roles;
    bool email_verified;
    bool requires_mfa;
    bool send_link;
    enum presence email_presence, name_presence, locale_presence, external_id_presence, verified_presence,
        requires_mfa_presence;
};

struct user_delete_query {
    bool now;
};

struct user_delete_reply {
    int64_t delete_after_ms;
};

struct user_lock_body {
    struct str reason;
};

#endif
