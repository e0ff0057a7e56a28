// SPDX-License-Identifier: MIT
#include "revision_set_internal.h"

#include <string.h>

bool revision_set_find(const struct revision_set *set, struct str id, size_t *ret_index)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!str_equal(set->items[i].id, id)) continue;
        *ret_index = i;
        return true;
    }
    return false;
}

bool is_parent_of(const struct revision_set *set, size_t parent, size_t child)
{
    const struct revision *revision = &set->items[child];
    for (size_t i = 0; i < revision->parent_count; i++) {
        if (str_equal(revision->parents[i], set->items[parent].id)) return true;
    }
    return false;
}

size_t revision_child_count(const struct revision_set *set, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) count += is_parent_of(set, index, i);
    return count;
}

bool is_head_revision(const struct revision_set *set, size_t index)
{
    return revision_child_count(set, index) == 0;
}

bool *revision_marks(struct arena *arena, const struct revision_set *set)
{
    return arena_alloc_array(arena, set->count + 1, sizeof(bool));
}

/* Parents stand before their children, so one walk backwards meets every ancestor after what follows it. */
void revision_mark_ancestry(const struct revision_set *set, size_t index, bool *marks)
{
    marks[index] = true;
    for (size_t i = index + 1; i-- > 0;) {
        const struct revision *revision = &set->items[i];
        for (size_t p = 0; marks[i] && p < revision->parent_count; p++) {
            size_t parent;
            if (revision_set_find(set, revision->parents[p], &parent)) marks[parent] = true;
        }
    }
}

bool is_in_ancestry(struct arena *arena, const struct revision_set *set, size_t ancestor, size_t index)
{
    if (ancestor > index) return false;
    bool *marks = revision_marks(arena, set);
    revision_mark_ancestry(set, index, marks);
    return marks[ancestor];
}

struct str revision_set_heads_text(struct arena *arena, const struct revision_set *set)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_head_revision(set, i)) continue;
        text = str_printf(arena, "%.*s%s%.*s", STR_ARGS(text), is_empty(text) ? "" : ", ",
                          STR_ARGS(set->items[i].id));
    }
    return is_empty(text) ? STR("<base>") : text;
}

/* --- linking --- */

static result refuse_double_ids(struct migration_scope *scope, const struct revision_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        size_t first;
        if (!revision_set_find(set, set->items[i].id, &first) || first == i) continue;
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%.*s:1: revision '%.*s' is also in %.*s",
                              STR_ARGS(set->items[i].file), STR_ARGS(set->items[i].id),
                              STR_ARGS(set->items[first].file));
    }
    return RESULT_OK;
}

static result refuse_missing_parents(struct migration_scope *scope, const struct revision_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct revision *revision = &set->items[i];
        for (size_t p = 0; p < revision->parent_count; p++) {
            size_t parent;
            if (revision_set_find(set, revision->parents[p], &parent)) continue;
            return migration_fail(scope, MIGRATION_EXIT_GRAPH,
                                  "%.*s:2: down_revision '%.*s' is in no other file",
                                  STR_ARGS(revision->file), STR_ARGS(revision->parents[p]));
        }
    }
    return RESULT_OK;
}

static bool is_ready(const struct revision_set *from, size_t index, const bool *is_placed)
{
    const struct revision *revision = &from->items[index];
    for (size_t p = 0; p < revision->parent_count; p++) {
        size_t parent;
        if (revision_set_find(from, revision->parents[p], &parent) && !is_placed[parent]) return false;
    }
    return true;
}

static int compare(struct str a, struct str b)
{
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = strncmp(a.ptr, b.ptr, shorter);
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_earlier(const struct revision *a, const struct revision *b)
{
    const int created = compare(a->created, b->created);
    return created != 0 ? created < 0 : compare(a->id, b->id) < 0;
}

/* The earliest revision whose parents have their places; false when none is left but circles. */
static bool pick_next(const struct revision_set *from, const bool *is_placed, size_t *ret_index)
{
    bool is_found = false;
    for (size_t i = 0; i < from->count; i++) {
        if (is_placed[i] || !is_ready(from, i, is_placed)) continue;
        if (is_found && !is_earlier(&from->items[i], &from->items[*ret_index])) continue;
        *ret_index = i;
        is_found = true;
    }
    return is_found;
}

static result place(struct migration_scope *scope, const struct revision_set *from, struct revision *items)
{
    bool *is_placed = revision_marks(scope->arena, from);
    for (size_t count = 0; count < from->count; count++) {
        size_t next = 0;
        if (pick_next(from, is_placed, &next)) {
            is_placed[next] = true;
            items[count] = from->items[next];
            continue;
        }
        for (next = 0; is_placed[next];) next++;
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%.*s:2: revision '%.*s' follows from itself",
                              STR_ARGS(from->items[next].file), STR_ARGS(from->items[next].id));
    }
    return RESULT_OK;
}

static result check_min_binaries(struct migration_scope *scope, const struct revision_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct revision *revision = &set->items[i];
        size_t minimum;
        const bool is_known = revision_set_find(set, revision->min_binary, &minimum);
        if (is_known && is_in_ancestry(scope->arena, set, minimum, i)) continue;
        return migration_fail(scope, MIGRATION_EXIT_GRAPH,
                              "%.*s:1: min_binary '%.*s' is neither this revision nor one it follows from",
                              STR_ARGS(revision->file), STR_ARGS(revision->min_binary));
    }
    return RESULT_OK;
}

result revision_set_link(struct migration_scope *scope, const struct revision *revisions, size_t count,
                         struct revision_set *ret_set)
{
    const struct revision_set unordered = {revisions, count};
    TRY(refuse_double_ids(scope, &unordered));
    TRY(refuse_missing_parents(scope, &unordered));
    struct revision *items = arena_alloc_array(scope->arena, count + 1, sizeof(*items));
    TRY(place(scope, &unordered, items));
    const struct revision_set set = {items, count};
    TRY(check_min_binaries(scope, &set));
    *ret_set = set;
    return RESULT_OK;
}

result revision_set_require_one_head(struct migration_scope *scope, const struct revision_set *set)
{
    const struct revision *head = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_head_revision(set, i)) continue;
        if (!head) {
            head = &set->items[i];
            continue;
        }
        return migration_fail(
            scope, MIGRATION_EXIT_GRAPH,
            "%.*s:1: revision '%.*s' is a second head beside '%.*s' (%.*s); add a merge revision",
            STR_ARGS(set->items[i].file), STR_ARGS(set->items[i].id), STR_ARGS(head->id),
            STR_ARGS(head->file));
    }
    return RESULT_OK;
}
