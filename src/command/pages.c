// SPDX-License-Identifier: MIT
#include "pages_internal.h"

#define PAGE_ARENA_BYTES (8u * 1024u * 1024u)

result pages_print(struct service *service, struct task *task, page_work *print, void *argument)
{
    struct arena *const kept = task->arena;
    size_t count = PAGE_ROWS;
    while (count == PAGE_ROWS) {
        struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(PAGE_ARENA_BYTES);
        task->arena = arena;
        const result printed = print(service, task, argument, &count);
        task->arena = kept;
        TRY(printed);
    }
    return RESULT_OK;
}
