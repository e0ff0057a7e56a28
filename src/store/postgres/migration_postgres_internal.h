/* migration_postgres_internal.h — the migrator's own blocking connection to PostgreSQL.
 * Note:    blocking for the caller; below, the socket is polled so that being told to stop cancels the
 *          statement on the server.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_POSTGRES_MIGRATION_POSTGRES_INTERNAL_H
#define AUTH_STORE_POSTGRES_MIGRATION_POSTGRES_INTERNAL_H

#include <libpq-fe.h>

#include "auth/store/migration_driver.h"

struct migration_connection {
    PGconn *pg;
    struct migration_access access;
    struct str schema;      /* where the tables live, quoted as an identifier; in the scope's arena */
    struct str backend_pid; /* as the server knows it */
    bool is_pooled;         /* something between us and the server answers for it */
    bool is_prepared;       /* the session's settings are made */
};

/* Where a failing statement stands, for migration_place. */
struct migration_source {
    const struct migration_section *section;
    size_t offset; /* of the text that is sent, in the section */
};

void pg_result_clear_scoped(PGresult **answer);

/* What is sent at once. NULL values: the simple protocol, many statements. */
struct migration_message {
    const char *sql;
    const struct migration_value *values;
    size_t value_count;
    const struct migration_source *source; /* NULL: ours */
};

/* While an answer is waited for; begins as zero. */
struct migration_watch {
    int64_t next_ms;
    unsigned silences;
};

/* Fails when the answer will not come. */
NODISCARD result migration_pg_watch(struct migration_connection *connection, struct migration_scope *scope,
                                    struct migration_watch *watch);

/* One more connection; `seconds` to wait for it, 0: as the store says. */
PGconn *migration_pg_connect(const struct store_options *store, struct arena *arena, const char *seconds);
PGPing migration_pg_ping(const struct store_options *store, struct arena *arena, const char *seconds);

/* Sends and waits for the last answer. */
NODISCARD result migration_pg_run(struct migration_connection *connection, struct migration_scope *scope,
                                  const struct migration_message *message, PGresult **ret_result);
NODISCARD result migration_pg_execute(struct migration_connection *connection, struct migration_scope *scope,
                                      const char *sql);
NODISCARD result migration_pg_query(struct migration_connection *connection, struct migration_scope *scope,
                                    const char *sql, const struct migration_value *values, size_t value_count,
                                    struct migration_rows *ret_rows);

/* A statement outside a transaction, with what CREATE INDEX CONCURRENTLY needs before and after. */
NODISCARD result migration_pg_run_alone(struct migration_connection *connection,
                                        struct migration_scope *scope,
                                        const struct migration_lone_statement *lone);

#endif
