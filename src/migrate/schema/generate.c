// SPDX-License-Identifier: MIT
#include "auth/base/strbuf.h"
#include "schema_internal.h"

static const struct {
    const char *suffix; /* of the message */
    enum revision_phase phase;
    const char *header;
} kinds[] = {
    [SCHEMA_FILE_ENUM] = {" (enum values)", REVISION_EXPAND, ""},
    [SCHEMA_FILE_EXPAND] = {"", REVISION_EXPAND, ""},
    [SCHEMA_FILE_INDEX] = {" (indexes)", REVISION_EXPAND, "-- transaction: off\n"},
    [SCHEMA_FILE_CONSTRAINT] = {" (constraints)", REVISION_EXPAND, ""},
    [SCHEMA_FILE_VALIDATE] = {" (validation)", REVISION_EXPAND, "-- statement_timeout: 1h\n"},
    [SCHEMA_FILE_CONTRACT] = {" (contract)", REVISION_CONTRACT, ""},
};

#define EMPTY_BODY                                                                           \
    "\n-- migrate:up all\n-- In place of this statement, or in a section for each engine:\n" \
    "SELECT 1;\n\n-- migrate:down all\nSELECT 1;\n"

/* One file being written. */
struct page {
    const struct generate_order *order;
    enum schema_file file;
    struct strbuf out;
};

static struct str irreversible_of(const struct page *page)
{
    for (int engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        const struct schema_script *script = page->order->scripts[engine];
        if (script && !is_empty(script->irreversible[page->file])) return script->irreversible[page->file];
    }
    return STR("");
}

static void write_section(struct page *page, enum db_engine engine, bool is_down)
{
    const struct schema_script *script = page->order->scripts[engine];
    struct str sql = STR("");
    struct str reason = page->order->reasons[engine];
    if (script) sql = is_down ? script_down(script, page->file) : script_up(script, page->file);
    if (is_empty(reason)) reason = STR("nothing changes here");
    strbuf_printf(&page->out, "\n-- migrate:%s %s\n", is_down ? "down" : "up",
                  engine == DB_POSTGRES ? "postgres" : "sqlite");
    if (!is_empty(sql)) {
        strbuf_add(&page->out, sql);
        return;
    }
    /* A section without a statement is one that somebody has forgotten to write. */
    strbuf_printf(&page->out, "-- %.*s\nSELECT 1;\n", STR_ARGS(reason));
}

static bool is_wanted(const struct generate_order *order, enum schema_file file)
{
    for (int engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        if (order->scripts[engine] && is_script_file_used(order->scripts[engine], file)) return true;
    }
    return false;
}

static void write_body(struct page *page)
{
    const struct str irreversible = irreversible_of(page);
    strbuf_add(&page->out, str_from(kinds[page->file].header));
    if (!is_empty(irreversible)) strbuf_printf(&page->out, "-- irreversible: %.*s\n", STR_ARGS(irreversible));
    for (enum db_engine engine = 0; engine < DB_ENGINE_COUNT; engine++) write_section(page, engine, false);
    for (enum db_engine engine = 0; engine < DB_ENGINE_COUNT && is_empty(irreversible); engine++) {
        write_section(page, engine, true);
    }
}

static bool is_breaking(const struct generate_order *order, enum schema_file file)
{
    for (int engine = 0; engine < DB_ENGINE_COUNT; engine++) {
        if (order->scripts[engine] && order->scripts[engine]->is_breaking[file]) return true;
    }
    return false;
}

/* A binary that runs on the schema before still runs after an expansion; after a contraction only one that knows
 * the expansion; after a rename only one that knows the rename. Empty: the revision itself. */
static struct str min_binary_of(const struct generate_order *order, enum schema_file file, struct str before,
                                struct str parent)
{
    if (is_breaking(order, file)) return STR("");
    return kinds[file].phase == REVISION_CONTRACT ? parent : before;
}

static result write_page(struct migration_scope *scope, struct page *page, struct revision_draft *draft,
                         struct revision_file *ret_file)
{
    strbuf_init(&page->out, scope->arena, 4096, REVISION_FILE_BYTES_MAX);
    write_body(page);
    if (!is_ok(strbuf_finish(&page->out, &draft->body))) {
        return migration_fail(scope, MIGRATION_EXIT_OUT_OF_DATE, "a revision would be larger than %zu bytes",
                              REVISION_FILE_BYTES_MAX);
    }
    return revision_file_compose(scope, draft, ret_file);
}

result schema_generate(struct migration_scope *scope, const struct generate_order *order,
                       struct revision_file ret_files[SCHEMA_FILE_COUNT], size_t *ret_count)
{
    size_t count = 0;
    struct str minimum = order->parent ? order->parent->min_binary : STR("");
    struct revision_draft draft = {
        .id = order->revision_id,
        .parents = order->parent ? order->parent->id : STR(""),
    };
    for (enum schema_file file = 0; file < SCHEMA_FILE_COUNT; file++) {
        if (!is_wanted(order, file)) continue;
        struct page page = {.order = order, .file = file};
        draft.message = str_printf(scope->arena, "%.*s%s", STR_ARGS(order->message), kinds[file].suffix);
        draft.phase = revision_phase_name(kinds[file].phase);
        draft.min_binary = minimum = min_binary_of(order, file, minimum, draft.parents);
        TRY(write_page(scope, &page, &draft, &ret_files[count]));
        if (is_empty(minimum)) minimum = ret_files[count].id;
        draft.parents = ret_files[count].id;
        draft.id = STR("");
        count++;
    }
    *ret_count = count;
    return RESULT_OK;
}

result schema_generate_empty(struct migration_scope *scope, const struct generate_order *order,
                             struct revision_file *ret_file)
{
    const struct revision_draft draft = {
        .id = order->revision_id,
        .parents = order->parent ? order->parent->id : STR(""),
        .message = order->message,
        .min_binary = order->parent ? order->parent->min_binary : STR(""),
        .phase = revision_phase_name(REVISION_EXPAND),
        .body = STR(EMPTY_BODY),
    };
    return revision_file_compose(scope, &draft, ret_file);
}
