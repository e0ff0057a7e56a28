// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "command_internal.h"
#include "statement_facts_internal.h"

#define ANSWER_BYTES    16
#define ANSWER_SLICE_MS 200 /* between looks at is_stopping */

/* What is undone, newest first. */
struct undoing {
    struct revision *revisions;
    size_t count;
};

/* --- which --- */

/* The row of a revision that only the database knows, with the SQL that was stored when it was applied. */
static result load_stored(struct command *command, const struct migrator *migrator,
                          const struct applied_revision *row, struct revision *ret_revision)
{
    struct migration_scope *scope = &command->scope;
    const enum db_engine engine = migrator->version.driver->engine;
    struct str sql;
    if (!command->arguments.is_using_stored_down) {
        return migration_fail(
            scope, MIGRATION_EXIT_AHEAD,
            "%.*s is not known to this binary; --use-stored-down undoes it by the SQL that was "
            "stored when it was applied",
            STR_ARGS(row->id));
    }
    TRY(schema_version_down_sql(&migrator->version, scope, row->id, &sql));
    if (!sql.ptr) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "%.*s cannot be undone: no way down is stored with it", STR_ARGS(row->id));
    }
    struct revision revision = {
        .file = str_printf(scope->arena, "%.*s (stored)", STR_ARGS(row->id)),
        .id = row->id,
        .message = STR("as stored in the database"),
        .is_transactional = !is_section_outside(engine, sql),
    };
    memcpy(revision.checksum, row->checksum.ptr,
           row->checksum.len < DIGEST_SHA256_BYTES ? row->checksum.len : DIGEST_SHA256_BYTES);
    struct str parents = row->parents;
    while (parents.len > 0 && revision.parent_count < REVISION_PARENTS_MAX) {
        revision.parents[revision.parent_count++] = str_trim(str_split(&parents, ','));
    }
    revision.down[engine] = (struct migration_section){.sql = sql, .first_line = 1, .file = revision.file};
    *ret_revision = revision;
    return RESULT_OK;
}

static result load_step(struct command *command, const struct migrator *migrator,
                        const struct applied_revision *row, struct revision *ret_revision)
{
    size_t index;
    if (!revision_set_find(&migrator->set, row->id, &index)) {
        return load_stored(command, migrator, row, ret_revision);
    }
    const struct revision *revision = &migrator->set.items[index];
    *ret_revision = *revision;
    if (is_empty(revision->irreversible)) return RESULT_OK;
    return migration_fail(&command->scope, MIGRATION_EXIT_USAGE, "%.*s cannot be undone: %.*s",
                          STR_ARGS(revision->id), STR_ARGS(revision->irreversible));
}

static result load_undoing(struct command *command, const struct migrator *migrator,
                           struct undoing *ret_undoing)
{
    struct migration_scope *scope = &command->scope;
    const size_t rows = migrator->list.count;
    bool *marks = arena_alloc_array(scope->arena, rows + 1, sizeof(bool));
    TRY(judgement_check_edits(scope, &migrator->judgement, &command->options, &command->listener));
    TRY(target_downgrade(scope, &migrator->judgement, command->arguments.positionals[0], marks));
    struct undoing undoing = {arena_alloc_array(scope->arena, rows + 1, sizeof(struct revision)), 0};
    for (size_t i = rows; i-- > 0;) {
        if (!marks[i]) continue;
        TRY(load_step(command, migrator, &migrator->list.items[i], &undoing.revisions[undoing.count]));
        undoing.count++;
    }
    *ret_undoing = undoing;
    return RESULT_OK;
}

/* --- what is lost --- */

static bool is_told_to_stop(const struct command *command)
{
    return command->options.is_stopping && atomic_load(command->options.is_stopping);
}

/* Signals are taken by another thread: a read would go on. */
static bool wait_for_answer(const struct command *command)
{
    struct pollfd terminal = {.fd = fileno(command->environment->answers), .events = POLLIN};
    while (!is_told_to_stop(command)) {
        const int ready = poll(&terminal, 1, ANSWER_SLICE_MS);
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
    return false;
}

static bool ask(const struct command *command)
{
    char answer[ANSWER_BYTES] = "";
    fprintf(command->environment->progress, "Rows are lost. Go on? [y/N] ");
    (void)fflush(command->environment->progress);
    if (!wait_for_answer(command)) return false;
    if (!fgets(answer, sizeof(answer), command->environment->answers)) return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static void print_undoing(const struct command *command, const struct undoing *undoing)
{
    FILE *out = command->environment->progress;
    if (command->arguments.is_quiet || undoing->count == 0) return;
    fprintf(out, "Will undo %zu revision(s):\n", undoing->count);
    for (size_t i = 0; i < undoing->count; i++) {
        const struct revision *revision = &undoing->revisions[i];
        const enum db_engine engine = command->options.store->engine;
        struct sql_statement statement;
        const char *loss = NULL;
        fprintf(out, "  %.*s, %.*s", STR_ARGS(revision->id), STR_ARGS(revision->message));
        if (section_find_loss(engine, &revision->down[engine], &statement, &loss))
            fprintf(out, ": loses %s", loss);
        fprintf(out, "\n");
    }
}

static result require_consent(struct command *command, const struct undoing *undoing)
{
    const enum db_engine engine = command->options.store->engine;
    if (command->arguments.is_yes || command->environment->is_data_loss_allowed) return RESULT_OK;
    for (size_t i = 0; i < undoing->count; i++) {
        const struct revision *revision = &undoing->revisions[i];
        const struct migration_section *section = &revision->down[engine];
        struct sql_statement statement;
        const char *loss;
        if (!section_find_loss(engine, section, &statement, &loss)) continue;
        if (command->environment->answers && ask(command)) return RESULT_OK;
        if (is_told_to_stop(command)) {
            return migration_fail(&command->scope, MIGRATION_EXIT_TERMINATED, "told to stop");
        }
        const struct str place = migration_place(command->scope.arena, section, statement.start);
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "%.*s: undoing %.*s loses %s; give --yes, or set ALLOW_DATA_LOSS=1",
                              STR_ARGS(place), STR_ARGS(revision->id), loss);
    }
    return RESULT_OK;
}

/* --- doing it --- */

static void print_outcome(const struct command *command, const struct migration_outcome *outcome)
{
    FILE *out = command->environment->results;
    ticker_end(command->ticker, STR(""));
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(out);
        json_line_text(&line, "event", STR("downgraded"));
        json_line_number(&line, "undone", (int64_t)outcome->applied);
        json_line_text(&line, "current", outcome->current);
        json_line_end(&line);
    } else if (outcome->applied > 0) {
        fprintf(out, "Undid %zu revision(s); now at %.*s\n", outcome->applied, STR_ARGS(outcome->current));
    } else {
        fprintf(out, "Already at %.*s\n", STR_ARGS(outcome->current));
    }
}

/* Under the lock, from what the database says then: what was shown before must still be what is to be undone. */
static result undo(struct command *command, struct migrator *migrator, const struct undoing *shown)
{
    struct undoing undoing;
    struct migration_outcome outcome = {.current = migrator->judgement.current};
    if (shown->count > 0) {
        TRY(migrator_lock(migrator));
        TRY(load_undoing(command, migrator, &undoing));
        if (undoing.count != shown->count || !str_equal(undoing.revisions[0].id, shown->revisions[0].id)) {
            return migration_fail(&command->scope, MIGRATION_EXIT_LOCKED,
                                  "another process changed the schema meanwhile; look at it and try again");
        }
        TRY(migrator_downgrade(migrator, undoing.revisions, undoing.count, &outcome));
    }
    print_outcome(command, &outcome);
    return RESULT_OK;
}

static result downgrade(struct command *command, struct migrator *migrator)
{
    struct undoing undoing;
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    TRY(load_undoing(command, migrator, &undoing));
    if (command->arguments.is_plan) {
        for (size_t i = 0; i < undoing.count; i++) print_plan_step(command, &undoing.revisions[i], true);
        return RESULT_OK;
    }
    print_undoing(command, &undoing);
    TRY(require_consent(command, &undoing));
    return undo(command, migrator, &undoing);
}

result command_downgrade(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return command->arguments.is_sql ? command_script(command, true) : downgrade(command, &migrator);
}
