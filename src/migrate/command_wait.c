// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "command_internal.h"

#define WAIT_SECONDS     INT64_C(60)
#define LOOK_MS          INT64_C(500)
#define LOOK_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* One look in memory of its own; the failure's text and what is current outlive it. */
static result look(struct command *command, struct migration_status *ret_status)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(LOOK_ARENA_BYTES);
    struct migration_failure failure = {0};
    struct migration_status status = {0};
    const result looked = migrations_status(arena, &command->options, &status, &failure);
    command->scope.failure = failure;
    command->scope.failure.text = str_copy(command->scope.arena, failure.text);
    if (!is_ok(looked)) return looked;
    status.current = str_copy(command->scope.arena, status.current);
    status.head = str_copy(command->scope.arena, status.head);
    *ret_status = status;
    return RESULT_OK;
}

static struct str behind_text(struct arena *arena, const struct migration_status *status)
{
    return str_printf(arena, "it is at %.*s, %zu revision(s) behind %.*s", STR_ARGS(status->current),
                      status->pending, STR_ARGS(status->head));
}

static void tell(struct command *command, struct str reason, struct str *told)
{
    if (str_equal(*told, reason)) return;
    const struct migration_progress progress = {.event = MIGRATION_CONNECTING, .text = reason};
    *told = reason;
    command_progress(command, &progress);
}

static void print_ready(const struct command *command, const struct migration_status *status)
{
    FILE *out = command->environment->results;
    ticker_end(command->ticker, STR(""));
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(out);
        json_line_text(&line, "event", STR("ready"));
        json_line_text(&line, "current", status->current);
        json_line_bool(&line, "is_ahead", status->is_ahead);
        json_line_end(&line);
        return;
    }
    fprintf(out, "Ready at %.*s%s\n", STR_ARGS(status->current),
            status->is_ahead ? " (ahead of this binary)" : " (head)");
}

/* What will not pass by waiting ends the command at once: a wrong password, an incompatible or edited schema. */
static result wait_until(struct command *command, int64_t until_ms)
{
    struct str told = STR_NONE;
    for (;;) {
        struct migration_status status = {0};
        const result looked = look(command, &status);
        const bool is_late = clock_monotonic_ms() >= until_ms;
        if (!is_ok(looked) && (!command->scope.failure.is_retryable || is_late)) return looked;
        if (is_ok(looked) && status.pending == 0) {
            print_ready(command, &status);
            return RESULT_OK;
        }
        const struct str reason =
            is_ok(looked) ? behind_text(command->scope.arena, &status) : command->scope.failure.text;
        if (is_late) {
            return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE, "%.*s", STR_ARGS(reason));
        }
        migration_recover(&command->scope);
        tell(command, reason, &told);
        TRY(migration_pause(&command->scope, &command->options, LOOK_MS));
    }
}

result command_wait(struct command *command)
{
    const bool is_given = !is_empty(command->arguments.wait_seconds);
    const int64_t wait_ms = is_given ? command->options.connect_wait_ms : WAIT_SECONDS * MS_PER_SECOND;
    /* It is this loop that waits. */
    command->options.connect_wait_ms = 0;
    return wait_until(command, clock_monotonic_ms() + wait_ms);
}
