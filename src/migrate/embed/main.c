// SPDX-License-Identifier: MIT
/* Run by the build: reads and checks migrations/, writes them as C arrays in graph order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../revision_set_internal.h"
#include "../schema/schema_text_internal.h"

#define ARENA_BYTES_MAX ((size_t)1024 * 1024 * 1024)

static void write_bytes(FILE *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) fprintf(out, "%s0x%02x,", i % 24 == 0 ? "\n    " : "", bytes[i]);
}

static void write_source(FILE *out, const struct revision_set *set)
{
    fprintf(out, "/* Made by the build from migrations/. */\n#include \"revision_set_internal.h\"\n");
    for (size_t i = 0; i < set->count; i++) {
        fprintf(out, "\nstatic const unsigned char bytes_%zu[] = {", i);
        write_bytes(out, (const unsigned char *)set->items[i].text.ptr, set->items[i].text.len);
        fprintf(out, "\n};\n");
    }
    fprintf(out, "\nconst struct embedded_revision embedded_revisions[] = {\n");
    for (size_t i = 0; i < set->count; i++) {
        fprintf(out, "    {\"%.*s\", bytes_%zu, sizeof(bytes_%zu), {", STR_ARGS(set->items[i].file), i, i);
        write_bytes(out, set->items[i].checksum, DIGEST_SHA256_BYTES);
        fprintf(out, "}},\n");
    }
    fprintf(out, "    {0},\n};\nconst size_t embedded_revision_count = %zu;\n", set->count);
}

/* The declared schema, byte by byte as in the folder. */
static result write_schema(FILE *out, struct migration_scope *scope, const char *directory)
{
    static const struct {
        const char *file;
        const char *engine;
    } schemas[] = {{"postgres", "DB_POSTGRES"}, {"sqlite", "DB_SQLITE"}};
    struct str texts[ARRAY_COUNT(schemas)];
    fprintf(out, "#include \"schema_internal.h\"\n");
    for (size_t i = 0; i < ARRAY_COUNT(schemas); i++) {
        TRY(schema_text_load(scope, str_from(directory), schemas[i].file, &texts[i]));
        fprintf(out, "\nstatic const unsigned char schema_%zu[] = {", i);
        write_bytes(out, (const unsigned char *)texts[i].ptr, texts[i].len);
        fprintf(out, "\n};\n");
    }
    fprintf(out, "\nconst struct embedded_schema embedded_schemas[DB_ENGINE_COUNT] = {\n");
    for (size_t i = 0; i < ARRAY_COUNT(schemas); i++) {
        fprintf(out, "    [%s] = {schema_%zu, sizeof(schema_%zu)},\n", schemas[i].engine, i, i);
    }
    fprintf(out, "};\n");
    return RESULT_OK;
}

static int fail(const char *directory, const struct migration_scope *scope)
{
    fprintf(stderr, "%s/%.*s\n", directory, STR_ARGS(scope->failure.text));
    return MIGRATION_EXIT_GRAPH;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s <folder of revisions> <output.c>\n", argv[0]);
        return MIGRATION_EXIT_USAGE;
    }
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(ARENA_BYTES_MAX);
    struct migration_scope scope = {.arena = arena};
    struct revision_set set;
    if (!is_ok(revision_set_load(&scope, str_from(argv[1]), &set))) return fail(argv[1], &scope);
    if (!is_ok(revision_set_require_one_head(&scope, &set))) return fail(argv[1], &scope);
    FILE *out = fopen(argv[2], "w");
    if (!out) {
        fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
        return MIGRATION_EXIT_USAGE;
    }
    write_source(out, &set);
    if (!is_ok(write_schema(out, &scope, argv[1]))) {
        fprintf(stderr, "%.*s\n", STR_ARGS(scope.failure.text));
        (void)fclose(out);
        return MIGRATION_EXIT_GRAPH;
    }
    return ferror(out) | fclose(out) ? MIGRATION_EXIT_USAGE : MIGRATION_EXIT_OK;
}
