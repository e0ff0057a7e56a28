// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "schema/schema_internal.h"

/* What is known before a revision is written. */
struct drafting {
    struct command *command;
    struct str directory;
    struct revision_set set;
    struct generate_order order;
};

static result find_only_head(struct drafting *drafting)
{
    const struct revision_set *set = &drafting->set;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_head_revision(set, i)) continue;
        if (drafting->order.parent) {
            return migration_fail(&drafting->command->scope, MIGRATION_EXIT_USAGE,
                                  "Multiple heads are present; please specify the head revision on which the "
                                  "new revision should be based, or perform a merge.");
        }
        drafting->order.parent = &set->items[i];
    }
    return RESULT_OK;
}

static result find_parent(struct drafting *drafting)
{
    struct command *command = drafting->command;
    const struct str name = command->arguments.head;
    size_t index;
    if (is_empty(name) || str_equal(name, STR("head"))) return find_only_head(drafting);
    if (str_equal(name, STR("base")) && command->arguments.is_splice) return RESULT_OK;
    TRY(target_revision(&command->scope, &drafting->set, name, &index));
    drafting->order.parent = &drafting->set.items[index];
    if (is_head_revision(&drafting->set, index) || command->arguments.is_splice) return RESULT_OK;
    return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                          "Revision %.*s is not a head revision; please specify --splice to create a new "
                          "branch from this revision",
                          STR_ARGS(drafting->set.items[index].id));
}

static result check_id(const struct drafting *drafting)
{
    size_t index;
    const struct str id = drafting->order.revision_id;
    if (is_empty(id) || !revision_set_find(&drafting->set, id, &index)) return RESULT_OK;
    return migration_fail(&drafting->command->scope, MIGRATION_EXIT_USAGE,
                          "Revision %.*s is there already, in %.*s", STR_ARGS(id),
                          STR_ARGS(drafting->set.items[index].file));
}

/* --- output --- */

static void print_generated(const struct command *command, struct str path)
{
    if (!command->arguments.is_json) {
        fprintf(command->environment->results, "Generating %.*s ... done\n", STR_ARGS(path));
        return;
    }
    struct json_line line = json_line_begin(command->environment->results);
    json_line_text(&line, "event", STR("generated"));
    json_line_text(&line, "path", path);
    json_line_end(&line);
}

static result save(const struct drafting *drafting, const struct revision_file *files, size_t count)
{
    struct command *command = drafting->command;
    for (size_t i = 0; i < count; i++) {
        struct str path = files[i].name;
        if (command->arguments.is_sql) {
            fprintf(command->environment->results, "-- %.*s\n%.*s\n", STR_ARGS(path),
                    STR_ARGS(files[i].text));
            continue;
        }
        TRY(revision_file_save(&command->scope, drafting->directory, &files[i], &path));
        print_generated(command, path);
    }
    return RESULT_OK;
}

/* --- from the declared schema --- */

static result write_script(struct drafting *drafting, const struct schema_comparison *comparison,
                           enum db_engine engine)
{
    struct migration_scope *scope = &drafting->command->scope;
    struct schema_script *script = arena_alloc(scope->arena, sizeof(*script));
    *script = (struct schema_script){.scope = scope};
    for (size_t i = 0; i < SCHEMA_FILE_COUNT; i++) script->irreversible[i] = STR("");
    drafting->order.scripts[engine] = script;
    return engine == DB_POSTGRES ? schema_script_postgres(script, &comparison->difference)
                                 : schema_script_sqlite(script, &comparison->difference);
}

static void print_detected(const struct command *command, const struct schema_difference *difference,
                           const char *engine)
{
    FILE *out = command->environment->progress;
    struct str *renames;
    const size_t count = schema_possible_renames(command->scope.arena, difference, &renames);
    for (size_t i = 0; i < difference->count && !command->arguments.is_quiet; i++) {
        if (difference->changes[i].is_implied) continue;
        const struct str text = schema_change_text(command->scope.arena, &difference->changes[i]);
        fprintf(out, "Detected for %s: %.*s\n", engine, STR_ARGS(text));
    }
    for (size_t i = 0; i < count; i++) fprintf(out, "%s: %.*s\n", engine, STR_ARGS(renames[i]));
}

static result compare_live(struct drafting *drafting, const struct migrator *migrator)
{
    struct command *command = drafting->command;
    const struct migration_driver *driver = migrator->version.driver;
    struct schema_comparison *comparison = arena_alloc(command->scope.arena, sizeof(*comparison));
    TRY(schema_compare_live(&command->scope, driver->engine, migrator->version.connection,
                            drafting->directory, comparison));
    print_detected(command, &comparison->difference, driver->name);
    return write_script(drafting, comparison, driver->engine);
}

/* SQLite's side is known without its database: what all revisions make of an empty one. PostgreSQL's is not. */
static result compare_other(struct drafting *drafting, enum db_engine engine)
{
    struct command *command = drafting->command;
    struct schema_comparison *comparison = arena_alloc(command->scope.arena, sizeof(*comparison));
    if (engine == DB_SQLITE) {
        drafting->order.reasons[DB_POSTGRES] =
            STR("generated on SQLite: autogenerate against PostgreSQL writes what is missing here");
        fprintf(command->environment->progress,
                "WARNING: no PostgreSQL to compare with: its section is left without changes\n");
        return RESULT_OK;
    }
    TRY(schema_compare_revisions(&command->scope, drafting->set.items, drafting->set.count,
                                 drafting->directory, comparison));
    print_detected(command, &comparison->difference, "sqlite");
    return write_script(drafting, comparison, DB_SQLITE);
}

static result autogenerate(struct drafting *drafting, struct migrator *migrator)
{
    struct command *command = drafting->command;
    struct revision_file files[SCHEMA_FILE_COUNT];
    size_t count;
    command->options.directory = drafting->directory;
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    TRY(command_require_head(command, migrator));
    TRY(compare_live(drafting, migrator));
    TRY(compare_other(drafting, migrator->version.driver->engine));
    TRY(schema_generate(&command->scope, &drafting->order, files, &count));
    if (count > 0) return save(drafting, files, count);
    fprintf(command->environment->results, "No changes detected; nothing written\n");
    return RESULT_OK;
}

static result generate(struct drafting *drafting)
{
    struct revision_file file;
    if (drafting->command->arguments.is_autogenerate) {
        struct migrator migrator SCOPED(migrator_close) = {0};
        return autogenerate(drafting, &migrator);
    }
    TRY(schema_generate_empty(&drafting->command->scope, &drafting->order, &file));
    return save(drafting, &file, 1);
}

result command_revision(struct command *command)
{
    const struct command_arguments *arguments = &command->arguments;
    struct drafting drafting = {
        .command = command,
        .directory = revision_directory(arguments->directory),
        .order = {.message = arguments->message, .revision_id = arguments->revision_id},
    };
    if (is_empty(str_trim(arguments->message))) {
        return migration_fail(&command->scope, MIGRATION_EXIT_USAGE,
                              "a revision needs a message of one line: -m TEXT");
    }
    TRY(revision_set_load(&command->scope, drafting.directory, &drafting.set));
    TRY(find_parent(&drafting));
    TRY(check_id(&drafting));
    return generate(&drafting);
}
