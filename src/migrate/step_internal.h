/* step_internal.h — one revision in one direction, exactly once, with retries where a lock was in the way.
 * Shape:   in one transaction; or statement by statement where a transaction is refused, resumable behind the last
 *          statement; or, for backfills, batch by batch, resumable behind the last key.
 * Errors:  as migration_driver.h.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_STEP_INTERNAL_H
#define AUTH_MIGRATE_STEP_INTERNAL_H

#include "runner_internal.h"

struct migration_step {
    const struct revision *revision;
    bool is_down;
    struct migration_progress progress; /* done and total are the caller's */
};

/* Tells its begin and its end. `ret_is_new` is false when somebody else has done it meanwhile. */
NODISCARD result migration_step_run(const struct migrator *migrator, struct migration_step *step,
                                    bool *ret_is_new);

/* The section that the step runs on this engine. */
const struct migration_section *migration_step_section(const struct migrator *migrator,
                                                       const struct migration_step *step);

void migrator_tell(const struct migrator *migrator, const struct migration_progress *progress);

NODISCARD result migration_log_success(const struct migrator *migrator, const struct migration_step *step,
                                       int64_t begun_ms);

/* backfill.c: the batches that are left. */
NODISCARD result migration_backfill(const struct migrator *migrator, struct migration_step *step,
                                    bool *ret_is_new);
/* Whether the backfill has a batch to do; nothing is changed. */
NODISCARD result migration_backfill_has_work(const struct migrator *migrator, const struct revision *revision,
                                             bool *ret_has_work);

struct migration_limits migration_step_limits(const struct migrator *migrator,
                                              const struct migration_step *step);

#endif
