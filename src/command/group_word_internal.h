/* group_word_internal.h — the group a word of the command line names: by name or by id.
 * Errors:  NOT_FOUND, VALIDATION_FAILED, DATABASE_UNAVAILABLE, with a sentence for the operator.
 * Waits:   yes (database).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_GROUP_WORD_INTERNAL_H
#define AUTH_COMMAND_GROUP_WORD_INTERNAL_H

#include "auth/domain/service.h"
#include "auth/store/group_repo.h"

NODISCARD result group_of_word(struct service *service, struct task *task, const char *word,
                               struct group *ret_group);

#endif
