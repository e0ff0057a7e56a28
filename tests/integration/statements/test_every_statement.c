// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain_fixture.h"

/* PostgreSQL's numbers of the types (pg_type.dat). */
static const Oid OIDS[] = {[DB_INT] = 20, [DB_BOOL] = 16, [DB_TEXT] = 25, [DB_BYTES] = 17, [DB_UUID] = 2950};

/* --- PostgreSQL --------------------------------------------------------------------------------------------------- */

static void compare_postgres(const struct statement *statement, const PGresult *described)
{
    cr_expect_eq((unsigned)PQnparams(described), statement->parameter_count, "%s: %d parameters",
                 statement->name, PQnparams(described));
    for (int i = 0; i < PQnparams(described); i++)
        cr_expect_eq(PQparamtype(described, i), OIDS[statement->parameters[i].type],
                     "%s: parameter %s has type %u", statement->name, statement->parameters[i].name,
                     PQparamtype(described, i));
    cr_expect_eq((unsigned)PQnfields(described), statement->column_count, "%s: %d columns", statement->name,
                 PQnfields(described));
    for (int i = 0; i < PQnfields(described) && (unsigned)i < statement->column_count; i++) {
        cr_expect_str_eq(PQfname(described, i), statement->columns[i].name, "%s", statement->name);
        cr_expect_eq(PQftype(described, i), OIDS[statement->columns[i].type], "%s: column %s has type %u",
                     statement->name, PQfname(described, i), PQftype(described, i));
    }
}

static void prepare_postgres(PGconn *connection, const struct statement *statement)
{
    Oid types[DB_PARAMETERS_MAX];
    for (unsigned i = 0; i < statement->parameter_count; i++) types[i] = OIDS[statement->parameters[i].type];
    PGresult *prepared = PQprepare(connection, statement->name, statement->sql[DB_POSTGRES],
                                   (int)statement->parameter_count, types);
    cr_expect_eq(PQresultStatus(prepared), PGRES_COMMAND_OK, "%s: %s", statement->name,
                 PQerrorMessage(connection));
    if (PQresultStatus(prepared) == PGRES_COMMAND_OK) {
        PGresult *described = PQdescribePrepared(connection, statement->name);
        compare_postgres(statement, described);
        PQclear(described);
    }
    PQclear(prepared);
}

Test(statements, every_statement_prepares_on_a_fresh_postgres_as_it_is_declared)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, DB_POSTGRES);
    char *info = strndup(fixture.options.uri.ptr, fixture.options.uri.len);
    PGconn *connection = PQconnectdb(info);
    cr_assert_eq(PQstatus(connection), CONNECTION_OK, "%s", PQerrorMessage(connection));
    cr_expect_gt(store_statement_count, 20);
    for (size_t i = 0; i < store_statement_count; i++) prepare_postgres(connection, store_statements[i]);
    PQfinish(connection);
    free(info);
    domain_fixture_close(&fixture);
}

/* --- SQLite ------------------------------------------------------------------------------------------------------- */

/* "INTEGER" of a strict table for what we call int and bool; expressions have none. */
static bool is_declared_so(const char *declared, enum db_type type)
{
    if (!declared) return true;
    if (type == DB_INT || type == DB_BOOL) return strcmp(declared, "INTEGER") == 0;
    return strcmp(declared, type == DB_TEXT ? "TEXT" : "BLOB") == 0;
}

static void compare_sqlite(const struct statement *statement, sqlite3_stmt *handle)
{
    cr_expect_eq((unsigned)sqlite3_bind_parameter_count(handle), statement->parameter_count, "%s",
                 statement->name);
    for (unsigned i = 1; i <= statement->parameter_count; i++) {
        char name[16];
        snprintf(name, sizeof name, "$%u", i);
        cr_expect_gt(sqlite3_bind_parameter_index(handle, name), 0, "%s: %s", statement->name, name);
    }
    cr_expect_eq((unsigned)sqlite3_column_count(handle), statement->column_count, "%s", statement->name);
    for (int i = 0; i < sqlite3_column_count(handle) && (unsigned)i < statement->column_count; i++) {
        const char *declared = sqlite3_column_decltype(handle, i);
        cr_expect_str_eq(sqlite3_column_name(handle, i), statement->columns[i].name, "%s", statement->name);
        cr_expect(is_declared_so(declared, statement->columns[i].type), "%s: column %s is %s",
                  statement->name, statement->columns[i].name, declared);
    }
    const bool reads_only = sqlite3_stmt_readonly(handle) != 0;
    cr_expect_eq(reads_only, statement->lane == DB_LANE_READ, "%s runs on the wrong lane", statement->name);
}

Test(statements, every_statement_prepares_on_a_fresh_sqlite_as_it_is_declared)
{
    struct domain_fixture fixture;
    sqlite3 *file;
    domain_fixture_open(&fixture, DB_SQLITE);
    cr_assert_eq(sqlite3_open(fixture.path, &file), SQLITE_OK);
    for (size_t i = 0; i < store_statement_count; i++) {
        const struct statement *statement = store_statements[i];
        sqlite3_stmt *handle = NULL;
        const int code = sqlite3_prepare_v2(file, statement->sql[DB_SQLITE], -1, &handle, NULL);
        cr_expect_eq(code, SQLITE_OK, "%s: %s", statement->name, sqlite3_errmsg(file));
        if (code == SQLITE_OK) compare_sqlite(statement, handle);
        sqlite3_finalize(handle);
    }
    sqlite3_close(file);
    domain_fixture_close(&fixture);
}
