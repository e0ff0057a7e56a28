// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>

#include "auth/base/log.h"
#include "migration_postgres_internal.h"

#define SLICE_MS     200 /* between looks at is_stopping */
#define VALUES_MAX   16u
#define BYTEA_OID    17u
#define LOCK_TIMEOUT "55P03" /* lock_not_available */
#define DEADLOCK     "40P01"
#define OPERATOR     "57P" /* admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped */
#define READ_ONLY    "25006"
#define RESOURCES    "53" /* disk_full, out_of_memory, too_many_connections */
#define CANCEL_BYTES 256

void pg_result_clear_scoped(PGresult **answer)
{
    PQclear(*answer);
}

static bool is_told_to_stop(const struct migration_connection *connection)
{
    return connection->access.is_stopping && atomic_load(connection->access.is_stopping);
}

static struct str one_line(struct arena *arena, const char *message)
{
    struct str text = str_copy(arena, str_from(message));
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' ')) text.len--;
    char *bytes = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) bytes[i] = text.ptr[i] == '\n' ? ' ' : text.ptr[i];
    return (struct str){bytes, text.len};
}

static result fail_connection(struct migration_connection *connection, struct migration_scope *scope)
{
    const struct str reason = one_line(scope->arena, PQerrorMessage(connection->pg));
    return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "connection to %.*s lost: %.*s",
                          STR_ARGS(connection->access.store->display), STR_ARGS(reason));
}

/* PG_DIAG_STATEMENT_POSITION counts characters, from 1, in the whole text sent. */
static size_t byte_offset(struct str sql, const char *position)
{
    int64_t left;
    if (!str_to_int64(str_from(position), &left) || left < 1) return 0;
    size_t i = 0;
    for (; i < sql.len && left > 1; left--) {
        i++;
        while (i < sql.len && ((unsigned char)sql.ptr[i] & 0xC0) == 0x80) i++;
    }
    return i;
}

/* "file:line:column: ", or empty for our own statements and errors that have no place. */
static struct str place_of(struct migration_scope *scope, const struct migration_message *message,
                           const PGresult *answer)
{
    const struct migration_source *source = message->source;
    if (!source) return STR("");
    const char *position = PQresultErrorField(answer, PG_DIAG_STATEMENT_POSITION);
    if (!position) return str_printf(scope->arena, "%.*s: ", STR_ARGS(source->section->file));
    const size_t offset = source->offset + byte_offset(str_from(message->sql), position);
    const struct str place = migration_place(scope->arena, source->section, offset);
    return str_printf(scope->arena, "%.*s: ", STR_ARGS(place));
}

static result fail_answer(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_message *sent, const PGresult *answer)
{
    if (PQstatus(connection->pg) != CONNECTION_OK) return fail_connection(connection, scope);
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL);
    if (!state || !message) {
        const struct str reason = one_line(scope->arena, PQerrorMessage(connection->pg));
        return migration_fail(scope, MIGRATION_EXIT_SQL, "%.*s", STR_ARGS(reason));
    }
    const struct str place = place_of(scope, sent, answer);
    const struct str whole = str_printf(scope->arena, "%.*s%s (SQLSTATE %s)%s%s", STR_ARGS(place), message,
                                        state, detail ? ": " : "", detail ? detail : "");
    const struct str text = one_line(scope->arena, whole.ptr);
    const struct str code = str_from(state);
    if (str_equal(code, STR(LOCK_TIMEOUT)) || str_equal(code, STR(DEADLOCK))) {
        return migration_fail_retryable(scope, "%.*s", STR_ARGS(text));
    }
    if (str_starts_with(code, STR(OPERATOR))) {
        return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "connection to %.*s lost: %.*s",
                              STR_ARGS(connection->access.store->display), STR_ARGS(text));
    }
    if (str_equal(code, STR(READ_ONLY))) {
        return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE,
                              "%.*s takes no writes, as a standby does: %.*s",
                              STR_ARGS(connection->access.store->display), STR_ARGS(text));
    }
    const bool is_short = str_starts_with(code, STR(RESOURCES));
    return migration_fail(scope, is_short ? MIGRATION_EXIT_UNREACHABLE : MIGRATION_EXIT_SQL, "%.*s",
                          STR_ARGS(text));
}

static void cancel(struct migration_connection *connection)
{
    char reason[CANCEL_BYTES];
    PGcancel *request = PQgetCancel(connection->pg);
    if (request) (void)PQcancel(request, reason, sizeof(reason));
    PQfreeCancel(request);
}

/* Waits until a result can be taken without blocking. */
static result wait_for_answer(struct migration_connection *connection, struct migration_scope *scope)
{
    bool is_cancelled = false;
    struct migration_watch watch = {0};
    while (PQisBusy(connection->pg)) {
        if (is_told_to_stop(connection) && !is_cancelled) {
            cancel(connection);
            is_cancelled = true;
        }
        struct pollfd socket = {.fd = PQsocket(connection->pg), .events = POLLIN};
        if (poll(&socket, 1, SLICE_MS) < 0 && errno != EINTR) return fail_connection(connection, scope);
        if (PQconsumeInput(connection->pg) == 0) return fail_connection(connection, scope);
        if (PQisBusy(connection->pg)) TRY(migration_pg_watch(connection, scope, &watch));
    }
    return RESULT_OK;
}

static result send(struct migration_connection *connection, struct migration_scope *scope,
                   const struct migration_message *message)
{
    const char *data[VALUES_MAX];
    int lengths[VALUES_MAX];
    int formats[VALUES_MAX];
    if (message->value_count > VALUES_MAX) panic("migrate: %zu parameters", message->value_count);
    for (size_t i = 0; i < message->value_count; i++) {
        const struct migration_value *value = &message->values[i];
        data[i] = value->data.ptr ? str_copy(scope->arena, value->data).ptr : NULL;
        lengths[i] = (int)value->data.len;
        formats[i] = value->is_bytes;
    }
    const int is_sent = message->values
                            ? PQsendQueryParams(connection->pg, message->sql, (int)message->value_count, NULL,
                                                data, lengths, formats, 0)
                            : PQsendQuery(connection->pg, message->sql);
    return is_sent ? RESULT_OK : fail_connection(connection, scope);
}

static bool is_success(const PGresult *answer)
{
    const ExecStatusType status = PQresultStatus(answer);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static void drain(struct migration_connection *connection)
{
    for (PGresult *rest = PQgetResult(connection->pg); rest; rest = PQgetResult(connection->pg))
        PQclear(rest);
}

/* Some answers cannot be drained by reading on: COPY waits for data that never comes. */
static result refuse_copy(struct migration_connection *connection, struct migration_scope *scope,
                          const PGresult *answer)
{
    const ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_COPY_IN && status != PGRES_COPY_OUT && status != PGRES_COPY_BOTH) return RESULT_OK;
    if (status == PGRES_COPY_IN) (void)PQputCopyEnd(connection->pg, "COPY is not for migrations");
    if (status != PGRES_COPY_IN) cancel(connection);
    return migration_fail(scope, MIGRATION_EXIT_SQL,
                          "COPY from or to the client has no place in a migration");
}

static result check_answer(struct migration_connection *connection, struct migration_scope *scope,
                           const struct migration_message *message, const PGresult *answer)
{
    TRY(refuse_copy(connection, scope, answer));
    if (is_success(answer)) return RESULT_OK;
    if (is_told_to_stop(connection)) return migration_fail(scope, MIGRATION_EXIT_TERMINATED, "told to stop");
    return fail_answer(connection, scope, message, answer);
}

/* Takes all answers, of which the last one counts, or the first failure. */
static result take_answers(struct migration_connection *connection, struct migration_scope *scope,
                           const struct migration_message *message, PGresult **last)
{
    for (;;) {
        TRY(wait_for_answer(connection, scope));
        PGresult *answer = PQgetResult(connection->pg);
        if (!answer) return RESULT_OK;
        PQclear(*last);
        *last = answer;
        TRY(check_answer(connection, scope, message, answer));
    }
}

result migration_pg_run(struct migration_connection *connection, struct migration_scope *scope,
                        const struct migration_message *message, PGresult **ret_result)
{
    TRY(send(connection, scope, message));
    PGresult *last SCOPED(pg_result_clear_scoped) = NULL;
    const result outcome = take_answers(connection, scope, message, &last);
    drain(connection);
    TRY(outcome);
    if (PQstatus(connection->pg) != CONNECTION_OK) return fail_connection(connection, scope);
    if (ret_result) {
        *ret_result = last;
        last = NULL;
    }
    return RESULT_OK;
}

result migration_pg_execute(struct migration_connection *connection, struct migration_scope *scope,
                            const char *sql)
{
    return migration_pg_run(connection, scope, &(const struct migration_message){.sql = sql}, NULL);
}

static struct str cell_of(struct migration_scope *scope, const PGresult *answer, int row, int column)
{
    if (PQgetisnull(answer, row, column)) return STR_NONE;
    const char *text = PQgetvalue(answer, row, column);
    if (PQftype(answer, column) != BYTEA_OID) return str_copy(scope->arena, str_from(text));
    size_t len;
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, &len);
    if (!bytes) panic("out of memory: no bytes of a column");
    const struct str copy = str_copy(scope->arena, (struct str){(const char *)bytes, len});
    PQfreemem(bytes);
    return copy;
}

result migration_pg_query(struct migration_connection *connection, struct migration_scope *scope,
                          const char *sql, const struct migration_value *values, size_t value_count,
                          struct migration_rows *ret_rows)
{
    static const struct migration_value none[1];
    PGresult *answer SCOPED(pg_result_clear_scoped) = NULL;
    const struct migration_message message = {
        .sql = sql, .values = values ? values : none, .value_count = value_count};
    TRY(migration_pg_run(connection, scope, &message, &answer));
    if (!ret_rows) return RESULT_OK;
    const size_t count = (size_t)PQntuples(answer);
    const size_t columns = (size_t)PQnfields(answer);
    struct str *cells = arena_alloc_array(scope->arena, count * columns + 1, sizeof(*cells));
    for (size_t i = 0; i < count * columns; i++) {
        cells[i] = cell_of(scope, answer, (int)(i / columns), (int)(i % columns));
    }
    *ret_rows = (struct migration_rows){count, columns, cells};
    return RESULT_OK;
}
