/* failure_internal.h — noting why migrations cannot go on.
 * Shape:   the first failure wins; the text is made in the arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MIGRATE_FAILURE_INTERNAL_H
#define AUTH_STORE_MIGRATE_FAILURE_INTERNAL_H

#include "auth/store/migrations.h"

/* Where functions that can fail put their failure and their memory. */
struct migration_scope {
    struct arena *arena;
    struct migration_failure failure;
};

NODISCARD result migration_fail(struct migration_scope *scope, enum migration_exit exit, const char *format,
                                ...) PRINTF_LIKE(3, 4);

/* A lock or a deadlock: exit 6 unless a later try succeeds. */
NODISCARD result migration_fail_retryable(struct migration_scope *scope, const char *format, ...)
    PRINTF_LIKE(2, 3);

/* Forgets the failure, after it has been dealt with. */
void migration_recover(struct migration_scope *scope);

#endif
