// SPDX-License-Identifier: MIT
#include "auth/store/credential_repo.h"

#include "auth/store/statements.h"

/* A thousand are the most that anybody may have who have not expired (AUTH_API_KEYS_PER_ACCOUNT). */
static result revoke_keys(struct db *db, struct task *task, struct id account_id,
                          struct dropped_credentials *ret_dropped)
{
    const struct db_value arguments[] = {db_id(&account_id), db_int(task->now_ms)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_credential_revoke_api_keys, arguments, &rows));
    struct str *digests = arena_alloc_array(task->arena, rows.count, sizeof *digests);
    for (size_t i = 0; i < rows.count; i++)
        digests[i] = row_text(&rows, i, CREDENTIAL_REVOKE_API_KEYS_KEY_DIGEST);
    *ret_dropped = (struct dropped_credentials){digests, rows.count};
    return RESULT_OK;
}

result credential_drop_all(struct db *db, struct task *task, struct id account_id,
                           struct dropped_credentials *ret_dropped)
{
    static const struct statement *const drops[] = {
        &statement_credential_drop_factors,
        &statement_credential_drop_recovery_codes,
        &statement_credential_drop_devices,
        &statement_credential_drop_challenges,
    };
    const struct db_value arguments[] = {db_id(&account_id)};
    for (size_t i = 0; i < ARRAY_COUNT(drops); i++) {
        struct db_rows rows;
        TRY(db_run(db, task, drops[i], arguments, &rows));
    }
    return revoke_keys(db, task, account_id, ret_dropped);
}
