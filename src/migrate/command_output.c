// SPDX-License-Identifier: MIT
#include "command_internal.h"

#define MINUTE_CHARS 16u /* "2026-01-05 10:00" */

/* --- JSON --- */

static void print_json_text(FILE *out, struct str text)
{
    (void)fputc('"', out);
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20) {
            fprintf(out, "\\u%04x", c);
        } else {
            (void)fputc(c, out);
        }
    }
    (void)fputc('"', out);
}

struct json_line json_line_begin(FILE *out)
{
    (void)fputc('{', out);
    return (struct json_line){.out = out};
}

static void print_name(struct json_line *line, const char *name)
{
    fprintf(line->out, "%s\"%s\":", line->has_members ? "," : "", name);
    line->has_members = true;
}

void json_line_text(struct json_line *line, const char *name, struct str value)
{
    print_name(line, name);
    print_json_text(line->out, value);
}

void json_line_number(struct json_line *line, const char *name, int64_t value)
{
    print_name(line, name);
    fprintf(line->out, "%lld", (long long)value);
}

void json_line_bool(struct json_line *line, const char *name, bool value)
{
    print_name(line, name);
    fprintf(line->out, "%s", value ? "true" : "false");
}

void json_line_end(struct json_line *line)
{
    fprintf(line->out, "}\n");
    (void)fflush(line->out);
}

/* --- revisions --- */

static const struct revision *revision_of(const struct revision_view *view)
{
    return &view->set->items[view->index];
}

static const struct applied_revision *row_of(const struct revision_view *view)
{
    size_t row;
    if (!view->judgement || !applied_list_find(view->judgement->list, revision_of(view)->id, &row))
        return NULL;
    return &view->judgement->list->items[row];
}

static struct str parents_or_base(struct arena *arena, const struct revision *revision)
{
    return revision->parent_count == 0 ? STR("<base>") : revision_parents_text(arena, revision);
}

static bool is_current(const struct revision_view *view)
{
    return view->judgement && is_named_in(view->judgement->current, revision_of(view)->id);
}

static void print_marks(FILE *out, const struct revision_view *view)
{
    if (is_head_revision(view->set, view->index)) fprintf(out, " (head)");
    if (view->is_marking_current && is_current(view)) fprintf(out, " (current)");
    if (revision_child_count(view->set, view->index) > 1) fprintf(out, " (branchpoint)");
    if (revision_of(view)->parent_count > 1) fprintf(out, " (mergepoint)");
}

static struct str minute_of(struct arena *arena, struct str applied_at)
{
    struct str text = str_copy(arena, applied_at);
    if (text.len > MINUTE_CHARS) text.len = MINUTE_CHARS;
    char *bytes = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) bytes[i] = text.ptr[i] == 'T' ? ' ' : text.ptr[i];
    return (struct str){bytes, text.len};
}

void print_partial(FILE *out, const struct applied_revision *row)
{
    const long long done = (long long)row->statements_done;
    const bool is_backfill = str_equal(row->phase, STR("backfill"));
    if (done < 0) {
        fprintf(out, " (partial, %lld statement(s) of the way down done)", -1 - done);
    } else {
        fprintf(out, " (partial, %lld %s(s) done)", done, is_backfill ? "batch" : "statement");
    }
}

static void print_database_marks(FILE *out, struct arena *arena, const struct revision_view *view)
{
    if (!view->judgement) return;
    const struct applied_revision *row = row_of(view);
    if (!row) {
        fprintf(out, " (pending)");
        return;
    }
    const struct str minute = minute_of(arena, row->applied_at);
    if (row->is_partial) {
        print_partial(out, row);
    } else {
        fprintf(out, " (applied %.*s)", STR_ARGS(minute));
    }
    if (view->judgement->is_modified[view->index]) fprintf(out, " (modified)");
}

void print_revision_name(FILE *out, const struct revision_view *view)
{
    fprintf(out, "%.*s", STR_ARGS(revision_of(view)->id));
    print_marks(out, view);
}

void print_revision_line(FILE *out, struct arena *arena, const struct revision_view *view)
{
    const struct revision *revision = revision_of(view);
    const struct str parents = parents_or_base(arena, revision);
    fprintf(out, "%.*s -> %.*s", STR_ARGS(parents), STR_ARGS(revision->id));
    print_marks(out, view);
    print_database_marks(out, arena, view);
    fprintf(out, ", %.*s\n", STR_ARGS(revision->message));
}

static void print_row_facts(FILE *out, const struct revision_view *view, const struct applied_revision *row)
{
    fprintf(out, "Applied: %.*s, %lld ms, by %.*s with %.*s\n", STR_ARGS(row->applied_at),
            (long long)row->duration_ms, STR_ARGS(row->applied_by), STR_ARGS(row->binary_version));
    fprintf(out, "Checksum: %s\n", view->judgement->is_modified[view->index] ? "modified" : "as applied");
}

static void print_children(FILE *out, const struct revision_view *view)
{
    if (revision_child_count(view->set, view->index) < 2) return;
    const char *separator = "Branches into: ";
    for (size_t i = 0; i < view->set->count; i++) {
        if (!is_parent_of(view->set, view->index, i)) continue;
        fprintf(out, "%s%.*s", separator, STR_ARGS(view->set->items[i].id));
        separator = ", ";
    }
    fprintf(out, "\n");
}

void print_revision_block(FILE *out, struct arena *arena, const struct revision_view *view)
{
    const struct revision *revision = revision_of(view);
    const struct applied_revision *row = row_of(view);
    const struct str parents = parents_or_base(arena, revision);
    const struct str folder = is_empty(view->directory) ? STR("migrations") : view->directory;
    const struct str revises = revision_parents_text(arena, revision);
    fprintf(out, "Rev: %.*s", STR_ARGS(revision->id));
    print_marks(out, view);
    fprintf(out, "\n%s: %.*s\n", revision->parent_count > 1 ? "Merges" : "Parent", STR_ARGS(parents));
    print_children(out, view);
    fprintf(out, "Path: %.*s/%.*s\n", STR_ARGS(folder), STR_ARGS(revision->file));
    if (row) print_row_facts(out, view, row);
    fprintf(out, "\n    %.*s\n    \n    Revision ID: %.*s\n    Revises: %.*s\n    Create Date: %.*s\n\n",
            STR_ARGS(revision->message), STR_ARGS(revision->id), STR_ARGS(revises),
            STR_ARGS(revision->created));
}

static struct str state_of(const struct revision_view *view, const struct applied_revision *row)
{
    if (!row) return STR("pending");
    if (row->is_partial) return STR("partial");
    return view->judgement->is_modified[view->index] ? STR("modified") : STR("applied");
}

void print_revision_json(FILE *out, struct arena *arena, const struct revision_view *view)
{
    const struct revision *revision = revision_of(view);
    const struct applied_revision *row = row_of(view);
    struct json_line line = json_line_begin(out);
    json_line_text(&line, "revision", revision->id);
    json_line_text(&line, "down_revision", revision_parents_text(arena, revision));
    json_line_text(&line, "message", revision->message);
    json_line_text(&line, "created", revision->created);
    json_line_text(&line, "phase", str_from(revision_phase_name(revision->phase)));
    json_line_text(&line, "min_binary", revision->min_binary);
    json_line_text(&line, "file", revision->file);
    json_line_bool(&line, "is_head", is_head_revision(view->set, view->index));
    if (view->judgement) {
        json_line_text(&line, "state", state_of(view, row));
        json_line_bool(&line, "is_current", is_current(view));
    }
    if (row) {
        json_line_text(&line, "applied_at", row->applied_at);
        json_line_number(&line, "duration_ms", row->duration_ms);
        json_line_text(&line, "applied_by", row->applied_by);
        json_line_text(&line, "binary_version", row->binary_version);
    }
    json_line_end(&line);
}
