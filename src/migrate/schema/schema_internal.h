/* schema_internal.h — what a database holds, as a list of objects that can be compared and made.
 * Shape:   an object has a kind, a name, the table it belongs to, and facets: texts that mean the same in any
 *          schema because both sides are read in the same way. Names are quoted where SQL needs it.
 * Errors:  as migration_driver.h; exit 3 for a difference that nobody can generate.
 * Owner:   everything lives in the scope's arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MIGRATE_SCHEMA_SCHEMA_INTERNAL_H
#define AUTH_MIGRATE_SCHEMA_SCHEMA_INTERNAL_H

#include "../revision_file_internal.h"
#include "auth/store/migration_driver.h"

/* In the order in which independent objects are made. */
enum schema_kind {
    SCHEMA_ENUM,
    SCHEMA_TYPE,
    SCHEMA_SEQUENCE,
    SCHEMA_FUNCTION,
    SCHEMA_TABLE,
    SCHEMA_COLUMN,
    SCHEMA_CONSTRAINT,
    SCHEMA_INDEX,
    SCHEMA_VIEW,
    SCHEMA_TRIGGER,
    SCHEMA_POLICY,
    SCHEMA_KIND_COUNT,
};

#define SCHEMA_FACETS 9u

enum { FACET_COMMENT = 0 };
enum { ENUM_VALUES = 1 };                      /* quoted, a line each */
enum { TYPE_KIND = 1, TYPE_DEFINITION };       /* DOMAIN or TYPE */
enum { SEQUENCE_OPTIONS = 1, SEQUENCE_OWNER }; /* table.column or NONE */
enum { VIEW_KIND = 1, VIEW_DEFINITION, VIEW_OPTIONS };
enum { TRIGGER_DEFINITION = 1, TRIGGER_ENABLED };
enum { POLICY_DEFINITION = 1 };
enum { INDEX_UNIQUE = 1, INDEX_DEFINITION, INDEX_VALIDITY };
enum {
    FUNCTION_KIND = 1,
    FUNCTION_RESULT,
    FUNCTION_ARGUMENTS,
    FUNCTION_ATTRIBUTES,
    FUNCTION_BODY,
    FUNCTION_CREATE, /* not compared */
};
enum {
    TABLE_PERSISTENCE = 1,
    TABLE_PARTITION_KEY,
    TABLE_PARENT,
    TABLE_BOUND,
    TABLE_ROW_SECURITY,
    TABLE_FORCED,
    TABLE_OPTIONS,
};
enum { SQLITE_SOURCE = 8 }; /* the statement as it was written; not compared */
enum {
    COLUMN_TYPE = 1,
    COLUMN_NOT_NULL,
    COLUMN_DEFAULT,
    COLUMN_IDENTITY,
    COLUMN_GENERATED,
    COLUMN_COLLATION,
    COLUMN_SOURCE, /* SQLite: the definition as written; not compared */
};
enum {
    CONSTRAINT_DEFINITION = 1,
    CONSTRAINT_VALIDITY,
    CONSTRAINT_KIND,  /* p, u, f, c, x; not compared */
    CONSTRAINT_INDEX, /* of p and u: what follows the index's name; SQLite: the column it is written at */
    CONSTRAINT_DEFERRAL,
};

struct schema_object {
    enum schema_kind kind;
    struct str table; /* empty: belongs to no table */
    struct str name;
    struct str facets[SCHEMA_FACETS];
    struct str key; /* PostgreSQL: "class.object.column", what dependencies name */
    size_t rank;    /* what it needs has a lower one */
};

/* `object` needs `needs`; indexes into the catalog. */
struct schema_dependency {
    size_t object;
    size_t needs;
};

struct schema_catalog {
    enum db_engine engine;
    struct schema_object *items;
    size_t count;
    size_t capacity;
    struct schema_dependency *dependencies;
    size_t dependency_count;
};

/* --- catalog.c --- */

struct schema_object *schema_add(struct arena *arena, struct schema_catalog *catalog, enum schema_kind kind);
const struct schema_object *schema_find(const struct schema_catalog *catalog, enum schema_kind kind,
                                        struct str table, struct str name);
bool is_table_in(const struct schema_catalog *catalog, struct str table);
/* Gives every object its rank. */
void schema_rank(struct arena *arena, struct schema_catalog *catalog);
/* All objects, by rank. */
const struct schema_object **schema_by_rank(struct arena *arena, const struct schema_catalog *catalog);
const char *schema_kind_name(enum schema_kind kind);
/* "users.locale", "users" */
struct str schema_object_text(struct arena *arena, const struct schema_object *object);
/* "default"; NULL for facets that are not compared. */
const char *schema_facet_name(enum schema_kind kind, unsigned facet);

/* --- normal.c --- */

/* Blanks and comments to one space or none, words in lower case, names without needless quotes. */
struct str schema_normalise(struct arena *arena, enum db_engine engine, struct str sql);
struct str schema_quote(struct arena *arena, struct str name);
/* The name that a token is, as schema_quote gives it. */
struct str schema_name_of(struct arena *arena, struct sql_token token);
/* Every name that is `from` becomes `to`; strings and comments stay. */
struct str schema_replace_name(struct arena *arena, enum db_engine engine, struct str sql, struct str from,
                               struct str to);
bool is_naming(struct arena *arena, enum db_engine engine, struct str sql, struct str name);

/* --- renames.c --- */

/* "-- @renamed from=old" beside a column, a constraint or a CREATE statement of the declared schema. */
struct schema_rename {
    enum schema_kind kind;
    struct str table; /* as declared */
    struct str from;
    struct str to;
    bool is_used; /* the live side has `from` and not `to` */
};
struct schema_renames {
    struct schema_rename *items;
    size_t count;
};
NODISCARD result schema_renames_read(struct migration_scope *scope, enum db_engine engine,
                                     struct str declared, struct schema_renames *ret_renames);
/* A copy of the live side in which the renames that fit are done. */
void schema_renames_apply(struct arena *arena, struct schema_renames *renames,
                          const struct schema_catalog *declared, const struct schema_catalog *live,
                          struct schema_catalog *ret_catalog);

/* --- difference.c --- */

enum difference_action { SCHEMA_DO_ADD, SCHEMA_DO_DROP, SCHEMA_DO_CHANGE, SCHEMA_DO_RENAME };

struct schema_change {
    enum difference_action action;
    const struct schema_object *from; /* NULL: added */
    const struct schema_object *to;   /* NULL: dropped */
    const struct schema_rename *rename;
    unsigned facets; /* bits of those that differ */
    bool is_implied; /* follows from another change: not told by itself */
};

struct schema_difference {
    const struct schema_catalog *from;
    const struct schema_catalog *to;
    const struct schema_renames *renames;
    const struct schema_change
        *changes; /* renames, then what is added or changed by rank, then drops reversed */
    size_t count;
};

void schema_compare(struct arena *arena, const struct schema_catalog *from, const struct schema_catalog *to,
                    const struct schema_renames *renames, struct schema_difference *ret_difference);
static inline bool is_changing(const struct schema_change *change, unsigned facet)
{
    return (change->facets & (1u << facet)) != 0;
}
/* "add column users.locale text" */
struct str schema_change_text(struct arena *arena, const struct schema_change *change);
/* "possible rename: column users.lang -> users.locale", one per pair, that is never acted upon. */
size_t schema_possible_renames(struct arena *arena, const struct schema_difference *difference,
                               struct str **ret_texts);

/* --- script.c --- */

/* One revision each, in this order; those without statements are not written. */
enum schema_file {
    SCHEMA_FILE_ENUM, /* a value cannot be used in the transaction that adds it */
    SCHEMA_FILE_EXPAND,
    SCHEMA_FILE_INDEX,      /* outside transactions */
    SCHEMA_FILE_CONSTRAINT, /* NOT VALID: a short lock */
    SCHEMA_FILE_VALIDATE,   /* reads whole tables without blocking them */
    SCHEMA_FILE_CONTRACT,
    SCHEMA_FILE_COUNT,
};

struct schema_step {
    enum schema_file file;
    struct str up;
    struct str down; /* empty: nothing to undo */
};

struct schema_script {
    struct migration_scope *scope;
    struct schema_step *steps;
    size_t count;
    size_t capacity;
    struct str irreversible[SCHEMA_FILE_COUNT]; /* reason, or empty */
    bool is_breaking[SCHEMA_FILE_COUNT];        /* binaries that do not know the revision cannot go on */
};

/* Statements without the last semicolon; several are separated by ";\n". */
void script_add(struct schema_script *script, enum schema_file file, struct str up, struct str down);
void script_mark_irreversible(struct schema_script *script, enum schema_file file, struct str reason);
bool is_script_file_used(const struct schema_script *script, enum schema_file file);
struct str script_up(const struct schema_script *script, enum schema_file file);
struct str script_down(const struct schema_script *script, enum schema_file file);

/* --- the engines --- */

/* Reads what the connection's schema holds, and what `declared` would make; changes nothing. */
NODISCARD result schema_read_postgres(struct migration_scope *scope, struct migration_connection *connection,
                                      struct str declared, struct schema_catalog *ret_live,
                                      struct schema_catalog *ret_declared);
NODISCARD result schema_read_sqlite(struct migration_scope *scope, struct migration_connection *connection,
                                    struct str declared, struct schema_catalog *ret_live,
                                    struct schema_catalog *ret_declared);
/* What applying the revisions to an empty SQLite database gives. */
NODISCARD result schema_read_sqlite_revisions(struct migration_scope *scope, const struct revision *revisions,
                                              size_t count, struct str declared,
                                              struct schema_catalog *ret_live,
                                              struct schema_catalog *ret_declared);

NODISCARD result schema_script_postgres(struct schema_script *script,
                                        const struct schema_difference *difference);
NODISCARD result schema_script_sqlite(struct schema_script *script,
                                      const struct schema_difference *difference);

/* --- declared.c --- */

struct embedded_schema {
    const unsigned char *bytes;
    size_t len;
};
extern const struct embedded_schema embedded_schemas[DB_ENGINE_COUNT];

/* <directory>/schema/<engine>.sql, or the embedded one when `directory` is empty. */
NODISCARD result schema_declared(struct migration_scope *scope, struct str directory, enum db_engine engine,
                                 struct str *ret_text);
/* --- compare.c --- */

/* One engine's two sides and what lies between them. */
struct schema_comparison {
    struct schema_catalog live;
    struct schema_catalog declared;
    struct schema_renames renames;
    struct schema_difference difference;
};
/* `connection` stands at the newest of the revisions; `directory` as for schema_declared. */
NODISCARD result schema_compare_live(struct migration_scope *scope, enum db_engine engine,
                                     struct migration_connection *connection, struct str directory,
                                     struct schema_comparison *ret_comparison);
/* SQLite needs no database for it. */
NODISCARD result schema_compare_revisions(struct migration_scope *scope, const struct revision *revisions,
                                          size_t count, struct str directory,
                                          struct schema_comparison *ret_comparison);

/* --- generate.c --- */

struct generate_order {
    const struct schema_script *scripts[DB_ENGINE_COUNT]; /* NULL: see `reasons` */
    struct str reasons[DB_ENGINE_COUNT];                  /* why that engine's section does nothing */
    const struct revision *parent;                        /* NULL: the first revision */
    struct str message;
    struct str revision_id; /* of the first file; empty: made up */
};

/* The files in the order in which they follow each other; `ret_count` is 0 when nothing changes. */
NODISCARD result schema_generate(struct migration_scope *scope, const struct generate_order *order,
                                 struct revision_file ret_files[SCHEMA_FILE_COUNT], size_t *ret_count);
/* A file to be filled in by hand. */
NODISCARD result schema_generate_empty(struct migration_scope *scope, const struct generate_order *order,
                                       struct revision_file *ret_file);

#endif
