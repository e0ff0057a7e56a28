// SPDX-License-Identifier: MIT
#include "command_internal.h"

static struct str step_line(struct arena *arena, const struct migration_progress *progress)
{
    return str_printf(arena, "Running %s %.*s -> %.*s, %.*s ...", progress->is_down ? "downgrade" : "upgrade",
                      STR_ARGS(progress->from), STR_ARGS(progress->to), STR_ARGS(progress->message));
}

static void print_step_json(FILE *out, const struct migration_progress *progress)
{
    const struct str child = progress->is_down ? progress->from : progress->to;
    const struct str parents = progress->is_down ? progress->to : progress->from;
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", progress->is_down ? STR("undone") : STR("applied"));
    json_line_text(&line, progress->is_down ? "to" : "from", parents);
    json_line_text(&line, "revision", child);
    json_line_text(&line, "message", progress->message);
    json_line_number(&line, "duration_ms", progress->duration_ms);
    json_line_end(&line);
}

static void say(const struct command *command, const char *label, struct str text)
{
    ticker_say(command->ticker, str_printf(command->scope.arena, "%s: %.*s", label, STR_ARGS(text)));
}

static void wait_for(const struct command *command, const char *what, struct str text)
{
    ticker_replace(command->ticker,
                   str_printf(command->scope.arena, "Waiting for %s: %.*s", what, STR_ARGS(text)));
}

static void end_step(struct command *command, const struct migration_progress *progress)
{
    struct arena *arena = command->scope.arena;
    if (command->begun == 0) ticker_begin(command->ticker, step_line(arena, progress));
    command->begun = 0;
    ticker_end(command->ticker, str_printf(arena, " done (%lld ms)", (long long)progress->duration_ms));
}

static void print_progress(struct command *command, const struct migration_progress *progress)
{
    switch (progress->event) {
    case MIGRATION_CONNECTING:
        wait_for(command, "the database", progress->text);
        return;
    case MIGRATION_WAITING:
        wait_for(command, "the migration lock", progress->text);
        return;
    case MIGRATION_BEGINS:
        ticker_end(command->ticker, STR(""));
        ticker_begin(command->ticker, step_line(command->scope.arena, progress));
        command->begun = 1;
        return;
    case MIGRATION_BATCH:
        if (!command->arguments.is_verbose) return;
        command->begun = 0;
        ticker_say(command->ticker, str_printf(command->scope.arena, "  %.*s", STR_ARGS(progress->text)));
        return;
    case MIGRATION_RETRY:
        command->begun = 0;
        say(command, "Trying again", progress->text);
        return;
    case MIGRATION_DONE:
        end_step(command, progress);
        return;
    case MIGRATION_WARNING:
        command->begun = 0;
        say(command, "WARNING", progress->text);
        return;
    }
}

void command_progress(void *argument, const struct migration_progress *progress)
{
    struct command *command = argument;
    const bool is_warning = progress->event == MIGRATION_WARNING;
    if (is_warning || !command->arguments.is_quiet) print_progress(command, progress);
    if (progress->event == MIGRATION_DONE && command->arguments.is_json)
        print_step_json(command->environment->results, progress);
}
