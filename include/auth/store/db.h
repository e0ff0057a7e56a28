/* db.h — the database as named statements: one seam, two drivers (PostgreSQL through libpq, SQLite).
 * Shape:   a statement is written in src/store/sql/<noun>.sql and known here as statement_<name>; `struct db`
 *          is either a loop's shared connections (each statement commits by itself) or a transaction on a
 *          leased connection.
 * Errors:  DATABASE_UNAVAILABLE (no connection, lost, timed out; a write's outcome is then unknown and it is
 *          never repeated), CONFLICT (unique or foreign key), OVERLOADED (too many waiting); others are bugs
 *          (INTERNAL).
 * Owner:   rows live in the task's arena.
 * Waits:   all functions but db_rollback, until the task's deadline at the latest. Fibers only; hold no lock.
 *          While a transaction is open, its fiber uses only that one; anything else is a bug and aborts.
 * Threads: a db belongs to its loop.
 * Source:  sqlc (named statements with their inputs and outputs).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_DB_H
#define AUTH_STORE_DB_H

#include "auth/base/id.h"
#include "auth/base/task.h"
#include "auth/loop/loop.h"

#define DB_PARAMETERS_MAX 24u
#define DB_COLUMNS_MAX    24u
#define DB_STATEMENTS_MAX 512u
#define DB_ROWS_MAX       1000u /* a statement that returns more is a bug; lists are paged */

enum db_engine { DB_POSTGRES, DB_SQLITE, DB_ENGINE_COUNT };

enum db_type { DB_NULL, DB_INT, DB_BOOL, DB_TEXT, DB_BYTES, DB_UUID };

struct db_value {
    enum db_type type;
    int64_t number;  /* DB_INT, DB_BOOL */
    struct str data; /* DB_TEXT, DB_BYTES, DB_UUID (16 bytes) */
};

/* Shared connections serve short autocommit statements: reads on few, writes on several so that commits
 * group. */
enum db_lane { DB_LANE_READ, DB_LANE_WRITE };

struct db_column {
    const char *name;
    enum db_type type;
    bool is_nullable;
};

/* Generated from the .sql files; constant. */
struct statement {
    const char *name;
    const char *sql[DB_ENGINE_COUNT];
    enum db_lane lane;
    unsigned parameter_count;
    struct db_column parameters[DB_PARAMETERS_MAX];
    unsigned column_count;
    struct db_column columns[DB_COLUMNS_MAX];
    unsigned index; /* dense, below DB_STATEMENTS_MAX: for the drivers' tables of prepared statements */
};

struct db_rows {
    const struct statement *statement;
    size_t count;
    int64_t affected;             /* rows changed, by statements without columns */
    const struct db_value *cells; /* count * column_count */
};

struct db;

/* One statement. `arguments` has statement->parameter_count values of the declared types or DB_NULL. */
NODISCARD result db_run(struct db *db, struct task *task, const struct statement *statement,
                        const struct db_value *arguments, struct db_rows *ret_rows);

/* A transaction on a leased connection: `*ret_db` is the db to use until commit or rollback. After a
 * statement of it has failed it can only be rolled back: commit does so and answers INTERNAL. */
NODISCARD result db_begin(struct db *db, struct task *task, struct db **ret_db);
NODISCARD result db_commit(struct db **db, struct task *task);
/* Returns the lease at once; the driver rolls back behind the caller's back. Accepts a pointer to NULL. */
void db_rollback(struct db **db);
/* SCOPED_TX(tx); TRY(db_begin(db, task, &tx)); …; return db_commit(&tx, task); — rolls back on every other
 * way out. */
#define SCOPED_TX(name) struct db *name SCOPED(db_rollback) = NULL

enum db_engine db_engine(const struct db *db);

/* Arguments */
struct db_value db_null(void);
struct db_value db_int(int64_t value);
struct db_value db_bool(bool value);
/* Empty text stays empty text. */
struct db_value db_text(struct str value);
/* Empty text becomes NULL. */
struct db_value db_text_or_null(struct str value);
struct db_value db_bytes(const void *bytes, size_t count);
struct db_value db_id(const struct id *id);
/* The nil id becomes NULL. */
struct db_value db_id_or_null(const struct id *id);

/* Cells; NULL reads as 0, false, the empty text, the nil id. Aborts unless the column is of the type asked
 * for; row_text reads texts and bytes of any length. */
int64_t row_int(const struct db_rows *rows, size_t row, unsigned column);
bool row_bool(const struct db_rows *rows, size_t row, unsigned column);
struct str row_text(const struct db_rows *rows, size_t row, unsigned column);
struct id row_id(const struct db_rows *rows, size_t row, unsigned column);
bool row_is_null(const struct db_rows *rows, size_t row, unsigned column);

/* Aborts unless the column holds exactly `count` bytes. */
void row_bytes(const struct db_rows *rows, size_t row, unsigned column, void *ret_bytes, size_t count);

#endif
