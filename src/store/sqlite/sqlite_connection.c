// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "sqlite_internal.h"

#define PROGRESS_OPCODES 10000 /* virtual machine steps between looks at the clock: about a millisecond */
#define BUSY_MS          2000  /* a command line tool writes, or a backup runs */

/* The loop must not sleep for a lock; a reader is let in by WAL at once, but for moments of recovery. */
#define READER_SQL                                                                       \
    "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA wal_autocheckpoint = 0; " \
    "PRAGMA query_only = ON"
#define WRITER_SQL                                                                  \
    "PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON; " \
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"

void sqlite_note_text(struct sqlite_failure *failure, enum status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    failure->code = code;
    (void)vsnprintf(failure->detail, sizeof(failure->detail), format, arguments);
    va_end(arguments);
}

static enum status status_of(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return STATUS_CONFLICT;
    default:
        break;
    }
    switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
        return STATUS_DATABASE_UNAVAILABLE;
    default:
        return STATUS_INTERNAL;
    }
}

void sqlite_note(struct sqlite_connection *connection, const char *what, struct sqlite_failure *failure)
{
    const int code = sqlite3_extended_errcode(connection->db);
    sqlite_note_text(failure, status_of(code), "%s: SQLite %d: %s", what, code,
                     sqlite3_errmsg(connection->db));
}

bool is_sqlite_lost(const struct sqlite_connection *connection)
{
    switch (sqlite3_errcode(connection->db)) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

void sqlite_connection_init(struct sqlite_connection *connection)
{
    *connection =
        (struct sqlite_connection){.prepared = calloc(DB_STATEMENTS_MAX, sizeof(struct sqlite_prepared))};
    if (!connection->prepared) panic("out of memory: no table of prepared statements");
}

void sqlite_connection_done(struct sqlite_connection *connection)
{
    sqlite_connection_close(connection);
    free(connection->prepared);
}

void sqlite_connection_close(struct sqlite_connection *connection)
{
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(connection->prepared[i].handle);
        connection->prepared[i] = (struct sqlite_prepared){0};
    }
    (void)sqlite3_close(connection->db);
    connection->db = NULL;
}

static int look_at_clock(void *argument)
{
    const struct sqlite_connection *connection = argument;
    return connection->deadline_ms > 0 && clock_monotonic_ms() >= connection->deadline_ms;
}

static bool configure(struct sqlite_connection *connection, bool is_reader, struct sqlite_failure *failure)
{
    sqlite3_progress_handler(connection->db, PROGRESS_OPCODES, look_at_clock, connection);
    (void)sqlite3_busy_timeout(connection->db, is_reader ? 0 : BUSY_MS);
    (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (is_reader) (void)sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return sqlite_execute(connection, is_reader ? READER_SQL : WRITER_SQL, failure);
}

bool sqlite_connection_open(struct sqlite_connection *connection, const char *path, bool is_reader,
                            struct sqlite_failure *failure)
{
    if (connection->db) return true;
    /* No SQLITE_OPEN_CREATE: the file was made with its mode before. */
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    const int code = sqlite3_open_v2(path, &connection->db, flags, NULL);
    if (!connection->db) panic("out of memory: no SQLite connection");
    if (code != SQLITE_OK) sqlite_note(connection, "open", failure);
    if (code == SQLITE_OK && configure(connection, is_reader, failure)) return true;
    sqlite_connection_close(connection);
    return false;
}

bool sqlite_execute(struct sqlite_connection *connection, const char *sql, struct sqlite_failure *failure)
{
    if (sqlite3_exec(connection->db, sql, NULL, NULL, NULL) == SQLITE_OK) return true;
    sqlite_note(connection, sql, failure);
    return false;
}
