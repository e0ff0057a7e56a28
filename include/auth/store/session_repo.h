/* session_repo.h — sessions in the database.
 * Errors:  NOT_FOUND where a session is expected; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_SESSION_REPO_H
#define AUTH_STORE_SESSION_REPO_H

#include "auth/model/session.h"
#include "auth/store/db.h"

#define REFRESH_DIGEST_BYTES 32u

struct session_list {
    const struct session *items;
    size_t count;
};

NODISCARD result session_insert(struct db *db, struct task *task, const struct session *session,
                                const unsigned char refresh_digest[REFRESH_DIGEST_BYTES]);
/* Also ended ones: the caller looks at is_session_alive. */
NODISCARD result session_find(struct db *db, struct task *task, struct id id, struct session *ret_session);
/* The living ones, newest first, before the given one; nil: from the newest. */
NODISCARD result session_list_page(struct db *db, struct task *task, struct id account_id, struct id before,
                                   int64_t count, struct session_list *ret_list);

struct session_rotation {
    struct id id;
    int64_t counter; /* of the presented token */
    unsigned char digest[REFRESH_DIGEST_BYTES];
    unsigned char next_digest[REFRESH_DIGEST_BYTES];
    struct str client_id;
    int64_t idle_expires_at_ms;
    int64_t assured_until_ms; /* two factors count on until then, if they count now */
    int64_t assured_ms;       /* and no longer than this after they were given */
};

/* Moves the counter on, in one statement. NOT_FOUND unless the presented token is the current one of a living
 * session of this client. */
NODISCARD result session_rotate(struct db *db, struct task *task, const struct session_rotation *rotation,
                                struct session *ret_session);

#define SESSION_REAUTHENTICATION_STEPS 2 /* the counter moves on by so many */

/* The session has been authenticated anew, now: how (amr), and what lasts until when, is in `session`. CONFLICT when it was
 * refreshed meanwhile or has ended. */
NODISCARD result session_reauthenticate(struct db *db, struct task *task, const struct session *session,
                                        const unsigned char next_digest[REFRESH_DIGEST_BYTES],
                                        struct session *ret_session);

/* NOT_FOUND unless it is the account's and not ended. `reason` is a literal. */
NODISCARD result session_end(struct db *db, struct task *task, struct id id, struct id account_id,
                             const char *reason);
/* All but `kept_id`; the ids of those that ended. */
NODISCARD result session_end_all(struct db *db, struct task *task, struct id account_id, struct id kept_id,
                                 const char *reason, struct id_list *ret_ended);
/* Those beyond the newest `kept`. */
NODISCARD result session_end_oldest(struct db *db, struct task *task, struct id account_id, int64_t kept,
                                    const char *reason, struct id_list *ret_ended);

#endif
