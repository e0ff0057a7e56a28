/* revision_internal.h — one revision file: who it is, what it follows, its SQL for both engines and directions.
 * Shape:   "-- key: value" lines, then sections that begin with "-- migrate:up all|postgres|sqlite" and
 *          "-- migrate:down …". Line ends are LF before anything is looked at, so a CRLF checkout is the same
 *          revision.
 * Errors:  exit 5 with "file:line: reason".
 * Source:  Alembic's headers; dbmate's section marks.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_REVISION_INTERNAL_H
#define AUTH_MIGRATE_REVISION_INTERNAL_H

#include "auth/base/digest.h"
#include "auth/migrate/migrations.h"
#include "auth/store/migration_driver.h"

#define REVISION_PARENTS_MAX    8u
#define REVISION_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define REVISION_ID_MAX         32u

enum revision_phase { REVISION_EXPAND, REVISION_CONTRACT, REVISION_BACKFILL };

struct revision {
    struct str file; /* name without folder */
    struct str text; /* the whole file, LF */
    unsigned char checksum[DIGEST_SHA256_BYTES];
    struct str id;
    struct str parents[REVISION_PARENTS_MAX];
    size_t parent_count; /* 0: follows the base; 2 and more: a merge */
    struct str message;
    struct str created; /* RFC 3339 */
    enum revision_phase phase;
    bool is_transactional;   /* PostgreSQL; SQLite's DDL always is in a transaction */
    struct str min_binary;   /* oldest head a binary may have and still run on this schema */
    int64_t lock_timeout_ms; /* 0: the runner's default */
    int64_t statement_timeout_ms;
    struct str irreversible; /* reason, or empty */
    struct migration_section up[DB_ENGINE_COUNT];
    struct migration_section down[DB_ENGINE_COUNT];
};

/* `bytes` as they are in the file; the revision's texts live in the scope's arena. */
NODISCARD result revision_parse(struct migration_scope *scope, struct str file, struct str bytes,
                                struct revision *ret_revision);

/* Refuses statements that would end the runner's transaction, and those that cannot run in one. */
NODISCARD result revision_check_sql(struct migration_scope *scope, const struct revision *revision);

/* Whether a statement of the section is one that no transaction takes. */
bool is_section_outside(enum db_engine engine, struct str sql);

/* Whether it may be run in a transaction together with what records it. */
bool does_transaction_take(enum db_engine engine, struct str statement);

const char *revision_phase_name(enum revision_phase phase);
bool is_revision_id(struct str text);

/* "a, b" of the parents; empty at the base. */
struct str revision_parents_text(struct arena *arena, const struct revision *revision);

#endif
