// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/log.h"
#include "migration_postgres_internal.h"

/* The first half of the advisory lock's key, "auth" in ASCII; the second is a hash of the schema's name. */
#define LOCK_SESSION           "1635087464, hashtext(current_schema())"
#define LOCK_TRANSACTION       "1635087465, hashtext(current_schema())"
#define CHECK_INTERVAL_VERSION 140000

static const char version_table_sql[] = "CREATE TABLE IF NOT EXISTS schema_version ("
                                        " seq bigint NOT NULL UNIQUE,"
                                        " revision text PRIMARY KEY,"
                                        " parent text,"
                                        " checksum bytea NOT NULL,"
                                        " phase text NOT NULL,"
                                        " min_binary text NOT NULL,"
                                        " state text NOT NULL CHECK (state IN ('applied', 'partial')),"
                                        " stmts_done integer NOT NULL,"
                                        " applied_at timestamptz NOT NULL,"
                                        " duration_ms bigint NOT NULL,"
                                        " binary_version text NOT NULL,"
                                        " applied_by text NOT NULL,"
                                        " down_sql text);"
                                        "CREATE TABLE IF NOT EXISTS schema_version_log ("
                                        " seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                                        " at timestamptz NOT NULL,"
                                        " action text NOT NULL CHECK (action IN ('up', 'down', 'stamp')),"
                                        " revision text NOT NULL,"
                                        " checksum bytea,"
                                        " duration_ms bigint NOT NULL,"
                                        " binary_version text NOT NULL,"
                                        " performed_by text NOT NULL,"
                                        " error text);"
                                        "CREATE TABLE IF NOT EXISTS schema_version_backfill ("
                                        " revision text PRIMARY KEY,"
                                        " last_key text NOT NULL,"
                                        " at timestamptz NOT NULL);";

/* What a role, a database or a URI may have set otherwise, and what would change the meaning of revisions. In a
 * transaction the next statement follows at once: a session that is idle there has lost its client, whatever stands
 * between them pretends. */
static const char session_sql[] =
    "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET standard_conforming_strings = on;"
    "SET client_min_messages = warning; SET default_transaction_isolation = 'read committed';"
    "SET default_transaction_read_only = off; SET bytea_output = 'hex';"
    "SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '3s'";

/* --- opening --- */

static void ignore_notice(void *argument, const PGresult *notice)
{
    (void)argument;
    (void)notice;
}

#define CONNECT_WORDS 8

struct connect_words {
    const char *names[CONNECT_WORDS];
    const char *values[CONNECT_WORDS];
};

/* `seconds` NULL: as the store says. */
static struct connect_words connect_words(const struct store_options *store, struct arena *arena,
                                          const char *seconds)
{
    const int64_t own = (store->connect_timeout_ms + 999) / 1000;
    const struct str timeout = str_printf(arena, "%lld", (long long)(own > 0 ? own : 10));
    /* Later names win over the same ones in dbname, which is expanded. */
    return (struct connect_words){
        .names = {"dbname", "application_name", "connect_timeout", "keepalives_idle", "keepalives_interval",
                  "keepalives_count", "client_encoding", NULL},
        .values = {str_copy(arena, store->uri).ptr, "auth-migrate", seconds ? seconds : timeout.ptr, "10",
                   "5", "3", "UTF8", NULL},
    };
}

PGconn *migration_pg_connect(const struct store_options *store, struct arena *arena, const char *seconds)
{
    const struct connect_words words = connect_words(store, arena, seconds);
    return PQconnectdbParams(words.names, words.values, 1);
}

PGPing migration_pg_ping(const struct store_options *store, struct arena *arena, const char *seconds)
{
    const struct connect_words words = connect_words(store, arena, seconds);
    return PQpingParams(words.names, words.values, 1);
}

/* A server that answers the ping and yet refuses us will go on refusing: a wrong password, no such database. */
static bool is_server_up(const struct store_options *store, struct arena *arena)
{
    const PGPing answer = migration_pg_ping(store, arena, NULL);
    return answer == PQPING_OK || answer == PQPING_NO_ATTEMPT;
}

static result fail_connect(const struct migration_connection *connection, struct migration_scope *scope)
{
    const struct store_options *store = connection->access.store;
    struct str reason = str_copy(scope->arena, str_from(PQerrorMessage(connection->pg)));
    while (reason.len > 0 && reason.ptr[reason.len - 1] == '\n') reason.len--;
    const result failure = migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "%.*s: %.*s",
                                          STR_ARGS(store->display), STR_ARGS(reason));
    scope->failure.is_retryable = !is_server_up(store, scope->arena);
    return failure;
}

static result use_schema(struct migration_connection *connection, struct migration_scope *scope)
{
    const struct str sql =
        str_printf(scope->arena, "SET search_path = %.*s, pg_temp", STR_ARGS(connection->schema));
    return migration_pg_execute(connection, scope, sql.ptr);
}

/* Without the first a killed client leaves its backend, and the lock, until the statement ends; not every platform
 * has it. Without the others a machine that vanishes leaves them for hours. */
static void watch_client(struct migration_connection *connection, struct arena *arena)
{
    if (PQserverVersion(connection->pg) < CHECK_INTERVAL_VERSION) return;
    struct migration_scope aside = {.arena = arena};
    (void)is_ok(migration_pg_execute(connection, &aside, "SET client_connection_check_interval = '2s'"));
    aside = (struct migration_scope){.arena = arena};
    (void)is_ok(migration_pg_execute(connection, &aside,
                                     "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
                                     "SET tcp_keepalives_count = 3"));
}

static void close_connection(struct migration_connection *connection)
{
    PQfinish(connection->pg);
    free(connection);
}

static result prepare_session(struct migration_connection *connection, struct migration_scope *scope)
{
    TRY(migration_pg_execute(connection, scope, session_sql));
    watch_client(connection, scope->arena);
    connection->is_prepared = true;
    return use_schema(connection, scope);
}

/* The schema is fixed for the whole run, so that a search_path set elsewhere cannot move tables; pg_temp goes last
 * so that a temporary table cannot stand in for one of ours. A pooler makes up the process id it told us at first;
 * what is set through it might be set for others. */
static result look_around(struct migration_connection *connection, struct migration_scope *scope)
{
    struct migration_rows rows = {0};
    TRY(migration_pg_query(connection, scope, "SELECT quote_ident(current_schema()), pg_backend_pid()", NULL,
                           0, &rows));
    if (rows.count != 1 || !rows.cells[0].ptr) {
        return migration_fail(scope, MIGRATION_EXIT_SQL,
                              "no schema to work in: none of the search_path exists or is open to this role");
    }
    int64_t pid = 0;
    connection->schema = rows.cells[0];
    connection->backend_pid = rows.cells[1];
    connection->is_pooled = !str_to_int64(rows.cells[1], &pid) || pid != PQbackendPID(connection->pg);
    return connection->is_pooled ? RESULT_OK : prepare_session(connection, scope);
}

/* Refused, and up a moment later: it may have been starting until then, and what it says then is its answer. */
static PGconn *connect_settled(const struct store_options *store, struct arena *arena)
{
    PGconn *pg = migration_pg_connect(store, arena, NULL);
    if (PQstatus(pg) == CONNECTION_OK || !is_server_up(store, arena)) return pg;
    PQfinish(pg);
    return migration_pg_connect(store, arena, NULL);
}

static result open_connection(struct migration_scope *scope, const struct migration_access *access,
                              struct migration_connection **ret_connection)
{
    struct migration_connection *connection = calloc(1, sizeof(*connection));
    if (!connection) panic("out of memory: no migration connection");
    connection->access = *access;
    connection->pg = connect_settled(access->store, scope->arena);
    *ret_connection = connection;
    if (PQstatus(connection->pg) != CONNECTION_OK) return fail_connect(connection, scope);
    (void)PQsetNoticeReceiver(connection->pg, ignore_notice, NULL);
    return look_around(connection, scope);
}

static bool is_connected(const struct migration_connection *connection)
{
    return PQstatus(connection->pg) == CONNECTION_OK;
}

static result has_version_table(struct migration_connection *connection, struct migration_scope *scope,
                                bool *ret_exists)
{
    struct migration_rows rows = {0};
    TRY(migration_pg_query(connection, scope, "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL",
                           NULL, 0, &rows));
    *ret_exists = rows.count > 0;
    return RESULT_OK;
}

/* --- the lock --- */

static result find_holder(struct migration_connection *connection, struct migration_scope *scope,
                          struct str *ret_holder)
{
    struct migration_rows rows = {0};
    TRY(migration_pg_query(
        connection, scope,
        "SELECT 'backend ' || a.pid || ' (' || a.application_name || ') since ' "
        "|| COALESCE(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC, ' "
        "|| date_trunc('second', clock_timestamp() - a.backend_start)::text, '?') "
        "|| ', running: ' || COALESCE(left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80), '?') "
        "FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND l.classid::bigint = 1635087464 "
        "AND l.objid::bigint = hashtext(current_schema())::bigint & 4294967295 LIMIT 1",
        NULL, 0, &rows));
    *ret_holder = rows.count > 0 && rows.cells[0].ptr ? rows.cells[0] : STR("another session");
    return RESULT_OK;
}

/* Asked twice, the second time within a transaction of a second connection: a pooler that lends its server
 * connections by the transaction lends the one that we believe is ours. */
static result refuse_transaction_pooler(struct migration_connection *connection,
                                        struct migration_scope *scope)
{
    struct migration_connection probe = *connection;
    struct migration_rows ours = {0};
    struct migration_rows theirs = {0};
    probe.pg = migration_pg_connect(connection->access.store, scope->arena, NULL);
    result asked = migration_pg_query(connection, scope, "SELECT pg_backend_pid()", NULL, 0, &ours);
    if (is_ok(asked)) asked = migration_pg_execute(&probe, scope, "BEGIN");
    if (is_ok(asked)) asked = migration_pg_query(&probe, scope, "SELECT pg_backend_pid()", NULL, 0, &theirs);
    PQfinish(probe.pg);
    TRY(asked);
    if (!str_equal(ours.cells[0], theirs.cells[0])) return RESULT_OK;
    return migration_fail(
        scope, MIGRATION_EXIT_USAGE,
        "%.*s is a pooler that lends connections by the transaction, where a session lock does "
        "not hold; give MIGRATION_SQL_URI a direct connection",
        STR_ARGS(connection->access.store->display));
}

static result try_lock(struct migration_connection *connection, struct migration_scope *scope,
                       bool *ret_is_locked, struct str *ret_holder)
{
    struct migration_rows rows = {0};
    if (!connection->is_prepared) {
        TRY(refuse_transaction_pooler(connection, scope));
        TRY(prepare_session(connection, scope));
    }
    TRY(migration_pg_query(connection, scope, "SELECT pg_try_advisory_lock(" LOCK_SESSION ")", NULL, 0,
                           &rows));
    *ret_is_locked = str_equal(rows.cells[0], STR("t"));
    return *ret_is_locked ? RESULT_OK : find_holder(connection, scope, ret_holder);
}

static result confirm_lock(struct migration_connection *connection, struct migration_scope *scope)
{
    struct migration_rows rows = {0};
    TRY(migration_pg_query(
        connection, scope,
        "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
        "AND objsubid = 2 AND classid::bigint = 1635087464 "
        "AND objid::bigint = hashtext(current_schema())::bigint & 4294967295",
        NULL, 0, &rows));
    if (rows.count > 0) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_LOCKED,
                          "session lock lost (transaction-mode pooler?); use a direct connection");
}

static void unlock(struct migration_connection *connection)
{
    if (!is_connected(connection)) return;
    PQclear(PQexec(connection->pg, "SELECT pg_advisory_unlock(" LOCK_SESSION ")"));
}

/* --- transactions --- */

static result lock_transaction(struct migration_connection *connection, struct migration_scope *scope)
{
    struct migration_rows rows = {0};
    TRY(migration_pg_query(connection, scope, "SELECT pg_try_advisory_xact_lock(" LOCK_TRANSACTION ")", NULL,
                           0, &rows));
    if (str_equal(rows.cells[0], STR("t"))) return RESULT_OK;
    return migration_fail_retryable(scope, "another session is applying a revision");
}

static result begin(struct migration_connection *connection, struct migration_scope *scope,
                    const struct migration_limits *limits)
{
    const struct str sql =
        str_printf(scope->arena,
                   "BEGIN; SET LOCAL lock_timeout = %lld; SET LOCAL statement_timeout = %lld; "
                   "SET LOCAL search_path = %.*s, pg_temp",
                   (long long)limits->lock_timeout_ms, (long long)limits->statement_timeout_ms,
                   STR_ARGS(connection->schema));
    TRY(migration_pg_execute(connection, scope, sql.ptr));
    return lock_transaction(connection, scope);
}

static result run_section(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_section *section)
{
    const struct migration_source source = {section, 0};
    const struct str sql = str_copy(scope->arena, section->sql);
    const struct migration_message message = {.sql = sql.ptr, .source = &source};
    TRY(migration_pg_run(connection, scope, &message, NULL));
    /* A COMMIT that the build did not see returns success, and what follows would be beyond any rollback. */
    if (PQtransactionStatus(connection->pg) != PQTRANS_INTRANS) {
        return migration_fail(scope, MIGRATION_EXIT_SQL, "%.*s: the section ended the runner's transaction",
                              STR_ARGS(section->file));
    }
    /* Dumps begin with a search_path of their own, which would outlive them. */
    return use_schema(connection, scope);
}

static result commit(struct migration_connection *connection, struct migration_scope *scope)
{
    return migration_pg_execute(connection, scope, "COMMIT");
}

static void rollback(struct migration_connection *connection)
{
    if (!is_connected(connection) || PQtransactionStatus(connection->pg) == PQTRANS_IDLE) return;
    PQclear(PQexec(connection->pg, "ROLLBACK"));
}

static result find_servers(struct migration_connection *connection, struct migration_scope *scope,
                           struct migration_rows *ret_rows)
{
    return migration_pg_query(connection, scope,
                              "SELECT DISTINCT application_name FROM pg_stat_activity "
                              "WHERE datname = current_database() AND application_name IS NOT NULL",
                              NULL, 0, ret_rows);
}

const struct migration_driver migration_driver_postgres = {
    .engine = DB_POSTGRES,
    .name = "postgresql",
    .version_table_sql = version_table_sql,
    .open = open_connection,
    .close = close_connection,
    .is_connected = is_connected,
    .has_version_table = has_version_table,
    .query = migration_pg_query,
    .try_lock = try_lock,
    .confirm_lock = confirm_lock,
    .unlock = unlock,
    .begin = begin,
    .run_section = run_section,
    .commit = commit,
    .rollback = rollback,
    .run_alone = migration_pg_run_alone,
    .servers = find_servers,
};
