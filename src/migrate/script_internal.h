/* script_internal.h — the steps as a script that psql or sqlite3 runs: for those who may not run ours.
 * Shape:   one transaction for each step, as online; guards that end the script unless the database is where the
 *          script begins; the rows that the migrator would have written.
 * Source:  Alembic, "Generating SQL Scripts (a.k.a. Offline Mode)".
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCRIPT_INTERNAL_H
#define AUTH_MIGRATE_SCRIPT_INTERNAL_H

#include <stdio.h>

#include "auth/migrate/migrations.h"
#include "revision_set_internal.h"

struct script {
    FILE *out;
    struct arena *arena;
    enum db_engine engine;
    const struct revision_set *set;
    struct str binary_version;
    const char *version_table_sql;
};

void script_begin(const struct script *script);
void script_step(const struct script *script, const struct revision *revision, bool is_down);

#endif
