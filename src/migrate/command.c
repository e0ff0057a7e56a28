// SPDX-License-Identifier: MIT
#include "command_table_internal.h"

#include "auth/base/clock.h"

#define ARENA_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define SECONDS_MAX     INT64_C(86400)
#define BATCH_MAX       INT64_C(1000000)
#define RETRIES_MAX     1000

result command_number(struct command *command, struct str text, int64_t max, int64_t *ret_number)
{
    int64_t number;
    if (is_empty(text)) return RESULT_OK;
    if (str_to_int64(text, &number) && number >= 0 && number <= max) {
        *ret_number = number;
        return RESULT_OK;
    }
    return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "'%.*s' is no number from 0 to %lld",
                          STR_ARGS(text), (long long)max);
}

/* --- running --- */

static result prepare(struct command *command)
{
    const struct command_arguments *arguments = &command->arguments;
    int64_t wait_seconds = 0;
    int64_t batch_rows = 0;
    int64_t pause_ms = 0;
    int64_t retries = 0;
    TRY(command_number(command, arguments->wait_seconds, SECONDS_MAX, &wait_seconds));
    TRY(command_number(command, arguments->batch, BATCH_MAX, &batch_rows));
    TRY(command_number(command, arguments->pause_ms, SECONDS_MAX * MS_PER_SECOND, &pause_ms));
    TRY(command_number(command, arguments->retries, RETRIES_MAX, &retries));
    const struct migrate_command_environment *environment = command->environment;
    command->options = (struct migration_options){
        .store = environment->store,
        .directory = arguments->directory,
        .binary_version = environment->binary_version,
        .lock_wait_ms = environment->lock_wait_ms,
        .connect_wait_ms = wait_seconds * MS_PER_SECOND,
        .retries = (unsigned)retries,
        .batch_rows = batch_rows,
        .batch_pause_ms = pause_ms,
        .is_edit_tolerated = environment->is_edit_tolerated,
        .is_stopping = environment->is_stopping,
    };
    command->listener = (struct migration_listener){command_progress, command};
    return RESULT_OK;
}

static int report_failure(struct command *command)
{
    const struct migration_failure *failure = &command->scope.failure;
    ticker_end(command->ticker, STR(""));
    (void)fflush(command->environment->results);
    fprintf(command->environment->progress, "FAILED: %.*s\n", STR_ARGS(failure->text));
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("failed"));
        json_line_number(&line, "exit", failure->exit);
        json_line_text(&line, "error", failure->text);
        json_line_end(&line);
    }
    return (int)failure->exit;
}

static int run(struct command *command, const struct subcommand *subcommand, int argc, char **argv)
{
    if (!is_ok(migrate_subcommand_parse(command, subcommand, argc, argv))) return report_failure(command);
    if (command->arguments.is_help) {
        migrate_subcommand_print_help(command->environment->results, subcommand);
        return MIGRATION_EXIT_OK;
    }
    if (!is_ok(prepare(command))) return report_failure(command);
    if (!is_ok(subcommand->run(command))) return report_failure(command);
    return MIGRATION_EXIT_OK;
}

int migrate_command(int argc, char **argv, const struct migrate_command_environment *environment)
{
    const struct str name = argc > 1 ? str_from(argv[1]) : STR_NONE;
    if (str_equal(name, STR("--help")) || str_equal(name, STR("-h"))) {
        migrate_subcommands_print(environment->results);
        return MIGRATION_EXIT_OK;
    }
    const struct subcommand *subcommand = argc > 1 ? migrate_subcommand_find(argv[1]) : NULL;
    if (!subcommand) {
        if (argc > 1) fprintf(environment->progress, "FAILED: there is no command '%s'\n", argv[1]);
        migrate_subcommands_print(environment->progress);
        return MIGRATION_EXIT_USAGE;
    }
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(ARENA_BYTES_MAX);
    struct command command = {.environment = environment, .scope = {.arena = arena}};
    command.ticker = ticker_create(environment->progress, environment->is_terminal);
    const int exit_code = run(&command, subcommand, argc, argv);
    ticker_destroy(command.ticker);
    (void)fflush(environment->results);
    (void)fflush(environment->progress);
    return exit_code;
}
