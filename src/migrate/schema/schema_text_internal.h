/* schema_text_internal.h — the declared schema: what the tables should be, written down once for each engine.
 * Errors:  exit 2 for a file that cannot be read, exit 5 for one that is no text.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_SCHEMA_TEXT_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_SCHEMA_TEXT_INTERNAL_H

#include "auth/store/migration_failure.h"

#define SCHEMA_TEXT_BYTES_MAX ((size_t)1024 * 1024)

/* <directory>/schema/<engine>.sql */
NODISCARD result schema_text_load(struct migration_scope *scope, struct str directory, const char *engine,
                                  struct str *ret_text);

#endif
