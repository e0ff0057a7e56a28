// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>

#include "auth/migrate/migrations.h"
#include "auth/store/statements.h"
#include "db_fixture.h"

/* Every statement of the product, on the schema of the product, is what its block says it is. */

static struct db_fixture fixture;

static void prepare_schema(enum db_engine engine)
{
    struct migration_outcome outcome;
    struct migration_failure failure = {0};
    db_fixture_prepare(&fixture, engine);
    const struct migration_options options = {.store = &fixture.options, .binary_version = STR("test")};
    const result applied = migrations_apply(fixture.arena, &options, STR("head"), NULL, &outcome, &failure);
    cr_assert(is_ok(applied), "%.*s", STR_ARGS(failure.text));
}

static Oid oid_of(enum db_type type)
{
    /* pg_type.dat */
    static const Oid oids[] = {
        [DB_INT] = 20, [DB_BOOL] = 16, [DB_TEXT] = 25, [DB_BYTES] = 17, [DB_UUID] = 2950};
    return oids[type];
}

static void check_on_postgres(PGconn *connection, const struct statement *statement)
{
    Oid types[DB_PARAMETERS_MAX] = {0};
    for (unsigned i = 0; i < statement->parameter_count; i++)
        types[i] = oid_of(statement->parameters[i].type);
    PGresult *prepared = PQprepare(connection, statement->name, statement->sql[DB_POSTGRES],
                                   (int)statement->parameter_count, types);
    cr_expect(PQresultStatus(prepared) == PGRES_COMMAND_OK, "%s: %s", statement->name,
              PQerrorMessage(connection));
    PGresult *described = PQdescribePrepared(connection, statement->name);
    cr_expect_eq(PQnparams(described), (int)statement->parameter_count, "%s", statement->name);
    cr_expect_eq(PQnfields(described), (int)statement->column_count, "%s", statement->name);
    for (int i = 0; i < PQnfields(described) && i < (int)statement->column_count; i++) {
        cr_expect_str_eq(PQfname(described, i), statement->columns[i].name, "%s", statement->name);
        cr_expect_eq(PQftype(described, i), oid_of(statement->columns[i].type), "%s: %s", statement->name,
                     statement->columns[i].name);
    }
    PQclear(described);
    PQclear(prepared);
}

Test(db_statements, each_prepares_on_postgres_and_returns_the_columns_it_declares, .timeout = 60)
{
    prepare_schema(DB_POSTGRES);
    PGconn *connection = PQconnectdb(fixture.options.uri.ptr);
    cr_assert_eq(PQstatus(connection), CONNECTION_OK);
    cr_expect(store_statement_count > 0);
    for (size_t i = 0; i < store_statement_count; i++) check_on_postgres(connection, store_statements[i]);
    PQfinish(connection);
    db_fixture_close(&fixture);
}

static void check_on_sqlite(sqlite3 *file, const struct statement *statement)
{
    sqlite3_stmt *prepared = NULL;
    const int outcome = sqlite3_prepare_v2(file, statement->sql[DB_SQLITE], -1, &prepared, NULL);
    cr_expect(outcome == SQLITE_OK, "%s: %s", statement->name, sqlite3_errmsg(file));
    if (outcome != SQLITE_OK) return;
    cr_expect_eq(sqlite3_bind_parameter_count(prepared), (int)statement->parameter_count, "%s",
                 statement->name);
    cr_expect_eq(sqlite3_column_count(prepared), (int)statement->column_count, "%s", statement->name);
    for (unsigned i = 1; i <= statement->parameter_count; i++) {
        char name[16];
        snprintf(name, sizeof name, "$%u", i);
        cr_expect(sqlite3_bind_parameter_index(prepared, name) > 0, "%s: %s", statement->name, name);
    }
    for (int i = 0; i < sqlite3_column_count(prepared) && i < (int)statement->column_count; i++) {
        cr_expect_str_eq(sqlite3_column_name(prepared, i), statement->columns[i].name, "%s", statement->name);
    }
    sqlite3_finalize(prepared);
}

Test(db_statements, each_prepares_on_sqlite_and_returns_the_columns_it_declares)
{
    sqlite3 *file = NULL;
    prepare_schema(DB_SQLITE);
    cr_assert_eq(sqlite3_open(fixture.options.uri.ptr, &file), SQLITE_OK);
    for (size_t i = 0; i < store_statement_count; i++) check_on_sqlite(file, store_statements[i]);
    sqlite3_close(file);
    db_fixture_close(&fixture);
}
