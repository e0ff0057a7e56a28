// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/task.h"

Test(task, a_task_without_time_left_is_late)
{
    struct task task;
    task_init(&task, NULL, STR("t"), 0);
    cr_assert(is_late(&task));
}

Test(task, a_task_within_its_time_is_not_late)
{
    struct task task;
    task_init(&task, NULL, STR("t"), 60000);
    cr_assert(!is_late(&task));
    task.deadline_ms = clock_monotonic_ms() - 1;
    cr_assert(is_late(&task));
}

Test(task, a_limit_beyond_all_time_does_not_overflow)
{
    struct task task;
    task_init(&task, NULL, STR("t"), INT64_MAX);
    cr_assert_eq(task.deadline_ms, INT64_MAX);
    cr_assert(!is_late(&task));
}

Test(task, a_task_begins_now_and_without_fault)
{
    struct task task;
    struct arena *arena = arena_create(100);
    memset(&task, 0xff, sizeof(task));
    const int64_t before_ms = clock_wall_ms();
    const int64_t start_ms = clock_monotonic_ms();
    task_init(&task, arena, STR("job"), 1000);
    cr_assert(task.now_ms >= before_ms && task.now_ms <= clock_wall_ms());
    cr_assert(task.deadline_ms >= start_ms + 1000 && task.deadline_ms <= clock_monotonic_ms() + 1000);
    cr_assert_eq(task.arena, arena);
    cr_assert(str_equal(task.id, STR("job")));
    cr_assert_eq(task.retry_after_seconds, 0);
    cr_assert_eq(task.max_age_seconds, 0);
    cr_assert_eq(task.fault.code, STATUS_OK);
    cr_assert_eq(task.fault.error_count, 0u);
    cr_assert_str_empty(task.fault.detail);
    arena_destroy(arena);
}
