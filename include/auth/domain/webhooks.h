/* webhooks.h — where security events are sent to: who is told of what, and with which secret.
 * Shape:   the secret is 32 random bytes, shown once as whsec_<base64> when it is made and sealed in the database. After a
 *          rotation requests are signed with both secrets for a while.
 *          A URL is https; http and addresses that are not public only where AUTH_FETCH_ALLOW says so. It is looked at
 *          when it is given and again, where the name has become an address, at each delivery.
 *          A webhook that is disabled is sent nothing; what waited for it has failed, at the latest when it is enabled.
 * Errors:  VALIDATION_FAILED naming what is wrong; NOT_FOUND; PRECONDITION_FAILED; CONFLICT where said.
 * Waits:   yes (database).
 * Source:  Standard Webhooks 1.0; OWASP ASVS 1.3.6, 13.2.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_WEBHOOKS_H
#define AUTH_DOMAIN_WEBHOOKS_H

#include "auth/domain/service.h"
#include "auth/json/fields.h"
#include "auth/model/versions.h"
#include "auth/model/webhook.h"

#define WEBHOOKS_MAX                    50
#define WEBHOOK_NAME_MAX                100u
#define WEBHOOK_URL_BYTES_MAX           2048u
#define WEBHOOK_EVENTS_MAX              64u
#define WEBHOOK_SECRET_BYTES            32u
#define WEBHOOK_OVERLAP_SECONDS         INT64_C(86400)
#define WEBHOOK_OVERLAP_SECONDS_LONGEST INT64_C(604800)
#define WEBHOOK_TEST_TYPE               "webhook.test"

struct webhook_order {
    struct str name;
    struct str url;
    struct str_list events; /* types, "group.*", "*" */
    bool is_enabled;
};

/* CONFLICT when there are WEBHOOKS_MAX. */
NODISCARD result webhooks_create(struct service *service, struct task *task,
                                 const struct webhook_order *order, struct webhook *ret_webhook,
                                 struct secret *ret_secret);

struct webhook_target {
    struct id id;
    const struct versions_expected *expected; /* NULL: any version */
};

struct webhook_changes {
    bool sets_name, sets_url, sets_events, sets_enabled;
    struct webhook_order order;
};

/* The webhook as it is then. Who is enabled begins anew. */
NODISCARD result webhooks_update(struct service *service, struct task *task,
                                 const struct webhook_target *target, const struct webhook_changes *changes,
                                 struct webhook *ret_webhook);
/* With all its deliveries, some at a time. It is disabled first, which makes a version: what fails half-way is finished by
 * the next try, with that version. */
NODISCARD result webhooks_delete(struct service *service, struct task *task,
                                 const struct webhook_target *target);
/* Another secret; the one before signs as well for `overlap_seconds`, 0: it does not. */
NODISCARD result webhooks_rotate_secret(struct service *service, struct task *task,
                                        const struct webhook_target *target, int64_t overlap_seconds,
                                        struct webhook *ret_webhook, struct secret *ret_secret);

/* An event of the type WEBHOOK_TEST_TYPE to this one alone, whatever events it wants. CONFLICT when it is disabled. */
NODISCARD result webhooks_test(struct service *service, struct task *task, struct id id,
                               struct webhook_delivery *ret_delivery);
/* Sends once more, whether the delivery waits or is over. CONFLICT when the webhook is disabled or is being sent it. */
NODISCARD result webhooks_retry(struct service *service, struct task *task, struct id id, struct id event_id,
                                struct webhook_delivery *ret_delivery);

/* By who delivers: it is disabled, and what waited has failed. Does nothing to one that is disabled already or
 * has another version than is given. */
NODISCARD result webhooks_disable(struct service *service, struct task *task,
                                  const struct webhook_disabling *disabling, bool *ret_is_disabled);

/* One of its secrets, opened. */
NODISCARD result webhook_secret_open(struct service *service, struct task *task, struct id id,
                                     struct str sealed, struct key256 *ret_key);

#endif
