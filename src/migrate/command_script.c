// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "script_internal.h"

static const struct migration_driver *driver_of(const struct command *command)
{
    return command->options.store->engine == DB_POSTGRES ? &migration_driver_postgres
                                                         : &migration_driver_sqlite;
}

static bool has_colon(struct str text)
{
    struct str rest = text;
    return str_split(&rest, ':').len < text.len;
}

static result check_direction(struct command *command, const struct revision_set *set, const bool *before,
                              const bool *after, bool is_down)
{
    for (size_t i = 0; i < set->count; i++) {
        const bool is_undone = before[i] && !after[i];
        const bool is_applied = after[i] && !before[i];
        if (!(is_down ? is_applied : is_undone)) continue;
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "the way from the first to the second leads %s; "
                              "use %s",
                              is_down ? "up" : "down", is_down ? "upgrade" : "downgrade");
    }
    return RESULT_OK;
}

static result check_irreversible(struct command *command, const struct revision_set *set, const bool *before,
                                 const bool *after)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct revision *revision = &set->items[i];
        if (!before[i] || after[i] || is_empty(revision->irreversible)) continue;
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%.*s cannot be undone: %.*s",
                              STR_ARGS(revision->id), STR_ARGS(revision->irreversible));
    }
    return RESULT_OK;
}

static void print_script(const struct command *command, const struct revision_set *set, const bool *before,
                         const bool *after)
{
    const struct script script = {
        .out = command->environment->results,
        .arena = command->scope.arena,
        .engine = command->options.store->engine,
        .set = set,
        .binary_version = command->options.binary_version,
        .version_table_sql = driver_of(command)->version_table_sql,
    };
    script_begin(&script);
    for (size_t i = set->count; i-- > 0;) {
        if (before[i] && !after[i]) script_step(&script, &set->items[i], true);
    }
    for (size_t i = 0; i < set->count; i++) {
        if (after[i] && !before[i]) script_step(&script, &set->items[i], false);
    }
}

result command_script(struct command *command, bool is_down)
{
    const struct command_arguments *arguments = &command->arguments;
    const struct str range = arguments->positional_count > 0 ? arguments->positionals[0] : STR("head");
    struct revision_set set;
    if (is_down && !has_colon(range)) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "downgrade with --sql requires <fromrev>:<torev>");
    }
    TRY(migrator_load(&command->scope, &command->options, &set));
    bool *before = revision_marks(command->scope.arena, &set);
    bool *after = revision_marks(command->scope.arena, &set);
    TRY(target_script(&command->scope, &set, range, before, after));
    TRY(check_direction(command, &set, before, after, is_down));
    TRY(check_irreversible(command, &set, before, after));
    print_script(command, &set, before, after);
    return RESULT_OK;
}
