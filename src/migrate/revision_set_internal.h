/* revision_set_internal.h — all revisions of one origin, linked: parents stand before their children.
 * Shape:   the order depends on the links alone, and on (created, id) among revisions that could go first.
 * Errors:  exit 5: an id twice, a parent or a min_binary that is not there, a circle.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_REVISION_SET_INTERNAL_H
#define AUTH_MIGRATE_REVISION_SET_INTERNAL_H

#include "revision_internal.h"

#define REVISIONS_MAX 4096u

struct revision_set {
    const struct revision *items;
    size_t count;
};

/* What the build embeds: files in graph order. */
struct embedded_revision {
    const char *file;
    const unsigned char *bytes;
    size_t len;
    unsigned char checksum[DIGEST_SHA256_BYTES];
};
extern const struct embedded_revision embedded_revisions[];
extern const size_t embedded_revision_count;

NODISCARD result revision_set_link(struct migration_scope *scope, const struct revision *revisions,
                                   size_t count, struct revision_set *ret_set);
/* All *.sql of the folder. */
NODISCARD result revision_set_load(struct migration_scope *scope, struct str directory,
                                   struct revision_set *ret_set);
NODISCARD result revision_set_embedded(struct migration_scope *scope, struct revision_set *ret_set);

/* One file from the folder. */
NODISCARD result revision_load(struct migration_scope *scope, struct str directory, struct str file,
                               struct revision *ret_revision);

/* What the build asks for: several heads are work that nobody has merged. */
NODISCARD result revision_set_require_one_head(struct migration_scope *scope, const struct revision_set *set);

bool revision_set_find(const struct revision_set *set, struct str id, size_t *ret_index);
bool is_head_revision(const struct revision_set *set, size_t index);
bool is_parent_of(const struct revision_set *set, size_t parent, size_t child);
/* How many revisions name it as a parent: two and more make a branch point. */
size_t revision_child_count(const struct revision_set *set, size_t index);

/* Marks the revision and all it follows from; `marks` has one entry per revision. */
void revision_mark_ancestry(const struct revision_set *set, size_t index, bool *marks);
/* `ancestor` is `index` or what it follows from. */
bool is_in_ancestry(struct arena *arena, const struct revision_set *set, size_t ancestor, size_t index);
bool *revision_marks(struct arena *arena, const struct revision_set *set);

/* "a, b" of the heads; "<base>" of an empty set. */
struct str revision_set_heads_text(struct arena *arena, const struct revision_set *set);

#endif
