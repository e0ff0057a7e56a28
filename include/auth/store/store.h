/* store.h — opening the database and asking how it is.
 * Shape:   `struct store_options` from the settings; one `struct db` per loop.
 * Errors:  as db.h; opening fails only for wrong options (BAD_REQUEST, the fault says which), a database that
 *          is down is waited for by use.
 * Owner:   main.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_STORE_H
#define AUTH_STORE_STORE_H

#include "auth/store/db.h"

#define STORE_URI_MAX 4096u

/* Where the database is; strings outlive the store. */
struct store_options {
    enum db_engine engine;
    /* sqlite: the path; postgres: a libpq connection string (may hold a password: never logged). */
    struct str uri;
    struct str display;         /* the same without a password, for people */
    unsigned read_connections;  /* per loop: 2 */
    unsigned write_connections; /* per loop: 8 */
    unsigned leases;            /* per loop: 8 */
    int64_t connect_timeout_ms;
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    struct str application_name; /* "auth/<head revision>" */
    bool is_exclusive; /* sqlite: a server, whose cache bears no second one: CONFLICT where one runs */
};

/* What SQL_URI (SQLAlchemy's URL forms) means, with the defaults for the rest; the fault names what is wrong,
 * never a value. Strings in the task's arena. */
NODISCARD result store_options_parse(struct task *task, struct str sql_uri,
                                     struct store_options *ret_options);

/* Opens lazily; connections are made on first use and remade after a loss. Runs in the loop's thread before
 * it runs. */
NODISCARD result store_open(struct task *task, struct loop *loop, const struct store_options *options,
                            struct db **ret_db);
/* The loop no longer runs, or its fibers have all ended. Accepts NULL. */
void store_close(struct db *db);

/* Answers within the task's deadline whether the database takes statements. */
NODISCARD result store_ping(struct db *db, struct task *task);

struct store_counts {
    unsigned connections_open;
    unsigned connections_max;
    unsigned leases_used;
    unsigned long statements;
    unsigned long failures; /* connections lost */
    unsigned long reconnects;
    unsigned waiting; /* statements and leases waited for now */
};
void store_counts(const struct db *db, struct store_counts *ret_counts);

/* All statements, for the test that prepares each on both engines. */
extern const struct statement *const store_statements[];
extern const size_t store_statement_count;

#endif
