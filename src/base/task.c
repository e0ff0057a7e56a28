// SPDX-License-Identifier: MIT
#include "auth/base/task.h"

#include "auth/base/clock.h"

void task_init(struct task *task, struct arena *arena, struct str id, int64_t time_limit_ms)
{
    const int64_t start_ms = clock_monotonic_ms();
    const bool is_unlimited = time_limit_ms > INT64_MAX - start_ms;
    task->arena = arena;
    fault_clear(&task->fault);
    task->now_ms = clock_wall_ms();
    task->deadline_ms = is_unlimited ? INT64_MAX : start_ms + time_limit_ms;
    task->retry_after_seconds = 0;
    task->max_age_seconds = 0;
    task->id = id;
    task->actor = STR_NONE;
    task->problem_members = STR_NONE;
}

bool is_late(const struct task *task)
{
    return clock_monotonic_ms() >= task->deadline_ms;
}
