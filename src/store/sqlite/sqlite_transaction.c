// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "auth/base/log.h"
#include "sqlite_internal.h"

static struct sqlite_lease *lease_of(struct db *transaction)
{
    return CONTAINER_OF(transaction, struct sqlite_lease, db);
}

result sqlite_begin(struct db *db, struct task *task, struct db **ret_transaction)
{
    struct sqlite_db *owner = CONTAINER_OF(db, struct sqlite_db, db);
    struct sqlite_lease *lease = calloc(1, sizeof(*lease));
    if (!lease) panic("out of memory: no transaction");
    lease->owner = owner;
    lease->deadline_ms = task->deadline_ms;
    lease->is_held = true;
    struct sqlite_job job = {.kind = SQLITE_JOB_BEGIN, .lease = lease, .deadline_ms = task->deadline_ms};
    sqlite_submit(owner->writer, &job);
    const result begun = sqlite_take(&job, task, NULL);
    if (!is_ok(begun)) {
        free(lease);
        return begun;
    }
    *ret_transaction = &lease->db;
    return RESULT_OK;
}

result sqlite_run_leased(struct db *transaction, struct task *task, const struct statement *statement,
                         const struct db_value *arguments, struct db_rows *ret_rows)
{
    struct sqlite_lease *lease = lease_of(transaction);
    struct sqlite_job job = {
        .kind = SQLITE_JOB_LEASED,
        .statement = statement,
        .arguments = arguments,
        .deadline_ms = sqlite_deadline(lease->owner, task),
        .lease = lease,
    };
    lease->owner->statements++;
    sqlite_submit(lease->owner->writer, &job);
    return sqlite_take(&job, task, ret_rows);
}

result sqlite_commit(struct db *transaction, struct task *task)
{
    struct sqlite_lease *lease = lease_of(transaction);
    struct sqlite_job job = {.kind = SQLITE_JOB_COMMIT, .deadline_ms = task->deadline_ms, .lease = lease};
    sqlite_submit(lease->owner->writer, &job);
    /* Served to its end or never again: the writer has let go of it in both cases. */
    free(lease);
    return sqlite_take(&job, task, NULL);
}

void sqlite_rollback(struct db *transaction)
{
    struct sqlite_lease *lease = lease_of(transaction);
    struct sqlite_writer *writer = lease->owner->writer;
    (void)pthread_mutex_lock(&writer->mutex);
    lease->is_held = false;
    const bool is_ours = !lease->is_served;
    (void)pthread_cond_signal(&writer->work);
    (void)pthread_mutex_unlock(&writer->mutex);
    if (is_ours) free(lease);
}
