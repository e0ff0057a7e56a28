/* codes.h — codes and links sent by mail: made, redeemed once.
 * Shape:   a code is 8 decimal digits, to be typed; its link carries a token of 256 random bits. Stored are an HMAC of the
 *          code that is bound to its row, and the token's SHA-256. One living code for each purpose and address; for
 *          CODE_CHANGE for each account.
 * Rule:    a code is redeemed by one statement that also counts the attempt: at most CODE_ATTEMPTS_MAX are looked at, one
 *          succeeds. Wrong codes leave the link as it is.
 * Errors:  CODE_INVALID: wrong, used, expired, too many attempts, another purpose, never made; RATE_LIMITED with the task's
 *          retry_after_seconds; DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  OWASP ASVS 6.5, 6.6; OWASP Forgot Password Cheat Sheet; NIST SP 800-63B-4 §3.1.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_CODES_H
#define AUTH_DOMAIN_CODES_H

#include "auth/crypto/token.h"
#include "auth/domain/service.h"
#include "auth/model/code.h"
#include "auth/store/code_repo.h"

#define CODE_DIGITS         8u
#define CODE_ATTEMPTS_MAX   5
#define CODE_TOKEN_PREFIX   "lk_"
#define CODE_ANSWER_STEP_MS INT64_C(25)

/* Who may redeem a code. */
struct code_subject {
    enum code_purpose purpose;
    struct str email_key; /* the reader of this address; not asked for CODE_CHANGE */
    struct id account_id; /* CODE_CHANGE: whoever is signed in to this account */
};

/* A code that is to be made. */
struct code_order {
    struct code_subject subject;
    struct id account_id; /* what it is good for; nil: for nothing, whoever guesses it */
    struct str new_email; /* CODE_CHANGE */
    struct id session_id; /* CODE_CHANGE: goes on when the address has changed */
    bool leaves_nothing;  /* the same work, and an earlier code stays */
};

struct code_made {
    struct secret code;
    struct secret token;
    int64_t expires_at_ms;
};

/* Counts a request for a code, if one may be made now: exact, for every purpose and address whether or not there is an
 * account. */
NODISCARD result codes_allow(struct service *service, struct task *task, const struct code_subject *subject);
/* The requests are forgotten; in the caller's transaction. */
NODISCARD result codes_allow_again(struct service *service, struct db *db, struct task *task,
                                   const struct code_subject *subject);
/* In the caller's transaction, with the mail that carries it. An earlier one of the same subject is dead. */
NODISCARD result codes_make(struct service *service, struct db *db, struct task *task,
                            const struct code_order *order, struct code_made *ret_made);

/* Either the token or the code of a subject. */
struct code_proof {
    struct code_subject subject; /* its purpose alone where there is a token */
    struct secret token;
    struct secret code;
};

/* In the caller's transaction, which is committed also when the answer is CODE_INVALID: the attempt is counted in it, and
 * `*ret_use` names the account it was made at, if that is known. */
NODISCARD result codes_redeem(struct service *service, struct db *db, struct task *task,
                              const struct code_proof *proof, struct code_use *ret_use);
/* One answer to all that is wrong: commits, so that the attempt stays counted, and fails with CODE_INVALID. */
NODISCARD result codes_refuse(struct service *service, struct db **tx, struct task *task,
                              struct id account_id, struct str client_address);
/* Waits until a full step after `began_ms` (clock_monotonic_ms), so that the answer's time tells nothing of the work. No
 * transaction is open. */
void codes_answer_at_step(int64_t began_ms, int64_t step_ms);
/* Whose link it is, without using it up. */
NODISCARD result codes_look(struct service *service, struct task *task, enum code_purpose purpose,
                            struct secret token, struct id *ret_account_id);

#endif
