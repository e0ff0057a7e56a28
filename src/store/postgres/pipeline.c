// SPDX-License-Identifier: MIT
#include <assert.h>

#include "postgres_internal.h"

#define NAME_MAX_BYTES 96u
/* Between two statements' answers libpq returns NULL once; more in a row, and there is nothing to come. */
#define EMPTY_ANSWERS_MAX 3u

static struct pg_slot *slot_take(struct pg_connection *connection, struct pg_call *call,
                                 const struct statement *statement)
{
    assert(connection->slot_count < PIPELINE_DEPTH);
    if (connection->slot_count == 0) connection->progress_ms = clock_monotonic_ms();
    const unsigned index = (connection->first_slot + connection->slot_count++) % PIPELINE_DEPTH;
    connection->slots[index] = (struct pg_slot){.call = call, .statement = statement};
    if (call != NULL) call->connection = connection;
    return &connection->slots[index];
}

static void statement_name(const struct statement *statement, unsigned version, char ret_name[NAME_MAX_BYTES])
{
    (void)snprintf(ret_name, NAME_MAX_BYTES, "%u.%.60s.%u", statement->index, statement->name, version);
}

static bool send_begin(struct pg_connection *connection, struct pg_slot *slot)
{
    connection->needs_begin = false;
    slot->preamble++;
    return PQsendQueryParams(connection->pq, "BEGIN", 0, NULL, NULL, NULL, NULL, 1) == 1;
}

static bool send_prepare(struct pg_connection *connection, struct pg_slot *slot)
{
    const struct statement *statement = slot->statement;
    struct pg_prepared *prepared = &connection->prepared[statement->index];
    char name[NAME_MAX_BYTES];
    Oid types[DB_PARAMETERS_MAX];
    for (unsigned i = 0; i < statement->parameter_count; i++)
        types[i] = pg_type_oid(statement->parameters[i].type);
    prepared->version++;
    prepared->is_prepared = true;
    slot->is_preparing = true;
    slot->preamble++;
    statement_name(statement, prepared->version, name);
    return PQsendPrepare(connection->pq, name, statement->sql[DB_POSTGRES], (int)statement->parameter_count,
                         types) == 1;
}

static bool send_execute(struct pg_connection *connection, struct pg_slot *slot,
                         const struct db_value *arguments)
{
    struct pg_parameters parameters;
    char name[NAME_MAX_BYTES];
    slot->version = connection->prepared[slot->statement->index].version;
    statement_name(slot->statement, slot->version, name);
    pg_parameters_fill(&parameters, slot->statement, arguments);
    return PQsendQueryPrepared(connection->pq, name, (int)slot->statement->parameter_count, parameters.values,
                               parameters.lengths, parameters.formats, 1) == 1;
}

/* What libpq refuses leaves the pipeline in an unknown state; the slot is answered when it is taken down. */
static void sent(struct pg_connection *connection, bool is_complete)
{
    if (is_complete) {
        pg_connection_settle(connection);
    } else {
        pg_connection_break(connection, PQerrorMessage(connection->pq));
    }
}

void pg_send_statement(struct pg_connection *connection, struct pg_call *call)
{
    struct pg_slot *slot = slot_take(connection, call, call->statement);
    bool is_complete = true;
    /* In one group with the first statement: should BEGIN fail, the server skips all up to the sync. */
    if (connection->needs_begin) is_complete = send_begin(connection, slot);
    if (!connection->prepared[call->statement->index].is_prepared) {
        is_complete = is_complete && send_prepare(connection, slot);
    }
    is_complete = is_complete && send_execute(connection, slot, call->arguments);
    /* A sync each: a failing statement takes nobody else's with it, and each commits by itself. */
    is_complete = is_complete && PQpipelineSync(connection->pq) == 1;
    connection->pool->statements++;
    sent(connection, is_complete);
}

void pg_send_command(struct pg_connection *connection, const char *command, struct pg_call *call)
{
    (void)slot_take(connection, call, NULL);
    sent(connection, PQsendQueryParams(connection->pq, command, 0, NULL, NULL, NULL, NULL, 1) == 1 &&
                         PQpipelineSync(connection->pq) == 1);
}

static void answer_read(const struct pg_slot *slot, PGresult *answer)
{
    struct pg_call *call = slot->call;
    if (call == NULL || slot->has_failed) return;
    if (call->kind == PG_CALL_STATEMENT) {
        call->outcome = pg_rows_read(call->task, call->statement, answer, &call->rows);
        return;
    }
    if (strcmp(PQcmdStatus(answer), "COMMIT") == 0) return;
    call->outcome = fault_record(&call->task->fault, STATUS_DATABASE_UNAVAILABLE, __FILE__, __LINE__,
                                 __func__, "COMMIT: the server has rolled back");
}

static void error_read(struct pg_connection *connection, struct pg_slot *slot, const PGresult *error)
{
    if (slot->has_failed) return;
    slot->has_failed = true;
    const bool is_stale = slot->statement != NULL && is_stale_statement(error);
    const bool is_unprepared = slot->is_preparing && slot->preamble > 0;
    if (is_stale || is_unprepared) {
        struct pg_prepared *prepared = &connection->prepared[slot->statement->index];
        /* Unless it has been prepared anew since. */
        if (prepared->version == slot->version) prepared->is_prepared = false;
    }
    if (is_read_only_server(error)) pg_connection_break(connection, "the server takes no writes");
    struct pg_call *call = slot->call;
    if (call == NULL) return;
    call->was_stale = is_stale && !connection->is_leased;
    call->outcome =
        call->was_stale
            ? RESULT(DATABASE_UNAVAILABLE)
            : pg_failure(call->task, slot->statement == NULL ? "COMMIT" : slot->statement->name, error);
}

/* The server is ready for the next: not before now has a statement that commits by itself been committed. */
static void slot_complete(struct pg_connection *connection)
{
    const struct pg_slot slot = connection->slots[connection->first_slot];
    connection->first_slot = (connection->first_slot + 1) % PIPELINE_DEPTH;
    connection->slot_count--;
    connection->progress_ms = clock_monotonic_ms();
    if (slot.call != NULL) {
        pg_call_finish(slot.call, slot.call->outcome);
    } else if (slot.statement == NULL && slot.has_failed) {
        pg_connection_break(connection, "a transaction could not be rolled back");
    }
}

static void take_answer(struct pg_connection *connection, PGresult *answer)
{
    struct pg_slot *slot = &connection->slots[connection->first_slot];
    const ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_PIPELINE_SYNC) {
        slot_complete(connection);
    } else if (status == PGRES_FATAL_ERROR) {
        error_read(connection, slot, answer);
    } else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        if (slot->preamble == 0) {
            answer_read(slot, answer);
        } else {
            slot->preamble--;
        }
    } else if (status != PGRES_PIPELINE_ABORTED) {
        pg_connection_break(connection, "the server sent what was not asked for");
    }
}

void pg_receive(struct pg_connection *connection)
{
    unsigned empty = 0;
    while (connection->slot_count > 0 && empty < EMPTY_ANSWERS_MAX && !PQisBusy(connection->pq)) {
        PGresult *answer = PQgetResult(connection->pq);
        if (answer == NULL) {
            empty++;
            continue;
        }
        empty = 0;
        take_answer(connection, answer);
        PQclear(answer);
    }
}

static result lost(struct pg_call *call, const struct pg_connection *connection)
{
    FAIL(&call->task->fault, DATABASE_UNAVAILABLE, "%s: the connection was lost before the answer: %s",
         call->statement == NULL ? "COMMIT" : call->statement->name, connection->reason);
}

void pg_slots_fail(struct pg_connection *connection)
{
    for (; connection->slot_count > 0; connection->slot_count--) {
        struct pg_call *call = connection->slots[connection->first_slot].call;
        connection->first_slot = (connection->first_slot + 1) % PIPELINE_DEPTH;
        if (call == NULL) continue;
        call->was_stale = false;
        pg_call_finish(call, is_ok(call->outcome) ? lost(call, connection) : call->outcome);
    }
}
