// SPDX-License-Identifier: MIT
#include "lint_internal.h"

#define ALLOWED_MAX 64u
#define OWN_MAX     512u

static const char allow_rule[] = "allow";
static const char empty_rule[] = "empty-revision";

/* The revision being looked at. */
struct linter {
    struct arena *arena;
    const struct revision *revision;
    const struct lint_listener *listener;
    struct str allowed[ALLOWED_MAX];
    size_t allowed_count;
    size_t count;
};

static bool is_allowed(const struct linter *linter, const char *rule)
{
    for (size_t i = 0; i < linter->allowed_count; i++) {
        if (str_equal(linter->allowed[i], str_from(rule))) return true;
    }
    return false;
}

static void tell(struct linter *linter, struct str place, const char *rule, const char *text)
{
    const struct lint_finding finding = {place, rule, text};
    linter->listener->found(linter->listener->argument, &finding);
    linter->count++;
}

/* --- what is allowed --- */

static bool is_rule(struct str name)
{
    for (size_t i = 0; i < lint_rule_count; i++) {
        if (str_equal(name, str_from(lint_rules[i].name))) return true;
    }
    return str_equal(name, str_from(empty_rule));
}

/* "allow <rule> <reason>" */
static void take_allowance(struct linter *linter, struct str words, unsigned line)
{
    (void)str_split(&words, ' ');
    struct str reason = str_trim(words);
    const struct str rule = str_split(&reason, ' ');
    const struct str place = str_printf(linter->arena, "%.*s:%u:1", STR_ARGS(linter->revision->file), line);
    if (!is_rule(rule)) {
        tell(linter, place, allow_rule, "there is no such rule");
        return;
    }
    if (is_empty(str_trim(reason))) {
        tell(linter, place, allow_rule, "a reason must follow the rule");
        return;
    }
    if (linter->allowed_count < ALLOWED_MAX) linter->allowed[linter->allowed_count++] = rule;
}

static void read_allowances(struct linter *linter)
{
    static const struct str key = STR_INIT("-- lint:");
    struct str rest = linter->revision->text;
    for (unsigned line = 1; rest.len > 0; line++) {
        const struct str text = str_split(&rest, '\n');
        if (str_starts_with(text, STR("-- migrate:"))) return;
        if (str_starts_with(text, key))
            take_allowance(linter, str_trim(str_from_offset(text, key.len)), line);
    }
}

/* --- the objects of statements --- */

/* Words behind which the object's name stands. An index is about the table it is ON. */
static const char *const object_words[] = {
    "CREATE [UNLOGGED] TABLE [IF] [NOT] [EXISTS]",
    "ALTER TABLE [IF] [EXISTS] [ONLY]",
    "DROP TABLE [IF] [EXISTS]",
    "CREATE [OR] [REPLACE] VIEW",
    "ALTER VIEW [IF] [EXISTS]",
    "CREATE SEQUENCE [IF] [NOT] [EXISTS]",
    "DROP SEQUENCE [IF] [EXISTS]",
    "CREATE TYPE",
    "DROP TYPE [IF] [EXISTS]",
    "INSERT INTO",
    "UPDATE [ONLY]",
    "DELETE FROM [ONLY]",
    "TRUNCATE [TABLE] [ONLY]",
};

static struct str index_table(enum db_engine engine, struct str statement, struct arena *arena)
{
    struct sql_lexer lexer;
    if (!sql_begins_with(engine, statement, "CREATE [UNIQUE] INDEX", &lexer)) return STR("");
    for (struct sql_token token = sql_next_solid(&lexer); token.kind != SQL_END;
         token = sql_next_solid(&lexer)) {
        if (token.kind != SQL_WORD || !str_equal_nocase(token.text, STR("ON"))) continue;
        return str_lower_ascii(arena, sql_next_solid(&lexer).text);
    }
    return STR("");
}

static struct str object_of(enum db_engine engine, struct str statement, struct arena *arena)
{
    for (size_t i = 0; i < ARRAY_COUNT(object_words); i++) {
        struct sql_lexer after;
        if (!sql_begins_with(engine, statement, object_words[i], &after)) continue;
        return str_lower_ascii(arena, sql_next_solid(&after).text);
    }
    return index_table(engine, statement, arena);
}

/* --- one section --- */

struct own_objects {
    struct str names[OWN_MAX];
    size_t count;
};

static bool is_own(const struct own_objects *own, struct str name)
{
    for (size_t i = 0; i < own->count; i++) {
        if (str_equal(own->names[i], name)) return true;
    }
    return false;
}

static void check_statement(struct linter *linter, const struct lint_subject *subject, size_t start)
{
    unsigned line;
    unsigned column;
    migration_locate(subject->section, start, &line, &column);
    const struct str place =
        str_printf(linter->arena, "%.*s:%u:%u", STR_ARGS(linter->revision->file), line, column);
    for (size_t i = 0; i < lint_rule_count; i++) {
        const struct lint_rule *rule = &lint_rules[i];
        if (!(rule->engines & (1u << subject->engine))) continue;
        if (subject->is_own && !rule->is_for_own) continue;
        if (is_allowed(linter, rule->name) || !rule->is_broken(subject)) continue;
        tell(linter, place, rule->name, rule->text);
    }
}

/* What the file makes counts as its own from there on. */
static bool check_section(struct linter *linter, enum db_engine engine)
{
    const struct migration_section *section = &linter->revision->up[engine];
    struct own_objects *own = arena_alloc(linter->arena, sizeof(*own));
    size_t offset = 0;
    bool is_effective = false;
    for (struct sql_statement piece; sql_split(engine, section->sql, &offset, &piece);) {
        struct sql_lexer after;
        if (piece.is_empty) continue;
        if (!sql_begins_with(engine, piece.text, "SELECT", &after)) is_effective = true;
        struct lint_subject subject = {
            .arena = linter->arena,
            .engine = engine,
            .revision = linter->revision,
            .section = section,
            .statement = piece.text,
            .object = object_of(engine, piece.text, linter->arena),
        };
        const bool is_making = sql_begins_with(engine, piece.text, "CREATE", &after);
        const bool is_index = is_making && !is_empty(index_table(engine, piece.text, linter->arena));
        subject.is_own = is_own(own, subject.object) || (is_making && !is_index);
        check_statement(linter, &subject, piece.start);
        if (is_making && !is_index && own->count < OWN_MAX) own->names[own->count++] = subject.object;
    }
    return is_effective;
}

size_t lint_revision(struct arena *arena, const struct revision *revision,
                     const struct lint_listener *listener)
{
    struct linter linter = {.arena = arena, .revision = revision, .listener = listener};
    read_allowances(&linter);
    bool is_effective = revision->parent_count > 1;
    for (enum db_engine engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        if (check_section(&linter, engine)) is_effective = true;
    }
    if (!is_effective && !is_allowed(&linter, empty_rule)) {
        const struct str place = str_printf(arena, "%.*s:1:1", STR_ARGS(revision->file));
        tell(&linter, place, empty_rule, "the revision changes nothing");
    }
    return linter.count;
}
