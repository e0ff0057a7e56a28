/* migration_failure.h — noting why migrations cannot go on.
 * Shape:   the first failure wins; the text is made in the arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MIGRATION_FAILURE_H
#define AUTH_STORE_MIGRATION_FAILURE_H

#include <stdint.h>

#include "auth/base/arena.h"
#include "auth/base/result.h"
#include "auth/base/str.h"

/* What a process that migrates exits with; a Job retries 6 and 7 and gives up on the others. */
enum migration_exit {
    MIGRATION_EXIT_OK = 0,
    MIGRATION_EXIT_SQL = 1,         /* a revision's SQL failed */
    MIGRATION_EXIT_USAGE = 2,       /* wrong arguments */
    MIGRATION_EXIT_OUT_OF_DATE = 3, /* asked to check, and it differs */
    MIGRATION_EXIT_AHEAD = 4,       /* the database is newer than this binary can work with */
    MIGRATION_EXIT_GRAPH = 5,       /* an applied revision was edited, or the revisions do not fit together */
    MIGRATION_EXIT_LOCKED = 6,      /* somebody else held a lock for too long */
    MIGRATION_EXIT_UNREACHABLE = 7, /* no connection, or it was lost; a standby; a full disk */
    MIGRATION_EXIT_TERMINATED = 143, /* told to stop */
};

struct migration_failure {
    enum migration_exit exit;
    struct str text;   /* in the arena */
    bool is_retryable; /* a lock was not to be had, a deadlock, no server yet: nothing has changed */
};

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
