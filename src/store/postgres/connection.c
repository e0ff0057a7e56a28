// SPDX-License-Identifier: MIT
#include <assert.h>
#include <sys/epoll.h>

#include "auth/base/secret.h"
#include "postgres_internal.h"

/* The first retry comes after about this long, each later one after twice as long, up to the maximum. */
#define BACKOFF_FIRST_MS      50u
#define BACKOFF_DOUBLINGS_MAX 4u

static void ignore_notice(void *argument, const PGresult *notice)
{
    (void)argument;
    (void)notice;
}

/* One line: libpq's messages have several. */
static void reason_set(char reason[REASON_MAX], const char *text)
{
    (void)snprintf(reason, REASON_MAX, "%s", text);
    for (char *c = reason; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t') *c = ' ';
    }
    for (size_t end = strlen(reason); end > 0 && reason[end - 1] == ' '; end--) reason[end - 1] = '\0';
}

static void list_add(char *list, size_t size, const char *item, bool is_first)
{
    const size_t used = strlen(list);
    const int length = snprintf(list + used, size - used, "%s%s", is_first ? "" : ",", item);
    /* The lists are sized for what conninfo.c and resolver.c let through. */
    assert(length >= 0 && (size_t)length < size - used);
}

static void lists_fill(struct pg_pool *pool)
{
    struct pg_target_lists *lists = &pool->lists;
    lists->names[0] = '\0';
    lists->addresses[0] = '\0';
    lists->ports[0] = '\0';
    for (unsigned i = 0; i < pool->target_count; i++) {
        const struct pg_target *target = &pool->targets[(pool->first_target + i) % pool->target_count];
        list_add(lists->names, sizeof lists->names, target->host->name, i == 0);
        list_add(lists->addresses, sizeof lists->addresses, target->address, i == 0);
        list_add(lists->ports, sizeof lists->ports, target->host->port, i == 0);
    }
}

static PGconn *start_libpq(struct pg_pool *pool)
{
    const char *keywords[KEYWORDS_MAX + 4];
    const char *values[KEYWORDS_MAX + 4];
    lists_fill(pool);
    unsigned count = 0;
    for (; count < pool->info.count; count++) {
        keywords[count] = pool->info.keywords[count];
        values[count] = pool->info.values[count];
    }
    const struct {
        const char *keyword;
        const char *value;
    } last[] = {{"host", pool->lists.names},
                {"hostaddr", pool->lists.addresses},
                {"port", pool->lists.ports},
                {NULL, NULL}};
    for (unsigned i = 0; i < ARRAY_COUNT(last); i++) {
        keywords[count + i] = last[i].keyword;
        values[count + i] = last[i].value;
    }
    return PQconnectStartParams(keywords, values, 0);
}

static void take_down(struct pg_connection *connection)
{
    struct pg_pool *pool = connection->pool;
    PQfinish(connection->pq);
    connection->pq = NULL;
    connection->state = PG_CLOSED;
    if (connection->was_open) {
        pool->failures++;
    } else {
        const unsigned doublings =
            pool->failed_attempts < BACKOFF_DOUBLINGS_MAX ? pool->failed_attempts : BACKOFF_DOUBLINGS_MAX;
        const unsigned pause_ms = BACKOFF_FIRST_MS << doublings;
        pool->failed_attempts++;
        pool->retry_at_ms = clock_monotonic_ms() + pause_ms / 2 + random_below(pause_ms);
        if (pool->info.has_names) pool->resolved_until_ms = 0;
    }
    memcpy(pool->reason, connection->reason, REASON_MAX);
    pg_slots_fail(connection);
    for (unsigned i = 0; i < PG_LANE_COUNT; i++) pg_lane_pump(&pool->lanes[i]);
}

void pg_connection_break(struct pg_connection *connection, const char *reason)
{
    if (connection->state == PG_BROKEN) return;
    reason_set(connection->reason, reason);
    /* At once, for libpq may have closed the descriptor, whose number may soon be somebody else's. */
    loop_unwatch(&connection->watch);
    connection->state = PG_BROKEN;
    connection->is_lost = true;
    loop_timer_start(connection->pool->loop, &connection->timer, 0);
}

static void attempt_finished(struct pg_connection *connection)
{
    struct pg_pool *pool = connection->pool;
    connection->watch.fd = PQsocket(connection->pq);
    const bool is_ready = PQsetnonblocking(connection->pq, 1) == 0 &&
                          PQenterPipelineMode(connection->pq) == 1 &&
                          is_ok(loop_watch(pool->loop, &connection->watch, EPOLLIN));
    if (!is_ready) {
        pg_connection_break(connection, "the connection cannot be watched");
        return;
    }
    loop_timer_stop(&connection->timer);
    connection->state = PG_OPEN;
    connection->was_open = true;
    connection->wants_write = false;
    memset(connection->prepared, 0, DB_STATEMENTS_MAX * sizeof *connection->prepared);
    if (connection->was_ever_open) pool->reconnects++;
    connection->was_ever_open = true;
    pool->failed_attempts = 0;
    pool->retry_at_ms = 0;
    pg_lane_pump(connection->lane);
}

/* The socket may be another one after each step, so it is watched for one event at a time. */
static void attempt_goes_on(struct pg_connection *connection, PostgresPollingStatusType wants)
{
    if (wants == PGRES_POLLING_OK) {
        attempt_finished(connection);
        return;
    }
    connection->watch.fd = PQsocket(connection->pq);
    const uint32_t events = wants == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT;
    const bool is_watched = wants != PGRES_POLLING_FAILED &&
                            is_ok(loop_watch(connection->pool->loop, &connection->watch, events));
    if (!is_watched) pg_connection_break(connection, PQerrorMessage(connection->pq));
}

static void connection_ready(struct watch *watch, uint32_t epoll_events)
{
    (void)epoll_events;
    struct pg_connection *connection = CONTAINER_OF(watch, struct pg_connection, watch);
    if (connection->state == PG_CONNECTING) {
        loop_unwatch(watch);
        attempt_goes_on(connection, PQconnectPoll(connection->pq));
        return;
    }
    const bool is_alive = PQconsumeInput(connection->pq) == 1;
    /* What came before the end still counts. */
    pg_receive(connection);
    if (!is_alive) pg_connection_break(connection, PQerrorMessage(connection->pq));
    pg_connection_settle(connection);
    if (connection->lane->first != NULL) pg_lane_pump(connection->lane);
}

static void attempt_begin(struct pg_connection *connection)
{
    connection->state = PG_CONNECTING;
    connection->pq = start_libpq(connection->pool);
    if (connection->pq == NULL || PQstatus(connection->pq) == CONNECTION_BAD) {
        pg_connection_break(connection, PQerrorMessage(connection->pq));
        return;
    }
    (void)PQsetNoticeReceiver(connection->pq, ignore_notice, NULL);
    /* "Behave as if PQconnectPoll last returned PGRES_POLLING_WRITING." */
    attempt_goes_on(connection, PGRES_POLLING_WRITING);
}

static void goes_on_resolved(struct pg_connection *connection, const char *reason)
{
    if (connection->state != PG_RESOLVING) return;
    if (connection->pool->target_count == 0) {
        pg_connection_break(connection, reason);
    } else {
        attempt_begin(connection);
    }
}

void pg_pool_resolved(struct pg_pool *pool, const char *reason)
{
    for (unsigned kind = 0; kind < PG_LANE_COUNT; kind++) {
        const struct pg_lane *lane = &pool->lanes[kind];
        for (unsigned i = 0; i < lane->count; i++) goes_on_resolved(&lane->connections[i], reason);
    }
}

static void attempt_is_late(struct pg_connection *connection)
{
    struct pg_pool *pool = connection->pool;
    if (connection->state == PG_RESOLVING) {
        pg_connection_break(connection, "the name look-up takes too long");
        return;
    }
    /* libpq goes on to the next address when one refuses, but not when one is silent. */
    if (pool->target_count > 0) pool->first_target = (pool->first_target + 1) % pool->target_count;
    pg_connection_break(connection, "no answer within the time to connect");
}

static void check_silence(struct pg_connection *connection)
{
    if (connection->slot_count == 0) return;
    const int64_t limit_ms = connection->progress_ms + connection->pool->answer_limit_ms;
    if (clock_monotonic_ms() < limit_ms) {
        loop_timer_start(connection->pool->loop, &connection->timer, limit_ms);
    } else {
        pg_connection_break(connection, "the server is silent");
    }
}

static void connection_due(struct timer *timer)
{
    struct pg_connection *connection = CONTAINER_OF(timer, struct pg_connection, timer);
    switch (connection->state) {
    case PG_CLOSED:
        return;
    case PG_RESOLVING:
    case PG_CONNECTING:
        attempt_is_late(connection);
        return;
    case PG_OPEN:
        check_silence(connection);
        return;
    case PG_BROKEN:
        take_down(connection);
        return;
    }
}

void pg_connection_start(struct pg_connection *connection)
{
    struct pg_pool *pool = connection->pool;
    assert(connection->state == PG_CLOSED);
    connection->watch.priority = LOOP_FIRST;
    connection->watch.ready = connection_ready;
    connection->timer.due = connection_due;
    connection->was_open = false;
    connection->state = PG_RESOLVING;
    loop_timer_start(pool->loop, &connection->timer, clock_monotonic_ms() + pool->connect_timeout_ms);
    if (pg_resolve(pool)) attempt_begin(connection);
}

void pg_connection_settle(struct pg_connection *connection)
{
    if (connection->state != PG_OPEN) return;
    const int left = PQflush(connection->pq);
    if (left < 0 || PQstatus(connection->pq) == CONNECTION_BAD) {
        pg_connection_break(connection, PQerrorMessage(connection->pq));
        return;
    }
    if ((left > 0) != connection->wants_write) {
        connection->wants_write = left > 0;
        loop_rewatch(&connection->watch, connection->wants_write ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    if (connection->slot_count > 0 && connection->timer.heap_index == 0) check_silence(connection);
}

void pg_connection_close(struct pg_connection *connection)
{
    loop_unwatch(&connection->watch);
    loop_timer_stop(&connection->timer);
    PQfinish(connection->pq);
    connection->pq = NULL;
    connection->state = PG_CLOSED;
}
