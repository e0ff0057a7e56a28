/* migrate_command.h — `auth migrate …`: Alembic's words for our revisions.
 * Shape:   results on `results`, progress and errors on `progress`; --json gives one object per line.
 * Errors:  enum migration_exit, as the process's exit code.
 * Waits:   blocks the thread.
 * Source:  Alembic, commands and output of upgrade, current, history, heads; departures: a target that is older
 *          than the database is refused, an empty database is "<base>", errors go to standard error.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_MIGRATE_COMMAND_H
#define AUTH_MIGRATE_MIGRATE_COMMAND_H

#include <stdio.h>

#include "auth/migrate/migrations.h"

/* What the settings say; main fills it. */
struct migrate_command_environment {
    const struct store_options *store; /* of MIGRATION_SQL_URI, or of SQL_URI */
    struct str binary_version;
    int64_t lock_wait_ms;           /* 0: the default */
    bool is_edit_tolerated;         /* MIGRATION_CHECKSUM=warn */
    bool is_data_loss_allowed;      /* ALLOW_DATA_LOSS=1 */
    const atomic_bool *is_stopping; /* set at SIGTERM; may be NULL */
    FILE *results;
    FILE *progress;
    FILE *answers;    /* of a person at a terminal; NULL: nobody to ask */
    bool is_terminal; /* progress is: long steps show their time */
};

/* argv[0] is the command's name ("migrate"), argv[1] the subcommand. */
int migrate_command(int argc, char **argv, const struct migrate_command_environment *environment);

#endif
