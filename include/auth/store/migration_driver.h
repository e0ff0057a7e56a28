/* migration_driver.h — what an engine gives the migrator: a blocking connection of its own.
 * Shape:   one row of functions per engine; the version table, the plan and the retries are written once above.
 * Errors:  exit 1 (SQL), 6 and retryable (lock, deadlock, busy), 7 (connection), 143 (told to stop).
 * Waits:   blocks the thread.
 * Threads: one.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MIGRATION_DRIVER_H
#define AUTH_STORE_MIGRATION_DRIVER_H

#include <stdatomic.h>

#include "auth/store/migration_failure.h"
#include "auth/store/sql_lexer.h"
#include "auth/store/store.h"

struct migration_connection;

/* Which database, and whether to go on; both outlive the connection. */
struct migration_access {
    const struct store_options *store;
    const atomic_bool *is_stopping; /* looked at while waiting; may be NULL */
};

/* SQL that came from a file. */
struct migration_section {
    struct str sql;
    unsigned first_line; /* of the SQL in the file; 0: the file has no such section */
    struct str file;     /* name without folder */
};

struct migration_value {
    struct str data; /* NULL pointer: NULL */
    bool is_bytes;
};

/* Cells as text, bytes as bytes, NULL with a NULL pointer. */
struct migration_rows {
    size_t count;
    size_t columns;
    const struct str *cells;
};

/* One transaction for one revision. */
struct migration_limits {
    int64_t lock_timeout_ms;
    int64_t statement_timeout_ms;
    struct str revision; /* names the copy made before a rebuild */
    bool is_rebuild;     /* SQLite: tables are dropped or renamed, so foreign keys are off meanwhile */
};

/* A statement that runs outside a transaction. */
struct migration_lone_statement {
    const struct migration_section *section;
    struct sql_statement statement;
    int64_t lock_timeout_ms;
    int64_t statement_timeout_ms;
    bool is_begun; /* it was begun before, and nobody knows how it ended */
};

struct migration_driver {
    enum db_engine engine;
    const char *name;
    const char *version_table_sql; /* creates what does not exist */
    result (*open)(struct migration_scope *scope, const struct migration_access *access,
                   struct migration_connection **ret_connection);
    void (*close)(struct migration_connection *connection);
    bool (*is_connected)(const struct migration_connection *connection);
    /* Without the version table the database is at the base. */
    result (*has_version_table)(struct migration_connection *connection, struct migration_scope *scope,
                                bool *ret_exists);
    /* One statement of ours, "$1" parameters; `ret_rows` may be NULL. */
    result (*query)(struct migration_connection *connection, struct migration_scope *scope, const char *sql,
                    const struct migration_value *values, size_t value_count,
                    struct migration_rows *ret_rows);
    /* Never waits; `ret_holder` says who has it when the lock is not ours. */
    result (*try_lock)(struct migration_connection *connection, struct migration_scope *scope,
                       bool *ret_is_locked, struct str *ret_holder);
    /* Fails when the lock has been lost. */
    result (*confirm_lock)(struct migration_connection *connection, struct migration_scope *scope);
    void (*unlock)(struct migration_connection *connection);
    result (*begin)(struct migration_connection *connection, struct migration_scope *scope,
                    const struct migration_limits *limits);
    /* Fails, without harm, when the section has ended the transaction. */
    result (*run_section)(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_section *section);
    result (*commit)(struct migration_connection *connection, struct migration_scope *scope);
    void (*rollback)(struct migration_connection *connection);
    /* NULL where everything is transactional. */
    result (*run_alone)(struct migration_connection *connection, struct migration_scope *scope,
                        const struct migration_lone_statement *lone);
    /* application_name of the other sessions, one column; NULL where nobody can tell. */
    result (*servers)(struct migration_connection *connection, struct migration_scope *scope,
                      struct migration_rows *ret_rows);
};

extern const struct migration_driver migration_driver_postgres;
extern const struct migration_driver migration_driver_sqlite;

/* "file.sql:14:9: reason", for a failure at byte `offset` of the section. */
struct str migration_place(struct arena *arena, const struct migration_section *section, size_t offset);

/* Where byte `offset` of the section is: line in the file and column, both from 1; columns count code points. */
void migration_locate(const struct migration_section *section, size_t offset, unsigned *ret_line,
                      unsigned *ret_column);

#endif
