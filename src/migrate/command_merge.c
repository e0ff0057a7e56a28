// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "revision_file_internal.h"

#define MERGE_BODY "\n-- migrate:up all\n\n-- migrate:down all\n"

/* A binary that has the youngest revision behind all parents runs on what they make together, as far as each of them
 * lets it: their own min_binary is judged revision by revision. */
static struct str common_ancestor(struct arena *arena, const struct revision_set *set, const bool *parents)
{
    for (size_t i = set->count; i-- > 0;) {
        bool is_common = true;
        for (size_t p = 0; p < set->count && is_common; p++) {
            if (parents[p]) is_common = is_in_ancestry(arena, set, i, p);
        }
        if (is_common) return set->items[i].id;
    }
    return STR_NONE;
}

static result mark_parents(struct command *command, const struct revision_set *set, bool *parents,
                           size_t *ret_count)
{
    const struct command_arguments *arguments = &command->arguments;
    size_t count = 0;
    for (size_t i = 0; i < arguments->positional_count; i++) {
        TRY(target_named(&command->scope, set, arguments->positionals[i], parents));
    }
    for (size_t i = 0; i < set->count; i++) count += parents[i];
    *ret_count = count;
    if (count > 1) return RESULT_OK;
    return migration_fail(
        &command->scope, MIGRATION_EXIT_USAGE,
        "a merge needs two revisions or more; there is only one head, or only one was named");
}

/* A parent behind another one would be joined already. */
static result check_parents(struct command *command, const struct revision_set *set, const bool *parents)
{
    for (size_t a = 0; a < set->count; a++) {
        for (size_t b = 0; b < set->count; b++) {
            if (a == b || !parents[a] || !parents[b]) continue;
            if (!is_in_ancestry(command->scope.arena, set, a, b)) continue;
            return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%.*s follows from %.*s already",
                                  STR_ARGS(set->items[b].id), STR_ARGS(set->items[a].id));
        }
    }
    return RESULT_OK;
}

static struct str names_of(struct arena *arena, const struct revision_set *set, const bool *marks)
{
    struct str names = STR_NONE;
    for (size_t i = 0; i < set->count; i++) {
        if (!marks[i]) continue;
        names = str_printf(arena, "%.*s%s%.*s", STR_ARGS(names), is_empty(names) ? "" : ", ",
                           STR_ARGS(set->items[i].id));
    }
    return names;
}

result command_merge(struct command *command)
{
    struct revision_set set;
    struct arena *arena = command->scope.arena;
    size_t count;
    struct str path;
    const struct str directory = revision_directory(command->arguments.directory);
    TRY(revision_set_load(&command->scope, directory, &set));
    bool *parents = revision_marks(arena, &set);
    TRY(mark_parents(command, &set, parents, &count));
    TRY(check_parents(command, &set, parents));
    const struct revision_draft draft = {
        .id = command->arguments.revision_id,
        .parents = names_of(arena, &set, parents),
        .message = is_empty(command->arguments.message)
                       ? str_printf(arena, "merge %.*s", STR_ARGS(names_of(arena, &set, parents)))
                       : command->arguments.message,
        .min_binary = common_ancestor(arena, &set, parents),
        .phase = "expand",
        .body = STR(MERGE_BODY),
    };
    TRY(revision_file_write(&command->scope, directory, &draft, &path));
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("generated"));
        json_line_text(&line, "path", path);
        json_line_end(&line);
    } else {
        fprintf(command->environment->results, "Generating %.*s ... done\n", STR_ARGS(path));
    }
    return RESULT_OK;
}
