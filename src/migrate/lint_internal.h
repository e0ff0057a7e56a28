/* lint_internal.h — statements that are correct and hurt in production.
 * Shape:   a rule has a name; "-- lint:allow <rule> <reason>" in a file's header says that it was thought of.
 *          What a file makes itself is exempt: nobody uses it yet.
 * Source:  the rules of squawk and of strong_migrations (names and ideas); PostgreSQL manual §13.3, ALTER TABLE.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_LINT_INTERNAL_H
#define AUTH_MIGRATE_LINT_INTERNAL_H

#include "auth/store/sql_lexer.h"
#include "revision_internal.h"

struct lint_finding {
    struct str place; /* "file.sql:14:9" */
    const char *rule;
    const char *text;
};

struct lint_listener {
    void (*found)(void *argument, const struct lint_finding *finding);
    void *argument;
};

/* Looks at one revision; returns how many findings were told. */
size_t lint_revision(struct arena *arena, const struct revision *revision,
                     const struct lint_listener *listener);

/* --- lint_rules.c --- */

/* A statement, with what is known around it. */
struct lint_subject {
    struct arena *arena;
    enum db_engine engine;
    const struct revision *revision;
    const struct migration_section *section;
    struct str statement;
    struct str object; /* lower case: what CREATE makes, ALTER and DROP touch, INDEX is ON; or empty */
    bool is_own;       /* the file makes that object */
};

struct lint_rule {
    const char *name;
    const char *text;
    unsigned engines; /* bits */
    bool is_for_own;  /* also for what the file makes itself */
    bool (*is_broken)(const struct lint_subject *subject);
};
extern const struct lint_rule lint_rules[];
extern const size_t lint_rule_count;

/* Whether the words follow each other somewhere in the statement, outside of strings and comments. */
bool lint_has(const struct lint_subject *subject, const char *words);

#endif
