// SPDX-License-Identifier: MIT
#include "openapi_internal.h"

static void new_line(struct strbuf *out, size_t depth)
{
    strbuf_add_char(out, '\n');
    for (size_t i = 0; i < depth; i++) strbuf_add(out, STR("  "));
}

/* The string from its opening quote to behind its closing one. */
static size_t string_len(struct str json, size_t start)
{
    size_t end = start + 1;
    while (end < json.len && json.ptr[end] != '"') end += json.ptr[end] == '\\' ? 2 : 1;
    return end + 1 - start;
}

static bool is_empty_pair(struct str json, size_t at)
{
    const char next = at + 1 < json.len ? json.ptr[at + 1] : '\0';
    return next == '}' || next == ']';
}

static size_t lay_out_one(struct str json, size_t at, size_t *depth, struct strbuf *out)
{
    const char c = json.ptr[at];
    if (c == '"') {
        const size_t len = string_len(json, at);
        strbuf_add(out, (struct str){json.ptr + at, len});
        return len;
    }
    if ((c == '{' || c == '[') && is_empty_pair(json, at)) {
        strbuf_add(out, (struct str){json.ptr + at, 2});
        return 2;
    }
    if (c == '}' || c == ']') new_line(out, --*depth);
    strbuf_add_char(out, c);
    if (c == '{' || c == '[') new_line(out, ++*depth);
    if (c == ',') new_line(out, *depth);
    if (c == ':') strbuf_add_char(out, ' ');
    return 1;
}

void json_lay_out(struct str json, struct strbuf *out)
{
    size_t depth = 0;
    size_t at = 0;
    while (at < json.len) at += lay_out_one(json, at, &depth, out);
    strbuf_add_char(out, '\n');
}
