// SPDX-License-Identifier: MIT
#include "judgement_internal.h"

#include "auth/base/encoding.h"
#include "auth/base/secret.h"

static bool is_same_checksum(const struct revision *revision, const struct applied_revision *row)
{
    return row->checksum.len == DIGEST_SHA256_BYTES &&
           bytes_equal(revision->checksum, row->checksum.ptr, DIGEST_SHA256_BYTES);
}

void judgement_make(struct arena *arena, const struct revision_set *set, const struct applied_list *list,
                    struct judgement *ret_judgement)
{
    struct judgement judgement = {
        .set = set,
        .list = list,
        .is_applied = revision_marks(arena, set),
        .is_modified = revision_marks(arena, set),
        .pending = set->count,
        .current = applied_heads_text(arena, list),
    };
    for (size_t i = 0; i < list->count; i++) {
        size_t known;
        if (!revision_set_find(set, list->items[i].id, &known)) {
            judgement.unknown++;
            continue;
        }
        judgement.is_modified[known] = !is_same_checksum(&set->items[known], &list->items[i]);
        judgement.is_applied[known] = !list->items[i].is_partial;
        if (!list->items[i].is_partial) judgement.pending--;
    }
    *ret_judgement = judgement;
}

bool is_at_head(const struct judgement *judgement)
{
    return judgement->pending == 0;
}

static bool is_bare(const struct revision *revision)
{
    struct sql_statement statement;
    size_t offset = 0;
    while (sql_split(DB_POSTGRES, revision->up[DB_POSTGRES].sql, &offset, &statement)) {
        if (!statement.is_empty) return false;
    }
    return true;
}

bool is_schema_usable(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->set->count; i++) {
        const struct revision *revision = &judgement->set->items[i];
        if (!judgement->is_applied[i] && revision->phase == REVISION_EXPAND && !is_bare(revision))
            return false;
    }
    return true;
}

struct str first_deferred(const struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->set->count; i++) {
        const struct revision *revision = &judgement->set->items[i];
        if (!judgement->is_applied[i] && revision->phase != REVISION_EXPAND) return revision->id;
    }
    return STR_NONE;
}

static struct str edited_text(struct arena *arena, const struct revision *revision, struct str applied)
{
    char *now = arena_alloc(arena, 2 * DIGEST_SHA256_BYTES + 1);
    char *then = arena_alloc(arena, 2 * applied.len + 1);
    hex_encode(revision->checksum, DIGEST_SHA256_BYTES, now);
    hex_encode(applied.ptr, applied.len, then);
    return str_printf(arena,
                      "%.*s: revision %.*s was edited after it was applied: SHA-256 applied %s, now %s",
                      STR_ARGS(revision->file), STR_ARGS(revision->id), then, now);
}

result judgement_check_edits(struct migration_scope *scope, const struct judgement *judgement,
                             const struct migration_options *options,
                             const struct migration_listener *listener)
{
    for (size_t i = 0; i < judgement->set->count; i++) {
        size_t row = 0;
        if (!judgement->is_modified[i]) continue;
        if (!applied_list_find(judgement->list, judgement->set->items[i].id, &row)) continue;
        const struct str text =
            edited_text(scope->arena, &judgement->set->items[i], judgement->list->items[row].checksum);
        if (!options->is_edit_tolerated) {
            return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%.*s", STR_ARGS(text));
        }
        const struct migration_progress warning = {.event = MIGRATION_WARNING, .text = text};
        if (listener) listener->notify(listener->argument, &warning);
    }
    return RESULT_OK;
}

/* Rows are in the order of application, parents before children. */
static bool follows_from(struct arena *arena, const struct applied_list *list, size_t index,
                         struct str ancestor)
{
    bool *marks = arena_alloc_array(arena, list->count, sizeof(bool));
    marks[index] = true;
    for (size_t i = index + 1; i-- > 0;) {
        if (!marks[i]) continue;
        if (is_named_in(list->items[i].parents, ancestor)) return true;
        for (size_t p = 0; p < i; p++) {
            if (is_named_in(list->items[i].parents, list->items[p].id)) marks[p] = true;
        }
    }
    return false;
}

static bool follows_from_a_head(struct arena *arena, const struct judgement *judgement, size_t row)
{
    for (size_t i = 0; i < judgement->set->count; i++) {
        if (!is_head_revision(judgement->set, i)) continue;
        if (follows_from(arena, judgement->list, row, judgement->set->items[i].id)) return true;
    }
    return false;
}

static result check_unknown(struct migration_scope *scope, const struct judgement *judgement, size_t row)
{
    const struct applied_revision *unknown = &judgement->list->items[row];
    const struct str head = revision_set_heads_text(scope->arena, judgement->set);
    if (judgement->pending > 0 || !follows_from_a_head(scope->arena, judgement, row)) {
        return migration_fail(
            scope, MIGRATION_EXIT_AHEAD,
            "database is at %.*s, this binary knows up to %.*s; %.*s does not follow from that",
            STR_ARGS(judgement->current), STR_ARGS(head), STR_ARGS(unknown->id));
    }
    size_t minimum;
    /* All we know leads to our head, so knowing the minimum is having it. */
    if (revision_set_find(judgement->set, unknown->min_binary, &minimum)) return RESULT_OK;
    return migration_fail(
        scope, MIGRATION_EXIT_AHEAD,
        "database is at %.*s, this binary knows up to %.*s; %.*s (%.*s) requires a binary with %.*s or later",
        STR_ARGS(judgement->current), STR_ARGS(head), STR_ARGS(unknown->id), STR_ARGS(unknown->phase),
        STR_ARGS(unknown->min_binary));
}

result judgement_check(struct migration_scope *scope, const struct judgement *judgement,
                       const struct migration_options *options, const struct migration_listener *listener)
{
    TRY(judgement_check_edits(scope, judgement, options, listener));
    for (size_t i = 0; i < judgement->list->count; i++) {
        size_t known;
        if (revision_set_find(judgement->set, judgement->list->items[i].id, &known)) continue;
        TRY(check_unknown(scope, judgement, i));
    }
    return RESULT_OK;
}
