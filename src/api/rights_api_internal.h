/* rights_api_internal.h — administration of roles, groups, claims and API keys: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_RIGHTS_API_INTERNAL_H
#define AUTH_API_RIGHTS_API_INTERNAL_H

#include "paging_internal.h"
#include "precondition_internal.h"

HANDLER(admin_scopes_get);
HANDLER(admin_roles_get);
HANDLER(admin_roles_post);
HANDLER(admin_role_get);
HANDLER(admin_role_patch);
HANDLER(admin_role_delete);
HANDLER(admin_user_roles_get);
HANDLER(admin_user_role_put);
HANDLER(admin_user_role_delete);
HANDLER(admin_user_groups_get);
HANDLER(admin_user_claims_get);
HANDLER(admin_user_claims_put);
HANDLER(admin_groups_get);
HANDLER(admin_groups_post);
HANDLER(admin_group_get);
HANDLER(admin_group_patch);
HANDLER(admin_group_delete);
HANDLER(admin_group_members_get);
HANDLER(admin_group_member_put);
HANDLER(admin_group_member_delete);
HANDLER(admin_group_roles_get);
HANDLER(admin_group_role_put);
HANDLER(admin_group_role_delete);

extern const struct fields scope_list_reply_fields, role_reply_fields, role_list_reply_fields,
    role_body_fields, role_patch_body_fields, claims_body_fields;
extern const struct fields group_reply_fields, group_list_reply_fields, group_body_fields,
    group_patch_body_fields, member_list_reply_fields;

static inline const struct page_query *page_of(const struct request *request)
{
    return &((const struct page_only_query *)request->query_value)->page;
}

/* A page of roles, for an account or a group. */
struct role_list;
NODISCARD result reply_roles(struct request *request, const struct role_list *list,
                             struct response *response);

struct str_list words_of(struct arena *arena, struct str words, char separator);
/* Names parted by commas as a list; NULL where there are none, so that they are left out. */
static inline struct str_list names_of(struct arena *arena, struct str names)
{
    return is_empty(names) ? (struct str_list){NULL, 0} : words_of(arena, names, ',');
}

/* One text of the words of a list; VALIDATION_FAILED names /scopes. */
NODISCARD result join_scopes(struct request *request, const struct str_list *words, struct str *ret_scopes);
/* The id in the path. */
NODISCARD result path_id(struct request *request, size_t index, struct id *ret_id);
/* The scopes of whoever asks. */
struct str granter_of(const struct request *request);

#endif
