// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "auth/store/migration_driver.h"
#include "sqlite_file_internal.h"

#define LOCK_PURPOSE     "migrate"
#define BUSY_MS          10000
#define PROGRESS_OPCODES 10000 /* virtual machine steps between looks at the clock: about a millisecond */
#define ROWS_FIRST       16u

struct migration_connection {
    sqlite3 *db; /* NULL until there is something to read or to write */
    struct migration_access access;
    int lock_fd; /* -1: not locked */
    bool is_rebuild;
    int64_t deadline_ms; /* of the statement that runs; 0: none */
};

static const char version_table_sql[] = "CREATE TABLE IF NOT EXISTS schema_version ("
                                        " seq INTEGER NOT NULL UNIQUE,"
                                        " revision TEXT PRIMARY KEY NOT NULL,"
                                        " parent TEXT,"
                                        " checksum BLOB NOT NULL,"
                                        " phase TEXT NOT NULL,"
                                        " min_binary TEXT NOT NULL,"
                                        " state TEXT NOT NULL CHECK (state IN ('applied', 'partial')),"
                                        " stmts_done INTEGER NOT NULL,"
                                        " applied_at TEXT NOT NULL,"
                                        " duration_ms INTEGER NOT NULL,"
                                        " binary_version TEXT NOT NULL,"
                                        " applied_by TEXT NOT NULL,"
                                        " down_sql TEXT);"
                                        "CREATE TABLE IF NOT EXISTS schema_version_log ("
                                        " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
                                        " at TEXT NOT NULL,"
                                        " action TEXT NOT NULL CHECK (action IN ('up', 'down', 'stamp')),"
                                        " revision TEXT NOT NULL,"
                                        " checksum BLOB,"
                                        " duration_ms INTEGER NOT NULL,"
                                        " binary_version TEXT NOT NULL,"
                                        " performed_by TEXT NOT NULL,"
                                        " error TEXT);"
                                        "CREATE TABLE IF NOT EXISTS schema_version_backfill ("
                                        " revision TEXT PRIMARY KEY NOT NULL,"
                                        " last_key TEXT NOT NULL,"
                                        " at TEXT NOT NULL);";

/* --- errors --- */

static enum migration_exit exit_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_PERM:
        return MIGRATION_EXIT_UNREACHABLE;
    default:
        return MIGRATION_EXIT_SQL;
    }
}

static bool is_told_to_stop(const struct migration_connection *connection)
{
    return connection->access.is_stopping && atomic_load(connection->access.is_stopping);
}

/* `place` is where in which file, or NULL. */
static result fail(const struct migration_connection *connection, struct migration_scope *scope,
                   const char *place)
{
    const int code = sqlite3_extended_errcode(connection->db);
    const char *reason = sqlite3_errmsg(connection->db);
    const char *colon = place ? ": " : "";
    if (!place) place = "";
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return migration_fail_retryable(scope, "%s%s%s", place, colon, reason);
    case SQLITE_INTERRUPT:
        if (is_told_to_stop(connection))
            return migration_fail(scope, MIGRATION_EXIT_TERMINATED, "told to stop");
        return migration_fail(scope, MIGRATION_EXIT_SQL, "%s%sran into the statement timeout", place, colon);
    default:
        break;
    }
    /* "disk I/O error" hides what the system said. */
    const int error = exit_of(code) == MIGRATION_EXIT_UNREACHABLE ? sqlite3_system_errno(connection->db) : 0;
    return migration_fail(scope, exit_of(code), "%s%s%s%s%s", place, colon, reason, error ? ": " : "",
                          error ? strerror(error) : "");
}

static result fail_file(const struct migration_connection *connection, struct migration_scope *scope,
                        int error)
{
    return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "%.*s: %s",
                          STR_ARGS(connection->access.store->uri), strerror(error));
}

static result execute(struct migration_connection *connection, struct migration_scope *scope, const char *sql)
{
    if (sqlite3_exec(connection->db, sql, NULL, NULL, NULL) == SQLITE_OK) return RESULT_OK;
    return fail(connection, scope, NULL);
}

static result fail_pragma(struct migration_scope *scope, const char *pragma)
{
    return migration_fail(scope, MIGRATION_EXIT_SQL, "PRAGMA %s has no effect here", pragma);
}

/* --- opening --- */

/* Where schemas are tried out; it ends with the connection. */
static bool is_in_memory(const struct migration_connection *connection)
{
    return str_equal(connection->access.store->uri, STR(":memory:"));
}

static int look_at_clock(void *argument)
{
    const struct migration_connection *connection = argument;
    if (is_told_to_stop(connection)) return 1;
    return connection->deadline_ms > 0 && clock_monotonic_ms() > connection->deadline_ms;
}

static result ensure_open(struct migration_connection *connection, struct migration_scope *scope)
{
    if (connection->db) return RESULT_OK;
    const struct str path = connection->access.store->uri;
    const int error = is_in_memory(connection) ? 0 : sqlite_file_prepare(scope->arena, path);
    if (error != 0) return fail_file(connection, scope, error);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(str_copy(scope->arena, path).ptr, &connection->db, flags, NULL) != SQLITE_OK) {
        if (!connection->db) panic("out of memory: no SQLite connection");
        return fail(connection, scope, connection->access.store->display.ptr);
    }
    (void)sqlite3_busy_timeout(connection->db, BUSY_MS);
    sqlite3_progress_handler(connection->db, PROGRESS_OPCODES, look_at_clock, connection);
    return execute(connection, scope,
                   "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; "
                   "PRAGMA synchronous = FULL; PRAGMA mmap_size = 0");
}

static result open_connection(struct migration_scope *scope, const struct migration_access *access,
                              struct migration_connection **ret_connection)
{
    struct migration_connection *connection = calloc(1, sizeof(*connection));
    if (!connection) panic("out of memory: no migration connection");
    connection->access = *access;
    connection->lock_fd = -1;
    *ret_connection = connection;
    /* Looking at a database that is not there must not make one. */
    if (!is_sqlite_file_there(scope->arena, access->store->uri)) return RESULT_OK;
    return ensure_open(connection, scope);
}

static void unlock(struct migration_connection *connection)
{
    if (connection->lock_fd >= 0) (void)close(connection->lock_fd);
    connection->lock_fd = -1;
}

static void close_connection(struct migration_connection *connection)
{
    (void)sqlite3_close(connection->db);
    unlock(connection);
    free(connection);
}

static bool is_connected(const struct migration_connection *connection)
{
    return connection->db;
}

/* --- queries of ours --- */

static void bind(sqlite3_stmt *statement, const struct migration_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[24];
        (void)snprintf(name, sizeof(name), "$%zu", i + 1);
        /* SQLite takes "$1" for a name and numbers it by first appearance. */
        const int index = sqlite3_bind_parameter_index(statement, name);
        if (index == 0) continue;
        const struct str data = values[i].data;
        int code = SQLITE_OK;
        if (data.ptr && values[i].is_bytes) {
            code = sqlite3_bind_blob64(statement, index, data.ptr, data.len, SQLITE_STATIC);
        } else if (data.ptr) {
            code = sqlite3_bind_text64(statement, index, data.ptr, data.len, SQLITE_STATIC, SQLITE_UTF8);
        }
        if (code != SQLITE_OK) panic("migrate: parameter %s cannot be bound: %s", name, sqlite3_errstr(code));
    }
}

static struct str cell_of(struct arena *arena, sqlite3_stmt *statement, int column)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) return STR_NONE;
    const void *bytes = sqlite3_column_type(statement, column) == SQLITE_BLOB
                            ? sqlite3_column_blob(statement, column)
                            : sqlite3_column_text(statement, column);
    const size_t len = (size_t)sqlite3_column_bytes(statement, column);
    return str_copy(arena, (struct str){bytes ? bytes : "", len});
}

static int read_rows(sqlite3_stmt *statement, struct arena *arena, struct migration_rows *ret_rows)
{
    struct migration_rows rows = {.columns = (size_t)sqlite3_column_count(statement)};
    size_t capacity = ROWS_FIRST;
    struct str *cells = arena_alloc_array(arena, capacity * (rows.columns + 1), sizeof(*cells));
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (rows.count == capacity) {
            struct str *more = arena_alloc_array(arena, 2 * capacity * (rows.columns + 1), sizeof(*cells));
            memcpy(more, cells, rows.count * rows.columns * sizeof(*cells));
            cells = more;
            capacity *= 2;
        }
        for (size_t i = 0; i < rows.columns; i++) {
            cells[rows.count * rows.columns + i] = cell_of(arena, statement, (int)i);
        }
        rows.count++;
    }
    rows.cells = cells;
    *ret_rows = rows;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static result query(struct migration_connection *connection, struct migration_scope *scope, const char *sql,
                    const struct migration_value *values, size_t value_count, struct migration_rows *ret_rows)
{
    TRY(ensure_open(connection, scope));
    sqlite3_stmt *statement;
    struct migration_rows rows = {0};
    if (sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return fail(connection, scope, NULL);
    }
    bind(statement, values, value_count);
    const result outcome =
        read_rows(statement, scope->arena, &rows) == SQLITE_OK ? RESULT_OK : fail(connection, scope, NULL);
    (void)sqlite3_finalize(statement);
    if (is_ok(outcome) && ret_rows) *ret_rows = rows;
    return outcome;
}

static result has_version_table(struct migration_connection *connection, struct migration_scope *scope,
                                bool *ret_exists)
{
    *ret_exists = false;
    if (!connection->db) return RESULT_OK;
    struct migration_rows rows = {0};
    TRY(query(connection, scope,
              "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'", NULL, 0,
              &rows));
    *ret_exists = rows.count > 0;
    return RESULT_OK;
}

/* --- the lock --- */

static result try_lock(struct migration_connection *connection, struct migration_scope *scope,
                       bool *ret_is_locked, struct str *ret_holder)
{
    const struct str path = connection->access.store->uri;
    const int error = sqlite_file_lock(scope->arena, path, LOCK_PURPOSE, &connection->lock_fd);
    *ret_is_locked = error == 0;
    if (error == EWOULDBLOCK) {
        *ret_holder = sqlite_file_lock_holder(scope->arena, path, LOCK_PURPOSE);
        return RESULT_OK;
    }
    if (error != 0) return fail_file(connection, scope, error);
    TRY(ensure_open(connection, scope));
    /* Once for the file; under the lock, since two who convert at once get in each other's way. */
    return execute(connection, scope, "PRAGMA journal_mode = WAL");
}

static result confirm_lock(struct migration_connection *connection, struct migration_scope *scope)
{
    if (connection->lock_fd >= 0) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_LOCKED, "the migration lock is not held");
}

/* --- transactions --- */

static result set_foreign_keys(struct migration_connection *connection, struct migration_scope *scope,
                               bool is_on)
{
    struct migration_rows rows = {0};
    TRY(execute(connection, scope, is_on ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF"));
    TRY(query(connection, scope, "PRAGMA foreign_keys", NULL, 0, &rows));
    /* "This pragma is a no-op within a transaction": then it would go on reading 1. */
    if (rows.count == 1 && str_equal(rows.cells[0], is_on ? STR("1") : STR("0"))) return RESULT_OK;
    return fail_pragma(scope, "foreign_keys");
}

/* "The file must not already exist or be empty": an empty file of ours gives the copy its mode. */
static result copy_aside(struct migration_connection *connection, struct migration_scope *scope,
                         struct str revision)
{
    struct migration_rows rows = {0};
    TRY(query(connection, scope, "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'schema_version%' LIMIT 1",
              NULL, 0, &rows));
    if (rows.count == 0) return RESULT_OK;
    const struct str path = str_printf(scope->arena, "%.*s.before-%.*s",
                                       STR_ARGS(connection->access.store->uri), STR_ARGS(revision));
    const int fd = open(path.ptr, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return migration_fail(scope, MIGRATION_EXIT_UNREACHABLE, "%s: %s", path.ptr, strerror(errno));
    (void)close(fd);
    return query(connection, scope, "VACUUM INTO $1", (const struct migration_value[]){{.data = path}}, 1,
                 NULL);
}

static result begin(struct migration_connection *connection, struct migration_scope *scope,
                    const struct migration_limits *limits)
{
    TRY(ensure_open(connection, scope));
    (void)sqlite3_busy_timeout(connection->db, (int)limits->lock_timeout_ms);
    if (limits->is_rebuild) {
        connection->is_rebuild = true;
        TRY(copy_aside(connection, scope, limits->revision));
        TRY(set_foreign_keys(connection, scope, false));
    }
    connection->deadline_ms = clock_monotonic_ms() + limits->statement_timeout_ms;
    /* A deferred transaction that reads first cannot always become a writer, whatever the busy timeout. */
    return execute(connection, scope, limits->is_rebuild ? "BEGIN EXCLUSIVE" : "BEGIN IMMEDIATE");
}

/* Where the statement that fails to compile goes wrong, in bytes from its beginning. */
static size_t error_offset(sqlite3 *db)
{
#if SQLITE_VERSION_NUMBER >= 3038000
    const int offset = sqlite3_error_offset(db);
    return offset > 0 ? (size_t)offset : 0;
#else
    (void)db;
    return 0;
#endif
}

static result run_one(struct migration_connection *connection, struct migration_scope *scope,
                      const struct migration_section *section, const struct sql_statement *piece)
{
    sqlite3_stmt *statement = NULL;
    /* From its first word on, so that a failure is told there. */
    const struct str sql = {section->sql.ptr + piece->start,
                            piece->text.len - (piece->start - piece->offset)};
    if (sqlite3_prepare_v2(connection->db, sql.ptr, (int)sql.len, &statement, NULL) != SQLITE_OK) {
        const size_t offset = piece->start + error_offset(connection->db);
        return fail(connection, scope, migration_place(scope->arena, section, offset).ptr);
    }
    int code;
    do {
        code = sqlite3_step(statement);
    } while (code == SQLITE_ROW);
    const result outcome =
        code == SQLITE_DONE
            ? RESULT_OK
            : fail(connection, scope, migration_place(scope->arena, section, piece->start).ptr);
    (void)sqlite3_finalize(statement);
    return outcome;
}

static result run_section(struct migration_connection *connection, struct migration_scope *scope,
                          const struct migration_section *section)
{
    size_t offset = 0;
    for (struct sql_statement piece; sql_split(DB_SQLITE, section->sql, &offset, &piece);) {
        if (piece.is_empty) continue;
        TRY(run_one(connection, scope, section, &piece));
        if (!sqlite3_get_autocommit(connection->db)) continue;
        return migration_fail(scope, MIGRATION_EXIT_SQL, "%s: this ended the runner's transaction",
                              migration_place(scope->arena, section, piece.start).ptr);
    }
    return RESULT_OK;
}

static result check_foreign_keys(struct migration_connection *connection, struct migration_scope *scope)
{
    struct migration_rows rows = {0};
    TRY(query(connection, scope, "PRAGMA foreign_key_check", NULL, 0, &rows));
    if (rows.count == 0) return RESULT_OK;
    return migration_fail(scope, MIGRATION_EXIT_SQL,
                          "%zu rows would refer to nothing, the first in table %.*s to table %.*s",
                          rows.count, STR_ARGS(rows.cells[0]), STR_ARGS(rows.cells[2]));
}

static void leave_transaction(struct migration_connection *connection)
{
    connection->deadline_ms = 0;
    if (!connection->db) return;
    (void)sqlite3_busy_timeout(connection->db, BUSY_MS);
    if (connection->is_rebuild)
        (void)sqlite3_exec(connection->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    connection->is_rebuild = false;
}

static result commit(struct migration_connection *connection, struct migration_scope *scope)
{
    if (connection->is_rebuild) TRY(check_foreign_keys(connection, scope));
    TRY(execute(connection, scope, "COMMIT"));
    leave_transaction(connection);
    return RESULT_OK;
}

static void rollback(struct migration_connection *connection)
{
    connection->deadline_ms = 0;
    if (connection->db && !sqlite3_get_autocommit(connection->db)) {
        (void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
    }
    leave_transaction(connection);
}

const struct migration_driver migration_driver_sqlite = {
    .engine = DB_SQLITE,
    .name = "sqlite",
    .version_table_sql = version_table_sql,
    .open = open_connection,
    .close = close_connection,
    .is_connected = is_connected,
    .has_version_table = has_version_table,
    .query = query,
    .try_lock = try_lock,
    .confirm_lock = confirm_lock,
    .unlock = unlock,
    .begin = begin,
    .run_section = run_section,
    .commit = commit,
    .rollback = rollback,
};
