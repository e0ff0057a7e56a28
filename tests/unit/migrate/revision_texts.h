/* revision_texts.h — revision files for the tests of the migrator, made in an arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_REVISION_TEXTS_H
#define AUTH_TESTS_REVISION_TEXTS_H

#include "../../../src/migrate/target_internal.h"

#define TEXT_ARENA_BYTES ((size_t)64 * 1024 * 1024)

static const char head_text[] = "-- revision: 0007\n"
                                "-- down_revision: 0006\n"
                                "-- message: add passkeys\n"
                                "-- created: 2026-01-05T10:00:00Z\n"
                                "-- phase: expand\n"
                                "-- min_binary: 0006\n";

/* A revision without SQL of interest. */
static inline struct revision make_revision(struct arena *arena, const char *id, const char *parents,
                                            const char *created)
{
    struct migration_scope scope = {.arena = arena};
    struct revision revision;
    const struct str text = str_printf(arena,
                                       "-- revision: %s\n-- down_revision: %s\n-- message: m %s\n"
                                       "-- created: %s\n-- phase: expand\n-- min_binary: %s\n"
                                       "-- migrate:up all\nSELECT 1;\n-- migrate:down all\nSELECT 2;\n",
                                       id, parents, id, created, id);
    const struct str file = str_printf(arena, "%s.sql", id);
    if (!is_ok(revision_parse(&scope, file, text, &revision))) abort();
    return revision;
}

#endif
