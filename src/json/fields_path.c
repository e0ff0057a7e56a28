// SPDX-License-Identifier: MIT
#include <jansson.h>

#include "auth/base/encoding.h"
#include "fields_internal.h"

#define POINTER_BYTES_MAX 2048u

/* Cut between code points. */
static struct str shown(struct str name)
{
    if (name.len <= NAME_SHOWN_MAX) return name;
    name.len = NAME_SHOWN_MAX;
    while (name.len > 0 && ((unsigned char)name.ptr[name.len] & 0xc0) == 0x80) name.len--;
    return name;
}

/* RFC 6901 §3: "'~' needs to be encoded as '~0' and '/' needs to be encoded as '~1'". */
static void add_escaped(struct strbuf *out, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~')
            strbuf_add(out, STR("~0"));
        else if (name.ptr[i] == '/')
            strbuf_add(out, STR("~1"));
        else
            strbuf_add_char(out, name.ptr[i]);
    }
}

static void add_step(struct strbuf *out, const struct path *path)
{
    if (path->is_parameter) {
        strbuf_add(out, shown(path->key));
        return;
    }
    strbuf_add_char(out, '/');
    if (path->is_item)
        strbuf_add_int64(out, (int64_t)path->index);
    else
        add_escaped(out, shown(path->key));
}

const char *path_print(const struct path *path, struct arena *arena)
{
    const struct path *steps[JSON_DEPTH_MAX + 1];
    size_t count = 0;
    for (; path && count < ARRAY_COUNT(steps); path = path->parent) steps[count++] = path;
    struct strbuf out;
    strbuf_init(&out, arena, 32, POINTER_BYTES_MAX);
    while (count > 0) add_step(&out, steps[--count]);
    return strbuf_str(&out).ptr;
}

struct str key_decode(struct arena *arena, struct str quoted)
{
    json_auto_t *string = json_loadb(quoted.ptr, quoted.len, JSON_DECODE_ANY, NULL);
    if (json_is_string(string)) {
        return str_copy(arena, (struct str){json_string_value(string), json_string_length(string)});
    }
    const size_t quotes = quoted.len > 1 && quoted.ptr[quoted.len - 1] == '"' ? 2 : 1;
    const struct str inside = {quoted.ptr + 1, quoted.len - quotes};
    return is_utf8(inside) ? inside : STR_NONE;
}

void path_refuse(struct task *task, const struct path *path, const char *code, const char *format, ...)
{
    if (task->fault.error_count >= FIELD_ERRORS_MAX) {
        fault_add_field(&task->fault, "", code, "");
        return;
    }
    char detail[160];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    fault_add_field(&task->fault, path_print(path, task->arena), code,
                    str_copy(task->arena, str_from(detail)).ptr);
}
