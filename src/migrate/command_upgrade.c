// SPDX-License-Identifier: MIT
#include "command_internal.h"

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
    json_line_text(&line, "pending_contract", outcome->pending_contract);
    json_line_end(&line);
}

void print_outcome_of_upgrade(const struct command *command, const struct migration_outcome *outcome)
{
    ticker_end(command->ticker, STR(""));
    if (command->arguments.is_json) {
        print_outcome_json(command, outcome);
    } else {
        print_outcome(command, outcome);
    }
}

static void warn_held_back(struct command *command, const struct migration_outcome *outcome)
{
    if (is_empty(outcome->pending_contract)) return;
    const struct migration_progress warning = {
        .event = MIGRATION_WARNING,
        .text =
            str_printf(command->scope.arena,
                       "%.*s waits: servers of an older binary are connected that need the schema as it is; "
                       "upgrade again when they are gone, or now with --force",
                       STR_ARGS(outcome->pending_contract))};
    command_progress(command, &warning);
}

static result apply(struct command *command, struct str target)
{
    struct migration_outcome outcome;
    if (command->arguments.is_verbose && !command->arguments.is_quiet) {
        fprintf(command->environment->progress, "Connecting to %.*s\n",
                STR_ARGS(command->options.store->display));
    }
    command->options.is_contract_held = !command->arguments.is_forced;
    const result applied = migrations_apply(command->scope.arena, &command->options, target,
                                            &command->listener, &outcome, &command->scope.failure);
    TRY(applied);
    warn_held_back(command, &outcome);
    print_outcome_of_upgrade(command, &outcome);
    return RESULT_OK;
}

static result plan(struct command *command, struct str target)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    TRY(migrator_open(&migrator, &command->scope, &command->options, &command->listener));
    TRY(judgement_check(&command->scope, &migrator.judgement, &command->options, &command->listener));
    bool *wanted = revision_marks(command->scope.arena, &migrator.set);
    TRY(target_upgrade(&command->scope, &migrator.judgement, target, wanted));
    for (size_t i = 0; i < migrator.set.count; i++) {
        if (wanted[i] && !migrator.judgement.is_applied[i])
            print_plan_step(command, &migrator.set.items[i], false);
    }
    return RESULT_OK;
}

result command_upgrade(struct command *command)
{
    const struct command_arguments *arguments = &command->arguments;
    const struct str target = arguments->positional_count > 0 ? arguments->positionals[0] : STR("head");
    if (arguments->is_sql) return command_script(command, false);
    return arguments->is_plan ? plan(command, target) : apply(command, target);
}
