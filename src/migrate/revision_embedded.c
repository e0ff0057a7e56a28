// SPDX-License-Identifier: MIT
#include "revision_set_internal.h"

#include <string.h>

#include "auth/base/secret.h"

result revision_set_embedded(struct migration_scope *scope, struct revision_set *ret_set)
{
    struct revision *revisions =
        arena_alloc_array(scope->arena, embedded_revision_count + 1, sizeof(*revisions));
    for (size_t i = 0; i < embedded_revision_count; i++) {
        const struct embedded_revision *embedded = &embedded_revisions[i];
        TRY(revision_parse(scope, str_from(embedded->file),
                           (struct str){(const char *)embedded->bytes, embedded->len}, &revisions[i]));
        if (bytes_equal(revisions[i].checksum, embedded->checksum, DIGEST_SHA256_BYTES)) continue;
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: this binary is damaged: its checksum differs",
                              embedded->file);
    }
    return revision_set_link(scope, revisions, embedded_revision_count, ret_set);
}
