/* postgres_script_internal.h — PostgreSQL's statements for objects and their changes.
 * Shape:   statements without the last semicolon, ";\n" between them.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_POSTGRES_SCRIPT_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_POSTGRES_SCRIPT_INTERNAL_H

#include "auth/base/strbuf.h"
#include "schema_internal.h"

/* --- postgres_make.c --- */

struct str pg_literal(struct arena *arena, struct str text);
/* With its comment, and a table with its columns. */
struct str pg_create(struct arena *arena, const struct schema_catalog *catalog,
                     const struct schema_object *object);
struct str pg_drop(struct arena *arena, const struct schema_object *object);
struct str pg_comment(struct arena *arena, const struct schema_object *object);
void pg_add_column(struct strbuf *out, const struct schema_object *column, bool is_nullable);
struct str pg_row_security(struct arena *arena, const struct schema_object *table);
struct str pg_forced(struct arena *arena, const struct schema_object *table);

/* --- postgres_alter.c --- */

/* What turns `from` into `to` in place; empty when nothing of it is for here. NOT NULL that is added is not. */
struct str pg_alter_column(struct arena *arena, const struct schema_change *change, bool is_back);
struct str pg_alter_table(struct arena *arena, const struct schema_change *change, bool is_back);
struct str pg_alter_sequence(struct arena *arena, const struct schema_change *change, bool is_back);

/* --- postgres_script.c --- */

struct pg_writer {
    struct schema_script *script;
    const struct schema_difference *difference;
    bool *is_replaced; /* per object of `from`: dropped first and made again, if it is still wanted */
    bool *is_early;    /* of those, constraints that go before anything else changes */
};

/* --- postgres_online.c: what is done on tables that are in use --- */

bool is_new_relation(const struct pg_writer *writer, struct str name);
void pg_write_index(struct pg_writer *writer, const struct schema_object *index);
void pg_write_index_change(struct pg_writer *writer, const struct schema_change *change);
/* `is_dropped_first`: one of the same name has been there. */
void pg_write_constraint(struct pg_writer *writer, const struct schema_object *constraint,
                         bool is_dropped_first);
void pg_write_validation(struct pg_writer *writer, const struct schema_object *constraint, struct str down);
void pg_write_column(struct pg_writer *writer, const struct schema_object *column);
void pg_write_not_null(struct pg_writer *writer, const struct schema_object *column);
/* Fails when the change cannot be generated. */
NODISCARD result pg_write_enum_change(struct pg_writer *writer, const struct schema_change *change);

#endif
