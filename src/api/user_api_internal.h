/* user_api_internal.h — administration of accounts: handlers, field tables, and the list that owners see of themselves, too. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_USER_API_INTERNAL_H
#define AUTH_API_USER_API_INTERNAL_H

#include "api_internal.h"

HANDLER(admin_users_get);
HANDLER(admin_users_post);
HANDLER(admin_user_get);
HANDLER(admin_user_patch);
HANDLER(admin_user_delete);
HANDLER(admin_user_lock_put);
HANDLER(admin_user_lock_delete);
HANDLER(admin_user_sessions_get);
HANDLER(admin_user_sessions_delete);
HANDLER(admin_user_session_delete);
HANDLER(admin_user_factor_delete);
HANDLER(admin_user_password_delete);

extern const struct fields user_reply_fields, user_list_reply_fields, user_query_fields, user_body_fields,
    user_patch_body_fields, user_delete_query_fields, user_delete_reply_fields, user_lock_body_fields;

/* session_api.c: the sessions of an account. */
NODISCARD result reply_sessions(struct request *request, struct id account_id, struct response *response);

#endif
