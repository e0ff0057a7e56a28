// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "sqlite_file_internal.h"
#include "sqlite_internal.h"

#define LOCK_PURPOSE "serve"

/* The writers of this process, one per file. */
static pthread_mutex_t writers_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct sqlite_writer *writers;

/* --- jobs --- */

static void append(struct sqlite_writer *writer, struct sqlite_job *job)
{
    job->next = NULL;
    *writer->last = job;
    writer->last = &job->next;
    writer->queued++;
}

static void unlink_job(struct sqlite_writer *writer, struct sqlite_job *job)
{
    struct sqlite_job **link = &writer->first;
    while (*link != job) link = &(*link)->next;
    *link = job->next;
    if (!job->next) writer->last = link;
    writer->queued--;
}

static void run_post(struct post *post)
{
    struct sqlite_job *job = CONTAINER_OF(post, struct sqlite_job, post);
    wait_finish(&job->wait);
}

void sqlite_answer(struct sqlite_job *job)
{
    struct loop *loop = job->loop;
    job->state = SQLITE_JOB_ENDED;
    loop_post(loop, &job->post);
    loop_give_back(loop);
}

/* In the queue a job can be given up; once it runs it ends by itself, interrupted at its deadline. */
static void give_up(struct timer *timer)
{
    struct sqlite_job *job = CONTAINER_OF(timer, struct sqlite_job, timer);
    struct sqlite_writer *writer = job->writer;
    (void)pthread_mutex_lock(&writer->mutex);
    const bool is_queued = job->state == SQLITE_JOB_QUEUED;
    if (is_queued) {
        unlink_job(writer, job);
        if (job->kind == SQLITE_JOB_BEGIN) writer->leases--;
        job->state = SQLITE_JOB_ENDED;
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!is_queued) return;
    loop_give_back(job->loop);
    sqlite_note_text(&job->failure, STATUS_DATABASE_UNAVAILABLE,
                     "the deadline passed in the queue of the writer");
    wait_finish(&job->wait);
}

/* Under the mutex: false, with a failure, when it cannot be taken. */
static bool enqueue(struct sqlite_writer *writer, struct sqlite_job *job)
{
    if (job->kind == SQLITE_JOB_LEASED || job->kind == SQLITE_JOB_COMMIT) {
        if (!job->lease->is_served) {
            sqlite_note_text(&job->failure, STATUS_DATABASE_UNAVAILABLE,
                             "the transaction was rolled back at its deadline");
            return false;
        }
        job->state = SQLITE_JOB_RUNS;
        job->lease->job = job;
        return true;
    }
    const bool is_begin = job->kind == SQLITE_JOB_BEGIN;
    if (writer->queued >= SQLITE_QUEUE_MAX || (is_begin && writer->leases >= SQLITE_LEASES_MAX)) {
        sqlite_note_text(&job->failure, STATUS_OVERLOADED,
                         "%u statements and %u transactions wait for the writer", writer->queued,
                         writer->leases);
        return false;
    }
    if (is_begin) writer->leases++;
    append(writer, job);
    return true;
}

void sqlite_submit(struct sqlite_writer *writer, struct sqlite_job *job)
{
    job->writer = writer;
    job->loop = loop_self();
    job->post = (struct post){.run = run_post};
    job->timer = (struct timer){.due = give_up};
    (void)pthread_mutex_lock(&writer->mutex);
    const bool is_taken = enqueue(writer, job);
    if (is_taken) {
        loop_lend(job->loop);
        (void)pthread_cond_signal(&writer->work);
    }
    (void)pthread_mutex_unlock(&writer->mutex);
    if (!is_taken) return;
    loop_timer_start(job->loop, &job->timer, job->deadline_ms);
    fiber_wait(&job->wait);
    loop_timer_stop(&job->timer);
}

/* --- the process's list --- */

static struct sqlite_writer *find(const char *path)
{
    for (struct sqlite_writer *writer = writers; writer; writer = writer->next) {
        if (str_equal(str_from(writer->path), str_from(path))) return writer;
    }
    return NULL;
}

/* Signals are the main thread's. */
static int start_thread(struct sqlite_writer *writer)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&writer->thread, NULL, sqlite_writer_run, writer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void destroy(struct sqlite_writer *writer)
{
    sqlite_connection_done(&writer->connection);
    (void)pthread_cond_destroy(&writer->work);
    (void)pthread_mutex_destroy(&writer->mutex);
    if (writer->lock_fd >= 0) (void)close(writer->lock_fd);
    free(writer->path);
    free(writer);
}

static struct sqlite_writer *create(const char *path)
{
    struct sqlite_writer *writer = calloc(1, sizeof(*writer));
    pthread_condattr_t monotonic;
    if (!writer || !(writer->path = strdup(path))) panic("out of memory: no SQLite writer");
    writer->lock_fd = -1;
    writer->last = &writer->first;
    (void)pthread_mutex_init(&writer->mutex, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&writer->work, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    sqlite_connection_init(&writer->connection);
    return writer;
}

/* Two servers on one file would each cache what the other changes. */
static result lock_for_serving(struct task *task, struct sqlite_writer *writer)
{
    const struct str path = str_from(writer->path);
    const int error = sqlite_file_lock(task->arena, path, LOCK_PURPOSE, &writer->lock_fd);
    if (error == 0) return RESULT_OK;
    if (error != EWOULDBLOCK) FAIL(&task->fault, BAD_REQUEST, "%s: %s", writer->path, strerror(error));
    const struct str holder = sqlite_file_lock_holder(task->arena, path, LOCK_PURPOSE);
    FAIL(&task->fault, CONFLICT, "%s is served by %.*s already; several servers need PostgreSQL",
         writer->path, STR_ARGS(holder));
}

static result start(struct task *task, const struct store_options *options, struct sqlite_writer *writer)
{
    const int error = sqlite_file_prepare(task->arena, str_from(writer->path));
    if (error != 0) FAIL(&task->fault, BAD_REQUEST, "%s: %s", writer->path, strerror(error));
    if (options->is_exclusive) TRY(lock_for_serving(task, writer));
    const int thread_error = start_thread(writer);
    if (thread_error != 0) FAIL(&task->fault, INTERNAL, "no thread for SQLite: %s", strerror(thread_error));
    return RESULT_OK;
}

static result open_locked(struct task *task, const struct store_options *options,
                          struct sqlite_writer **ret_writer)
{
    const struct str path = str_copy(task->arena, options->uri);
    struct sqlite_writer *writer = find(path.ptr);
    if (!writer) {
        writer = create(path.ptr);
        const result started = start(task, options, writer);
        if (!is_ok(started)) {
            destroy(writer);
            return started;
        }
        writer->next = writers;
        writers = writer;
    }
    writer->users++;
    *ret_writer = writer;
    return RESULT_OK;
}

result sqlite_writer_open(struct task *task, const struct store_options *options,
                          struct sqlite_writer **ret_writer)
{
    (void)pthread_mutex_lock(&writers_mutex);
    const result opened = open_locked(task, options, ret_writer);
    (void)pthread_mutex_unlock(&writers_mutex);
    return opened;
}

static void stop(struct sqlite_writer *writer)
{
    struct sqlite_writer **link = &writers;
    while (*link != writer) link = &(*link)->next;
    *link = writer->next;
    (void)pthread_mutex_lock(&writer->mutex);
    writer->is_stopping = true;
    (void)pthread_cond_signal(&writer->work);
    (void)pthread_mutex_unlock(&writer->mutex);
    (void)pthread_join(writer->thread, NULL);
    destroy(writer);
}

void sqlite_writer_close(struct sqlite_writer *writer)
{
    (void)pthread_mutex_lock(&writers_mutex);
    writer->users--;
    if (writer->users == 0) stop(writer);
    (void)pthread_mutex_unlock(&writers_mutex);
}
