/* account_word_internal.h — the account a word of the command line names: by address or by id.
 * Errors:  NOT_FOUND, VALIDATION_FAILED, DATABASE_UNAVAILABLE, with a sentence for the operator.
 * Waits:   yes (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_ACCOUNT_WORD_INTERNAL_H
#define AUTH_COMMAND_ACCOUNT_WORD_INTERNAL_H

#include "auth/domain/service.h"
#include "auth/store/account_repo.h"

NODISCARD result account_of_word(struct service *service, struct task *task, const char *word,
                                 struct account *ret_account);

#endif
