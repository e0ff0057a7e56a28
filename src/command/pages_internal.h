/* pages_internal.h — a list of any length, printed page by page. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_PAGES_INTERNAL_H
#define AUTH_COMMAND_PAGES_INTERNAL_H

#include "auth/domain/service.h"

#define PAGE_ROWS 500

/* Prints one page and notes in the argument where the next one begins; `*ret_count`: its rows, of at most PAGE_ROWS. */
typedef result page_work(struct service *service, struct task *task, void *argument, size_t *ret_count);

/* Each page in an arena of its own: there may be millions of rows. */
NODISCARD result pages_print(struct service *service, struct task *task, page_work *print, void *argument);

#endif
