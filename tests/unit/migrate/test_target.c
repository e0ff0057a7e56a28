// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "revision_texts.h"

/* a001 → b002 → c003, a001 → d004, (c003, d004) → e005 when merged. */
struct graph {
    struct arena *arena;
    struct migration_scope scope;
    struct revision_set set;
    struct applied_list list;
    struct judgement judgement;
};

static void graph_make(struct graph *graph, bool is_merged, const char *applied)
{
    *graph = (struct graph){.arena = arena_create(TEXT_ARENA_BYTES)};
    graph->scope.arena = graph->arena;
    const struct revision revisions[] = {
        make_revision(graph->arena, "d004", "a001", "2026-01-04T00:00:00Z"),
        make_revision(graph->arena, "c003", "b002", "2026-01-03T00:00:00Z"),
        make_revision(graph->arena, "a001", "", "2026-01-01T00:00:00Z"),
        make_revision(graph->arena, "b002", "a001", "2026-01-02T00:00:00Z"),
        make_revision(graph->arena, "e005", "c003, d004", "2026-01-05T00:00:00Z"),
    };
    struct revision *copies = arena_alloc_array(graph->arena, 5, sizeof *copies);
    memcpy(copies, revisions, sizeof revisions);
    cr_assert(is_ok(revision_set_link(&graph->scope, copies, is_merged ? 5 : 4, &graph->set)));
    struct applied_revision *rows = arena_alloc_array(graph->arena, 5, sizeof *rows);
    size_t count = 0;
    struct str names = str_from(applied);
    while (names.len > 0) {
        size_t index;
        cr_assert(revision_set_find(&graph->set, str_split(&names, ' '), &index));
        const struct revision *revision = &graph->set.items[index];
        rows[count++] = (struct applied_revision){
            .id = revision->id,
            .parents = revision_parents_text(graph->arena, revision),
            .checksum = {(const char *)revision->checksum, DIGEST_SHA256_BYTES},
        };
    }
    graph->list = (struct applied_list){rows, count};
    judgement_make(graph->arena, &graph->set, &graph->list, &graph->judgement);
}

/* "b002 c003" of what an upgrade would apply, or the failure's text. */
static struct str wanted(struct graph *graph, const char *target)
{
    bool *marks = revision_marks(graph->arena, &graph->set);
    migration_recover(&graph->scope);
    if (!is_ok(target_upgrade(&graph->scope, &graph->judgement, str_from(target), marks))) {
        cr_expect(graph->scope.failure.exit == MIGRATION_EXIT_USAGE);
        return graph->scope.failure.text;
    }
    struct str text = STR("");
    for (size_t i = 0; i < graph->set.count; i++) {
        if (!marks[i] || graph->judgement.is_applied[i]) continue;
        text = str_printf(graph->arena, "%.*s%s%.*s", STR_ARGS(text), text.len > 0 ? " " : "",
                          STR_ARGS(graph->set.items[i].id));
    }
    return text;
}

struct row {
    bool is_merged;
    const char *applied;
    const char *target;
    const char *expected;
};

static const struct row names[] = {
    {true, "", "nope", "Can't locate revision identified by 'nope'"},
    {true, "", "", "Can't locate revision identified by ''"},
    {true, "", "a001:c003", "Range revision not allowed"},
    {true, "", "+9", "Relative revision +9 didn't produce 9 migrations"},
    {true, "", "+x", "'+x' is no number of revisions"},
    {true, "", "+0", "'+0' is no number of revisions"},
    {true, "a001", "-1", "-1 is older than the current revision a001; use downgrade"},
    {true, "a001 b002", "a001", "a001 is older than the current revision b002; use downgrade"},
    {true, "a001 b002", "base", "base is older than the current revision b002; use downgrade"},
    {true, "", "a001+1", "Ambiguous walk: 2 revisions follow from a001"},
    {true, "", "e005-1", "Ambiguous walk: 2 revisions precede e005"},
    {true, "", "e005+1", "Relative revision +1 didn't produce 1 migrations"},
    {false, "", "head",
     "Multiple head revisions are present for given argument 'head'; please specify a specific target "
     "revision, "
     "'<branchname>@head' to narrow to a specific head, or 'heads' for all heads"},
    {false, "", "a001@head", "2 heads follow from a001; name one"},
    {false, "", "b002@head", "a001 b002 c003"},
    {false, "", "heads", "a001 b002 c003 d004"},
    {true, "", "head", "a001 b002 c003 d004 e005"},
    {true, "a001 d004", "head", "b002 c003 e005"},
    {true, "", "base", ""},
    {true, "", "+2", "a001 b002"},
    {true, "a001 b002", "+1", "c003"},
    {true, "", "b002+1", "a001 b002 c003"},
    {true, "", "c003-1", "a001 b002"},
    {true, "", "d", "a001 d004"},
    {true, "a001 b002", "b002", ""},
};

Test(target, each_name_means_what_it_says_or_is_refused)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graph graph;
        graph_make(&graph, names[i].is_merged, names[i].applied);
        const struct str got = wanted(&graph, names[i].target);
        cr_expect(str_equal(got, str_from(names[i].expected)), "row %zu (%s): %.*s", i, names[i].target,
                  STR_ARGS(got));
        arena_destroy(graph.arena);
    }
}

Test(target, an_ambiguous_prefix_lists_its_revisions)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    struct migration_scope scope = {.arena = arena};
    const struct revision revisions[] = {make_revision(arena, "0001", "", "2026-01-01T00:00:00Z"),
                                         make_revision(arena, "0002", "0001", "2026-01-01T00:00:00Z")};
    struct revision_set set;
    size_t index;
    cr_assert(is_ok(revision_set_link(&scope, revisions, 2, &set)));
    cr_expect(!is_ok(target_revision(&scope, &set, STR("00"), &index)));
    cr_expect(str_equal(scope.failure.text, STR("'00' matches 2 revisions: 0001, 0002")));
    arena_destroy(arena);
}

static struct str range(struct graph *graph, const char *text)
{
    bool *marks = revision_marks(graph->arena, &graph->set);
    migration_recover(&graph->scope);
    if (!is_ok(target_range(&graph->scope, &graph->judgement, str_from(text), marks))) {
        return graph->scope.failure.text;
    }
    struct str list = STR("");
    for (size_t i = 0; i < graph->set.count; i++) {
        if (marks[i]) list = str_printf(graph->arena, "%.*s%.1s", STR_ARGS(list), graph->set.items[i].id.ptr);
    }
    return list;
}

Test(target, ranges_hold_both_ends)
{
    struct graph graph;
    graph_make(&graph, true, "a001 b002");
    static const char *const expected[][2] = {
        {"a001", "History range requires [start]:[end], [start]:, or :[end]"},
        {"a:b:c", "History range requires [start]:[end], [start]:, or :[end]"},
        {":", "abcde"},
        {":b002", "ab"},
        {"b002:c003", "bc"},
        {"current:head", "bcde"},
        {":current", "ab"},
        {"base:head", "abcde"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct str got = range(&graph, expected[i][0]);
        cr_expect(str_equal(got, str_from(expected[i][1])), "%s: %.*s", expected[i][0], STR_ARGS(got));
    }
    arena_destroy(graph.arena);
}

/* --- the graph --- */

static struct str link_failure(struct arena *arena, const struct revision *revisions, size_t count,
                               bool is_strict)
{
    struct migration_scope scope = {.arena = arena};
    struct revision_set set;
    if (!is_ok(revision_set_link(&scope, revisions, count, &set))) return scope.failure.text;
    if (is_strict && !is_ok(revision_set_require_one_head(&scope, &set))) return scope.failure.text;
    return STR("");
}

Test(graph, what_does_not_fit_together_is_refused)
{
    struct arena *arena = arena_create(TEXT_ARENA_BYTES);
    const char *day = "2026-01-01T00:00:00Z";
    const struct revision twice[] = {make_revision(arena, "a001", "", day),
                                     make_revision(arena, "a001", "", day)};
    const struct revision orphan[] = {make_revision(arena, "b002", "a001", day)};
    const struct revision circle[] = {make_revision(arena, "a001", "b002", day),
                                      make_revision(arena, "b002", "a001", day)};
    const struct revision fork[] = {make_revision(arena, "a001", "", day),
                                    make_revision(arena, "b002", "a001", day),
                                    make_revision(arena, "c003", "a001", day)};
    struct revision bad_minimum[] = {make_revision(arena, "a001", "", day),
                                     make_revision(arena, "b002", "a001", day)};
    bad_minimum[0].min_binary = STR("b002");
    cr_expect(str_equal(link_failure(arena, twice, 2, false),
                        STR("a001.sql:1: revision 'a001' is also in a001.sql")));
    cr_expect(str_equal(link_failure(arena, orphan, 1, false),
                        STR("b002.sql:2: down_revision 'a001' is in no other file")));
    cr_expect(str_equal(link_failure(arena, circle, 2, false),
                        STR("a001.sql:2: revision 'a001' follows from itself")));
    cr_expect(str_equal(link_failure(arena, fork, 3, true),
                        STR("c003.sql:1: revision 'c003' is a second head beside "
                            "'b002' (b002.sql); add a merge revision")));
    cr_expect(str_equal(link_failure(arena, fork, 3, false), STR("")));
    cr_expect(
        str_equal(link_failure(arena, bad_minimum, 2, false),
                  STR("a001.sql:1: min_binary 'b002' is neither this revision nor one it follows from")));
    arena_destroy(arena);
}

/* --- the judgement --- */

static struct str judge(struct graph *graph, const struct applied_revision *rows, size_t count)
{
    static const struct migration_options options;
    graph->list = (struct applied_list){rows, count};
    judgement_make(graph->arena, &graph->set, &graph->list, &graph->judgement);
    migration_recover(&graph->scope);
    return is_ok(judgement_check(&graph->scope, &graph->judgement, &options, NULL))
               ? STR("")
               : graph->scope.failure.text;
}

Test(judgement, a_newer_database_is_served_when_it_allows_this_binary)
{
    struct graph graph;
    graph_make(&graph, true, "a001 b002 c003 d004 e005");
    struct applied_revision rows[7] = {0};
    memcpy(rows, graph.list.items, 5 * sizeof *rows);
    rows[5] = (struct applied_revision){
        .id = STR("f006"), .parents = STR("e005"), .phase = STR("expand"), .min_binary = STR("e005")};
    rows[6] = (struct applied_revision){
        .id = STR("g007"), .parents = STR("f006"), .phase = STR("contract"), .min_binary = STR("f006")};
    cr_expect(str_equal(judge(&graph, rows, 6), STR("")));
    cr_expect(graph.judgement.unknown == 1 && graph.judgement.pending == 0);
    cr_expect(str_equal(judge(&graph, rows, 7), STR("database is at g007, this binary knows up to e005; g007 "
                                                    "(contract) requires a binary with f006 or later")));
    cr_expect(graph.scope.failure.exit == MIGRATION_EXIT_AHEAD);
    rows[5].parents = STR("zzzz");
    cr_expect(
        str_equal(judge(&graph, rows, 6), STR("database is at e005, f006, this binary knows up to e005; f006 "
                                              "does not follow from that")));
    arena_destroy(graph.arena);
}
