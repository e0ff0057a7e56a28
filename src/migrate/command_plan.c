// SPDX-License-Identifier: MIT
#include "command_internal.h"
#include "statement_facts_internal.h"

static const char *way_of(const struct revision *revision, enum db_engine engine, bool is_down)
{
    if (revision->phase == REVISION_BACKFILL && !is_down) return "in batches";
    return revision->is_transactional || engine == DB_SQLITE ? "one transaction" : "statement by statement";
}

static void print_lines(FILE *out, struct str text, const char *indent)
{
    while (text.len > 0) {
        const struct str line = str_split(&text, '\n');
        fprintf(out, "%s%.*s\n", indent, STR_ARGS(line));
    }
}

static void print_statement(FILE *out, const struct statement_facts *facts, struct str place, struct str sql)
{
    fprintf(out, "  %.*s\n", STR_ARGS(place));
    print_lines(out, sql, "    ");
    if (facts->lock[0]) fprintf(out, "    lock: %s\n", facts->lock);
    if (facts->hazard[0]) fprintf(out, "    hazard: %s\n", facts->hazard);
    if (facts->loss) fprintf(out, "    loses: %s\n", facts->loss);
}

static void print_statement_json(FILE *out, const struct statement_facts *facts, struct str place,
                                 struct str sql)
{
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", STR("statement"));
    json_line_text(&line, "place", place);
    json_line_text(&line, "sql", sql);
    json_line_text(&line, "lock", str_from(facts->lock));
    json_line_text(&line, "hazard", str_from(facts->hazard));
    json_line_text(&line, "loses", str_from(facts->loss ? facts->loss : ""));
    json_line_end(&line);
}

static void print_header(const struct command *command, const struct revision *revision, bool is_down)
{
    FILE *out = command->environment->results;
    struct arena *arena = command->scope.arena;
    struct str parents = revision_parents_text(arena, revision);
    const char *way = way_of(revision, command->options.store->engine, is_down);
    if (!command->arguments.is_json) {
        if (is_empty(parents)) parents = STR("<base>");
        const struct str from = is_down ? revision->id : parents;
        const struct str to = is_down ? parents : revision->id;
        fprintf(out, "%.*s -> %.*s, %.*s (%s, %s)\n", STR_ARGS(from), STR_ARGS(to),
                STR_ARGS(revision->message), revision_phase_name(revision->phase), way);
        return;
    }
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "event", STR("step"));
    json_line_text(&line, "direction", is_down ? STR("down") : STR("up"));
    json_line_text(&line, "revision", revision->id);
    json_line_text(&line, "down_revision", parents);
    json_line_text(&line, "message", revision->message);
    json_line_text(&line, "phase", str_from(revision_phase_name(revision->phase)));
    json_line_text(&line, "runs", str_from(way));
    json_line_end(&line);
}

void print_plan_step(const struct command *command, const struct revision *revision, bool is_down)
{
    const enum db_engine engine = command->options.store->engine;
    const struct migration_section *section = is_down ? &revision->down[engine] : &revision->up[engine];
    FILE *out = command->environment->results;
    struct sql_statement statement;
    size_t offset = 0;
    print_header(command, revision, is_down);
    while (sql_split(engine, section->sql, &offset, &statement)) {
        if (statement.is_empty) continue;
        const struct statement_facts facts = statement_look(engine, statement.text);
        const struct str place = migration_place(command->scope.arena, section, statement.start);
        const struct str sql = str_trim(str_from_offset(statement.text, statement.start - statement.offset));
        if (command->arguments.is_json) {
            print_statement_json(out, &facts, place, sql);
        } else {
            print_statement(out, &facts, place, sql);
        }
    }
}
