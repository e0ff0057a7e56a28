// SPDX-License-Identifier: MIT
#include "auth/store/throttle_repo.h"

#include "auth/base/secret.h"
#include "auth/store/statements.h"

#define WINDOW_START_BYTES 16u /* keys are random: a window from any place on is a fair sample */

static struct throttle_state state_from_row(const struct db_rows *rows)
{
    return (struct throttle_state){
        .failures = row_int(rows, 0, THROTTLE_BY_KEY_FAILURES),
        .blocked_until_ms = row_int(rows, 0, THROTTLE_BY_KEY_BLOCKED_UNTIL_MS),
    };
}

result throttle_take(struct db *db, struct task *task, const unsigned char key[THROTTLE_KEY_BYTES],
                     const struct throttle_rule *rule, struct throttle_state *ret_state)
{
    const struct db_value arguments[] = {
        db_bytes(key, THROTTLE_KEY_BYTES), db_int(task->now_ms),           db_int(rule->free_attempts),
        db_int(rule->first_delay_ms),      db_int(rule->longest_delay_ms), db_int(rule->stop),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_throttle_take, arguments, &rows));
    if (rows.count == 1) {
        *ret_state = state_from_row(&rows);
        return RESULT_OK;
    }
    TRY(db_run(db, task, &statement_throttle_by_key, arguments, &rows));
    *ret_state = rows.count == 1 ? state_from_row(&rows) : (struct throttle_state){0};
    return RESULT(RATE_LIMITED);
}

static result run_on_key(struct db *db, struct task *task, const struct statement *statement,
                         const unsigned char key[THROTTLE_KEY_BYTES])
{
    const struct db_value arguments[] = {db_bytes(key, THROTTLE_KEY_BYTES)};
    struct db_rows rows;
    return db_run(db, task, statement, arguments, &rows);
}

result throttle_uncount(struct db *db, struct task *task, const unsigned char key[THROTTLE_KEY_BYTES])
{
    return run_on_key(db, task, &statement_throttle_undo, key);
}

result throttle_clear(struct db *db, struct task *task, const unsigned char key[THROTTLE_KEY_BYTES])
{
    return run_on_key(db, task, &statement_throttle_clear, key);
}

result throttle_erase_old(struct db *db, struct task *task, const struct throttle_retention *rule,
                          int64_t count, int64_t *ret_erased)
{
    unsigned char start[WINDOW_START_BYTES];
    random_bytes(start, sizeof start);
    const struct db_value arguments[] = {
        db_bytes(start, sizeof start),       db_int(count),
        db_int(rule->free_attempts),         db_int(rule->stop),
        db_int(rule->unthrottled_before_ms), db_int(rule->throttled_before_ms),
    };
    struct db_rows rows;
    TRY(db_run(db, task, &statement_throttle_erase_old, arguments, &rows));
    *ret_erased = rows.affected;
    return RESULT_OK;
}
