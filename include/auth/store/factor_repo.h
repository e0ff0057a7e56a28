/* factor_repo.h — second factors and recovery codes in the database.
 * Errors:  NOT_FOUND where nothing was changed; DATABASE_UNAVAILABLE; others are bugs.
 * Owner:   what is returned lives in the task's arena.
 * Waits:   yes (database). From a fiber only; hold no lock.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_FACTOR_REPO_H
#define AUTH_STORE_FACTOR_REPO_H

#include "auth/model/factor.h"
#include "auth/store/db.h"

#define RECOVERY_DIGEST_BYTES 32u

NODISCARD result assurance_find(struct db *db, struct task *task, struct id account_id,
                                struct assurance *ret_assurance);
NODISCARD result assurance_set_required(struct db *db, struct task *task, struct id account_id,
                                        bool requires_mfa);
/* The names of the account's roles, its groups' among them, parted by spaces. */
NODISCARD result account_role_names(struct db *db, struct task *task, struct id account_id,
                                    struct str *ret_names);

NODISCARD result factor_insert(struct db *db, struct task *task, struct id account_id,
                               const struct factor *factor);
NODISCARD result factor_list_of_account(struct db *db, struct task *task, struct id account_id,
                                        struct factor_list *ret_list);
NODISCARD result factor_delete_pending(struct db *db, struct task *task, struct id account_id);

/* A use of a factor: the step whose code was given. */
struct factor_use {
    struct id factor_id;
    struct id account_id;
    int64_t step;
};
/* NOT_FOUND unless it waits for that and was made after the given time. */
NODISCARD result factor_confirm(struct db *db, struct task *task, const struct factor_use *use,
                                int64_t created_after_ms);
/* NOT_FOUND when the step, or a later one, has been accepted before. */
NODISCARD result factor_spend_step(struct db *db, struct task *task, const struct factor_use *use);
NODISCARD result factor_rename(struct db *db, struct task *task, struct id id, struct id account_id,
                               struct str name);
NODISCARD result factor_delete(struct db *db, struct task *task, struct id id, struct id account_id,
                               bool *ret_was_confirmed);
NODISCARD result factor_delete_all(struct db *db, struct task *task, struct id account_id);

NODISCARD result recovery_code_insert(struct db *db, struct task *task, struct id account_id,
                                      const unsigned char digest[RECOVERY_DIGEST_BYTES]);
/* NOT_FOUND unless it is there and unused. */
NODISCARD result recovery_code_find(struct db *db, struct task *task, struct id account_id,
                                    const unsigned char digest[RECOVERY_DIGEST_BYTES]);
/* The same, and it is used from then on. */
NODISCARD result recovery_code_spend(struct db *db, struct task *task, struct id account_id,
                                     const unsigned char digest[RECOVERY_DIGEST_BYTES]);
NODISCARD result recovery_code_delete_all(struct db *db, struct task *task, struct id account_id);

#endif
