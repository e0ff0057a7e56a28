/* sqlite_table_internal.h — what a CREATE TABLE of SQLite says, as objects.
 * Shape:   SQLite keeps the statement as it was written, and alone knows CHECK, generated columns and collations
 *          from there; so all is read from there, inline constraints becoming those of the table.
 * Source:  SQLite, "CREATE TABLE" (syntax diagrams).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_SQLITE_TABLE_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_SQLITE_TABLE_INTERNAL_H

#include "schema_internal.h"

void sqlite_read_table(struct arena *arena, struct schema_catalog *catalog, struct str name, struct str sql);

#endif
