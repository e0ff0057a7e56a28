/* transfer_api_internal.h — accounts moved in and out by administrators. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_TRANSFER_API_INTERNAL_H
#define AUTH_API_TRANSFER_API_INTERNAL_H

#include "api_internal.h"
#include "auth/transfer/export.h"
#include "auth/transfer/import.h"

extern const struct fields import_query_fields;
extern const struct fields import_reply_fields;
extern const struct fields export_query_fields;

result admin_users_import_post(struct request *request, const void *body, struct response *response);
result admin_users_export_get(struct request *request, const void *body, struct response *response);

#endif
