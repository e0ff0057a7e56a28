// SPDX-License-Identifier: MIT
#include "time_word_internal.h"

#include "auth/base/clock.h"

result time_of_word(struct task *task, const char *option, const char *word, int64_t *ret_ms)
{
    if (!word) return RESULT_OK;
    const struct str day = str_printf(task->arena, "%sT00:00:00Z", word);
    if (!time_parse(str_from(word), ret_ms) && !time_parse(day, ret_ms))
        FAIL(&task->fault, BAD_REQUEST, "%s takes a time like 2026-01-05T10:00:00Z or 2026-01-05, not \"%s\"",
             option, word);
    return RESULT_OK;
}
