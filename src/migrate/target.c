// SPDX-License-Identifier: MIT
#include "target_internal.h"

#include <string.h>

/* "abcd+2" is name "abcd", offset 2. */
struct relative {
    struct str name;
    int64_t offset;
    bool has_offset;
};

static bool has_char(struct str text, char c)
{
    return text.len > 0 && memchr(text.ptr, c, text.len);
}

static result parse_relative(struct migration_scope *scope, struct str text, struct relative *ret_relative)
{
    size_t sign = 0;
    while (sign < text.len && text.ptr[sign] != '+' && text.ptr[sign] != '-') sign++;
    struct relative relative = {.name = {text.ptr, sign}, .has_offset = sign < text.len};
    if (relative.has_offset) {
        const bool is_number = str_to_int64(str_from_offset(text, sign + 1), &relative.offset);
        if (!is_number || relative.offset < 1 || relative.offset > REVISIONS_MAX) {
            return migration_fail(scope, MIGRATION_EXIT_USAGE, "'%.*s' is no number of revisions",
                                  STR_ARGS(str_from_offset(text, sign)));
        }
        if (text.ptr[sign] == '-') relative.offset = -relative.offset;
    }
    *ret_relative = relative;
    return RESULT_OK;
}

static result refuse_unknown(struct migration_scope *scope, struct str name)
{
    return migration_fail(scope, MIGRATION_EXIT_USAGE, "Can't locate revision identified by '%.*s'",
                          STR_ARGS(name));
}

static result refuse_many(struct migration_scope *scope, const struct revision_set *set, struct str prefix)
{
    struct str list = STR_NONE;
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (!str_starts_with(set->items[i].id, prefix)) continue;
        list = str_printf(scope->arena, "%.*s%s%.*s", STR_ARGS(list), count > 0 ? ", " : "",
                          STR_ARGS(set->items[i].id));
        count++;
    }
    return migration_fail(scope, MIGRATION_EXIT_USAGE, "'%.*s' matches %zu revisions: %.*s", STR_ARGS(prefix),
                          count, STR_ARGS(list));
}

static result find_by_name(struct migration_scope *scope, const struct revision_set *set, struct str name,
                           size_t *ret_index)
{
    if (is_empty(name)) return refuse_unknown(scope, name);
    if (revision_set_find(set, name, ret_index)) return RESULT_OK;
    size_t count = 0;
    size_t found = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (!str_starts_with(set->items[i].id, name)) continue;
        found = i;
        count++;
    }
    if (count == 0) return refuse_unknown(scope, name);
    if (count > 1) return refuse_many(scope, set, name);
    *ret_index = found;
    return RESULT_OK;
}

static result refuse_short_walk(struct migration_scope *scope, int64_t offset)
{
    return migration_fail(scope, MIGRATION_EXIT_USAGE,
                          "Relative revision %+lld didn't produce %lld migrations", (long long)offset,
                          (long long)(offset < 0 ? -offset : offset));
}

static result step(struct migration_scope *scope, const struct revision_set *set, size_t from, bool is_up,
                   size_t *ret_to, bool *ret_is_found)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (is_up ? !is_parent_of(set, from, i) : !is_parent_of(set, i, from)) continue;
        *ret_to = i;
        count++;
    }
    if (count > 1) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "Ambiguous walk: %zu revisions %s %.*s", count,
                              is_up ? "follow from" : "precede", STR_ARGS(set->items[from].id));
    }
    *ret_is_found = count == 1;
    return RESULT_OK;
}

result target_revision(struct migration_scope *scope, const struct revision_set *set, struct str name,
                       size_t *ret_index)
{
    struct relative relative = {0};
    TRY(parse_relative(scope, name, &relative));
    size_t index = 0;
    TRY(find_by_name(scope, set, relative.name, &index));
    const bool is_up = relative.offset > 0;
    for (int64_t left = is_up ? relative.offset : -relative.offset; left > 0; left--) {
        bool is_found = false;
        TRY(step(scope, set, index, is_up, &index, &is_found));
        if (!is_found) return refuse_short_walk(scope, relative.offset);
    }
    *ret_index = index;
    return RESULT_OK;
}

/* --- upgrade --- */

static size_t mark_heads(const struct revision_set *set, bool *marks)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_head_revision(set, i)) continue;
        revision_mark_ancestry(set, i, marks);
        count++;
    }
    return count;
}

result target_refuse_many_heads(struct migration_scope *scope)
{
    return migration_fail(
        scope, MIGRATION_EXIT_USAGE,
        "Multiple head revisions are present for given argument 'head'; please specify a specific "
        "target revision, '<branchname>@head' to narrow to a specific head, or 'heads' for all "
        "heads");
}

static result upgrade_to_head(struct migration_scope *scope, const struct judgement *judgement,
                              bool is_plural, bool *ret_wanted)
{
    const size_t heads = mark_heads(judgement->set, ret_wanted);
    if (heads <= 1 || is_plural) return RESULT_OK;
    return target_refuse_many_heads(scope);
}

static result upgrade_by(struct migration_scope *scope, const struct judgement *judgement, int64_t count,
                         bool *ret_wanted)
{
    TRY(upgrade_to_head(scope, judgement, false, ret_wanted));
    int64_t left = count;
    for (size_t i = 0; i < judgement->set->count; i++) {
        if (!ret_wanted[i] || judgement->is_applied[i]) continue;
        ret_wanted[i] = left > 0;
        if (left > 0) left--;
    }
    return left > 0 ? refuse_short_walk(scope, count) : RESULT_OK;
}

/* Alembic does nothing here and calls it success. */
static result refuse_older(struct migration_scope *scope, const struct judgement *judgement, struct str id)
{
    return migration_fail(scope, MIGRATION_EXIT_USAGE,
                          "%.*s is older than the current revision %.*s; use downgrade", STR_ARGS(id),
                          STR_ARGS(judgement->current));
}

static result upgrade_to_revision(struct migration_scope *scope, const struct judgement *judgement,
                                  struct str name, bool *ret_wanted)
{
    size_t index = 0;
    TRY(target_revision(scope, judgement->set, name, &index));
    const struct str id = judgement->set->items[index].id;
    if (judgement->is_applied[index] && !is_named_in(judgement->current, id)) {
        return refuse_older(scope, judgement, id);
    }
    revision_mark_ancestry(judgement->set, index, ret_wanted);
    return RESULT_OK;
}

static result upgrade_to_branch_head(struct migration_scope *scope, const struct judgement *judgement,
                                     struct str name, bool *ret_wanted)
{
    size_t branch = 0;
    TRY(target_revision(scope, judgement->set, name, &branch));
    size_t count = 0;
    for (size_t i = 0; i < judgement->set->count; i++) {
        if (!is_head_revision(judgement->set, i)) continue;
        if (!is_in_ancestry(scope->arena, judgement->set, branch, i)) continue;
        revision_mark_ancestry(judgement->set, i, ret_wanted);
        count++;
    }
    if (count == 1) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_USAGE, "%zu heads follow from %.*s; name one", count,
                          STR_ARGS(name));
}

result target_upgrade(struct migration_scope *scope, const struct judgement *judgement, struct str target,
                      bool *ret_wanted)
{
    const bool is_plural = str_equal(target, STR("heads"));
    if (is_plural || str_equal(target, STR("head"))) {
        return upgrade_to_head(scope, judgement, is_plural, ret_wanted);
    }
    if (has_char(target, ':'))
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "Range revision not allowed");
    if (str_equal(target, STR("base"))) {
        return judgement->list->count == 0 ? RESULT_OK : refuse_older(scope, judgement, target);
    }
    struct str branch = target;
    if (has_char(target, '@') &&
        str_equal(str_from_offset(target, str_split(&branch, '@').len), STR("@head"))) {
        const size_t len = target.len - (sizeof("@head") - 1);
        return upgrade_to_branch_head(scope, judgement, (struct str){target.ptr, len}, ret_wanted);
    }
    struct relative relative = {0};
    TRY(parse_relative(scope, target, &relative));
    if (!relative.has_offset || relative.name.len > 0) {
        return upgrade_to_revision(scope, judgement, target, ret_wanted);
    }
    if (relative.offset < 0) return refuse_older(scope, judgement, target);
    return upgrade_by(scope, judgement, relative.offset, ret_wanted);
}

/* --- ranges --- */

static result mark_end(struct migration_scope *scope, const struct judgement *judgement, struct str end,
                       bool *marks)
{
    const struct revision_set *set = judgement->set;
    if (str_equal(end, STR("base"))) return RESULT_OK;
    if (is_empty(end) || str_equal(end, STR("head")) || str_equal(end, STR("heads"))) {
        (void)mark_heads(set, marks);
        return RESULT_OK;
    }
    if (str_equal(end, STR("current"))) {
        for (size_t i = 0; i < set->count; i++) {
            if (judgement->is_applied[i]) revision_mark_ancestry(set, i, marks);
        }
        return RESULT_OK;
    }
    size_t index = 0;
    TRY(target_revision(scope, set, end, &index));
    revision_mark_ancestry(set, index, marks);
    return RESULT_OK;
}

/* Takes the marks from what stands before `start`; `start` itself keeps its mark. */
static result mark_after(struct migration_scope *scope, const struct judgement *judgement, struct str start,
                         bool *marks)
{
    const struct revision_set *set = judgement->set;
    bool *before = revision_marks(scope->arena, set);
    TRY(mark_end(scope, judgement, start, before));
    for (size_t i = 0; i < set->count; i++) {
        bool is_end = before[i];
        for (size_t child = i + 1; child < set->count && is_end; child++) {
            is_end = !(before[child] && is_parent_of(set, i, child));
        }
        if (before[i] && !is_end) marks[i] = false;
    }
    return RESULT_OK;
}

result target_range(struct migration_scope *scope, const struct judgement *judgement, struct str range,
                    bool *ret_marks)
{
    struct str end = range;
    const struct str start = str_split(&end, ':');
    if (!has_char(range, ':') || has_char(end, ':')) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "History range requires [start]:[end], [start]:, or :[end]");
    }
    TRY(mark_end(scope, judgement, end, ret_marks));
    if (is_empty(start)) return RESULT_OK;
    return mark_after(scope, judgement, start, ret_marks);
}

/* --- scripts --- */

result target_script(struct migration_scope *scope, const struct revision_set *set, struct str range,
                     bool *ret_before, bool *ret_after)
{
    const struct judgement nothing = {.set = set, .is_applied = revision_marks(scope->arena, set)};
    struct str end = range;
    const struct str start = str_split(&end, ':');
    if (str_equal(start, STR("current")) || str_equal(end, STR("current"))) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "a script is made without a database: name the revision");
    }
    if (!has_char(range, ':')) return mark_end(scope, &nothing, range, ret_after);
    if (is_empty(start) || is_empty(end) || has_char(end, ':')) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "a script goes from one revision to another: from:to");
    }
    TRY(mark_end(scope, &nothing, start, ret_before));
    return mark_end(scope, &nothing, end, ret_after);
}
