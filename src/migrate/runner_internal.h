/* runner_internal.h — applying revisions one by one, each exactly once, whoever else tries.
 * Shape:   look without a lock; lock; look again; then per revision one transaction that re-checks its row.
 * Errors:  as migration_driver.h; a lock that is not to be had is tried again with growing pauses.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_RUNNER_INTERNAL_H
#define AUTH_MIGRATE_RUNNER_INTERNAL_H

#include "judgement_internal.h"

/* A connection with all that a command needs; closed by migrator_close. */
struct migrator {
    struct migration_scope *scope;
    struct schema_version version;
    struct revision_set set;
    struct applied_list list;
    struct judgement judgement;
    const struct migration_listener *listener; /* may be NULL */
    bool is_locked;
};

/* Loads the revisions; no database is needed. */
NODISCARD result migrator_load(struct migration_scope *scope, const struct migration_options *options,
                               struct revision_set *ret_set);
/* Loads, connects and looks. `migrator` needs no state before; migrator_close is right whatever is returned. */
NODISCARD result migrator_open(struct migrator *migrator, struct migration_scope *scope,
                               const struct migration_options *options,
                               const struct migration_listener *listener);
void migrator_close(struct migrator *migrator);

/* Waits for the lock, creates the version table, looks again. */
NODISCARD result migrator_lock(struct migrator *migrator);

/* Applies the wanted revisions that are not applied, in graph order. Locks only if there are any. */
NODISCARD result migrator_upgrade(struct migrator *migrator, const bool *wanted,
                                  struct migration_outcome *ret_outcome);

/* Undoes the revisions in the order given, under the lock that the caller has taken. */
NODISCARD result migrator_downgrade(struct migrator *migrator, const struct revision *revisions, size_t count,
                                    struct migration_outcome *ret_outcome);

/* Sleeps, but not past being told to stop: exit 143 then. */
NODISCARD result migration_pause(struct migration_scope *scope, const struct migration_options *options,
                                 int64_t duration_ms);

#endif
