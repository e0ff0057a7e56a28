/* webhook_api_internal.h — administration of webhooks and their deliveries: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_WEBHOOK_API_INTERNAL_H
#define AUTH_API_WEBHOOK_API_INTERNAL_H

#include "api_internal.h"

HANDLER(admin_webhooks_get);
HANDLER(admin_webhooks_post);
HANDLER(admin_webhook_get);
HANDLER(admin_webhook_patch);
HANDLER(admin_webhook_delete);
HANDLER(admin_webhook_secret_post);
HANDLER(admin_webhook_test_post);
HANDLER(admin_webhook_deliveries_get);
HANDLER(admin_webhook_delivery_get);
HANDLER(admin_webhook_delivery_retry_post);

extern const struct fields webhook_reply_fields, webhook_made_reply_fields, webhook_list_reply_fields,
    webhook_body_fields, webhook_patch_body_fields, webhook_secret_body_fields;
extern const struct fields webhook_delivery_reply_fields, webhook_delivery_list_reply_fields,
    webhook_delivery_query_fields;

#endif
