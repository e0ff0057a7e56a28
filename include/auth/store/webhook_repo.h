/* webhook_repo.h — webhooks and their deliveries in the database.
 * Shape:   who delivers claims a webhook before it does anything with it, for a while; a webhook is worked for by one at
 *          a time, and what somebody says of a claim or an attempt counts only while it is his own.
 * Errors:  DATABASE_UNAVAILABLE; NOT_FOUND where said; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_WEBHOOK_REPO_H
#define AUTH_STORE_WEBHOOK_REPO_H

#include "auth/model/webhook.h"
#include "auth/store/db.h"

/* CONFLICT when there are `most` already. */
NODISCARD result webhook_insert(struct db *db, struct task *task, const struct webhook *webhook,
                                int64_t most);
NODISCARD result webhook_find(struct db *db, struct task *task, struct id id, struct webhook *ret_webhook);
NODISCARD result webhook_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                                   struct webhook_list *ret_list);
/* In a transaction: the row is the caller's until it ends. Its version has grown by one. */
NODISCARD result webhook_hold(struct db *tx, struct task *task, struct id id, struct webhook *ret_webhook,
                              int64_t *ret_old_version);
/* Name, URL, events, whether it is enabled and why not, and how often it has failed. */
NODISCARD result webhook_change(struct db *tx, struct task *task, const struct webhook *webhook);
/* The secret and the one before. */
NODISCARD result webhook_set_secret(struct db *tx, struct task *task, const struct webhook *webhook);
/* With what deliveries there still are. */
NODISCARD result webhook_delete(struct db *db, struct task *task, struct id id);

/* The next one something is due for at `now_ms`. NOT_FOUND: there is none, or another worker was faster. */
NODISCARD result webhook_claim(struct db *db, struct task *task, int64_t now_ms, int64_t until_ms,
                               struct webhook *ret_webhook);
/* With failing_since_ms, failures and paused_until_ms, which are left as they are where it has another version now. */
NODISCARD result webhook_release(struct db *db, struct task *task, const struct webhook *webhook,
                                 int64_t now_ms);
/* NOT_FOUND unless it is enabled, and of the version where one is asked for. */
NODISCARD result webhook_disable(struct db *db, struct task *task, const struct webhook_disabling *disabling);
/* No pause holds it back. NOT_FOUND unless it is enabled. */
NODISCARD result webhook_hasten(struct db *db, struct task *task, struct id id);

/* In the transaction that gives the events after one place, up to another, their places. */
NODISCARD result webhook_delivery_insert_batch(struct db *tx, struct task *task, int64_t after_seq,
                                               int64_t to_seq, int64_t *ret_count);
/* Of a test: webhook_id, event_id and event_type alone. */
NODISCARD result webhook_delivery_insert(struct db *db, struct task *task,
                                         const struct webhook_delivery *delivery);
/* The next one that is due for a webhook the caller has claimed. NOT_FOUND: none is, or it is not what it was then. */
NODISCARD result webhook_delivery_take(struct db *db, struct task *task, const struct webhook *webhook,
                                       int64_t now_ms, struct webhook_delivery *ret_delivery);
/* With state, finished_at_ms and what is known of the last attempt. */
NODISCARD result webhook_delivery_finish(struct db *db, struct task *task,
                                         const struct webhook_delivery *delivery);
/* With next_attempt_at_ms and what is known of the last attempt. */
NODISCARD result webhook_delivery_postpone(struct db *db, struct task *task,
                                           const struct webhook_delivery *delivery);
/* It is due now, as it is then. NOT_FOUND, or while somebody sends it. */
NODISCARD result webhook_delivery_retry(struct db *db, struct task *task, struct id webhook_id,
                                        struct id event_id, struct webhook_delivery *ret_delivery);
NODISCARD result webhook_delivery_find(struct db *db, struct task *task, struct id webhook_id,
                                       struct id event_id, struct webhook_delivery *ret_delivery);
/* At most `count` of those that wait have failed; or of all are gone. */
NODISCARD result webhook_delivery_cancel_some(struct db *db, struct task *task, struct id webhook_id,
                                              int64_t count, int64_t *ret_cancelled);
NODISCARD result webhook_delivery_delete_some(struct db *db, struct task *task, struct id webhook_id,
                                              int64_t count, int64_t *ret_deleted);
NODISCARD result webhook_due_find(struct db *db, struct task *task, struct webhook_due *ret_due);
/* Counted as far as `most` for each webhook. */
NODISCARD result webhook_backlog_find(struct db *db, struct task *task, int64_t most,
                                      struct webhook_backlog *ret_backlog);

struct webhook_delivery_filter {
    struct id webhook_id;
    struct id before; /* those before it, newest first; nil: from the newest */
    struct str state; /* empty: any */
    int64_t count;
};
NODISCARD result webhook_delivery_page(struct db *db, struct task *task,
                                       const struct webhook_delivery_filter *filter,
                                       struct webhook_delivery_list *ret_list);

#endif
