// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "auth/base/log.h"
#include "migration_postgres_internal.h"

#define SLICE_MS     200 /* between looks at is_stopping */
#define VALUES_MAX   16u
#define BYTEA_OID    17u
#define LOCK_TIMEOUT "55P03" /* lock_not_available */
#define DEADLOCK     "40P01"
#define CANCEL_BYTES 256

void pg_result_clear_scoped(PGresult **answer)
{
    PQclear(*answer);
}

static bool is_told_to_stop(const struct migration_connection *connection)
{
    return connection->options->is_stopping && atomic_load(connection->options->is_stopping);
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
                          STR_ARGS(connection->options->store->display), STR_ARGS(reason));
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
static struct str place_of(struct migration_scope *scope, const struct migration_source *source,
                           const char *sql, const PGresult *answer)
{
    if (!source) return STR("");
    const char *position = PQresultErrorField(answer, PG_DIAG_STATEMENT_POSITION);
    if (!position) return str_printf(scope->arena, "%.*s: ", STR_ARGS(source->revision->file));
    const size_t offset = source->offset + byte_offset(str_from(sql), position);
    const struct str place = migration_place(scope->arena, source->revision, source->section, offset);
    return str_printf(scope->arena, "%.*s: ", STR_ARGS(place));
}

static result fail_answer(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_source *source, const char *sql, const PGresult *answer)
{
    if (PQstatus(connection->pg) != CONNECTION_OK) return fail_connection(connection, scope);
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL);
    if (!state || !message) {
        const struct str reason = one_line(scope->arena, PQerrorMessage(connection->pg));
        return migration_fail(scope, MIGRATION_EXIT_SQL, "%.*s", STR_ARGS(reason));
    }
    const struct str place = place_of(scope, source, sql, answer);
    const struct str text =
        one_line(scope->arena, str_printf(scope->arena, "%.*s%s (SQLSTATE %s)%s%s", STR_ARGS(place), message,
                                          state, detail ? ": " : "", detail ? detail : "")
                                   .ptr);
    if (strcmp(state, LOCK_TIMEOUT) == 0 || strcmp(state, DEADLOCK) == 0) {
        return migration_fail_retryable(scope, "%.*s", STR_ARGS(text));
    }
    return migration_fail(scope, MIGRATION_EXIT_SQL, "%.*s", STR_ARGS(text));
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
    while (PQisBusy(connection->pg)) {
        if (is_told_to_stop(connection) && !is_cancelled) {
            cancel(connection);
            is_cancelled = true;
        }
        struct pollfd socket = {.fd = PQsocket(connection->pg), .events = POLLIN};
        if (poll(&socket, 1, SLICE_MS) < 0 && errno != EINTR) return fail_connection(connection, scope);
        if (PQconsumeInput(connection->pg) == 0) return fail_connection(connection, scope);
    }
    return RESULT_OK;
}

static result send(struct migration_connection *connection, struct migration_scope *scope, const char *sql,
                   const struct migration_value *values, size_t value_count)
{
    const char *data[VALUES_MAX];
    int lengths[VALUES_MAX];
    int formats[VALUES_MAX];
    if (value_count > VALUES_MAX) panic("migrate: %zu parameters", value_count);
    for (size_t i = 0; i < value_count; i++) {
        data[i] = values[i].data.ptr ? str_copy(scope->arena, values[i].data).ptr : NULL;
        lengths[i] = (int)values[i].data.len;
        formats[i] = values[i].is_bytes;
    }
    const int is_sent =
        values ? PQsendQueryParams(connection->pg, sql, (int)value_count, NULL, data, lengths, formats, 0)
               : PQsendQuery(connection->pg, sql);
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

result migration_pg_run(struct migration_connection *connection, struct migration_scope *scope,
                        const char *sql, const struct migration_value *values, size_t value_count,
                        const struct migration_source *source, PGresult **ret_result)
{
    TRY(send(connection, scope, sql, values, value_count));
    PGresult *last SCOPED(pg_result_clear_scoped) = NULL;
    for (;;) {
        TRY(wait_for_answer(connection, scope));
        PGresult *answer = PQgetResult(connection->pg);
        if (!answer) break;
        PQclear(last);
        last = answer;
        TRY(refuse_copy(connection, scope, answer));
        if (is_success(answer)) continue;
        const bool is_stopped = is_told_to_stop(connection);
        const result failure = is_stopped ? migration_fail(scope, MIGRATION_EXIT_TERMINATED, "told to stop")
                                          : fail_answer(connection, scope, source, sql, answer);
        drain(connection);
        return failure;
    }
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
    return migration_pg_run(connection, scope, sql, NULL, 0, NULL, NULL);
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
    TRY(migration_pg_run(connection, scope, sql, values ? values : none, value_count, NULL, &answer));
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
