// SPDX-License-Identifier: MIT
#include "step_internal.h"

#define SERVER_NAME "auth/" /* application_name of a server is this and its head */

/* --- all of them --- */

static size_t count_wanted(const struct migrator *migrator, const bool *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < migrator->set.count; i++) count += wanted[i] && !migrator->judgement.is_applied[i];
    return count;
}

/* A server works with the schema a contract revision leaves when its head has min_binary behind it. */
static bool is_server_too_old(const struct migrator *migrator, const struct revision *contract,
                              struct str name)
{
    size_t head;
    size_t minimum;
    if (!str_starts_with(name, STR(SERVER_NAME))) return false;
    const struct str id = str_from_offset(name, sizeof(SERVER_NAME) - 1);
    /* A head that is unknown here is newer than this binary. */
    if (!revision_set_find(&migrator->set, id, &head)) return false;
    if (!revision_set_find(&migrator->set, contract->min_binary, &minimum)) return false;
    return !is_in_ancestry(migrator->scope->arena, &migrator->set, minimum, head);
}

static result is_contract_held(const struct migrator *migrator, const struct revision *revision,
                               bool *ret_is_held)
{
    const struct schema_version *version = &migrator->version;
    struct migration_rows rows = {0};
    if (!version->driver->servers) return RESULT_OK;
    TRY(version->driver->servers(version->connection, migrator->scope, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        if (is_server_too_old(migrator, revision, rows.cells[i])) *ret_is_held = true;
    }
    return RESULT_OK;
}

/* A start never waits for a backfill, unless there is nothing to fill, as in a new database. */
static result is_held_back(const struct migrator *migrator, const struct revision *revision,
                           bool *ret_is_held)
{
    *ret_is_held = false;
    const struct migration_options *options = migrator->version.options;
    if (revision->phase == REVISION_CONTRACT && options->is_contract_held) {
        return is_contract_held(migrator, revision, ret_is_held);
    }
    if (revision->phase == REVISION_BACKFILL && options->is_backfill_held && revision->parent_count < 2) {
        return migration_backfill_has_work(migrator, revision, ret_is_held);
    }
    return RESULT_OK;
}

static result apply_wanted(struct migrator *migrator, const bool *wanted, struct migration_outcome *outcome)
{
    struct migration_progress counts = {.total = count_wanted(migrator, wanted)};
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct revision *revision = &migrator->set.items[i];
        if (!wanted[i] || migrator->judgement.is_applied[i]) continue;
        bool is_held;
        TRY(is_held_back(migrator, revision, &is_held));
        if (is_held) {
            outcome->pending_contract = revision->id;
            return RESULT_OK;
        }
        TRY(migration_pause(migrator->scope, migrator->version.options, 1));
        struct migration_step step = {.revision = revision, .progress = counts};
        bool is_new = false;
        TRY(migration_step_run(migrator, &step, &is_new));
        counts.done++;
        outcome->applied += is_new;
    }
    return RESULT_OK;
}

static result look_again(struct migrator *migrator)
{
    TRY(schema_version_read(&migrator->version, migrator->scope, &migrator->list));
    judgement_make(migrator->scope->arena, &migrator->set, &migrator->list, &migrator->judgement);
    return RESULT_OK;
}

static result upgrade_locked(struct migrator *migrator, const bool *wanted, struct migration_outcome *outcome)
{
    TRY(migrator_lock(migrator));
    TRY(judgement_check(migrator->scope, &migrator->judgement, migrator->version.options, NULL));
    TRY(apply_wanted(migrator, wanted, outcome));
    return look_again(migrator);
}

static void describe(const struct migrator *migrator, struct migration_outcome *outcome)
{
    outcome->current = migrator->judgement.current;
    outcome->is_head = is_at_head(&migrator->judgement) && migrator->judgement.unknown == 0;
    outcome->is_ahead = migrator->judgement.unknown > 0;
    outcome->is_usable = is_schema_usable(&migrator->judgement);
}

result migrator_upgrade(struct migrator *migrator, const bool *wanted, struct migration_outcome *ret_outcome)
{
    struct migration_outcome outcome = {0};
    if (count_wanted(migrator, wanted) > 0) TRY(upgrade_locked(migrator, wanted, &outcome));
    describe(migrator, &outcome);
    *ret_outcome = outcome;
    return RESULT_OK;
}

result migrator_downgrade(struct migrator *migrator, const struct revision *revisions, size_t count,
                          struct migration_outcome *ret_outcome)
{
    struct migration_outcome outcome = {0};
    struct migration_progress counts = {.total = count};
    for (size_t i = 0; i < count; i++) {
        TRY(migration_pause(migrator->scope, migrator->version.options, 1));
        struct migration_step step = {.revision = &revisions[i], .is_down = true, .progress = counts};
        bool is_new = false;
        TRY(migration_step_run(migrator, &step, &is_new));
        counts.done++;
        outcome.applied += is_new;
    }
    TRY(look_again(migrator));
    describe(migrator, &outcome);
    *ret_outcome = outcome;
    return RESULT_OK;
}
