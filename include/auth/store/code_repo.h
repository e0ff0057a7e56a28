/* code_repo.h — codes and links sent by mail, in the database.
 * Shape:   neither code nor link is stored, only digests; the subject stands for who may redeem it.
 * Errors:  CODE_INVALID where none can be redeemed; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_CODE_REPO_H
#define AUTH_STORE_CODE_REPO_H

#include "auth/store/db.h"

#define CODE_DIGEST_BYTES 32u

struct code_record {
    struct id id;
    struct str purpose;
    unsigned char subject[CODE_DIGEST_BYTES];
    unsigned char code_digest[CODE_DIGEST_BYTES];
    unsigned char token_digest[CODE_DIGEST_BYTES];
    struct id account_id; /* nil: nobody's */
    struct str new_email;
    struct id session_id;
    int64_t expires_at_ms;
};

/* What a code was good for. */
struct code_use {
    struct id account_id; /* nil: nobody's */
    struct str new_email;
    struct id session_id;
};

/* In the place of an earlier one of the same subject and purpose. Where it is not `is_kept` nothing changes. */
NODISCARD result code_put(struct db *db, struct task *task, const struct code_record *code, bool is_kept);
/* The id of the code that can be redeemed now. */
NODISCARD result code_find(struct db *db, struct task *task, const unsigned char subject[CODE_DIGEST_BYTES],
                           struct str purpose, int64_t attempts_max, struct id *ret_id);

struct code_attempt {
    struct id id;
    struct str purpose;
    unsigned char code_digest[CODE_DIGEST_BYTES];
    int64_t attempts_max;
};

/* One attempt, counted in any case. With CODE_INVALID too `*ret_use` names the account, where the code is one's. */
NODISCARD result code_try(struct db *db, struct task *task, const struct code_attempt *attempt,
                          struct code_use *ret_use);
NODISCARD result code_use_token(struct db *db, struct task *task,
                                const unsigned char token_digest[CODE_DIGEST_BYTES], struct str purpose,
                                struct code_use *ret_use);
/* Whose link it is; it stays good. */
NODISCARD result code_look_token(struct db *db, struct task *task,
                                 const unsigned char token_digest[CODE_DIGEST_BYTES], struct str purpose,
                                 struct id *ret_account_id);
/* All of an account, for any purpose. */
NODISCARD result code_forget(struct db *db, struct task *task, struct id account_id);

#endif
