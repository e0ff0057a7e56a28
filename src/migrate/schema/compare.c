// SPDX-License-Identifier: MIT
#include "schema_internal.h"

static result finish(struct migration_scope *scope, enum db_engine engine, struct str declared,
                     const struct schema_catalog *live, struct schema_comparison *comparison)
{
    TRY(schema_renames_read(scope, engine, declared, &comparison->renames));
    schema_renames_apply(scope->arena, &comparison->renames, &comparison->declared, live, &comparison->live);
    schema_compare(scope->arena, &comparison->live, &comparison->declared, &comparison->renames,
                   &comparison->difference);
    return RESULT_OK;
}

result schema_compare_live(struct migration_scope *scope, enum db_engine engine,
                           struct migration_connection *connection, struct str directory,
                           struct schema_comparison *ret_comparison)
{
    struct str declared;
    struct schema_catalog live;
    TRY(schema_declared(scope, directory, engine, &declared));
    const result outcome =
        engine == DB_POSTGRES
            ? schema_read_postgres(scope, connection, declared, &live, &ret_comparison->declared)
            : schema_read_sqlite(scope, connection, declared, &live, &ret_comparison->declared);
    TRY(outcome);
    return finish(scope, engine, declared, &live, ret_comparison);
}

result schema_compare_revisions(struct migration_scope *scope, const struct revision *revisions, size_t count,
                                struct str directory, struct schema_comparison *ret_comparison)
{
    struct str declared;
    struct schema_catalog live;
    TRY(schema_declared(scope, directory, DB_SQLITE, &declared));
    TRY(schema_read_sqlite_revisions(scope, revisions, count, declared, &live, &ret_comparison->declared));
    return finish(scope, DB_SQLITE, declared, &live, ret_comparison);
}
