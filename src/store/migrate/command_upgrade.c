// SPDX-License-Identifier: MIT
#include "command_internal.h"

static void print_warning(struct command *command, const char *label, struct str text)
{
    FILE *out = command->environment->progress;
    if (command->begun > 0) fprintf(out, "\n");
    command->begun = 0;
    fprintf(out, "%s: %.*s\n", label, STR_ARGS(text));
    (void)fflush(out);
}

static void print_step(FILE *out, const struct migration_progress *progress)
{
    fprintf(out, "Running upgrade %.*s -> %.*s, %.*s ...", STR_ARGS(progress->from), STR_ARGS(progress->to),
            STR_ARGS(progress->message));
    (void)fflush(out);
}

static void print_step_json(FILE *out, const struct migration_progress *progress)
{
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", STR("applied"));
    json_line_text(&line, "from", progress->from);
    json_line_text(&line, "revision", progress->to);
    json_line_text(&line, "message", progress->message);
    json_line_number(&line, "duration_ms", progress->duration_ms);
    json_line_end(&line);
}

void command_progress(void *argument, const struct migration_progress *progress)
{
    struct command *command = argument;
    FILE *out = command->environment->progress;
    const bool is_quiet = command->arguments.is_quiet;
    switch (progress->event) {
    case MIGRATION_WAITING:
        if (!is_quiet) print_warning(command, "Waiting for the migration lock", progress->text);
        return;
    case MIGRATION_RETRY:
        if (!is_quiet) print_warning(command, "Trying again", progress->text);
        return;
    case MIGRATION_WARNING:
        print_warning(command, "WARNING", progress->text);
        return;
    case MIGRATION_BEGINS:
        if (!is_quiet) print_step(out, progress);
        command->begun = 1;
        return;
    case MIGRATION_DONE:
        if (!is_quiet && command->begun == 0) print_step(out, progress);
        if (!is_quiet) fprintf(out, " done (%lld ms)\n", (long long)progress->duration_ms);
        command->begun = 0;
        if (command->arguments.is_json) print_step_json(command->environment->results, progress);
        return;
    }
}

static void print_outcome(const struct command *command, const struct migration_outcome *outcome)
{
    FILE *out = command->environment->results;
    const char *mark = outcome->is_head ? " (head)" : "";
    if (outcome->is_ahead) mark = " (ahead of this binary)";
    if (outcome->applied > 0) {
        fprintf(out, "Applied %zu revision(s); now at %.*s%s\n", outcome->applied, STR_ARGS(outcome->current),
                mark);
        return;
    }
    fprintf(out, "Already at %.*s%s\n", STR_ARGS(outcome->current), mark);
}

static void print_outcome_json(const struct command *command, const struct migration_outcome *outcome)
{
    struct json_line line = json_line_begin(command->environment->results);
    json_line_text(&line, "event", STR("upgraded"));
    json_line_number(&line, "applied", (int64_t)outcome->applied);
    json_line_text(&line, "current", outcome->current);
    json_line_bool(&line, "is_head", outcome->is_head);
    json_line_bool(&line, "is_ahead", outcome->is_ahead);
    json_line_end(&line);
}

result command_upgrade(struct command *command)
{
    const struct command_arguments *arguments = &command->arguments;
    const struct str target = arguments->positional_count > 0 ? arguments->positionals[0] : STR("head");
    struct migration_outcome outcome;
    if (arguments->is_verbose && !arguments->is_quiet) {
        fprintf(command->environment->progress, "Connecting to %.*s\n",
                STR_ARGS(command->options.store->display));
    }
    const result applied = migrations_apply(command->scope.arena, &command->options, target,
                                            &command->listener, &outcome, &command->scope.failure);
    TRY(applied);
    if (arguments->is_json) {
        print_outcome_json(command, &outcome);
    } else {
        print_outcome(command, &outcome);
    }
    return RESULT_OK;
}
