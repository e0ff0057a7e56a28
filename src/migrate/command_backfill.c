// SPDX-License-Identifier: MIT
#include "command_internal.h"

static bool has_parents(const struct revision_set *set, size_t index, const bool *is_applied)
{
    const struct revision *revision = &set->items[index];
    for (size_t p = 0; p < revision->parent_count; p++) {
        size_t parent;
        if (!revision_set_find(set, revision->parents[p], &parent) || !is_applied[parent]) return false;
    }
    return true;
}

static bool is_backfill(const struct revision *revision)
{
    return revision->phase == REVISION_BACKFILL;
}

/* Those that nothing else stands before, and those that then follow. */
static void mark_next(struct arena *arena, const struct judgement *judgement, bool *wanted)
{
    const struct revision_set *set = judgement->set;
    bool *is_applied = revision_marks(arena, set);
    for (size_t i = 0; i < set->count; i++) {
        is_applied[i] = judgement->is_applied[i];
        if (is_applied[i] || !is_backfill(&set->items[i]) || !has_parents(set, i, is_applied)) continue;
        wanted[i] = true;
        is_applied[i] = true;
    }
}

static result mark_named(struct command *command, const struct judgement *judgement, bool *wanted)
{
    size_t index;
    TRY(target_revision(&command->scope, judgement->set, command->arguments.positionals[0], &index));
    const struct revision *revision = &judgement->set->items[index];
    if (!is_backfill(revision)) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%.*s is no backfill",
                              STR_ARGS(revision->id));
    }
    if (!judgement->is_applied[index] && !has_parents(judgement->set, index, judgement->is_applied)) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "%.*s is not next: what it follows from is not applied; use upgrade",
                              STR_ARGS(revision->id));
    }
    wanted[index] = true;
    return RESULT_OK;
}

static result backfill(struct command *command, struct migrator *migrator)
{
    struct migration_outcome outcome;
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    TRY(judgement_check(&command->scope, &migrator->judgement, &command->options, &command->listener));
    bool *wanted = revision_marks(command->scope.arena, &migrator->set);
    if (command->arguments.positional_count > 0) {
        TRY(mark_named(command, &migrator->judgement, wanted));
    } else {
        mark_next(command->scope.arena, &migrator->judgement, wanted);
    }
    TRY(migrator_upgrade(migrator, wanted, &outcome));
    print_outcome_of_upgrade(command, &outcome);
    return RESULT_OK;
}

result command_backfill(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return backfill(command, &migrator);
}
