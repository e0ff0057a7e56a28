/* login_challenge_repo.h — sign-ins that wait for a second factor, in the database.
 * Errors:  NOT_FOUND where nothing was changed; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_LOGIN_CHALLENGE_REPO_H
#define AUTH_STORE_LOGIN_CHALLENGE_REPO_H

#include "auth/store/db.h"

#define CHALLENGE_DIGEST_BYTES 32u
#define DEVICE_DIGEST_BYTES    32u

struct login_challenge {
    struct id id;
    struct id account_id;
    unsigned char token_digest[CHALLENGE_DIGEST_BYTES];
    struct str amr; /* what has been proved so far */
    int64_t password_changed_at_ms;
    struct str client_address;
    struct str user_agent;
    bool has_device; /* it was begun on a known device */
    unsigned char device_digest[DEVICE_DIGEST_BYTES];
    bool is_enrolment;   /* the account has no second factor yet */
    struct id factor_id; /* the one that is being enrolled; nil: none yet */
    int64_t expires_at_ms;
};

NODISCARD result login_challenge_insert(struct db *db, struct task *task,
                                        const struct login_challenge *challenge);

/* What a client presents. */
struct challenge_key {
    unsigned char token_digest[CHALLENGE_DIGEST_BYTES];
    struct str user_agent;
};
/* Counts an attempt, in one statement. NOT_FOUND unless one more of `attempts_max` may be made. */
NODISCARD result login_challenge_take(struct db *db, struct task *task, const struct challenge_key *key,
                                      int64_t attempts_max, struct login_challenge *ret_challenge);
/* Notes the factor that is being enrolled; sets id, account and password version alone. NOT_FOUND unless the challenge
 * is for that and alive. */
NODISCARD result login_challenge_set_factor(struct db *db, struct task *task, const struct challenge_key *key,
                                            struct id factor_id, int64_t enrolments_max,
                                            struct login_challenge *ret_challenge);
/* NOT_FOUND when it was used before or has expired. */
NODISCARD result login_challenge_use(struct db *db, struct task *task, struct id id);
NODISCARD result login_challenge_void_all(struct db *db, struct task *task, struct id account_id);
NODISCARD result login_challenge_erase_expired(struct db *db, struct task *task, struct id account_id);

#endif
