// SPDX-License-Identifier: MIT
#include "command_internal.h"

/* Rows of (what, name): objects that an interrupted or unfinished change left behind. */
static const char *const broken_sql[DB_ENGINE_COUNT] = {
    [DB_POSTGRES] =
        "SELECT 'invalid index', c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready) "
        "AND c.relkind = 'i' ORDER BY 2",
    [DB_SQLITE] =
        "SELECT 'row without its parent in table', \"table\" FROM pragma_foreign_key_check LIMIT 10",
};

/* Told, but not wrong: a constraint may wait for its VALIDATE in a later revision. */
static const char *const unfinished_sql[DB_ENGINE_COUNT] = {
    [DB_POSTGRES] = "SELECT 'constraint that is not validated', conname FROM pg_constraint c "
                    "JOIN pg_namespace n ON n.oid = c.connamespace "
                    "WHERE n.nspname = current_schema() AND NOT convalidated ORDER BY 2",
    [DB_SQLITE] = NULL,
};

static void print_finding(const struct command *command, const char *kind, struct str what, struct str name)
{
    FILE *out = command->environment->results;
    if (!command->arguments.is_json) {
        fprintf(out, "%s: %.*s%s%.*s\n", kind, STR_ARGS(what), is_empty(name) ? "" : " ", STR_ARGS(name));
        return;
    }
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", str_from(kind));
    json_line_text(&line, "what", what);
    json_line_text(&line, "name", name);
    json_line_end(&line);
}

static result print_objects(struct command *command, const struct migrator *migrator, const char *kind,
                            const char *sql, size_t *ret_count)
{
    const struct schema_version *version = &migrator->version;
    struct migration_rows rows = {0};
    if (sql) TRY(version->driver->query(version->connection, &command->scope, sql, NULL, 0, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        print_finding(command, kind, rows.cells[i * rows.columns], rows.cells[i * rows.columns + 1]);
    }
    *ret_count = rows.count;
    return RESULT_OK;
}

static size_t print_edited(const struct command *command, const struct migrator *migrator)
{
    size_t count = 0;
    for (size_t i = 0; i < migrator->set.count; i++) {
        if (!migrator->judgement.is_modified[i]) continue;
        print_finding(command, "problem", STR("edited since it was applied:"), migrator->set.items[i].file);
        count++;
    }
    return count;
}

static size_t print_partial_rows(const struct command *command, const struct migrator *migrator)
{
    size_t count = 0;
    for (size_t i = 0; i < migrator->list.count; i++) {
        if (!migrator->list.items[i].is_partial) continue;
        print_finding(command, "problem", STR("half applied:"), migrator->list.items[i].id);
        count++;
    }
    return count;
}

static result print_findings(struct command *command, struct migrator *migrator, size_t *ret_problems)
{
    size_t broken = 0;
    size_t unfinished;
    const enum db_engine engine = migrator->version.driver->engine;
    if (migrator->judgement.pending > 0) {
        print_finding(
            command, "note",
            str_printf(command->scope.arena, "%zu revision(s) are pending", migrator->judgement.pending),
            STR(""));
    }
    *ret_problems = print_partial_rows(command, migrator);
    if (!migrator->version.driver->is_connected(migrator->version.connection)) return RESULT_OK;
    TRY(print_objects(command, migrator, "problem", broken_sql[engine], &broken));
    TRY(print_objects(command, migrator, "note", unfinished_sql[engine], &unfinished));
    *ret_problems += broken;
    return RESULT_OK;
}

static result verify(struct command *command, struct migrator *migrator)
{
    size_t problems = 0;
    struct migration_options lenient = command->options;
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    const size_t edited = print_edited(command, migrator);
    TRY(print_findings(command, migrator, &problems));
    lenient.is_edit_tolerated = true;
    TRY(judgement_check(&command->scope, &migrator->judgement, &lenient, NULL));
    if (edited > 0 && !command->options.is_edit_tolerated) {
        return migration_fail(
            &command->scope, MIGRATION_EXIT_GRAPH,
            "%zu applied revision(s) were edited; restore the files, or record them as they are "
            "with: auth migrate stamp --refresh <revision>",
            edited);
    }
    if (problems > 0) {
        return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE,
                              "%zu problem(s); auth migrate upgrade goes on with what is half applied",
                              problems);
    }
    if (!command->arguments.is_json) {
        fprintf(command->environment->results, "Verified %zu applied revision(s); now at %.*s\n",
                migrator->list.count, STR_ARGS(migrator->judgement.current));
    }
    return RESULT_OK;
}

result command_verify(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return verify(command, &migrator);
}
