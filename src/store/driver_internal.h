/* driver_internal.h — what an engine gives the store: two rows of functions, one for libpq, one for sqlite3.
 * Shape:   a driver embeds `struct db` in its own structures: once per loop for the shared connections, once
 *          per lease for a transaction. db.c checks arguments, rows and order of use; drivers may rely on that.
 * Errors:  as db.h; the driver records the fault.
 * Waits:   run, begin, commit and ping park the calling fiber, never beyond task->deadline_ms.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_DRIVER_INTERNAL_H
#define AUTH_STORE_DRIVER_INTERNAL_H

#include "auth/loop/fiber.h"
#include "auth/store/store.h"

struct db_driver {
    enum db_engine engine;
    /* Fills and returns the shared db; `driver` is set by the caller. BAD_REQUEST for wrong options. */
    result (*open)(struct task *task, struct loop *loop, const struct store_options *options,
                   struct db **ret_db);
    void (*close)(struct db *db);
    /* `db` is shared or a transaction; cells of the declared types or DB_NULL, as many columns as declared.
     */
    result (*run)(struct db *db, struct task *task, const struct statement *statement,
                  const struct db_value *arguments, struct db_rows *ret_rows);
    result (*begin)(struct db *db, struct task *task, struct db **ret_transaction);
    /* Whatever is returned, the transaction has ended and its lease is given back. */
    result (*commit)(struct db *transaction, struct task *task);
    void (*rollback)(struct db *transaction);
    result (*ping)(struct db *db, struct task *task);
    void (*counts)(const struct db *db, struct store_counts *ret_counts);
};

struct db {
    const struct db_driver *driver;
    /* The rest is db.c's. */
    struct db *shared;          /* of a transaction: the db it was begun on; NULL in that one itself */
    struct db *next;            /* of a shared db: its open transactions; of a transaction: the next one */
    const struct fiber *holder; /* of a transaction: the fiber that began it */
    bool is_failed;             /* of a transaction: a statement failed, so it can only be rolled back */
};

/* A fiber that holds a transaction must not wait for anything else of the database: no engine can see a deadlock
 * that runs through our queues. */
void db_assert_may_wait(const struct db *db);

extern const struct db_driver db_driver_postgres;
extern const struct db_driver db_driver_sqlite;

#endif
