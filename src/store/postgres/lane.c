// SPDX-License-Identifier: MIT
#include <assert.h>

#include "postgres_internal.h"

static void queue_append(struct pg_lane *lane, struct pg_call *call)
{
    call->lane = lane;
    call->next = NULL;
    call->previous = lane->last;
    *(lane->last == NULL ? &lane->first : &lane->last->next) = call;
    lane->last = call;
    lane->queued++;
}

static void queue_remove(struct pg_call *call)
{
    struct pg_lane *lane = call->lane;
    *(call->previous == NULL ? &lane->first : &call->previous->next) = call->next;
    *(call->next == NULL ? &lane->last : &call->next->previous) = call->previous;
    lane->queued--;
    call->lane = NULL;
}

static const char *call_name(const struct pg_call *call)
{
    switch (call->kind) {
    case PG_CALL_STATEMENT:
        return call->statement->name;
    case PG_CALL_LEASE:
        return "BEGIN";
    case PG_CALL_COMMIT:
        break;
    }
    return "COMMIT";
}

/* The answer will come to a slot that nobody waits for. */
static void slot_abandon(const struct pg_call *call)
{
    struct pg_connection *connection = call->connection;
    for (unsigned i = 0; i < PIPELINE_DEPTH; i++) {
        if (connection->slots[i].call == call) connection->slots[i].call = NULL;
    }
}

static result late_in_queue(struct pg_call *call, const struct pg_pool *pool)
{
    FAIL(&call->task->fault, DATABASE_UNAVAILABLE, "%s: no connection was free in time%s%s", call_name(call),
         pool->reason[0] == '\0' ? "" : "; the last attempt to connect: ", pool->reason);
}

static result late_in_flight(struct pg_call *call)
{
    FAIL(&call->task->fault, DATABASE_UNAVAILABLE, "%s: no answer in time", call_name(call));
}

static void call_is_late(struct timer *timer)
{
    struct pg_call *call = CONTAINER_OF(timer, struct pg_call, timer);
    struct pg_lane *lane = call->lane;
    if (lane != NULL) {
        queue_remove(call);
        pg_call_finish(call, late_in_queue(call, lane->pool));
        return;
    }
    slot_abandon(call);
    call->was_stale = false;
    pg_call_finish(call, late_in_flight(call));
}

void pg_call_begin(struct pg_call *call, struct pg_pool *pool)
{
    const int64_t limit_ms = clock_monotonic_ms() + pool->answer_limit_ms;
    const int64_t deadline_ms = call->task->deadline_ms;
    call->outcome = RESULT_OK;
    call->timer.due = call_is_late;
    loop_timer_start(pool->loop, &call->timer, deadline_ms < limit_ms ? deadline_ms : limit_ms);
}

void pg_call_finish(struct pg_call *call, result outcome)
{
    loop_timer_stop(&call->timer);
    call->outcome = outcome;
    wait_finish(&call->wait);
}

static bool has_room(const struct pg_lane *lane, const struct pg_connection *connection)
{
    return connection->state == PG_OPEN && !connection->is_leased && connection->slot_count < lane->depth;
}

/* The first connection that is not busy, else the least loaded one: reads stay together, so that many are
 * answered at one wake; writes spread, as commits of several connections share one flush to disk. */
static struct pg_connection *pick(const struct pg_lane *lane)
{
    struct pg_connection *best = NULL;
    for (unsigned i = 0; i < lane->count; i++) {
        struct pg_connection *connection = &lane->connections[i];
        if (!has_room(lane, connection)) continue;
        if (connection->slot_count < lane->grow_at) return connection;
        if (best == NULL || connection->slot_count < best->slot_count) best = connection;
    }
    return best;
}

static void lease(struct pg_connection *connection, struct pg_call *call)
{
    connection->is_leased = true;
    connection->is_lost = false;
    connection->needs_begin = true;
    call->connection = connection;
    pg_call_finish(call, RESULT_OK);
}

static void give(struct pg_lane *lane, struct pg_connection *connection)
{
    if (lane->is_leasing && PQtransactionStatus(connection->pq) != PQTRANS_IDLE) {
        pg_connection_break(connection, "a transaction was left open");
        return;
    }
    struct pg_call *call = lane->first;
    queue_remove(call);
    if (lane->is_leasing) {
        lease(connection, call);
    } else {
        pg_send_statement(connection, call);
    }
}

static unsigned under_way(const struct pg_lane *lane)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lane->count; i++) {
        const enum pg_state state = lane->connections[i].state;
        if (state == PG_RESOLVING || state == PG_CONNECTING) count++;
    }
    return count;
}

static void grow(struct pg_lane *lane, bool is_busy)
{
    unsigned wanted = (lane->queued + lane->depth - 1) / lane->depth;
    if (wanted == 0 && is_busy) wanted = 1;
    if (wanted == 0 || clock_monotonic_ms() < lane->pool->retry_at_ms) return;
    unsigned connecting = under_way(lane);
    for (unsigned i = 0; i < lane->count && connecting < wanted; i++) {
        struct pg_connection *connection = &lane->connections[i];
        if (connection->state != PG_CLOSED || connection->is_leased) continue;
        pg_connection_start(connection);
        connecting++;
    }
}

/* Nothing is open, under way or on lease: nobody would ever look at the queue again. */
static bool is_hopeless(const struct pg_lane *lane)
{
    for (unsigned i = 0; i < lane->count; i++) {
        if (lane->connections[i].state != PG_CLOSED || lane->connections[i].is_leased) return false;
    }
    return true;
}

static result turned_away(struct pg_call *call, const struct pg_pool *pool)
{
    FAIL(&call->task->fault, DATABASE_UNAVAILABLE, "%s: no connection: %s", call_name(call), pool->reason);
}

void pg_lane_pump(struct pg_lane *lane)
{
    bool is_busy = false;
    while (lane->first != NULL) {
        struct pg_connection *connection = pick(lane);
        if (connection == NULL) break;
        is_busy = connection->slot_count >= lane->grow_at;
        give(lane, connection);
    }
    if (lane->queued > 0 || is_busy) grow(lane, is_busy);
    if (lane->queued == 0 || !is_hopeless(lane)) return;
    while (lane->first != NULL) {
        struct pg_call *call = lane->first;
        queue_remove(call);
        pg_call_finish(call, turned_away(call, lane->pool));
    }
}

void pg_lane_submit(struct pg_lane *lane, struct pg_call *call)
{
    queue_append(lane, call);
    pg_lane_pump(lane);
}

void pg_lease_return(struct pg_connection *connection)
{
    assert(connection->is_leased);
    connection->is_leased = false;
    pg_lane_pump(connection->lane);
}
