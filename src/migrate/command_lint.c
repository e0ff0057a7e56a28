// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "lint_internal.h"

static void print_finding(void *argument, const struct lint_finding *finding)
{
    const struct command *command = argument;
    FILE *out = command->environment->results;
    if (!command->arguments.is_json) {
        fprintf(out, "%.*s: %s: %s\n", STR_ARGS(finding->place), finding->rule, finding->text);
        return;
    }
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", STR("finding"));
    json_line_text(&line, "place", finding->place);
    json_line_text(&line, "rule", str_from(finding->rule));
    json_line_text(&line, "text", str_from(finding->text));
    json_line_end(&line);
}

result command_lint(struct command *command)
{
    struct revision_set set;
    size_t count = 0;
    const struct lint_listener listener = {print_finding, command};
    TRY(migrator_load(&command->scope, &command->options, &set));
    for (size_t i = 0; i < set.count; i++) {
        count += lint_revision(command->scope.arena, &set.items[i], &listener);
    }
    if (count > 0) {
        return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE,
                              "%zu finding(s); what is meant so is allowed by '-- lint:allow rule reason'",
                              count);
    }
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("linted"));
        json_line_number(&line, "revisions", (int64_t)set.count);
        json_line_end(&line);
    } else {
        fprintf(command->environment->results, "No findings in %zu revision(s).\n", set.count);
    }
    return RESULT_OK;
}
