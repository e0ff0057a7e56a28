// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "auth/base/clock.h"
#include "migration_postgres_internal.h"

#define WATCH_MS      2000 /* between looks, and before the first */
#define PROBE_MS      2000
#define PROBE_SECONDS "2"
#define SILENCES_MAX  2u /* looks without an answer, one after the other, that mean there will be none */

enum verdict {
    VERDICT_RUNNING, /* or nobody can tell */
    VERDICT_DONE,    /* the server is done with what we wait for, or has no such session */
    VERDICT_SILENT,
};

/* For as long as the probe may take; false when there is no answer by then. */
static bool is_readable(PGconn *probe, int64_t until_ms)
{
    while (PQisBusy(probe)) {
        struct pollfd socket = {.fd = PQsocket(probe), .events = POLLIN};
        const int64_t left_ms = until_ms - clock_monotonic_ms();
        if (left_ms <= 0) return false;
        if (poll(&socket, 1, (int)left_ms) < 0 && errno != EINTR) return false;
        if (PQconsumeInput(probe) == 0) return false;
    }
    return true;
}

static enum verdict ask(PGconn *probe, struct str pid)
{
    static const char sql[] = "SELECT state FROM pg_stat_activity WHERE pid = CAST($1 AS integer)";
    const char *const values[] = {pid.ptr};
    if (!PQsendQueryParams(probe, sql, 1, NULL, values, NULL, NULL, 0)) return VERDICT_SILENT;
    if (!is_readable(probe, clock_monotonic_ms() + PROBE_MS)) return VERDICT_SILENT;
    PGresult *answer SCOPED(pg_result_clear_scoped) = PQgetResult(probe);
    if (PQresultStatus(answer) != PGRES_TUPLES_OK) return VERDICT_RUNNING;
    if (PQntuples(answer) == 0) return VERDICT_DONE;
    /* idle, idle in transaction, idle in transaction (aborted) */
    return str_starts_with(str_from(PQgetvalue(answer, 0, 0)), STR("idle")) ? VERDICT_DONE : VERDICT_RUNNING;
}

static enum verdict probe(const struct migration_connection *connection, struct arena *arena)
{
    const int64_t until_ms = clock_monotonic_ms() + PROBE_MS;
    PGconn *probe = migration_pg_connect(connection->access.store, arena, PROBE_SECONDS);
    enum verdict verdict = VERDICT_RUNNING;
    if (PQstatus(probe) == CONNECTION_OK) {
        verdict = ask(probe, connection->backend_pid);
    } else if (clock_monotonic_ms() >= until_ms ||
               migration_pg_ping(connection->access.store, arena, PROBE_SECONDS) == PQPING_NO_RESPONSE) {
        verdict = VERDICT_SILENT;
    }
    PQfinish(probe);
    return verdict;
}

/* Whoever waits for a statement of hours cannot tell from the silence whether the network still forwards: the other
 * end may have answered long ago, and have ended the session. A second connection is asked. */
result migration_pg_watch(struct migration_connection *connection, struct migration_scope *scope,
                          struct migration_watch *watch)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (watch->next_ms == 0) watch->next_ms = now_ms + WATCH_MS;
    if (now_ms < watch->next_ms) return RESULT_OK;
    const enum verdict verdict = probe(connection, scope->arena);
    watch->next_ms = clock_monotonic_ms() + WATCH_MS;
    watch->silences = verdict == VERDICT_RUNNING ? 0 : watch->silences + 1;
    if (watch->silences < SILENCES_MAX) return RESULT_OK;
    /* Nothing may wait for this connection any more, not even its end. */
    (void)shutdown(PQsocket(connection->pg), SHUT_RDWR);
    return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "connection to %.*s lost: %s",
                          STR_ARGS(connection->access.store->display),
                          verdict == VERDICT_DONE
                              ? "the server has ended the statement, its answer did not arrive"
                              : "the server does not answer any more");
}
