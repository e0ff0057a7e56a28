/* schema_version_internal.h — what the database says was applied.
 * Shape:   a row per applied revision in schema_version, a row per attempt in schema_version_log. Rows keep
 *          min_binary and the way down, so that a binary can judge revisions it does not know.
 * Errors:  as migration_driver.h.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_VERSION_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_VERSION_INTERNAL_H

#include "revision_internal.h"

struct applied_revision {
    struct str id;
    struct str parents; /* "a, b" or empty */
    struct str checksum;
    struct str phase;
    struct str min_binary;
    bool is_partial;
    int64_t
        statements_done; /* of a partial row: N of the way up, -1-N of the way down; batches of a backfill */
    struct str applied_at; /* "2026-01-05 10:00:00…", UTC */
    int64_t duration_ms;
    struct str binary_version;
    struct str applied_by;
};

struct applied_list {
    const struct applied_revision *items; /* in the order of application */
    size_t count;
};

/* A connection with what its rows need. */
struct schema_version {
    const struct migration_driver *driver;
    struct migration_connection *connection;
    const struct migration_options *options;
};

enum schema_action { SCHEMA_UP, SCHEMA_DOWN, SCHEMA_STAMP };

NODISCARD result schema_version_prepare(const struct schema_version *version, struct migration_scope *scope);
NODISCARD result schema_version_read(const struct schema_version *version, struct migration_scope *scope,
                                     struct applied_list *ret_list);
/* Whether the row is there, and how far a partial one has come. */
NODISCARD result schema_version_find(const struct schema_version *version, struct migration_scope *scope,
                                     struct str id, struct applied_revision *ret_row, bool *ret_is_found);
/* `state` "applied" or "partial". */
NODISCARD result schema_version_insert(const struct schema_version *version, struct migration_scope *scope,
                                       const struct revision *revision, const char *state,
                                       int64_t duration_ms);
NODISCARD result schema_version_advance(const struct schema_version *version, struct migration_scope *scope,
                                        struct str id, int64_t statements_done);
NODISCARD result schema_version_finish(const struct schema_version *version, struct migration_scope *scope,
                                       struct str id, int64_t duration_ms);

/* An applied row becomes partial again: its way down has begun. */
NODISCARD result schema_version_reopen(const struct schema_version *version, struct migration_scope *scope,
                                       struct str id, int64_t statements_done);
NODISCARD result schema_version_delete(const struct schema_version *version, struct migration_scope *scope,
                                       struct str id);
NODISCARD result schema_version_delete_all(const struct schema_version *version,
                                           struct migration_scope *scope);
/* The checksum and what else the file says, as it is now. */
NODISCARD result schema_version_refresh(const struct schema_version *version, struct migration_scope *scope,
                                        const struct revision *revision);
/* The way down stored with the row; a NULL pointer when there is none. */
NODISCARD result schema_version_down_sql(const struct schema_version *version, struct migration_scope *scope,
                                         struct str id, struct str *ret_sql);

/* How far a backfill has come: the last key done; a NULL pointer before the first batch. Or which statement outside
 * transactions has begun, while nobody knows that it ended. */
NODISCARD result schema_version_cursor(const struct schema_version *version, struct migration_scope *scope,
                                       struct str id, struct str *ret_cursor);
NODISCARD result schema_version_set_cursor(const struct schema_version *version,
                                           struct migration_scope *scope, struct str id, struct str cursor);
NODISCARD result schema_version_drop_cursor(const struct schema_version *version,
                                            struct migration_scope *scope, struct str id);

struct schema_log_entry {
    enum schema_action action;
    struct str revision;
    const unsigned char *checksum; /* DIGEST_SHA256_BYTES, or NULL */
    int64_t duration_ms;
    struct str error; /* empty: it succeeded */
};
NODISCARD result schema_version_log(const struct schema_version *version, struct migration_scope *scope,
                                    const struct schema_log_entry *entry);

bool applied_list_find(const struct applied_list *list, struct str id, size_t *ret_index);
/* Whole, and no other row that is whole names it as a parent. */
bool is_applied_head(const struct applied_list *list, size_t index);
bool is_named_in(struct str parents, struct str id);
struct str applied_heads_text(struct arena *arena, const struct applied_list *list);

#endif
