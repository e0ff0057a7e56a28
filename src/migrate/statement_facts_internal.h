/* statement_facts_internal.h — what a statement does to those who work meanwhile, and whether rows are lost by it.
 * Shape:   told by its words, not by the database: the plan is made without running anything.
 * Source:  PostgreSQL manual §13.3 (lock modes), ALTER TABLE, CREATE INDEX; SQLite, "File Locking".
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_STATEMENT_FACTS_INTERNAL_H
#define AUTH_MIGRATE_STATEMENT_FACTS_INTERNAL_H

#include "auth/store/sql_lexer.h"
#include "revision_internal.h"

struct statement_facts {
    const char *lock;   /* the strongest one on a table that exists; "" where that is not known */
    const char *hazard; /* or "" */
    const char *loss;   /* what is lost, or NULL */
};

struct statement_facts statement_look(enum db_engine engine, struct str statement);

/* The first statement of the section that loses rows or values; false when none does. */
bool section_find_loss(enum db_engine engine, const struct migration_section *section,
                       struct sql_statement *ret_statement, const char **ret_loss);

#endif
