/* idempotency_repo.h — rows of idempotency_keys.
 * Errors:  those of the database; what each function says.
 * Waits:   yes (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_IDEMPOTENCY_REPO_H
#define AUTH_STORE_IDEMPOTENCY_REPO_H

#include "auth/model/request_claim.h"
#include "auth/store/db.h"

/* What is known of a key. */
struct idempotency_record {
    unsigned char request_digest[REQUEST_CLAIM_BYTES];
    bool is_open;             /* being worked on */
    int64_t status;           /* 0: done, the answer is not known */
    struct str sealed_answer; /* with another status */
};

/* CONFLICT when the key is another request's, or this one's by another hand. `gone_before_ms`: whoever claimed it until then
 * and has committed nothing is gone. */
NODISCARD result idempotency_claim(struct db *db, struct task *task, const struct request_claim *claim,
                                   int64_t expires_at_ms, int64_t gone_before_ms);
NODISCARD result idempotency_find(struct db *db, struct task *task, const struct request_claim *claim,
                                  struct idempotency_record *ret_record);
/* In the transaction of the work. CONFLICT when the claim has been lost. */
NODISCARD result idempotency_mark(struct db *db, struct task *task, const struct request_claim *claim);
NODISCARD result idempotency_finish(struct db *db, struct task *task, const struct request_claim *claim,
                                    int64_t status, struct str sealed_answer);
NODISCARD result idempotency_release(struct db *db, struct task *task, const struct request_claim *claim);

#endif
