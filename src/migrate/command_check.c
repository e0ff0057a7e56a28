// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "schema/schema_internal.h"

static void print_change(const struct command *command, struct str text)
{
    FILE *out = command->environment->results;
    if (!command->arguments.is_json) {
        fprintf(out, "%.*s\n", STR_ARGS(text));
        return;
    }
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", STR("difference"));
    json_line_text(&line, "change", text);
    json_line_end(&line);
}

size_t command_print_difference(const struct command *command, const struct schema_difference *difference)
{
    struct arena *arena = command->scope.arena;
    size_t count = 0;
    for (size_t i = 0; i < difference->count; i++) {
        const struct schema_change *change = &difference->changes[i];
        if (change->is_implied) continue;
        print_change(command, schema_change_text(arena, change));
        count++;
    }
    struct str *renames;
    const size_t rename_count = schema_possible_renames(arena, difference, &renames);
    for (size_t i = 0; i < rename_count; i++) {
        fprintf(command->environment->progress, "%.*s\n", STR_ARGS(renames[i]));
    }
    return count;
}

result command_require_head(struct command *command, const struct migrator *migrator)
{
    TRY(judgement_check(&command->scope, &migrator->judgement, &command->options, &command->listener));
    if (is_at_head(&migrator->judgement) && migrator->judgement.unknown == 0) return RESULT_OK;
    return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE, "Target database is not up to date.");
}

static result check(struct command *command, struct migrator *migrator)
{
    struct schema_comparison *comparison = arena_alloc(command->scope.arena, sizeof(*comparison));
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    TRY(command_require_head(command, migrator));
    TRY(schema_compare_live(&command->scope, migrator->version.driver->engine, migrator->version.connection,
                            command->arguments.directory, comparison));
    const size_t count = command_print_difference(command, &comparison->difference);
    if (count > 0) {
        return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE,
                              "New upgrade operations detected: %zu", count);
    }
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("checked"));
        json_line_number(&line, "differences", 0);
        json_line_end(&line);
    } else {
        fprintf(command->environment->results, "No new upgrade operations detected.\n");
    }
    return RESULT_OK;
}

result command_check(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return check(command, &migrator);
}
