/* time_word_internal.h — the time a word of the command line names; a day stands for its beginning, in UTC.
 * Units:   Unix milliseconds.
 * Errors:  BAD_REQUEST, with a sentence for the operator.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_TIME_WORD_INTERNAL_H
#define AUTH_COMMAND_TIME_WORD_INTERNAL_H

#include "auth/base/task.h"

/* `word` NULL: what is there stays. */
NODISCARD result time_of_word(struct task *task, const char *option, const char *word, int64_t *ret_ms);

#endif
