// SPDX-License-Identifier: MIT
#include "script_internal.h"

#include "auth/base/encoding.h"
#include "auth/store/sql_lexer.h"

#define ALONE_LOCK_TIMEOUT_MS INT64_C(600000)
#define LOCK_TIMEOUT_MS       INT64_C(3000)
#define STATEMENT_TIMEOUT_MS  INT64_C(60000)

static bool is_postgres(const struct script *script)
{
    return script->engine == DB_POSTGRES;
}

/* 'text' with its quotes doubled. */
static void print_literal(FILE *out, struct str text)
{
    if (!text.ptr) {
        fprintf(out, "NULL");
        return;
    }
    (void)fputc('\'', out);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'') (void)fputc('\'', out);
        (void)fputc(text.ptr[i], out);
    }
    (void)fputc('\'', out);
}

static void print_checksum(const struct script *script, const struct revision *revision)
{
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    hex_encode(revision->checksum, DIGEST_SHA256_BYTES, hex);
    fprintf(script->out, is_postgres(script) ? "'\\x%s'" : "X'%s'", hex);
}

static const char *now_sql(const struct script *script)
{
    return is_postgres(script) ? "clock_timestamp()" : "strftime('%Y-%m-%dT%H:%M:%fZ')";
}

static const char *who_sql(const struct script *script)
{
    return is_postgres(script) ? "session_user || '@script'" : "'script'";
}

/* --- guards --- */

/* Ends the script unless the condition holds. SQLite has no statement that raises, but a constraint can fail. */
static void guard(const struct script *script, const char *condition, struct str reason)
{
    if (is_postgres(script)) {
        fprintf(script->out, "DO $guard$ BEGIN\n    IF NOT (%s) THEN\n        RAISE EXCEPTION ", condition);
        print_literal(script->out, reason);
        fprintf(script->out, ";\n    END IF;\nEND $guard$;\n");
        return;
    }
    fprintf(script->out, "CREATE TEMP TABLE guard (is_met INTEGER CONSTRAINT \"%.*s\" CHECK (is_met));\n",
            STR_ARGS(reason));
    fprintf(script->out, "INSERT INTO guard SELECT %s;\nDROP TABLE guard;\n", condition);
}

static void guard_row(const struct script *script, struct str id, bool is_there)
{
    const struct str condition =
        str_printf(script->arena, "%sEXISTS (SELECT 1 FROM schema_version WHERE revision = '%.*s'%s)",
                   is_there ? "" : "NOT ", STR_ARGS(id), is_there ? " AND state = 'applied'" : "");
    guard(script, condition.ptr,
          str_printf(script->arena, "revision %.*s is %s", STR_ARGS(id),
                     is_there ? "not applied" : "applied already"));
}

static void guard_step(const struct script *script, const struct revision *revision, bool is_down)
{
    guard_row(script, revision->id, is_down);
    for (size_t i = 0; i < revision->parent_count && !is_down; i++)
        guard_row(script, revision->parents[i], true);
    for (size_t i = 0; i < script->set->count && is_down; i++) {
        size_t index;
        const struct revision *child = &script->set->items[i];
        if (revision_set_find(script->set, revision->id, &index) && is_parent_of(script->set, index, i)) {
            guard_row(script, child->id, false);
        }
    }
}

/* --- rows --- */

static void insert_row(const struct script *script, const struct revision *revision, const char *state)
{
    FILE *out = script->out;
    struct str parents = revision_parents_text(script->arena, revision);
    if (is_empty(parents)) parents = STR_NONE;
    fprintf(
        out,
        "INSERT INTO schema_version (seq, revision, parent, checksum, phase, min_binary, state, stmts_done, "
        "applied_at, duration_ms, binary_version, applied_by, down_sql)\nVALUES ((SELECT COALESCE(MAX(seq), "
        "0) + 1 FROM schema_version), ");
    print_literal(out, revision->id);
    fprintf(out, ", ");
    print_literal(out, parents);
    fprintf(out, ", ");
    print_checksum(script, revision);
    fprintf(out, ", '%s', '%.*s', '%s', 0, %s, 0, ", revision_phase_name(revision->phase),
            STR_ARGS(revision->min_binary), state, now_sql(script));
    print_literal(out, script->binary_version);
    fprintf(out, ", %s, ", who_sql(script));
    print_literal(out, revision->down[script->engine].sql);
    fprintf(out, ");\n");
}

static void log_row(const struct script *script, const struct revision *revision, bool is_down)
{
    FILE *out = script->out;
    fprintf(out,
            "INSERT INTO schema_version_log (at, action, revision, checksum, duration_ms, binary_version, "
            "performed_by)\nVALUES (%s, '%s', '%.*s', ",
            now_sql(script), is_down ? "down" : "up", STR_ARGS(revision->id));
    print_checksum(script, revision);
    fprintf(out, ", 0, ");
    print_literal(out, script->binary_version);
    fprintf(out, ", %s);\n", who_sql(script));
}

static void record(const struct script *script, const struct revision *revision, bool is_down)
{
    if (is_down) {
        fprintf(script->out, "DELETE FROM schema_version WHERE revision = '%.*s';\n", STR_ARGS(revision->id));
    } else {
        insert_row(script, revision, "applied");
    }
    log_row(script, revision, is_down);
}

/* --- steps --- */

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value > 0 ? value : otherwise;
}

static void print_section(FILE *out, struct str sql)
{
    const struct str text = str_trim(sql);
    fprintf(out, "%.*s\n", STR_ARGS(text));
    /* The last statement of a section may lack its semicolon; behind a comment it would be part of it. */
    if (text.len > 0 && text.ptr[text.len - 1] != ';') fprintf(out, ";\n");
}

/* A script has no batches: it ends where there is something to fill. */
static void guard_backfill(const struct script *script, const struct revision *revision)
{
    struct sql_statement statement;
    size_t offset = 0;
    const struct str section = revision->up[script->engine].sql;
    while (sql_split(script->engine, section, &offset, &statement) && statement.is_empty) continue;
    struct str sql = str_trim(str_from_offset(statement.text, statement.start - statement.offset));
    if (sql.len > 0 && sql.ptr[sql.len - 1] == ';') sql.len--;
    const struct str reason =
        str_printf(script->arena, "run auth migrate backfill: %.*s has rows to fill", STR_ARGS(revision->id));
    if (is_postgres(script)) {
        fprintf(script->out,
                "DO $guard$ DECLARE last_key text; BEGIN\n    EXECUTE $sql$%.*s$sql$ INTO last_key USING "
                "NULL::text, "
                "'1'::text;\n    IF last_key IS NOT NULL THEN\n        RAISE EXCEPTION ",
                STR_ARGS(sql));
        print_literal(script->out, reason);
        fprintf(script->out, ";\n    END IF;\nEND $guard$;\n");
        return;
    }
    fprintf(script->out, ".parameter set $1 NULL\n.parameter set $2 1\n");
    guard(script, str_printf(script->arena, "(%.*s) IS NULL", STR_ARGS(sql)).ptr, reason);
}

static bool is_backfill(const struct revision *revision, bool is_down)
{
    return revision->phase == REVISION_BACKFILL && !is_down && revision->parent_count < 2;
}

static void step_in_transaction(const struct script *script, const struct revision *revision, bool is_down)
{
    const struct migration_section *section =
        is_down ? &revision->down[script->engine] : &revision->up[script->engine];
    FILE *out = script->out;
    /* "This pragma is a no-op within a transaction": SQLite rebuilds tables with foreign keys off. */
    fprintf(out, is_postgres(script) ? "BEGIN;\n" : "PRAGMA foreign_keys = OFF;\nBEGIN IMMEDIATE;\n");
    if (is_postgres(script)) {
        fprintf(out, "SET LOCAL lock_timeout = %lld;\nSET LOCAL statement_timeout = %lld;\n",
                (long long)or_else(revision->lock_timeout_ms, LOCK_TIMEOUT_MS),
                (long long)or_else(revision->statement_timeout_ms, STATEMENT_TIMEOUT_MS));
    }
    guard_step(script, revision, is_down);
    if (is_backfill(revision, is_down)) {
        guard_backfill(script, revision);
    } else {
        print_section(out, section->sql);
    }
    record(script, revision, is_down);
    if (!is_postgres(script)) {
        guard(script, "NOT EXISTS (SELECT 1 FROM pragma_foreign_key_check)",
              STR("rows would refer to nothing"));
    }
    fprintf(out, "COMMIT;\n");
}

static void step_alone(const struct script *script, const struct revision *revision, bool is_down)
{
    const struct migration_section *section =
        is_down ? &revision->down[script->engine] : &revision->up[script->engine];
    FILE *out = script->out;
    const long long id_len = (long long)revision->id.len;
    guard_step(script, revision, is_down);
    fprintf(out, "SET lock_timeout = %lld;\nSET statement_timeout = %lld;\n",
            (long long)or_else(revision->lock_timeout_ms, ALONE_LOCK_TIMEOUT_MS),
            (long long)revision->statement_timeout_ms);
    if (!is_down) insert_row(script, revision, "partial");
    print_section(out, section->sql);
    fprintf(out, "RESET lock_timeout;\nRESET statement_timeout;\nBEGIN;\n");
    if (is_down) {
        fprintf(out, "DELETE FROM schema_version WHERE revision = '%.*s';\n", (int)id_len, revision->id.ptr);
    } else {
        fprintf(out, "UPDATE schema_version SET state = 'applied' WHERE revision = '%.*s';\n", (int)id_len,
                revision->id.ptr);
    }
    log_row(script, revision, is_down);
    fprintf(out, "COMMIT;\n");
}

void script_step(const struct script *script, const struct revision *revision, bool is_down)
{
    const struct str parents = revision_parents_text(script->arena, revision);
    const struct str from = is_down ? revision->id : parents;
    const struct str to = is_down ? parents : revision->id;
    fprintf(script->out, "\n-- Running %s %.*s -> %.*s, %.*s\n", is_down ? "downgrade" : "upgrade",
            STR_ARGS(from), STR_ARGS(to), STR_ARGS(revision->message));
    if (revision->is_transactional || !is_postgres(script)) {
        step_in_transaction(script, revision, is_down);
    } else {
        step_alone(script, revision, is_down);
    }
}

static void print_version_tables(const struct script *script)
{
    struct sql_statement statement;
    size_t offset = 0;
    const struct str sql = str_from(script->version_table_sql);
    while (sql_split(script->engine, sql, &offset, &statement)) {
        fprintf(script->out, "%.*s\n", STR_ARGS(str_trim(statement.text)));
    }
}

void script_begin(const struct script *script)
{
    FILE *out = script->out;
    if (!is_postgres(script)) {
        fprintf(out, ".bail on\n.timeout 10000\n\n");
        print_version_tables(script);
        return;
    }
    fprintf(out, "\\set ON_ERROR_STOP on\n\\set VERBOSITY terse\nSET client_min_messages = warning;\n\n");
    /* The migrator's own lock, until psql ends: no server migrates meanwhile. */
    guard(script, "pg_try_advisory_lock(1635087464, hashtext(current_schema()))",
          STR("another process is migrating this schema"));
    print_version_tables(script);
}
