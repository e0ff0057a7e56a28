// SPDX-License-Identifier: MIT
#include <assert.h>

#include "postgres_internal.h"

#define POOL_BYTES_MAX  (1024u * 1024u)
#define CONNECTIONS_MAX 256u
#define LEASE_DEPTH     1u

/* A statement that has nothing to wait for. */
static const struct statement ping_statement = {
    .name = "ping",
    .sql = {[DB_POSTGRES] = "SELECT CAST(1 AS bigint) AS one"},
    .lane = DB_LANE_READ,
    .column_count = 1,
    .columns = {{"one", DB_INT, false}},
    .index = DB_STATEMENTS_MAX - 1,
};

static void lane_init(struct pg_pool *pool, enum pg_lane_kind kind, unsigned count)
{
    struct pg_lane *lane = &pool->lanes[kind];
    lane->pool = pool;
    lane->count = count;
    lane->is_leasing = kind == PG_LANE_LEASE;
    lane->depth = lane->is_leasing ? LEASE_DEPTH : PIPELINE_DEPTH;
    lane->grow_at = kind == PG_LANE_READ ? PIPELINE_DEPTH : 1;
    lane->connections = arena_alloc_array(pool->arena, count, sizeof *lane->connections);
    for (unsigned i = 0; i < count; i++) {
        struct pg_connection *connection = &lane->connections[i];
        connection->pool = pool;
        connection->lane = lane;
        connection->prepared =
            arena_alloc_array(pool->arena, DB_STATEMENTS_MAX, sizeof *connection->prepared);
    }
}

static bool is_count(unsigned count)
{
    return count >= 1 && count <= CONNECTIONS_MAX;
}

static result check_options(struct task *task, const struct store_options *options)
{
    if (!is_count(options->read_connections) || !is_count(options->write_connections) ||
        !is_count(options->leases)) {
        FAIL(&task->fault, BAD_REQUEST, "connections of each kind: 1 to %u", CONNECTIONS_MAX);
    }
    if (options->connect_timeout_ms <= 0 || options->statement_timeout_ms <= 0 ||
        options->lock_timeout_ms <= 0) {
        FAIL(&task->fault, BAD_REQUEST, "the database's time limits are positive");
    }
    return RESULT_OK;
}

static result postgres_open(struct task *task, struct loop *loop, const struct store_options *options,
                            struct db **ret_db)
{
    TRY(check_options(task, options));
    const unsigned connections = options->read_connections + options->write_connections + options->leases;
    struct arena *arena =
        arena_create(POOL_BYTES_MAX + connections * (sizeof(struct pg_connection) +
                                                     DB_STATEMENTS_MAX * sizeof(struct pg_prepared)));
    struct pg_pool *pool = arena_alloc(arena, sizeof *pool);
    const result outcome = pg_conninfo_read(task, arena, options, &pool->info);
    if (!is_ok(outcome)) {
        arena_destroy(arena);
        return outcome;
    }
    const int64_t longest_ms = options->connect_timeout_ms > options->statement_timeout_ms
                                   ? options->connect_timeout_ms
                                   : options->statement_timeout_ms;
    pool->loop = loop;
    pool->arena = arena;
    pool->connect_timeout_ms = options->connect_timeout_ms;
    pool->answer_limit_ms = longest_ms + ANSWER_GRACE_MS;
    lane_init(pool, PG_LANE_READ, options->read_connections);
    lane_init(pool, PG_LANE_WRITE, options->write_connections);
    lane_init(pool, PG_LANE_LEASE, options->leases);
    *ret_db = &pool->db;
    return RESULT_OK;
}

static struct pg_pool *pool_of(const struct db *db)
{
    return CONTAINER_OF((uintptr_t)db, struct pg_pool, db);
}

static struct pg_connection *connection_of(const struct db *transaction)
{
    return CONTAINER_OF((uintptr_t)transaction, struct pg_connection, transaction);
}

static void postgres_close(struct db *db)
{
    struct pg_pool *pool = pool_of(db);
    pg_resolve_abandon(pool);
    for (unsigned lane = 0; lane < PG_LANE_COUNT; lane++) {
        for (unsigned i = 0; i < pool->lanes[lane].count; i++) {
            pg_connection_close(&pool->lanes[lane].connections[i]);
        }
    }
    arena_destroy(pool->arena);
}

/* Queues the call in the lane and waits for its answer. */
static result submit_and_wait(struct pg_lane *lane, struct pg_call *call)
{
    if (lane->queued >= CALLS_QUEUED_MAX) {
        FAIL(&call->task->fault, OVERLOADED, "more than %u calls wait for a connection", CALLS_QUEUED_MAX);
    }
    pg_call_begin(call, lane->pool);
    pg_lane_submit(lane, call);
    fiber_wait(&call->wait);
    return call->outcome;
}

static result run_shared(struct pg_pool *pool, struct pg_call *call)
{
    struct pg_lane *lane = &pool->lanes[call->statement->lane == DB_LANE_READ ? PG_LANE_READ : PG_LANE_WRITE];
    const result outcome = submit_and_wait(lane, call);
    if (!call->was_stale) return outcome;
    /* It was not run, so it may be sent again; it is prepared anew then. */
    *call = (struct pg_call){
        .kind = call->kind, .task = call->task, .statement = call->statement, .arguments = call->arguments};
    const result second = submit_and_wait(lane, call);
    if (call->was_stale) {
        FAIL(&call->task->fault, DATABASE_UNAVAILABLE, "%s: the schema is changing", call->statement->name);
    }
    return second;
}

static result lease_lost(struct task *task, const struct pg_connection *connection, const char *name)
{
    FAIL(&task->fault, DATABASE_UNAVAILABLE, "%s: the connection of the transaction was lost: %s", name,
         connection->reason);
}

static result run_leased(struct pg_connection *connection, struct pg_call *call)
{
    if (connection->is_lost) return lease_lost(call->task, connection, call->statement->name);
    pg_call_begin(call, connection->pool);
    pg_send_statement(connection, call);
    fiber_wait(&call->wait);
    return call->outcome;
}

static result check_time(struct task *task, const char *name)
{
    if (!is_late(task)) return RESULT_OK;
    FAIL(&task->fault, DATABASE_UNAVAILABLE, "%s: the deadline had passed before it was sent", name);
}

static result postgres_run(struct db *db, struct task *task, const struct statement *statement,
                           const struct db_value *arguments, struct db_rows *ret_rows)
{
    struct pg_call call = {
        .kind = PG_CALL_STATEMENT, .task = task, .statement = statement, .arguments = arguments};
    TRY(check_time(task, statement->name));
    if (db->shared == NULL) {
        TRY(run_shared(pool_of(db), &call));
    } else {
        TRY(run_leased(connection_of(db), &call));
    }
    *ret_rows = call.rows;
    return RESULT_OK;
}

static result postgres_begin(struct db *db, struct task *task, struct db **ret_transaction)
{
    struct pg_call call = {.kind = PG_CALL_LEASE, .task = task};
    TRY(check_time(task, "BEGIN"));
    TRY(submit_and_wait(&pool_of(db)->lanes[PG_LANE_LEASE], &call));
    *ret_transaction = &call.connection->transaction;
    return RESULT_OK;
}

static result commit(struct pg_connection *connection, struct task *task)
{
    struct pg_call call = {.kind = PG_CALL_COMMIT, .task = task};
    if (connection->is_lost) return lease_lost(task, connection, "COMMIT");
    if (connection->needs_begin) return RESULT_OK; /* no statement was sent, so there is nothing to commit */
    if (is_late(task)) {
        pg_send_command(connection, "ROLLBACK", NULL);
        return check_time(task, "COMMIT");
    }
    pg_call_begin(&call, connection->pool);
    pg_send_command(connection, "COMMIT", &call);
    fiber_wait(&call.wait);
    return call.outcome;
}

static result postgres_commit(struct db *transaction, struct task *task)
{
    struct pg_connection *connection = connection_of(transaction);
    const result outcome = commit(connection, task);
    pg_lease_return(connection);
    return outcome;
}

static void postgres_rollback(struct db *transaction)
{
    struct pg_connection *connection = connection_of(transaction);
    if (!connection->is_lost && !connection->needs_begin) pg_send_command(connection, "ROLLBACK", NULL);
    pg_lease_return(connection);
}

static result postgres_ping(struct db *db, struct task *task)
{
    struct db_rows rows;
    return postgres_run(db, task, &ping_statement, NULL, &rows);
}

static void postgres_counts(const struct db *db, struct store_counts *ret_counts)
{
    const struct pg_pool *pool = pool_of(db);
    struct store_counts counts = {
        .statements = pool->statements, .failures = pool->failures, .reconnects = pool->reconnects};
    for (unsigned kind = 0; kind < PG_LANE_COUNT; kind++) {
        const struct pg_lane *lane = &pool->lanes[kind];
        counts.connections_max += lane->count;
        counts.waiting += lane->queued;
        for (unsigned i = 0; i < lane->count; i++) {
            counts.connections_open += lane->connections[i].state == PG_OPEN;
            counts.leases_used += lane->connections[i].is_leased;
            counts.waiting += lane->connections[i].slot_count;
        }
    }
    *ret_counts = counts;
}

const struct db_driver db_driver_postgres = {
    .engine = DB_POSTGRES,
    .open = postgres_open,
    .close = postgres_close,
    .run = postgres_run,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .ping = postgres_ping,
    .counts = postgres_counts,
};
