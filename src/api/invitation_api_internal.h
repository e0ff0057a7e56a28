/* invitation_api_internal.h — invitations, and links that administrators hand over: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_INVITATION_API_INTERNAL_H
#define AUTH_API_INVITATION_API_INTERNAL_H

#include "api_internal.h"

HANDLER(admin_invitations_get);
HANDLER(admin_invitations_post);
HANDLER(admin_invitation_get);
HANDLER(admin_invitation_delete);
HANDLER(admin_user_links_post);

extern const struct fields invitation_body_fields, invitation_reply_fields, invitation_made_reply_fields,
    invitation_list_reply_fields, user_link_body_fields, user_link_reply_fields;

#endif
