/* credential_repo.h — all that signs in to an account beside its password, as one.
 * Errors:  DATABASE_UNAVAILABLE; others are bugs.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_CREDENTIAL_REPO_H
#define AUTH_STORE_CREDENTIAL_REPO_H

#include "auth/store/db.h"

/* What caches may still hold. */
struct dropped_credentials {
    const struct str *key_digests; /* of API keys */
    size_t key_count;
};

/* Factors, recovery codes, API keys, known devices and sign-ins that wait for a factor; in the caller's transaction. */
NODISCARD result credential_drop_all(struct db *db, struct task *task, struct id account_id,
                                     struct dropped_credentials *ret_dropped);

#endif
