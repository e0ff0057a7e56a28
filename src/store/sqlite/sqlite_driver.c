// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "sqlite_internal.h"

#define BUSY_MS       2000 /* in all, as for the writer */
#define BUSY_PAUSE_MS 5

static const struct statement ping_statement = {
    .name = "ping",
    .sql = {[DB_SQLITE] = "SELECT count(*) FROM sqlite_schema"},
    .lane = DB_LANE_READ,
    .column_count = 1,
    .columns = {{"count", DB_INT, false}},
    .index = DB_STATEMENTS_MAX - 1,
};

static struct sqlite_db *sqlite_of(struct db *db)
{
    return CONTAINER_OF(db, struct sqlite_db, db);
}

int64_t sqlite_deadline(const struct sqlite_db *db, const struct task *task)
{
    const int64_t timeout_ms = clock_monotonic_ms() + db->statement_timeout_ms;
    return timeout_ms < task->deadline_ms ? timeout_ms : task->deadline_ms;
}

static result to_fault(const struct sqlite_failure *failure, struct task *task)
{
    return fault_record(&task->fault, failure->code, __FILE__, __LINE__, __func__, "%s", failure->detail);
}

static void copy_rows(const struct db_rows *rows, struct arena *arena, struct db_rows *ret_rows)
{
    *ret_rows = *rows;
    const size_t count = rows->count * rows->statement->column_count;
    if (count == 0) return;
    struct db_value *cells = arena_alloc_array(arena, count, sizeof(*cells));
    for (size_t i = 0; i < count; i++) {
        cells[i] = rows->cells[i];
        if (cells[i].data.ptr) cells[i].data = str_copy(arena, cells[i].data);
    }
    ret_rows->cells = cells;
}

result sqlite_take(struct sqlite_job *job, struct task *task, struct db_rows *ret_rows)
{
    const result outcome = job->failure.code == STATUS_OK ? RESULT_OK : to_fault(&job->failure, task);
    if (is_ok(outcome) && ret_rows) copy_rows(&job->rows, task->arena, ret_rows);
    arena_destroy(job->arena);
    return outcome;
}

/* --- reads, on the loop --- */

static bool try_read(struct sqlite_db *db, struct task *task, const struct statement *statement,
                     const struct db_value *arguments, struct db_rows *ret_rows,
                     struct sqlite_failure *failure)
{
    if (!db->reader.db) db->opened++;
    db->reader.deadline_ms = sqlite_deadline(db, task);
    const bool is_read =
        sqlite_connection_open(&db->reader, db->writer->path, true, failure) &&
        sqlite_run_statement(&db->reader, statement, arguments, task->arena, ret_rows, failure);
    db->reader.deadline_ms = 0;
    return is_read;
}

/* Without a connection the file could not be opened, which does not mend in milliseconds. */
static bool is_busy(const struct sqlite_db *db)
{
    if (!db->reader.db) return false;
    const int code = sqlite3_errcode(db->reader.db);
    return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_PROTOCOL;
}

static result read_rows(struct sqlite_db *db, struct task *task, const struct statement *statement,
                        const struct db_value *arguments, struct db_rows *ret_rows)
{
    const int64_t give_up_ms = clock_monotonic_ms() + BUSY_MS;
    for (;;) {
        struct sqlite_failure failure = {0};
        if (try_read(db, task, statement, arguments, ret_rows, &failure)) return RESULT_OK;
        if (is_busy(db) && clock_monotonic_ms() < give_up_ms && !is_late(task)) {
            fiber_sleep(BUSY_PAUSE_MS);
            continue;
        }
        if (failure.code == STATUS_DATABASE_UNAVAILABLE) db->failures++;
        if (db->reader.db && is_sqlite_lost(&db->reader)) sqlite_connection_close(&db->reader);
        return to_fault(&failure, task);
    }
}

/* --- the driver --- */

static result write_rows(struct sqlite_db *db, struct task *task, const struct statement *statement,
                         const struct db_value *arguments, struct db_rows *ret_rows)
{
    struct sqlite_job job = {
        .kind = SQLITE_JOB_WRITE,
        .statement = statement,
        .arguments = arguments,
        .deadline_ms = sqlite_deadline(db, task),
    };
    sqlite_submit(db->writer, &job);
    return sqlite_take(&job, task, ret_rows);
}

static result run(struct db *db, struct task *task, const struct statement *statement,
                  const struct db_value *arguments, struct db_rows *ret_rows)
{
    if (db->shared) return sqlite_run_leased(db, task, statement, arguments, ret_rows);
    struct sqlite_db *shared = sqlite_of(db);
    shared->statements++;
    return statement->lane == DB_LANE_READ ? read_rows(shared, task, statement, arguments, ret_rows)
                                           : write_rows(shared, task, statement, arguments, ret_rows);
}

static result open_db(struct task *task, struct loop *loop, const struct store_options *options,
                      struct db **ret_db)
{
    if (options->statement_timeout_ms <= 0) {
        FAIL(&task->fault, BAD_REQUEST, "the database's time limits are positive");
    }
    struct sqlite_writer *writer;
    TRY(sqlite_writer_open(task, options, &writer));
    struct sqlite_db *db = calloc(1, sizeof(*db));
    if (!db) panic("out of memory: no database");
    db->loop = loop;
    db->writer = writer;
    db->statement_timeout_ms = options->statement_timeout_ms;
    sqlite_connection_init(&db->reader);
    *ret_db = &db->db;
    return RESULT_OK;
}

static void close_db(struct db *db)
{
    struct sqlite_db *shared = sqlite_of(db);
    /* Before the writer, whose close is the last and checkpoints. */
    sqlite_connection_done(&shared->reader);
    sqlite_writer_close(shared->writer);
    free(shared);
}

static result ping(struct db *db, struct task *task)
{
    struct sqlite_db *shared = sqlite_of(db);
    struct db_rows rows;
    shared->statements++;
    return read_rows(shared, task, &ping_statement, NULL, &rows);
}

static void counts(const struct db *db, struct store_counts *ret_counts)
{
    const struct sqlite_db *shared = CONTAINER_OF(db, const struct sqlite_db, db);
    struct sqlite_writer *writer = shared->writer;
    (void)pthread_mutex_lock(&writer->mutex);
    const unsigned long opened = shared->opened + writer->opened;
    *ret_counts = (struct store_counts){
        .connections_open = (shared->reader.db != NULL) + (unsigned)atomic_load(&writer->is_open),
        .connections_max = 2,
        .leases_used = writer->leases,
        .statements = shared->statements,
        .failures = shared->failures + writer->failures,
        .reconnects = opened > 2 ? opened - 2 : 0,
        .waiting = writer->queued,
    };
    (void)pthread_mutex_unlock(&writer->mutex);
}

const struct db_driver db_driver_sqlite = {
    .engine = DB_SQLITE,
    .open = open_db,
    .close = close_db,
    .run = run,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .ping = ping,
    .counts = counts,
};
