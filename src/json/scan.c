// SPDX-License-Identifier: MIT
#include "scan_internal.h"

#include "fields_internal.h"

/* The offset behind the string that begins at `start`, or the end of the text. */
static size_t skip_string(struct str json, size_t start)
{
    size_t i = start + 1;
    while (i < json.len && json.ptr[i] != '"') i += json.ptr[i] == '\\' ? 2u : 1u;
    return i < json.len ? i + 1 : json.len;
}

static enum scan_verdict enter(struct scan *scan, bool is_array)
{
    if (scan->depth == JSON_DEPTH_MAX) return SCAN_TOO_DEEP;
    scan->levels[scan->depth] = (struct scan_level){.is_array = is_array, .expects_key = !is_array};
    scan->depth++;
    return SCAN_FINE;
}

static enum scan_verdict next_member(struct scan_level *level)
{
    level->index++;
    level->expects_key = !level->is_array;
    return level->index < JSON_KEYS_MAX ? SCAN_FINE : SCAN_TOO_MANY;
}

static enum scan_verdict step(struct scan *scan, char c)
{
    struct scan_level *level = scan->depth > 0 ? &scan->levels[scan->depth - 1] : NULL;
    if (c == '{' || c == '[') return enter(scan, c == '[');
    if (!level) return SCAN_FINE;
    if (c == '}' || c == ']') scan->depth--;
    if (c == ':') level->expects_key = false;
    return c == ',' ? next_member(level) : SCAN_FINE;
}

static void note_key(struct scan *scan, struct str text)
{
    if (scan->depth == 0) return;
    struct scan_level *level = &scan->levels[scan->depth - 1];
    if (level->expects_key) level->key = text;
}

enum scan_verdict json_scan(struct str json, size_t end, struct scan *ret_scan)
{
    *ret_scan = (struct scan){.depth = 0};
    if (end < json.len) json.len = end;
    size_t i = 0;
    while (i < json.len) {
        ret_scan->position = i;
        if (json.ptr[i] == '"') {
            const size_t after = skip_string(json, i);
            note_key(ret_scan, (struct str){json.ptr + i, after - i});
            i = after;
            continue;
        }
        const enum scan_verdict verdict = step(ret_scan, json.ptr[i]);
        if (verdict != SCAN_FINE) return verdict;
        i++;
    }
    ret_scan->position = json.len;
    return SCAN_FINE;
}

const char *scan_pointer(const struct scan *scan, struct arena *arena)
{
    struct path paths[JSON_DEPTH_MAX];
    const struct path *path = NULL;
    for (size_t i = 0; i < scan->depth; i++) {
        const struct scan_level *level = &scan->levels[i];
        if (!level->is_array && is_empty(level->key)) break;
        const struct str key = level->is_array ? STR_NONE : key_decode(arena, level->key);
        paths[i] =
            (struct path){.parent = path, .key = key, .index = level->index, .is_item = level->is_array};
        path = &paths[i];
    }
    return path_print(path, arena);
}
