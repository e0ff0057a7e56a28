// SPDX-License-Identifier: MIT
#include "auth/migrate/migrations.h"

#include "auth/base/log.h"
#include "runner_internal.h"
#include "target_internal.h"

static result apply(struct migrator *migrator, struct migration_scope *scope,
                    const struct migration_options *options, struct str target,
                    const struct migration_listener *listener, struct migration_outcome *ret_outcome)
{
    TRY(migrator_open(migrator, scope, options, listener));
    TRY(judgement_check(scope, &migrator->judgement, options, listener));
    bool *wanted = revision_marks(scope->arena, &migrator->set);
    TRY(target_upgrade(scope, &migrator->judgement, target, wanted));
    return migrator_upgrade(migrator, wanted, ret_outcome);
}

result migrations_apply(struct arena *arena, const struct migration_options *options, struct str target,
                        const struct migration_listener *listener, struct migration_outcome *ret_outcome,
                        struct migration_failure *ret_failure)
{
    struct migration_scope scope = {.arena = arena};
    struct migrator migrator SCOPED(migrator_close) = {0};
    const result outcome = apply(&migrator, &scope, options, target, listener, ret_outcome);
    if (!is_ok(outcome)) *ret_failure = scope.failure;
    return outcome;
}

static result look(struct migrator *migrator, struct migration_scope *scope,
                   const struct migration_options *options, struct migration_status *ret_status)
{
    TRY(migrator_open(migrator, scope, options, NULL));
    TRY(judgement_check(scope, &migrator->judgement, options, NULL));
    *ret_status = (struct migration_status){
        .current = migrator->judgement.current,
        .head = revision_set_heads_text(scope->arena, &migrator->set),
        .pending = migrator->judgement.pending,
        .unknown = migrator->judgement.unknown,
        .is_head = is_at_head(&migrator->judgement) && migrator->judgement.unknown == 0,
        .is_ahead = migrator->judgement.unknown > 0,
        .is_usable = is_schema_usable(&migrator->judgement),
        .pending_contract = first_deferred(&migrator->judgement),
    };
    return RESULT_OK;
}

result migrations_status(struct arena *arena, const struct migration_options *options,
                         struct migration_status *ret_status, struct migration_failure *ret_failure)
{
    struct migration_scope scope = {.arena = arena};
    struct migrator migrator SCOPED(migrator_close) = {0};
    const result outcome = look(&migrator, &scope, options, ret_status);
    if (!is_ok(outcome)) *ret_failure = scope.failure;
    return outcome;
}

struct str migrations_head(struct arena *arena)
{
    struct migration_scope scope = {.arena = arena};
    struct revision_set set = {0};
    if (!is_ok(revision_set_embedded(&scope, &set)) || !is_ok(revision_set_require_one_head(&scope, &set))) {
        panic("migrate: the embedded revisions are not whole: %.*s", STR_ARGS(scope.failure.text));
    }
    return revision_set_heads_text(arena, &set);
}
