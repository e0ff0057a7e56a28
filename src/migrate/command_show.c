// SPDX-License-Identifier: MIT
#include "command_internal.h"

static void print_view(const struct command *command, const struct revision_view *view, bool is_line)
{
    FILE *out = command->environment->results;
    if (command->arguments.is_json) {
        print_revision_json(out, command->scope.arena, view);
    } else if (command->arguments.is_verbose) {
        print_revision_block(out, command->scope.arena, view);
    } else if (is_line) {
        print_revision_line(out, command->scope.arena, view);
    } else {
        print_revision_name(out, view);
        fprintf(out, "\n");
    }
}

/* A row of the database that this binary does not know. */
static void print_unknown(const struct command *command, const struct applied_revision *row, bool is_line)
{
    FILE *out = command->environment->results;
    const struct str parents = is_empty(row->parents) ? STR("<base>") : row->parents;
    if (command->arguments.is_json) {
        struct json_line line = json_line_begin(out);
        json_line_text(&line, "revision", row->id);
        json_line_text(&line, "down_revision", row->parents);
        json_line_text(&line, "state", STR("unknown"));
        json_line_end(&line);
        return;
    }
    if (is_line) fprintf(out, "%.*s -> ", STR_ARGS(parents));
    fprintf(out, "%.*s (unknown)\n", STR_ARGS(row->id));
}

/* --- current --- */

static void print_applied(const struct command *command, const struct migrator *migrator, size_t row)
{
    struct revision_view view = {
        .set = &migrator->set, .judgement = &migrator->judgement, .directory = command->arguments.directory};
    if (revision_set_find(&migrator->set, migrator->list.items[row].id, &view.index)) {
        print_view(command, &view, false);
        return;
    }
    print_unknown(command, &migrator->list.items[row], false);
}

static void print_current(const struct command *command, const struct migrator *migrator)
{
    FILE *out = command->environment->results;
    const struct command_arguments *arguments = &command->arguments;
    if (arguments->is_verbose && !arguments->is_json) {
        fprintf(out, "Current revision(s) for %.*s:\n", STR_ARGS(command->options.store->display));
    }
    size_t heads = 0;
    for (size_t i = 0; i < migrator->list.count; i++) {
        const struct applied_revision *row = &migrator->list.items[i];
        if (row->is_partial && !arguments->is_json) {
            fprintf(out, "%.*s", STR_ARGS(row->id));
            print_partial(out, row);
            fprintf(out, "\n");
        }
        if (!is_applied_head(&migrator->list, i)) continue;
        print_applied(command, migrator, i);
        heads++;
    }
    if (heads == 0 && !arguments->is_json) fprintf(out, "<base>\n");
}

static result show_current(struct command *command, struct migrator *migrator)
{
    TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    print_current(command, migrator);
    if (!command->arguments.is_check_heads) return RESULT_OK;
    if (is_at_head(&migrator->judgement) && migrator->judgement.unknown == 0) return RESULT_OK;
    return migration_fail(&command->scope, MIGRATION_EXIT_OUT_OF_DATE,
                          "Database is not on all head revisions");
}

result command_current(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return show_current(command, &migrator);
}

/* --- history --- */

static void print_history(const struct command *command, const struct migrator *migrator, const bool *marks,
                          bool has_database)
{
    for (size_t i = migrator->list.count; i-- > 0 && is_empty(command->arguments.range);) {
        size_t known;
        if (revision_set_find(&migrator->set, migrator->list.items[i].id, &known)) continue;
        print_unknown(command, &migrator->list.items[i], true);
    }
    for (size_t i = migrator->set.count; i-- > 0;) {
        const struct revision_view view = {
            .set = &migrator->set,
            .index = i,
            .judgement = has_database ? &migrator->judgement : NULL,
            .directory = command->arguments.directory,
            .is_marking_current = has_database,
        };
        if (marks[i]) print_view(command, &view, true);
    }
}

/* Only -i and the word current need the database. */
static bool is_asking_database(const struct command_arguments *arguments)
{
    struct str end = arguments->range;
    const struct str start = str_split(&end, ':');
    return arguments->is_indicating_current || str_equal(start, STR("current")) ||
           str_equal(end, STR("current"));
}

static result show_history(struct command *command, struct migrator *migrator)
{
    const bool has_database = is_asking_database(&command->arguments);
    if (has_database) {
        TRY(migrator_open(migrator, &command->scope, &command->options, &command->listener));
    } else {
        TRY(migrator_load(&command->scope, &command->options, &migrator->set));
        judgement_make(command->scope.arena, &migrator->set, &migrator->list, &migrator->judgement);
    }
    bool *marks = revision_marks(command->scope.arena, &migrator->set);
    const struct str range = is_empty(command->arguments.range) ? STR(":") : command->arguments.range;
    TRY(target_range(&command->scope, &migrator->judgement, range, marks));
    print_history(command, migrator, marks, has_database && command->arguments.is_indicating_current);
    return RESULT_OK;
}

result command_history(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    return show_history(command, &migrator);
}

/* --- heads --- */

/* What a head is beside that, Alembic tells elsewhere. */
static void print_head(const struct command *command, const struct revision_view *view)
{
    if (command->arguments.is_json || command->arguments.is_verbose) {
        print_view(command, view, false);
        return;
    }
    fprintf(command->environment->results, "%.*s (head)\n", STR_ARGS(view->set->items[view->index].id));
}

result command_heads(struct command *command)
{
    struct revision_set set;
    TRY(migrator_load(&command->scope, &command->options, &set));
    for (size_t i = 0; i < set.count; i++) {
        const struct revision_view view = {
            .set = &set, .index = i, .directory = command->arguments.directory};
        if (is_head_revision(&set, i)) print_head(command, &view);
    }
    return RESULT_OK;
}

/* --- branches --- */

/* As Alembic: with the message when verbose. */
static void print_children(const struct command *command, const struct revision_set *set, size_t parent)
{
    FILE *out = command->environment->results;
    const struct str id = set->items[parent].id;
    for (size_t i = 0; i < set->count; i++) {
        const struct revision_view view = {.set = set, .index = i};
        if (!is_parent_of(set, parent, i)) continue;
        fprintf(out, "%*s -> ", (int)id.len, "");
        print_revision_name(out, &view);
        if (command->arguments.is_verbose) fprintf(out, ", %.*s", STR_ARGS(set->items[i].message));
        fprintf(out, "\n");
    }
    fprintf(out, "\n");
}

result command_branches(struct command *command)
{
    struct revision_set set;
    TRY(migrator_load(&command->scope, &command->options, &set));
    for (size_t i = 0; i < set.count; i++) {
        const struct revision_view view = {
            .set = &set, .index = i, .directory = command->arguments.directory};
        if (revision_child_count(&set, i) < 2) continue;
        print_view(command, &view, false);
        if (!command->arguments.is_json) print_children(command, &set, i);
    }
    return RESULT_OK;
}

/* --- show --- */

static void show(const struct command *command, const struct revision_set *set, size_t index)
{
    FILE *out = command->environment->results;
    const struct revision_view view = {.set = set, .index = index, .directory = command->arguments.directory};
    if (command->arguments.is_json) {
        print_revision_json(out, command->scope.arena, &view);
        return;
    }
    print_revision_block(out, command->scope.arena, &view);
    if (command->arguments.is_verbose) fprintf(out, "%.*s", STR_ARGS(set->items[index].text));
}

static result show_current_revisions(struct command *command)
{
    struct migrator migrator SCOPED(migrator_close) = {0};
    TRY(migrator_open(&migrator, &command->scope, &command->options, &command->listener));
    for (size_t i = 0; i < migrator.list.count; i++) {
        size_t index;
        if (!is_applied_head(&migrator.list, i)) continue;
        if (revision_set_find(&migrator.set, migrator.list.items[i].id, &index)) {
            show(command, &migrator.set, index);
        } else {
            print_unknown(command, &migrator.list.items[i], true);
        }
    }
    return RESULT_OK;
}

result command_show(struct command *command)
{
    const struct str name = command->arguments.positionals[0];
    struct revision_set set;
    if (str_equal(name, STR("current"))) return show_current_revisions(command);
    TRY(migrator_load(&command->scope, &command->options, &set));
    bool *marks = revision_marks(command->scope.arena, &set);
    TRY(target_named(&command->scope, &set, name, marks));
    for (size_t i = set.count; i-- > 0;) {
        if (marks[i]) show(command, &set, i);
    }
    return RESULT_OK;
}
