/* postgres_catalog_internal.h — the questions asked of PostgreSQL's catalogs.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_POSTGRES_CATALOG_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_POSTGRES_CATALOG_INTERNAL_H

#include "schema_internal.h"

struct postgres_query {
    enum schema_kind kind;
    const char *sql; /* $1: oid of the schema; columns: table, name, key, facets from FACET_COMMENT on */
};
extern const struct postgres_query postgres_queries[];
extern const size_t postgres_query_count;
/* Columns: key of what needs, key of what is needed. */
extern const char postgres_dependencies_sql[];

struct postgres_side {
    struct migration_scope *scope;
    struct migration_connection *connection;
};
NODISCARD result postgres_ask(const struct postgres_side *side, const char *sql,
                              const struct migration_value *values, size_t count,
                              struct migration_rows *ret_rows);
NODISCARD result postgres_execute(const struct postgres_side *side, struct str sql);

/* --- postgres_scratch.c --- */

/* Where the declared schema is made: a schema of its own, or the session's temporary one for a role that may
 * not create schemas. */
struct postgres_scratch {
    struct str path;   /* search_path that finds it */
    struct str schema; /* its name */
    bool is_temporary;
};
NODISCARD result postgres_scratch_make(const struct postgres_side *side, struct str extra_path,
                                       struct postgres_scratch *ret_scratch);
/* Runs the declared statements there. `unlogged` gets the tables whose UNLOGGED was left out. */
NODISCARD result postgres_scratch_fill(const struct postgres_side *side,
                                       const struct postgres_scratch *scratch, struct str declared,
                                       struct str *ret_unlogged);

#endif
