/* webhook.h — where security events are sent to, and how each sending went.
 * Units:   *_ms are Unix milliseconds, durations where the name says so.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_WEBHOOK_H
#define AUTH_MODEL_WEBHOOK_H

#include "auth/base/id.h"

struct webhook {
    struct id id;
    struct str name;
    struct str url;
    struct str events; /* types, by spaces; "login.*" and "*" stand for several */
    struct str sealed_secret;
    struct str previous_sealed_secret; /* empty: none */
    int64_t previous_until_ms;         /* until then requests are signed with it, too */
    bool is_enabled;
    struct str disabled_reason; /* when it was not an administrator who did it */
    /* Kept by who delivers. */
    int64_t failing_since_ms; /* 0: it is not */
    int64_t failures;         /* one after the other */
    int64_t paused_until_ms;
    int64_t claimed_until_ms;
    int64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

struct webhook_list {
    const struct webhook *items;
    size_t count;
};

/* Named by the webhook and the event. */
struct webhook_delivery {
    struct id webhook_id;
    struct id event_id;
    int64_t event_seq; /* 0: a test */
    struct str event_type;
    struct str state; /* "waiting", "delivered", "failed" */
    int64_t attempts; /* begun */
    int64_t next_attempt_at_ms;
    int64_t created_at_ms;
    int64_t finished_at_ms;   /* 0: it is not */
    int64_t last_status;      /* HTTP; 0: no answer */
    int64_t last_duration_ms; /* of the last attempt */
    struct str last_error;
};

struct webhook_delivery_list {
    const struct webhook_delivery *items;
    size_t count;
};

/* When something is due for any of the webhooks. */
struct webhook_due {
    bool is_anything_waiting;
    int64_t at_ms; /* and not before somebody may take it */
};

/* What waits for all webhooks. */
struct webhook_backlog {
    int64_t waiting;
    struct id longest_id; /* the webhook that most waits for */
    int64_t longest;
};

/* By who delivers. */
struct webhook_disabling {
    struct id id;
    const char *reason;
    bool is_of_version; /* not when it has been changed since */
    int64_t version;
};

#endif
