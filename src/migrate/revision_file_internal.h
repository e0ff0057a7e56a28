/* revision_file_internal.h — writing a new revision's file.
 * Shape:   made beside its place and linked into it, so that a half-written one is never read and none is replaced.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_REVISION_FILE_INTERNAL_H
#define AUTH_MIGRATE_REVISION_FILE_INTERNAL_H

#include "revision_set_internal.h"

struct revision_draft {
    struct str id;      /* empty: 12 random hexadecimal digits */
    struct str parents; /* "a, b" or empty */
    struct str message;
    struct str min_binary; /* empty: the revision itself */
    const char *phase;     /* "expand", … */
    struct str body; /* the sections, from "-- migrate:up …" on; further header lines may stand before */
};

/* "migrations" unless `directory` names another. */
struct str revision_directory(struct str directory);

/* A draft as it will be in the folder. */
struct revision_file {
    struct str id;
    struct str name; /* <minute>_<id>_<words of the message>.sql */
    struct str text;
};
NODISCARD result revision_file_compose(struct migration_scope *scope, const struct revision_draft *draft,
                                       struct revision_file *ret_file);
NODISCARD result revision_file_save(struct migration_scope *scope, struct str directory,
                                    const struct revision_file *file, struct str *ret_path);

/* Both. Writes <minute>_<id>_<words of the message>.sql; `ret_path` is "folder/file". */
NODISCARD result revision_file_write(struct migration_scope *scope, struct str directory,
                                     const struct revision_draft *draft, struct str *ret_path);

#endif
