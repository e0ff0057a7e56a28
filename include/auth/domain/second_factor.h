/* second_factor.h — codes of second factors: when they are asked for, whether they are right, and that each is used once.
 * Shape:   a code is first checked (counted, then looked at), then spent, in the transaction of what it proves, by one
 *          conditional UPDATE: of any number of uses at once one succeeds.
 * Errors:  CODE_INVALID (wrong, used before, none enrolled), RATE_LIMITED, DATABASE_UNAVAILABLE.
 * Waits:   yes (database).
 * Source:  RFC 6238 §5.2; NIST SP 800-63B-4 §3.1.2 (recovery codes), §3.1.4, §3.2.2; OWASP ASVS 6.5.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_SECOND_FACTOR_H
#define AUTH_DOMAIN_SECOND_FACTOR_H

#include "auth/domain/devices.h"
#include "auth/domain/rights.h"
#include "auth/domain/throttle.h"
#include "auth/model/session.h"
#include "auth/store/factor_repo.h"

#define SECOND_FACTOR_CODE_MAX 64u
#define RECOVERY_CODE_BYTES    15u /* 120 bits; 24 characters of base32 */
#define RECOVERY_CODE_CHARS    24u
#define RECOVERY_CODE_GROUP    4u
#define FACTOR_KIND_TOTP       "totp"
#define ENROLMENT_TIME_MS      INT64_C(600000)
#define FACTOR_AMR_TOTP        "otp" /* RFC 8176 §2 */
#define FACTOR_AMR_RECOVERY    "rec" /* a word of our own: RFC 8176 has none */

enum second_factor_kind { SECOND_FACTOR_TOTP, SECOND_FACTOR_RECOVERY };

/* What somebody says to be a second factor. */
struct second_factor_claim {
    enum second_factor_kind kind;
    struct secret code;
    struct id enrolment_id; /* TOTP: of the factor this code is to confirm; nil: of those confirmed */
    const struct known_device *device; /* whose counter it is; may be NULL */
};

/* One that is right, and is to be spent. */
struct second_factor {
    enum second_factor_kind kind;
    struct factor_use use;
    bool is_enrolment;
    unsigned char code_digest[RECOVERY_DIGEST_BYTES];
    struct throttle throttle;
    struct id challenge_id; /* to be used up with it; nil: none */
};

NODISCARD result second_factor_check(struct service *service, struct task *task,
                                     const struct account *account, const struct second_factor_claim *claim,
                                     struct second_factor *ret_factor);

/* In the caller's transaction, which holds the account. CODE_INVALID when somebody else was faster. */
NODISCARD result second_factor_spend(struct service *service, struct db *tx, struct task *task,
                                     const struct account *account, const struct device *device,
                                     const struct second_factor *factor);

/* What the account has, and whether a sign-in must use it: because it has one, or because policy demands one. */
NODISCARD result second_factor_demand(struct service *service, struct db *db, struct task *task,
                                      struct id account_id, struct assurance *ret_assurance,
                                      bool *ret_is_demanded);

/* Whether a demand that came after the session's beginning leaves it behind: no second step was taken, and the operator, the
 * account or one of its roles wants one. Of what was read with the session: no look of its own. */
bool second_factor_is_lacking(const struct service *service, const struct session *session,
                              const struct rights *rights);

/* The amr of both steps. "mfa" stands behind a password alone: mail is no authenticator (NIST SP 800-63B-4 §3.1.3.1, OWASP
 * ASVS 6.3.6), so what follows a code by mail is the only factor there is. */
struct str second_factor_amr(struct task *task, struct str first, enum second_factor_kind kind);
/* Whether a second step was taken, whatever the first one was. */
bool has_second_step(struct str amr);

/* The key of TOTP codes, as it lies sealed in the database. */
NODISCARD result totp_seed_seal(struct service *service, struct task *task, struct id factor_id,
                                struct secret seed, struct str *ret_sealed);

/* A new recovery code as it is shown, "abcd-efgh-…", and what is kept of it. */
struct secret recovery_code_make(struct task *task, unsigned char ret_digest[RECOVERY_DIGEST_BYTES]);

#endif
