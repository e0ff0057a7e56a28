/* client_api_internal.h — administration of OAuth clients and of the keys that sign tokens: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_CLIENT_API_INTERNAL_H
#define AUTH_API_CLIENT_API_INTERNAL_H

#include "api_internal.h"

HANDLER(admin_clients_get);
HANDLER(admin_clients_post);
HANDLER(admin_client_get);
HANDLER(admin_client_patch);
HANDLER(admin_client_delete);
HANDLER(admin_client_secrets_post);
HANDLER(admin_client_secret_delete);
HANDLER(admin_signing_keys_get);
HANDLER(admin_signing_keys_post);
HANDLER(admin_signing_key_get);
HANDLER(admin_signing_key_patch);

extern const struct fields client_reply_fields, client_made_reply_fields, client_list_reply_fields,
    client_body_fields, client_patch_body_fields, client_secret_made_reply_fields;
extern const struct fields signing_key_reply_fields, signing_key_list_reply_fields, signing_key_body_fields,
    signing_key_patch_body_fields;

#endif
