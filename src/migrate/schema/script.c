// SPDX-License-Identifier: MIT
#include "schema_internal.h"

#include <string.h>

#include "auth/base/strbuf.h"

#define STEPS_FIRST       64u
#define SECTION_BYTES_MAX REVISION_FILE_BYTES_MAX

void script_add(struct schema_script *script, enum schema_file file, struct str up, struct str down)
{
    if (is_empty(up) && is_empty(down)) return;
    if (script->count == script->capacity) {
        const size_t capacity = script->capacity > 0 ? 2 * script->capacity : STEPS_FIRST;
        struct schema_step *steps = arena_alloc_array(script->scope->arena, capacity, sizeof(*steps));
        if (script->count > 0) memcpy(steps, script->steps, script->count * sizeof(*steps));
        script->steps = steps;
        script->capacity = capacity;
    }
    script->steps[script->count++] = (struct schema_step){file, up, down};
}

void script_mark_irreversible(struct schema_script *script, enum schema_file file, struct str reason)
{
    if (is_empty(script->irreversible[file])) script->irreversible[file] = reason;
}

bool is_script_file_used(const struct schema_script *script, enum schema_file file)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].file == file && !is_empty(script->steps[i].up)) return true;
    }
    return false;
}

static void add_statement(struct strbuf *out, struct str sql)
{
    if (is_empty(sql)) return;
    strbuf_add(out, sql);
    strbuf_add(out, STR(";\n"));
}

struct str script_up(const struct schema_script *script, enum schema_file file)
{
    struct strbuf out;
    strbuf_init(&out, script->scope->arena, 1024, SECTION_BYTES_MAX);
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].file == file) add_statement(&out, script->steps[i].up);
    }
    return out.len > 0 ? strbuf_str(&out) : STR("");
}

/* The way back, last step first. */
struct str script_down(const struct schema_script *script, enum schema_file file)
{
    struct strbuf out;
    strbuf_init(&out, script->scope->arena, 1024, SECTION_BYTES_MAX);
    for (size_t i = script->count; i-- > 0;) {
        if (script->steps[i].file == file) add_statement(&out, script->steps[i].down);
    }
    return out.len > 0 ? strbuf_str(&out) : STR("");
}
