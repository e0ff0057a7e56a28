// SPDX-License-Identifier: MIT
#include "auth/base/clock.h"
#include "auth/base/strbuf.h"
#include "command_internal.h"
#include "schema/schema_internal.h"

#define STAMP_LOCK_TIMEOUT_MS      INT64_C(3000)
#define STAMP_STATEMENT_TIMEOUT_MS INT64_C(60000)

/* --- what is to be recorded --- */

static size_t count_heads(const struct revision_set *set)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) count += is_head_revision(set, i);
    return count;
}

static result mark_wanted(struct command *command, const struct revision_set *set, bool *wanted)
{
    const struct str name = command->arguments.positionals[0];
    bool *named = revision_marks(command->scope.arena, set);
    if (str_equal(name, STR("base"))) return RESULT_OK;
    if (str_equal(name, STR("head")) && count_heads(set) > 1) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "Multiple heads are present; please specify a single target revision");
    }
    TRY(target_named(&command->scope, set, name, named));
    for (size_t i = 0; i < set->count; i++) {
        if (named[i]) revision_mark_ancestry(set, i, wanted);
    }
    return RESULT_OK;
}

static result log_stamp(struct command *command, const struct migrator *migrator, struct str revision,
                        const unsigned char *checksum)
{
    const struct schema_log_entry entry = {
        .action = SCHEMA_STAMP, .revision = revision, .checksum = checksum};
    return schema_version_log(&migrator->version, &command->scope, &entry);
}

/* --- a baseline --- */

#define BASELINE_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* The statement as it can run in the transaction that is rolled back. */
static void add_statement(struct strbuf *text, enum db_engine engine, struct str statement)
{
    struct sql_lexer lexer = {statement, engine};
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        const bool is_left_out = token.kind == SQL_WORD && str_equal_nocase(token.text, STR("CONCURRENTLY"));
        if (!is_left_out) strbuf_add(text, token.text);
    }
}

/* What the revisions would have made. */
static result declare(struct command *command, const struct migrator *migrator, const bool *wanted,
                      struct str *ret_text)
{
    const enum db_engine engine = migrator->version.driver->engine;
    struct strbuf text;
    strbuf_init(&text, command->scope.arena, 65536, BASELINE_BYTES_MAX);
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct revision *revision = &migrator->set.items[i];
        size_t offset = 0;
        if (!wanted[i] || revision->phase == REVISION_BACKFILL) continue;
        for (struct sql_statement statement;
             sql_split(engine, revision->up[engine].sql, &offset, &statement);) {
            add_statement(&text, engine, statement.text);
        }
        strbuf_add(&text, STR("\n;\n"));
    }
    return strbuf_finish(&text, ret_text);
}

/* A database that knows no revision must look as the revision leaves it. */
static result check_baseline(struct command *command, const struct migrator *migrator, const bool *wanted)
{
    static const struct schema_renames none = {0};
    struct migration_scope *scope = &command->scope;
    struct schema_catalog live;
    struct schema_catalog declared;
    struct schema_difference difference;
    struct str text;
    size_t count = 0;
    for (size_t i = 0; i < migrator->set.count; i++) count += wanted[i];
    if (count == 0 || migrator->list.count > 0 || command->arguments.is_forced) return RESULT_OK;
    TRY(declare(command, migrator, wanted, &text));
    TRY(migrator->version.driver->engine == DB_POSTGRES
            ? schema_read_postgres(scope, migrator->version.connection, text, &live, &declared)
            : schema_read_sqlite(scope, migrator->version.connection, text, &live, &declared));
    schema_compare(scope->arena, &live, &declared, &none, &difference);
    const size_t differences = command_print_difference(command, &difference);
    if (differences == 0) return RESULT_OK;
    return migration_fail(
        scope, MIGRATION_EXIT_OUT_OF_DATE,
        "the schema is not what %.*s leaves: %zu difference(s), shown as what an upgrade would have "
        "to do; --force stamps all the same",
        STR_ARGS(command->arguments.positionals[0]), differences);
}

/* --- within the transaction --- */

/* Half-applied rows go too: stamping says that they are whole. */
static result remove_rows(struct command *command, const struct migrator *migrator, const bool *wanted)
{
    if (command->arguments.is_purging) return schema_version_delete_all(&migrator->version, &command->scope);
    for (size_t i = 0; i < migrator->list.count; i++) {
        const struct applied_revision *row = &migrator->list.items[i];
        size_t index;
        const bool is_known = revision_set_find(&migrator->set, row->id, &index);
        if (is_known && wanted[index] && !row->is_partial) continue;
        TRY(schema_version_delete(&migrator->version, &command->scope, row->id));
    }
    return RESULT_OK;
}

static result add_rows(struct command *command, const struct migrator *migrator, const bool *wanted)
{
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct revision *revision = &migrator->set.items[i];
        struct applied_revision row;
        bool is_there;
        if (!wanted[i]) continue;
        TRY(schema_version_find(&migrator->version, &command->scope, revision->id, &row, &is_there));
        if (is_there) continue;
        TRY(schema_version_insert(&migrator->version, &command->scope, revision, "applied", 0));
    }
    return RESULT_OK;
}

static result write_stamp(struct command *command, const struct migrator *migrator, const bool *wanted)
{
    TRY(remove_rows(command, migrator, wanted));
    TRY(add_rows(command, migrator, wanted));
    return log_stamp(command, migrator, command->arguments.positionals[0], NULL);
}

static result write_refresh(struct command *command, const struct migrator *migrator, const bool *wanted)
{
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct revision *revision = &migrator->set.items[i];
        if (!wanted[i]) continue;
        TRY(schema_version_refresh(&migrator->version, &command->scope, revision));
        TRY(log_stamp(command, migrator, revision->id, revision->checksum));
    }
    return RESULT_OK;
}

typedef result stamp_work(struct command *command, const struct migrator *migrator, const bool *marks);

static result in_transaction(struct command *command, const struct migrator *migrator, stamp_work *work,
                             const bool *marks)
{
    const struct migration_driver *driver = migrator->version.driver;
    struct migration_connection *connection = migrator->version.connection;
    const struct migration_limits limits = {.lock_timeout_ms = STAMP_LOCK_TIMEOUT_MS,
                                            .statement_timeout_ms = STAMP_STATEMENT_TIMEOUT_MS,
                                            .revision = command->arguments.positionals[0]};
    result outcome = driver->begin(connection, &command->scope, &limits);
    if (is_ok(outcome)) outcome = work(command, migrator, marks);
    if (is_ok(outcome)) outcome = driver->commit(connection, &command->scope);
    if (!is_ok(outcome)) driver->rollback(connection);
    return outcome;
}

/* --- the command --- */

static void print_stamp(const struct command *command, struct str from, struct str to)
{
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(command->environment->results);
        json_line_text(&line, "event", STR("stamped"));
        json_line_text(&line, "from", from);
        json_line_text(&line, "to", to);
        json_line_end(&line);
    }
    if (command->arguments.is_quiet) return;
    ticker_say(command->ticker, str_printf(command->scope.arena, "Running stamp_revision %.*s -> %.*s",
                                           STR_ARGS(from), STR_ARGS(to)));
}

static struct str heads_or_nothing(struct str current)
{
    return str_equal(current, STR("<base>")) ? STR("") : current;
}

static result stamp(struct command *command, struct migrator *migrator)
{
    struct migration_scope *scope = &command->scope;
    TRY(migrator_open(migrator, scope, &command->options, &command->listener));
    bool *wanted = revision_marks(scope->arena, &migrator->set);
    TRY(mark_wanted(command, &migrator->set, wanted));
    TRY(migrator_lock(migrator));
    TRY(check_baseline(command, migrator, wanted));
    const struct str from = heads_or_nothing(migrator->judgement.current);
    TRY(in_transaction(command, migrator, write_stamp, wanted));
    TRY(schema_version_read(&migrator->version, scope, &migrator->list));
    print_stamp(command, from, heads_or_nothing(applied_heads_text(scope->arena, &migrator->list)));
    return RESULT_OK;
}

static result refresh(struct command *command, struct migrator *migrator)
{
    struct migration_scope *scope = &command->scope;
    TRY(migrator_open(migrator, scope, &command->options, &command->listener));
    bool *marks = revision_marks(scope->arena, &migrator->set);
    TRY(target_named(scope, &migrator->set, command->arguments.positionals[0], marks));
    TRY(migrator_lock(migrator));
    for (size_t i = 0; i < migrator->set.count; i++) {
        const struct str id = migrator->set.items[i].id;
        size_t row;
        if (!marks[i] || applied_list_find(&migrator->list, id, &row)) continue;
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "%.*s is not applied: there is nothing to refresh",
                              STR_ARGS(id));
    }
    TRY(in_transaction(command, migrator, write_refresh, marks));
    for (size_t i = 0; i < migrator->set.count; i++) {
        if (marks[i]) print_stamp(command, migrator->set.items[i].id, migrator->set.items[i].id);
    }
    return RESULT_OK;
}

result command_stamp(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return command->arguments.is_refreshing ? refresh(command, &migrator) : stamp(command, &migrator);
}
