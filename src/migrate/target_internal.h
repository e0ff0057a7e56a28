/* target_internal.h — what people call the revision they mean.
 * Shape:   head, heads, base, current, +N, -N, a revision, a unique prefix of one, either with +N or -N behind,
 *          <revision>@head; "a:b" for ranges.
 * Errors:  exit 2.
 * Source:  Alembic, "Relative Migration Identifiers", "Partial Revision Identifiers".
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_TARGET_INTERNAL_H
#define AUTH_MIGRATE_TARGET_INTERNAL_H

#include "judgement_internal.h"

/* Marks what an upgrade to the target would apply. */
NODISCARD result target_upgrade(struct migration_scope *scope, const struct judgement *judgement,
                                struct str target, bool *ret_wanted);

/* Marks the rows of the list that a downgrade to the target would undo: one mark for each row. "-N" undoes the N
 * newest, also those that a merge joined. */
NODISCARD result target_downgrade(struct migration_scope *scope, const struct judgement *judgement,
                                  struct str target, bool *ret_undone);

/* The two ends of "from:to" for scripts: what is applied before and after. Without a colon from the base. */
NODISCARD result target_script(struct migration_scope *scope, const struct revision_set *set,
                               struct str range, bool *ret_before, bool *ret_after);

/* One revision by name or unique prefix, with +N or -N behind. */
NODISCARD result target_revision(struct migration_scope *scope, const struct revision_set *set,
                                 struct str name, size_t *ret_index);

/* Marks what "head", "heads" or one revision by name is, without what it follows from. */
NODISCARD result target_named(struct migration_scope *scope, const struct revision_set *set, struct str name,
                              bool *ret_marks);
NODISCARD result target_refuse_many_heads(struct migration_scope *scope);

/* Marks the revisions of "a:b", "a:", ":b", both ends included, for history. */
NODISCARD result target_range(struct migration_scope *scope, const struct judgement *judgement,
                              struct str range, bool *ret_marks);

#endif
