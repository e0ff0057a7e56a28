// SPDX-License-Identifier: MIT
#include "target_internal.h"

#include <string.h>

/* Marks the rows that follow from `row`, which stands before them. */
static void mark_followers(const struct applied_list *list, size_t row, bool *marks)
{
    for (size_t i = row + 1; i < list->count; i++) {
        for (size_t p = row; p < i && !marks[i]; p++) {
            marks[i] = (p == row || marks[p]) && is_named_in(list->items[i].parents, list->items[p].id);
        }
    }
}

static result undo_by(struct migration_scope *scope, const struct applied_list *list, int64_t count,
                      bool *ret_undone)
{
    if (count < 0 && (size_t)-count <= list->count) {
        for (size_t i = list->count - (size_t)-count; i < list->count; i++) ret_undone[i] = true;
        return RESULT_OK;
    }
    return migration_fail(scope, MIGRATION_EXIT_USAGE,
                          "Relative revision %+lld didn't produce %lld migrations", (long long)count,
                          (long long)(count < 0 ? -count : count));
}

/* A revision that only the database knows can be named too, in full or by its beginning. */
static result find_row(struct migration_scope *scope, const struct judgement *judgement, struct str target,
                       size_t *ret_row)
{
    size_t found = 0;
    for (size_t i = 0; i < judgement->list->count && !is_empty(target); i++) {
        size_t known;
        const struct str id = judgement->list->items[i].id;
        if (revision_set_find(judgement->set, id, &known) || !str_starts_with(id, target)) continue;
        *ret_row = i;
        found++;
    }
    if (found == 1) return RESULT_OK;
    size_t index;
    TRY(target_revision(scope, judgement->set, target, &index));
    if (applied_list_find(judgement->list, judgement->set->items[index].id, ret_row)) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_USAGE,
                          "%.*s is not applied, the current revision is %.*s; use upgrade",
                          STR_ARGS(judgement->set->items[index].id), STR_ARGS(judgement->current));
}

static bool is_word_for_heads(struct str target)
{
    return str_equal(target, STR("head")) || str_equal(target, STR("heads"));
}

static result mark_heads(struct migration_scope *scope, const struct revision_set *set, bool is_plural,
                         bool *ret_marks)
{
    size_t heads = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (!is_head_revision(set, i)) continue;
        ret_marks[i] = true;
        heads++;
    }
    return heads <= 1 || is_plural ? RESULT_OK : target_refuse_many_heads(scope);
}

result target_named(struct migration_scope *scope, const struct revision_set *set, struct str name,
                    bool *ret_marks)
{
    size_t index;
    if (is_word_for_heads(name)) return mark_heads(scope, set, str_equal(name, STR("heads")), ret_marks);
    TRY(target_revision(scope, set, name, &index));
    ret_marks[index] = true;
    return RESULT_OK;
}

result target_downgrade(struct migration_scope *scope, const struct judgement *judgement, struct str target,
                        bool *ret_undone)
{
    const struct applied_list *list = judgement->list;
    int64_t count;
    size_t row;
    if (!is_empty(target) && memchr(target.ptr, ':', target.len)) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "Range revision not allowed");
    }
    if (str_equal(target, STR("base"))) {
        for (size_t i = 0; i < list->count; i++) ret_undone[i] = true;
        return RESULT_OK;
    }
    if (is_word_for_heads(target)) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "%.*s is not older than the current revision %.*s; use upgrade",
                              STR_ARGS(target), STR_ARGS(judgement->current));
    }
    if (!is_empty(target) && (target.ptr[0] == '-' || target.ptr[0] == '+') &&
        str_to_int64(str_from_offset(target, 1), &count)) {
        return undo_by(scope, list, target.ptr[0] == '-' ? -count : count, ret_undone);
    }
    TRY(find_row(scope, judgement, target, &row));
    mark_followers(list, row, ret_undone);
    return RESULT_OK;
}
