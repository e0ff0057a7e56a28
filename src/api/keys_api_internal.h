/* keys_api_internal.h — API keys: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_KEYS_API_INTERNAL_H
#define AUTH_API_KEYS_API_INTERNAL_H

#include "api_internal.h"

HANDLER(me_keys_get);
HANDLER(me_keys_post);
HANDLER(me_key_get);
HANDLER(me_key_delete);

extern const struct fields key_body_fields, key_reply_fields, key_made_reply_fields, key_list_reply_fields;

#endif
