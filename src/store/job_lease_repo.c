// SPDX-License-Identifier: MIT
#include "auth/store/job_lease_repo.h"

#include "auth/store/statements.h"

result job_lease_take(struct db *db, struct task *task, const struct job_lease *lease, bool *ret_is_held)
{
    const struct db_value arguments[] = {db_text(lease->job), db_id(&lease->holder),
                                         db_int(task->now_ms + lease->lasts_ms), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_job_lease_take, arguments, &rows));
    *ret_is_held = rows.count > 0;
    return RESULT_OK;
}
