// SPDX-License-Identifier: MIT
#include "schema_version_internal.h"

#include <pwd.h>
#include <unistd.h>

#include "auth/base/clock.h"

#define COLUMNS                                                                                   \
    "revision, parent, checksum, phase, min_binary, state, stmts_done, applied_at, duration_ms, " \
    "binary_version, applied_by"

enum column {
    COLUMN_REVISION,
    COLUMN_PARENT,
    COLUMN_CHECKSUM,
    COLUMN_PHASE,
    COLUMN_MIN_BINARY,
    COLUMN_STATE,
    COLUMN_STMTS_DONE,
    COLUMN_APPLIED_AT,
    COLUMN_DURATION_MS,
    COLUMN_BINARY_VERSION,
    COLUMN_APPLIED_BY,
};

static struct migration_value text(struct str value)
{
    return (struct migration_value){.data = {value.ptr ? value.ptr : "", value.len}};
}

static struct migration_value text_or_null(struct str value)
{
    return is_empty(value) ? (struct migration_value){0} : text(value);
}

static struct migration_value number(struct arena *arena, int64_t value)
{
    return text(str_printf(arena, "%lld", (long long)value));
}

static struct migration_value bytes(const unsigned char *value, size_t len)
{
    return (struct migration_value){.data = {(const char *)value, value ? len : 0}, .is_bytes = true};
}

static struct migration_value now(struct arena *arena)
{
    char *printed = arena_alloc(arena, RFC3339_SIZE);
    time_print(clock_wall_ms(), printed);
    return text(str_from(printed));
}

/* "user@host" of this process, so that the log answers who. */
static struct migration_value who(struct arena *arena, const struct migration_options *options)
{
    if (!is_empty(options->applied_by)) return text(options->applied_by);
    char host[256] = "";
    (void)gethostname(host, sizeof(host) - 1);
    char scratch[1024];
    struct passwd entry;
    struct passwd *user = NULL;
    (void)getpwuid_r(geteuid(), &entry, scratch, sizeof(scratch), &user);
    const struct str name = user ? str_from(user->pw_name) : str_printf(arena, "%u", (unsigned)geteuid());
    return text(str_printf(arena, "%.*s@%s", STR_ARGS(name), host));
}

static result run(const struct schema_version *version, struct migration_scope *scope, const char *sql,
                  const struct migration_value *values, size_t count)
{
    return version->driver->query(version->connection, scope, sql, values, count, NULL);
}

result schema_version_prepare(const struct schema_version *version, struct migration_scope *scope)
{
    const struct str section = str_from(version->driver->version_table_sql);
    size_t offset = 0;
    for (struct sql_statement statement; sql_split(version->driver->engine, section, &offset, &statement);) {
        if (statement.is_empty) continue;
        TRY(run(version, scope, str_copy(scope->arena, statement.text).ptr, NULL, 0));
    }
    return RESULT_OK;
}

static int64_t to_number(struct str cell)
{
    int64_t value = 0;
    return str_to_int64(cell, &value) ? value : 0;
}

static struct applied_revision to_row(const struct str *cells)
{
    return (struct applied_revision){
        .id = cells[COLUMN_REVISION],
        .parents = cells[COLUMN_PARENT],
        .checksum = cells[COLUMN_CHECKSUM],
        .phase = cells[COLUMN_PHASE],
        .min_binary = cells[COLUMN_MIN_BINARY],
        .is_partial = str_equal(cells[COLUMN_STATE], STR("partial")),
        .statements_done = to_number(cells[COLUMN_STMTS_DONE]),
        .applied_at = cells[COLUMN_APPLIED_AT],
        .duration_ms = to_number(cells[COLUMN_DURATION_MS]),
        .binary_version = cells[COLUMN_BINARY_VERSION],
        .applied_by = cells[COLUMN_APPLIED_BY],
    };
}

result schema_version_read(const struct schema_version *version, struct migration_scope *scope,
                           struct applied_list *ret_list)
{
    bool exists;
    TRY(version->driver->has_version_table(version->connection, scope, &exists));
    struct migration_rows rows = {0};
    if (exists) {
        TRY(version->driver->query(version->connection, scope,
                                   "SELECT " COLUMNS " FROM schema_version ORDER BY seq", NULL, 0, &rows));
    }
    struct applied_revision *items = arena_alloc_array(scope->arena, rows.count + 1, sizeof(*items));
    for (size_t i = 0; i < rows.count; i++) items[i] = to_row(rows.cells + i * rows.columns);
    *ret_list = (struct applied_list){items, rows.count};
    return RESULT_OK;
}

result schema_version_find(const struct schema_version *version, struct migration_scope *scope, struct str id,
                           struct applied_revision *ret_row, bool *ret_is_found)
{
    struct migration_rows rows = {0};
    TRY(version->driver->query(version->connection, scope,
                               "SELECT " COLUMNS " FROM schema_version WHERE revision = $1",
                               (const struct migration_value[]){text(id)}, 1, &rows));
    *ret_is_found = rows.count > 0;
    if (rows.count > 0) *ret_row = to_row(rows.cells);
    return RESULT_OK;
}

result schema_version_insert(const struct schema_version *version, struct migration_scope *scope,
                             const struct revision *revision, const char *state, int64_t duration_ms)
{
    struct arena *arena = scope->arena;
    const struct migration_value values[] = {
        text(revision->id),
        text_or_null(revision_parents_text(arena, revision)),
        bytes(revision->checksum, DIGEST_SHA256_BYTES),
        text(str_from(revision_phase_name(revision->phase))),
        text(revision->min_binary),
        text(str_from(state)),
        now(arena),
        number(arena, duration_ms),
        text(version->options->binary_version),
        who(arena, version->options),
        text_or_null(revision->down[version->driver->engine].sql),
    };
    return run(
        version, scope,
        "INSERT INTO schema_version (seq, revision, parent, checksum, phase, min_binary, state, stmts_done, "
        "applied_at, duration_ms, binary_version, applied_by, down_sql) "
        "VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM schema_version), "
        "$1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11)",
        values, ARRAY_COUNT(values));
}

result schema_version_advance(const struct schema_version *version, struct migration_scope *scope,
                              struct str id, int64_t statements_done)
{
    const struct migration_value values[] = {number(scope->arena, statements_done), text(id)};
    return run(version, scope, "UPDATE schema_version SET stmts_done = $1 WHERE revision = $2", values,
               ARRAY_COUNT(values));
}

result schema_version_finish(const struct schema_version *version, struct migration_scope *scope,
                             struct str id, int64_t duration_ms)
{
    const struct migration_value values[] = {now(scope->arena), number(scope->arena, duration_ms), text(id)};
    return run(
        version, scope,
        "UPDATE schema_version SET state = 'applied', applied_at = $1, duration_ms = $2 WHERE revision = $3",
        values, ARRAY_COUNT(values));
}

result schema_version_reopen(const struct schema_version *version, struct migration_scope *scope,
                             struct str id, int64_t statements_done)
{
    const struct migration_value values[] = {number(scope->arena, statements_done), text(id)};
    return run(version, scope,
               "UPDATE schema_version SET state = 'partial', stmts_done = $1 WHERE revision = $2", values,
               ARRAY_COUNT(values));
}

result schema_version_delete(const struct schema_version *version, struct migration_scope *scope,
                             struct str id)
{
    const struct migration_value values[] = {text(id)};
    TRY(run(version, scope, "DELETE FROM schema_version_backfill WHERE revision = $1", values, 1));
    return run(version, scope, "DELETE FROM schema_version WHERE revision = $1", values, 1);
}

result schema_version_delete_all(const struct schema_version *version, struct migration_scope *scope)
{
    TRY(run(version, scope, "DELETE FROM schema_version_backfill", NULL, 0));
    return run(version, scope, "DELETE FROM schema_version", NULL, 0);
}

result schema_version_refresh(const struct schema_version *version, struct migration_scope *scope,
                              const struct revision *revision)
{
    const struct migration_value values[] = {
        bytes(revision->checksum, DIGEST_SHA256_BYTES),
        text(str_from(revision_phase_name(revision->phase))),
        text(revision->min_binary),
        text_or_null(revision->down[version->driver->engine].sql),
        text(revision->id),
    };
    return run(version, scope,
               "UPDATE schema_version SET checksum = $1, phase = $2, min_binary = $3, down_sql = $4 "
               "WHERE revision = $5",
               values, ARRAY_COUNT(values));
}

static result read_cell(const struct schema_version *version, struct migration_scope *scope, const char *sql,
                        struct str id, struct str *ret_cell)
{
    struct migration_rows rows = {0};
    TRY(version->driver->query(version->connection, scope, sql, (const struct migration_value[]){text(id)}, 1,
                               &rows));
    *ret_cell = rows.count > 0 ? rows.cells[0] : STR_NONE;
    return RESULT_OK;
}

result schema_version_down_sql(const struct schema_version *version, struct migration_scope *scope,
                               struct str id, struct str *ret_sql)
{
    return read_cell(version, scope, "SELECT down_sql FROM schema_version WHERE revision = $1", id, ret_sql);
}

result schema_version_cursor(const struct schema_version *version, struct migration_scope *scope,
                             struct str id, struct str *ret_cursor)
{
    return read_cell(version, scope, "SELECT last_key FROM schema_version_backfill WHERE revision = $1", id,
                     ret_cursor);
}

result schema_version_set_cursor(const struct schema_version *version, struct migration_scope *scope,
                                 struct str id, struct str cursor)
{
    const struct migration_value values[] = {text(id), text(cursor), now(scope->arena)};
    return run(version, scope,
               "INSERT INTO schema_version_backfill (revision, last_key, at) VALUES ($1, $2, $3) "
               "ON CONFLICT (revision) DO UPDATE SET last_key = excluded.last_key, at = excluded.at",
               values, ARRAY_COUNT(values));
}

result schema_version_drop_cursor(const struct schema_version *version, struct migration_scope *scope,
                                  struct str id)
{
    return run(version, scope, "DELETE FROM schema_version_backfill WHERE revision = $1",
               (const struct migration_value[]){text(id)}, 1);
}

result schema_version_log(const struct schema_version *version, struct migration_scope *scope,
                          const struct schema_log_entry *entry)
{
    static const char *const actions[] = {
        [SCHEMA_UP] = "up", [SCHEMA_DOWN] = "down", [SCHEMA_STAMP] = "stamp"};
    struct arena *arena = scope->arena;
    const struct migration_value values[] = {
        now(arena),
        text(str_from(actions[entry->action])),
        text(entry->revision),
        bytes(entry->checksum, DIGEST_SHA256_BYTES),
        number(arena, entry->duration_ms),
        text(version->options->binary_version),
        who(arena, version->options),
        text_or_null(entry->error),
    };
    return run(version, scope,
               "INSERT INTO schema_version_log (at, action, revision, checksum, duration_ms, binary_version, "
               "performed_by, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
               values, ARRAY_COUNT(values));
}

/* --- the list --- */

bool applied_list_find(const struct applied_list *list, struct str id, size_t *ret_index)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!str_equal(list->items[i].id, id)) continue;
        *ret_index = i;
        return true;
    }
    return false;
}

bool is_named_in(struct str parents, struct str id)
{
    while (parents.len > 0) {
        if (str_equal(str_trim(str_split(&parents, ',')), id)) return true;
    }
    return false;
}

bool is_applied_head(const struct applied_list *list, size_t index)
{
    if (list->items[index].is_partial) return false;
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].is_partial && is_named_in(list->items[i].parents, list->items[index].id))
            return false;
    }
    return true;
}

struct str applied_heads_text(struct arena *arena, const struct applied_list *list)
{
    struct str heads = STR_NONE;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_applied_head(list, i)) continue;
        heads = str_printf(arena, "%.*s%s%.*s", STR_ARGS(heads), is_empty(heads) ? "" : ", ",
                           STR_ARGS(list->items[i].id));
    }
    return is_empty(heads) ? STR("<base>") : heads;
}
