/* sqlite_file_internal.h — the database file and the locks beside it.
 * Shape:   the folder is made 0700 and the file 0600 before SQLite sees them (its -wal and -shm copy the mode);
 *          a lock is flock(2) on "<database>.<purpose>.lock", which dies with its process. Lock files stay: to
 *          remove one is to race with the next who opens it.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_SQLITE_FILE_INTERNAL_H
#define AUTH_STORE_SQLITE_FILE_INTERNAL_H

#include "auth/base/arena.h"
#include "auth/base/str.h"

/* 0, or errno. */
int sqlite_file_prepare(struct arena *arena, struct str path);
bool is_sqlite_file_there(struct arena *arena, struct str path);

/* 0 and a descriptor that holds the lock; EWOULDBLOCK when somebody else has it; another errno. */
int sqlite_file_lock(struct arena *arena, struct str path, const char *purpose, int *ret_fd);
/* "process 123", or "another process". */
struct str sqlite_file_lock_holder(struct arena *arena, struct str path, const char *purpose);

#endif
