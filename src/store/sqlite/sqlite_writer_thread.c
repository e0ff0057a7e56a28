// SPDX-License-Identifier: MIT
#include <assert.h>

#include "auth/base/clock.h"
#include "sqlite_internal.h"

#define BATCH_MAX      256u /* statements in one COMMIT */
#define ROWS_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define MS_TO_NS       1000000

bool sqlite_writer_connect(struct sqlite_writer *writer, struct sqlite_failure *failure)
{
    if (writer->connection.db) return true;
    if (!sqlite_connection_open(&writer->connection, writer->path, false, failure)) return false;
    (void)pthread_mutex_lock(&writer->mutex);
    writer->opened++;
    (void)pthread_mutex_unlock(&writer->mutex);
    atomic_store(&writer->is_open, true);
    return true;
}

void sqlite_writer_recover(struct sqlite_writer *writer)
{
    struct sqlite_connection *connection = &writer->connection;
    if (!connection->db) return;
    const bool is_lost = is_sqlite_lost(connection);
    struct sqlite_failure ignored;
    connection->deadline_ms = 0;
    /* Some failures (no space, interruption) have rolled the transaction back already. */
    if (!sqlite3_get_autocommit(connection->db)) (void)sqlite_execute(connection, "ROLLBACK", &ignored);
    if (!is_lost && sqlite3_get_autocommit(connection->db)) return;
    sqlite_connection_close(connection);
    atomic_store(&writer->is_open, false);
    (void)pthread_mutex_lock(&writer->mutex);
    writer->failures++;
    (void)pthread_mutex_unlock(&writer->mutex);
}

static void run_job(struct sqlite_writer *writer, struct sqlite_job *job)
{
    if (!job->arena && job->statement->column_count > 0) job->arena = arena_create(ROWS_BYTES_MAX);
    writer->connection.deadline_ms = job->deadline_ms;
    (void)sqlite_run_statement(&writer->connection, job->statement, job->arguments, job->arena, &job->rows,
                               &job->failure);
    writer->connection.deadline_ms = 0;
}

/* --- grouped commits --- */

/* Under the mutex: cuts the statements at the head of the queue off. */
static struct sqlite_job *take_batch(struct sqlite_writer *writer)
{
    struct sqlite_job *first = writer->first;
    struct sqlite_job **link = &first;
    for (unsigned count = 0; *link && (*link)->kind == SQLITE_JOB_WRITE && count < BATCH_MAX; count++) {
        (*link)->state = SQLITE_JOB_RUNS;
        writer->queued--;
        link = &(*link)->next;
    }
    writer->first = *link;
    if (!writer->first) writer->last = &writer->first;
    *link = NULL;
    return first;
}

/* The statement alone fails, the others of the transaction stand. False when the engine has rolled back all. */
static bool run_in_savepoint(struct sqlite_writer *writer, struct sqlite_job *job)
{
    struct sqlite_connection *connection = &writer->connection;
    if (!sqlite_execute(connection, "SAVEPOINT statement", &job->failure)) return false;
    run_job(writer, job);
    if (job->failure.code != STATUS_OK) {
        struct sqlite_failure ignored;
        if (sqlite3_get_autocommit(connection->db)) return false;
        if (!sqlite_execute(connection, "ROLLBACK TO statement", &ignored)) return false;
    }
    struct sqlite_failure failure = {0};
    if (sqlite_execute(connection, "RELEASE statement", &failure)) return true;
    if (job->failure.code == STATUS_OK) job->failure = failure;
    return false;
}

/* Runs what has not failed yet; false with `culprit` when one statement has taken the transaction with it. */
static bool run_all(struct sqlite_writer *writer, struct sqlite_job *batch, struct sqlite_failure *failure,
                    struct sqlite_job **culprit)
{
    *culprit = NULL;
    if (!sqlite_writer_connect(writer, failure)) return false;
    if (!sqlite_execute(&writer->connection, "BEGIN IMMEDIATE", failure)) return false;
    for (struct sqlite_job *job = batch; job; job = job->next) {
        if (job->failure.code != STATUS_OK || run_in_savepoint(writer, job)) continue;
        *culprit = job;
        return false;
    }
    return sqlite_execute(&writer->connection, "COMMIT", failure);
}

static void fail_all(struct sqlite_job *batch, const struct sqlite_failure *failure)
{
    for (struct sqlite_job *job = batch; job; job = job->next) {
        if (job->failure.code == STATUS_OK) job->failure = *failure;
    }
}

/* A statement that took the transaction with it has failed for itself; the rest, of which nothing was kept and
 * nobody was told, runs again. Each round has one statement less. */
static void commit_batch(struct sqlite_writer *writer, struct sqlite_job *batch)
{
    for (;;) {
        struct sqlite_failure failure = {0};
        struct sqlite_job *culprit;
        if (run_all(writer, batch, &failure, &culprit)) return;
        sqlite_writer_recover(writer);
        if (culprit && culprit->failure.code != STATUS_OK && writer->connection.db) continue;
        if (culprit) failure = culprit->failure;
        failure.code = STATUS_DATABASE_UNAVAILABLE;
        fail_all(batch, &failure);
        return;
    }
}

static void serve_batch(struct sqlite_writer *writer)
{
    struct sqlite_job *batch = take_batch(writer);
    (void)pthread_mutex_unlock(&writer->mutex);
    commit_batch(writer, batch);
    (void)pthread_mutex_lock(&writer->mutex);
    while (batch) {
        struct sqlite_job *job = batch;
        batch = job->next;
        sqlite_answer(job);
    }
}

/* --- transactions --- */

static void wait_for_holder(struct sqlite_writer *writer, const struct sqlite_lease *lease)
{
    const struct timespec until = {.tv_sec = (time_t)(lease->deadline_ms / MS_PER_SECOND),
                                   .tv_nsec = (long)(lease->deadline_ms % MS_PER_SECOND) * MS_TO_NS};
    (void)pthread_cond_timedwait(&writer->work, &writer->mutex, &until);
}

static bool begin_lease(struct sqlite_writer *writer, struct sqlite_job *begin)
{
    (void)pthread_mutex_unlock(&writer->mutex);
    const bool is_begun = sqlite_writer_connect(writer, &begin->failure) &&
                          sqlite_execute(&writer->connection, "BEGIN IMMEDIATE", &begin->failure);
    if (!is_begun) sqlite_writer_recover(writer);
    (void)pthread_mutex_lock(&writer->mutex);
    return is_begun;
}

/* True when the transaction has ended. */
static bool serve_job(struct sqlite_writer *writer, struct sqlite_lease *lease)
{
    struct sqlite_job *job = lease->job;
    lease->job = NULL;
    (void)pthread_mutex_unlock(&writer->mutex);
    const bool is_commit = job->kind == SQLITE_JOB_COMMIT;
    if (sqlite3_get_autocommit(writer->connection.db)) {
        sqlite_note_text(&job->failure, STATUS_DATABASE_UNAVAILABLE, "the transaction was rolled back");
    } else if (is_commit) {
        (void)sqlite_execute(&writer->connection, "COMMIT", &job->failure);
    } else {
        run_job(writer, job);
    }
    if (is_commit) sqlite_writer_recover(writer);
    (void)pthread_mutex_lock(&writer->mutex);
    /* Before the answer, after which the holder may free the lease. */
    if (is_commit) lease->is_served = false;
    sqlite_answer(job);
    return is_commit;
}

/* Once the writer is to stop, no holder can come back: its loop runs no more. */
static bool is_over(const struct sqlite_writer *writer, const struct sqlite_lease *lease)
{
    return !lease->is_held || writer->is_stopping || clock_monotonic_ms() >= lease->deadline_ms;
}

void sqlite_serve_lease(struct sqlite_writer *writer, struct sqlite_job *begin)
{
    struct sqlite_lease *lease = begin->lease;
    const bool is_begun = begin_lease(writer, begin);
    lease->is_served = is_begun;
    sqlite_answer(begin);
    if (!is_begun) {
        writer->leases--;
        return;
    }
    for (;;) {
        while (!lease->job && !is_over(writer, lease)) wait_for_holder(writer, lease);
        if (!lease->job) break;
        if (!serve_job(writer, lease)) continue;
        writer->leases--;
        return;
    }
    /* Given back without a commit, or held for too long. The holder learns of it before the mutex is let go: a job
     * that came during the rollback would find nobody to serve it. From then on the lease is the holder's. */
    const bool is_ours = !lease->is_held || writer->is_stopping;
    lease->is_served = false;
    (void)pthread_mutex_unlock(&writer->mutex);
    sqlite_writer_recover(writer);
    (void)pthread_mutex_lock(&writer->mutex);
    writer->leases--;
    if (is_ours) free(lease);
}

/* --- the thread --- */

static void serve_next(struct sqlite_writer *writer)
{
    struct sqlite_job *job = writer->first;
    if (job->kind == SQLITE_JOB_WRITE) {
        serve_batch(writer);
        return;
    }
    assert(job->kind == SQLITE_JOB_BEGIN);
    writer->first = job->next;
    if (!writer->first) writer->last = &writer->first;
    writer->queued--;
    job->state = SQLITE_JOB_RUNS;
    sqlite_serve_lease(writer, job);
}

void *sqlite_writer_run(void *argument)
{
    struct sqlite_writer *writer = argument;
    (void)pthread_mutex_lock(&writer->mutex);
    for (;;) {
        while (!writer->first && !writer->is_stopping) (void)pthread_cond_wait(&writer->work, &writer->mutex);
        if (!writer->first) break;
        serve_next(writer);
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    return NULL;
}
