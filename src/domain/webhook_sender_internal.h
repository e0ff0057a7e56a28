/* webhook_sender_internal.h — the parts of the sender: the message, and who sends it. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_WEBHOOK_SENDER_INTERNAL_H
#define AUTH_DOMAIN_WEBHOOK_SENDER_INTERNAL_H

#include <stdatomic.h>

#include "auth/domain/webhook_sender.h"
#include "auth/model/webhook.h"

struct webhook_sender {
    struct arena *arena; /* it stands in it itself */
    struct webhook_sender_options options;
    int64_t retry_ms[WEBHOOK_RETRIES_MAX];
    size_t retry_count;
    atomic_bool is_stopping;
    atomic_uint lanes; /* webhooks that are served right now */
    _Atomic int64_t waiting;
    _Atomic int64_t count_due_ms; /* monotonic: when what waits is counted again */
    _Atomic uint64_t delivered;
    _Atomic uint64_t attempts_failed;
    _Atomic uint64_t given_up;
    _Atomic uint64_t disabled;
};

#define WEBHOOK_HEADERS 4u

struct webhook_message {
    struct fetch_header headers[WEBHOOK_HEADERS];
    struct str body;
};

/* webhook_message.c: signed at `now_ms`. NOT_FOUND when the event is there no more. */
NODISCARD result webhook_message_make(struct service *service, struct task *task,
                                      const struct webhook *webhook, const struct webhook_delivery *delivery,
                                      int64_t now_ms, struct webhook_message *ret_message);

enum webhook_outcome {
    WEBHOOK_DELIVERED,
    WEBHOOK_FAILED,
    WEBHOOK_VOID /* there is nothing to deliver any more */
};

struct webhook_attempt {
    enum webhook_outcome outcome;
    int64_t wait_ms; /* what the receiver asks for; 0: nothing */
};

/* webhook_delivery.c: one attempt. Notes in the delivery what is known of it, not what becomes of the delivery. */
NODISCARD result webhook_try(struct service *service, struct task *task, const struct webhook *webhook,
                             int64_t now_ms, struct webhook_delivery *delivery,
                             struct webhook_attempt *ret_attempt);

#endif
