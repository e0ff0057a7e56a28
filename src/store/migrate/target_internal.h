/* target_internal.h — what people call the revision they mean.
 * Shape:   head, heads, base, current, +N, -N, a revision, a unique prefix of one, either with +N or -N behind,
 *          <revision>@head; "a:b" for ranges.
 * Errors:  exit 2.
 * Source:  Alembic, "Relative Migration Identifiers", "Partial Revision Identifiers".
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_MIGRATE_TARGET_INTERNAL_H
#define AUTH_STORE_MIGRATE_TARGET_INTERNAL_H

#include "judgement_internal.h"

/* Marks what an upgrade to the target would apply. */
NODISCARD result target_upgrade(struct migration_scope *scope, const struct judgement *judgement,
                                struct str target, bool *ret_wanted);

/* One revision by name or unique prefix, with +N or -N behind. */
NODISCARD result target_revision(struct migration_scope *scope, const struct revision_set *set,
                                 struct str name, size_t *ret_index);

/* Marks the revisions of "a:b", "a:", ":b", both ends included, for history. */
NODISCARD result target_range(struct migration_scope *scope, const struct judgement *judgement,
                              struct str range, bool *ret_marks);

#endif
