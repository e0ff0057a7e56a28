/* mail_repo.h — the outbox.
 * Shape:   a mail waits until it is sent, printed or has failed; a worker claims it before it does anything with it, and
 *          what the worker says of it counts only while the claim is its own.
 * Errors:  DATABASE_UNAVAILABLE; NOT_FOUND where said; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MAIL_REPO_H
#define AUTH_STORE_MAIL_REPO_H

#include "auth/store/db.h"

#define MAIL_LIMIT_KEY_BYTES 32u

struct mail_record {
    struct id id;
    struct str kind;
    struct str recipient;
    struct str sealed_content;
    struct id account_id; /* nil: nobody's */
    int64_t attempts;     /* this one included */
    int64_t created_at_ms;
};

/* What an operator may see. */
struct mail_entry {
    struct id id;
    struct str kind;
    struct str recipient;
    struct str state; /* "waiting", "sent", "printed", "failed" */
    int64_t attempts;
    int64_t created_at_ms;
    int64_t next_attempt_at_ms;
    int64_t finished_at_ms; /* 0: waiting */
    struct str last_error;
};

struct mail_entries {
    const struct mail_entry *items;
    size_t count;
};

struct mail_pending {
    int64_t waiting;
    int64_t oldest_at_ms;       /* 0: none waits */
    int64_t next_attempt_at_ms; /* 0: none waits */
};

struct mail_limit {
    unsigned char key[MAIL_LIMIT_KEY_BYTES];
    int64_t most;
    int64_t window_ms;
};

/* Where it is not `is_kept`, nothing changes. */
NODISCARD result mail_insert(struct db *db, struct task *task, const struct mail_record *mail, bool is_kept);

/* The next one that is due at `now_ms`, this worker's until `until_ms`. NOT_FOUND: none is due, or another worker was
 * faster. */
NODISCARD result mail_claim(struct db *db, struct task *task, int64_t now_ms, int64_t until_ms,
                            struct mail_record *ret_mail);
/* Its content is erased. Does nothing to a mail that is no longer this claim's. */
NODISCARD result mail_finish(struct db *db, struct task *task, const struct mail_record *mail,
                             struct str state, struct str last_error);
NODISCARD result mail_postpone(struct db *db, struct task *task, const struct mail_record *mail,
                               int64_t next_ms, struct str last_error);
/* As if it had not been claimed. */
NODISCARD result mail_put_back(struct db *db, struct task *task, const struct mail_record *mail,
                               int64_t next_ms, struct str last_error);
NODISCARD result mail_pending_count(struct db *db, struct task *task, struct mail_pending *ret_pending);

NODISCARD result mail_entry_find(struct db *db, struct task *task, struct id id,
                                 struct mail_entry *ret_entry);
NODISCARD result mail_list_page(struct db *db, struct task *task, struct id after, int64_t count,
                                struct mail_entries *ret_entries);
/* It is due now. NOT_FOUND unless it waits and nobody sends it. */
NODISCARD result mail_retry(struct db *db, struct task *task, struct id id);

/* One more. RATE_LIMITED when there have been as many as may be; `*ret_free_at_ms` is then when the hour is over. */
NODISCARD result mail_limit_take(struct db *db, struct task *task, const struct mail_limit *limit,
                                 int64_t now_ms, int64_t *ret_free_at_ms);

#endif
