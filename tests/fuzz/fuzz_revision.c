// SPDX-License-Identifier: MIT
#include "../../src/migrate/lint_internal.h"
#include "../../src/migrate/revision_internal.h"
#include "../../src/migrate/schema/sqlite_table_internal.h"
#include "auth/base/log.h"

/* Bytes → statements, which joined must be the bytes; a revision; a table; hints of renames. */
#define ARENA_BYTES ((size_t)512 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void split(struct str input, enum db_engine engine)
{
    size_t offset = 0;
    size_t end = 0;
    for (struct sql_statement statement; sql_split(engine, input, &offset, &statement);) {
        if (statement.offset != end || statement.text.ptr != input.ptr + end)
            panic("a gap between statements");
        if (statement.text.len == 0) panic("a statement without bytes");
        if (statement.start < statement.offset) panic("a statement begins before itself");
        end += statement.text.len;
    }
    if (end != input.len) panic("bytes are lost");
}

static void cut(struct str input, enum db_engine engine)
{
    struct sql_lexer lexer = {input, engine};
    size_t len = 0;
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        if (token.text.len == 0) panic("a token without bytes");
        len += token.text.len;
    }
    if (len != input.len) panic("bytes are lost");
}

static void ignore(void *argument, const struct lint_finding *finding)
{
    (void)argument;
    (void)finding;
}

static void read_revision(struct migration_scope *scope, struct str input)
{
    static const struct lint_listener listener = {ignore, NULL};
    struct revision revision;
    if (!is_ok(revision_parse(scope, STR("fuzz.sql"), input, &revision))) return;
    struct revision again;
    if (!is_ok(revision_parse(scope, STR("fuzz.sql"), revision.text, &again)))
        panic("the own text is refused");
    (void)lint_revision(scope->arena, &revision, &listener);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct migration_scope scope = {.arena = arena_create(ARENA_BYTES)};
    const struct str input = {(const char *)data, size};
    struct schema_renames renames;
    struct schema_catalog catalog = {.engine = DB_SQLITE};
    for (enum db_engine engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        split(input, engine);
        cut(input, engine);
        (void)!is_ok(schema_renames_read(&scope, engine, input, &renames));
        const struct str once = schema_normalise(scope.arena, engine, input);
        (void)once;
    }
    sqlite_read_table(scope.arena, &catalog, STR("t"), str_copy(scope.arena, input));
    read_revision(&scope, input);
    arena_destroy(scope.arena);
    return 0;
}
