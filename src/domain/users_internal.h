/* users_internal.h — what making and changing accounts share. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_USERS_INTERNAL_H
#define AUTH_DOMAIN_USERS_INTERNAL_H

#include "auth/domain/users.h"

/* VALIDATION_FAILED names what is wrong with name, language or external id. */
NODISCARD result user_check_words(struct task *task, const struct user *user);
NODISCARD result check_reason(struct task *task, struct str reason);
/* What an insert or an update answered; of a CONFLICT, which of the two is another account's. */
NODISCARD result user_name_conflict(struct db *tx, struct task *task, const struct user *user, result stored);
/* By which the owner chooses a password; in the caller's transaction, mailer_wake after its commit. */
NODISCARD result user_send_link(struct service *service, struct db *tx, struct task *task,
                                const struct account *account, const struct device *device);
/* The same link for who asks, and no mail. */
NODISCARD result user_make_link(struct service *service, struct db *tx, struct task *task,
                                const struct account *account, struct str *ret_link);

#endif
