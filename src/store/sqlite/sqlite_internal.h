/* sqlite_internal.h — SQLite behind the seam of db.h: a reader per loop, one writer thread per file.
 * Shape:   reads run on the loop's own connection, at once. Writes of all loops go to one thread, which does all
 *          that waits for it in one transaction and answers after the COMMIT; transactions have that thread to
 *          themselves for as long as they last, first come first served.
 * Why:     writers would only wait for each other inside SQLite, each with an fsync of its own; and one
 *          connection that alone writes and checkpoints stays clear of the WAL-reset defect of SQLite before
 *          3.51.3 (sqlite.org/wal.html, "The WAL-Reset Bug").
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_SQLITE_INTERNAL_H
#define AUTH_STORE_SQLITE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "../driver_internal.h"

#define SQLITE_QUEUE_MAX  4096u /* statements that wait for the writer */
#define SQLITE_LEASES_MAX 256u  /* transactions that wait for the writer or have it */

/* What went wrong, noted where no task may be touched. */
struct sqlite_failure {
    enum status code; /* STATUS_OK: nothing */
    char detail[FAULT_DETAIL_MAX];
};

struct sqlite_prepared {
    const struct statement *statement; /* NULL: not prepared */
    sqlite3_stmt *handle;
    int parameters[DB_PARAMETERS_MAX]; /* SQLite's number of "$n" */
};

/* --- a connection: one thread at a time --- */

struct sqlite_connection {
    sqlite3 *db;                      /* NULL: not open */
    struct sqlite_prepared *prepared; /* DB_STATEMENTS_MAX, by index */
    int64_t deadline_ms;              /* of what runs; 0: none */
};

void sqlite_connection_init(struct sqlite_connection *connection);
void sqlite_connection_done(struct sqlite_connection *connection);
/* Opens unless open. A reader neither writes nor checkpoints. */
bool sqlite_connection_open(struct sqlite_connection *connection, const char *path, bool is_reader,
                            struct sqlite_failure *failure);
void sqlite_connection_close(struct sqlite_connection *connection);
bool sqlite_execute(struct sqlite_connection *connection, const char *sql, struct sqlite_failure *failure);
/* Rows go to `arena`; not before deadline_ms has passed is the statement interrupted. */
bool sqlite_run_statement(struct sqlite_connection *connection, const struct statement *statement,
                          const struct db_value *arguments, struct arena *arena, struct db_rows *ret_rows,
                          struct sqlite_failure *failure);
/* Notes the connection's last error. */
void sqlite_note(struct sqlite_connection *connection, const char *what, struct sqlite_failure *failure);
void sqlite_note_text(struct sqlite_failure *failure, enum status code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The connection is of no more use: reopen it. */
bool is_sqlite_lost(const struct sqlite_connection *connection);

/* --- the writer: one per file in the process --- */

enum sqlite_job_kind { SQLITE_JOB_WRITE, SQLITE_JOB_BEGIN, SQLITE_JOB_LEASED, SQLITE_JOB_COMMIT };
enum sqlite_job_state { SQLITE_JOB_QUEUED, SQLITE_JOB_RUNS, SQLITE_JOB_ENDED };

/* One wish, on the stack of the fiber that waits for it. */
struct sqlite_job {
    enum sqlite_job_kind kind;
    enum sqlite_job_state state; /* under the writer's mutex */
    const struct statement *statement;
    const struct db_value *arguments;
    int64_t deadline_ms;
    struct sqlite_lease *lease;
    struct sqlite_failure failure;
    struct arena *arena; /* the rows', the job's own: the task's arena belongs to another thread */
    struct db_rows rows;
    struct sqlite_writer *writer;
    struct sqlite_job *next;
    struct loop *loop;
    struct post post;
    struct timer timer;
    struct wait wait;
};

/* A transaction. Freed by its holder once the writer has let go of it, else by the writer. */
struct sqlite_lease {
    struct db db; /* first */
    struct sqlite_db *owner;
    int64_t deadline_ms;
    struct sqlite_job *job; /* what the holder waits for */
    bool is_held;           /* by the holder */
    bool is_served;         /* by the writer */
};

struct sqlite_writer {
    struct sqlite_writer *next; /* in the process's list */
    char *path;
    unsigned users;
    int lock_fd; /* -1: others may serve the same file */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work;
    /* Under the mutex. */
    struct sqlite_job *first;
    struct sqlite_job **last;
    unsigned queued;
    unsigned leases;
    unsigned long failures;
    unsigned long opened;
    bool is_stopping;
    /* The thread's. */
    struct sqlite_connection connection;
    atomic_bool is_open;
};

NODISCARD result sqlite_writer_open(struct task *task, const struct store_options *options,
                                    struct sqlite_writer **ret_writer);
void sqlite_writer_close(struct sqlite_writer *writer);
/* Hands the job over and parks the fiber until it has ended or its deadline has passed in the queue. */
void sqlite_submit(struct sqlite_writer *writer, struct sqlite_job *job);

/* The writer's thread. */
void *sqlite_writer_run(void *argument);
/* Under the mutex: answers the job's fiber. The job is gone when this returns. */
void sqlite_answer(struct sqlite_job *job);
/* Serves a transaction from its BEGIN to its end; the mutex is held before and after. */
void sqlite_serve_lease(struct sqlite_writer *writer, struct sqlite_job *begin);
/* Opens the writer's connection unless it is open. The mutex is not held. */
bool sqlite_writer_connect(struct sqlite_writer *writer, struct sqlite_failure *failure);
/* Leaves any transaction; drops a connection that is lost. The mutex is not held. */
void sqlite_writer_recover(struct sqlite_writer *writer);

/* --- transactions, in the holder's loop --- */

NODISCARD result sqlite_begin(struct db *db, struct task *task, struct db **ret_transaction);
NODISCARD result sqlite_commit(struct db *transaction, struct task *task);
void sqlite_rollback(struct db *transaction);
NODISCARD result sqlite_run_leased(struct db *transaction, struct task *task,
                                   const struct statement *statement, const struct db_value *arguments,
                                   struct db_rows *ret_rows);

/* --- one loop's view --- */

struct sqlite_db {
    struct db db; /* first */
    struct loop *loop;
    struct sqlite_writer *writer;
    struct sqlite_connection reader;
    int64_t statement_timeout_ms;
    unsigned long statements;
    unsigned long failures;
    unsigned long opened;
};

/* When what begins now must end: the task's deadline, or the statement timeout if that is sooner. */
int64_t sqlite_deadline(const struct sqlite_db *db, const struct task *task);
/* Puts the job's failure into the task's fault, its rows into the task's arena. */
NODISCARD result sqlite_take(struct sqlite_job *job, struct task *task, struct db_rows *ret_rows);

#endif
