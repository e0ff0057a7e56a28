/* migrations.h — bringing the schema to where this binary wants it, once, whoever else tries at the same time.
 * Shape:   revisions are files of SQL with a header, linked by parents, embedded at build time; the database
 *          remembers what was applied in schema_version and every attempt in schema_version_log.
 * Locking: PostgreSQL: a polled session advisory lock, and a transaction lock within each revision; SQLite: a
 *          locked file beside the database, and BEGIN IMMEDIATE. Nothing is locked when nothing is to be done.
 * Errors:  the result tells success; `struct migration_failure` tells the exit code and the reason for people.
 * Owner:   texts live in the arena given.
 * Waits:   blocks the thread: call it from a thread of its own or from a command, never from a loop.
 * Source:  Alembic (words, targets, output); PostgreSQL manual §13.3.5 (advisory locks).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_MIGRATIONS_H
#define AUTH_MIGRATE_MIGRATIONS_H

#include <stdatomic.h>

#include "auth/store/migration_failure.h"
#include "auth/store/store.h"

#define MIGRATION_LOCK_WAIT_MS INT64_C(600000)

struct migration_options {
    const struct store_options *store;
    struct str directory;      /* revisions from this folder; empty: the embedded ones */
    struct str binary_version; /* recorded with each revision */
    struct str applied_by;     /* recorded with each revision; empty: user@host */
    int64_t lock_wait_ms;      /* 0: MIGRATION_LOCK_WAIT_MS */
    int64_t connect_wait_ms;   /* for a server that is not up yet; 0: not at all */
    unsigned retries;          /* of a revision that met a lock; 0: 30 */
    int64_t batch_rows;        /* of one transaction of a backfill; 0: 1000 */
    int64_t batch_pause_ms;    /* between its batches */
    bool is_edit_tolerated;    /* an edited applied revision is a warning, not exit 5 */
    bool is_contract_held; /* stop before a contract revision while servers that need the old schema run */
    bool is_backfill_held; /* stop before a backfill that has something to fill */
    const atomic_bool *is_stopping; /* looked at between steps and while waiting; may be NULL */
};

enum migration_event {
    MIGRATION_CONNECTING, /* the server is waited for; text: why it cannot be reached */
    MIGRATION_WAITING,    /* for the lock; text: who holds it */
    MIGRATION_BEGINS,     /* a revision: from, to, message, done, total */
    MIGRATION_DONE,       /* that revision: duration_ms */
    MIGRATION_BATCH,      /* of a backfill; text: which and how far */
    MIGRATION_RETRY,      /* that revision met a lock and is tried again; text: why */
    MIGRATION_WARNING,    /* text */
};

struct migration_progress {
    enum migration_event event;
    bool is_down;
    struct str from; /* parents, separated by ", "; empty at the base */
    struct str to;
    struct str message;
    size_t done; /* revisions finished before this one */
    size_t total;
    int64_t duration_ms;
    struct str text;
};

/* Told while migrations run, on the same thread. */
struct migration_listener {
    void (*notify)(void *argument, const struct migration_progress *progress);
    void *argument;
};

struct migration_outcome {
    size_t applied;
    struct str current; /* heads of what is applied, separated by ", "; "<base>" if nothing is */
    bool is_head;       /* current is all that this binary knows */
    bool is_ahead;      /* the database has newer revisions, all of them compatible */
    bool is_usable;     /* nothing is pending that this binary needs: contracts and backfills at most */
    struct str pending_contract; /* the contract or backfill revision held back, or empty */
};

/* Upgrades to `target` ("head", "heads", "+N", a revision, a unique prefix of one, "revision+N"). */
NODISCARD result migrations_apply(struct arena *arena, const struct migration_options *options,
                                  struct str target, const struct migration_listener *listener,
                                  struct migration_outcome *ret_outcome,
                                  struct migration_failure *ret_failure);

struct migration_status {
    struct str current; /* as in migration_outcome */
    struct str head;    /* heads of what this binary knows */
    size_t pending;
    size_t unknown; /* applied revisions that this binary does not know */
    bool is_head;
    bool is_ahead;
    bool is_usable; /* as in migration_outcome */
    struct str pending_contract;
};

/* Looks without locking. Exit 4 and 5 as for migrations_apply. */
NODISCARD result migrations_status(struct arena *arena, const struct migration_options *options,
                                   struct migration_status *ret_status,
                                   struct migration_failure *ret_failure);

/* The newest embedded revision, for application_name and for what a server reports. Aborts if there are several:
 * the build refuses that. */
struct str migrations_head(struct arena *arena);

#endif
