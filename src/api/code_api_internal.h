/* code_api_internal.h — codes and links: handlers and field tables for routes.c. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_CODE_API_INTERNAL_H
#define AUTH_API_CODE_API_INTERNAL_H

#include "api_internal.h"

HANDLER(codes_post);
HANDLER(codes_verify_post);
HANDLER(me_email_post);
HANDLER(me_email_verify_post);

extern const struct fields code_request_body_fields, code_request_reply_fields, code_redemption_body_fields;
extern const struct fields email_change_body_fields, email_code_body_fields;

#endif
