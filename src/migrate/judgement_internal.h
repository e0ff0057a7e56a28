/* judgement_internal.h — the binary's revisions held against the database's.
 * Shape:   made without failing, so that history can show what is wrong; checked before anything is served or
 *          changed.
 * Rule:    a database that is ahead is served when all it has more follows from our head and allows a binary as
 *          old as this one (min_binary).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_JUDGEMENT_INTERNAL_H
#define AUTH_MIGRATE_JUDGEMENT_INTERNAL_H

#include "revision_set_internal.h"
#include "schema_version_internal.h"

struct judgement {
    const struct revision_set *set;
    const struct applied_list *list;
    bool *is_applied;  /* per revision of the set; partial ones are not */
    bool *is_modified; /* applied, and the file has been edited since */
    size_t pending;
    size_t unknown; /* rows of the list that are not in the set */
    struct str current;
};

void judgement_make(struct arena *arena, const struct revision_set *set, const struct applied_list *list,
                    struct judgement *ret_judgement);

/* Exit 5 for edited revisions (warnings when tolerated), exit 4 for unknown ones that are not compatible. */
NODISCARD result judgement_check(struct migration_scope *scope, const struct judgement *judgement,
                                 const struct migration_options *options,
                                 const struct migration_listener *listener);

/* The first half: exit 5. */
NODISCARD result judgement_check_edits(struct migration_scope *scope, const struct judgement *judgement,
                                       const struct migration_options *options,
                                       const struct migration_listener *listener);

/* A database that has all we know: "is at head", or ahead. */
bool is_at_head(const struct judgement *judgement);

/* What is pending is contracts and backfills, and merges that do nothing: this binary can do without them. */
bool is_schema_usable(const struct judgement *judgement);
/* The first contract or backfill that is pending, or empty. */
struct str first_deferred(const struct judgement *judgement);

#endif
