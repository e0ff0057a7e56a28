// SPDX-License-Identifier: MIT
#include "settings_internal.h"

#define NAME_CHARS_MAX 63u
#define CHANGES_MAX    3u

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to change, add or remove to get from one name to the other (Levenshtein's distance). */
static size_t distance(struct str a, struct str b)
{
    if (a.len > NAME_CHARS_MAX || b.len > NAME_CHARS_MAX) return SIZE_MAX;
    size_t costs[NAME_CHARS_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) costs[j] = j;
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = i;
        costs[0] = i + 1;
        for (size_t j = 0; j < b.len; j++) {
            const size_t change = diagonal + (a.ptr[i] != b.ptr[j]);
            diagonal = costs[j + 1];
            costs[j + 1] = least(change, least(diagonal, costs[j]) + 1);
        }
    }
    return costs[b.len];
}

static const char *suggestion(struct arena *arena, const char *nearest, size_t changes)
{
    if (!nearest || changes > CHANGES_MAX) return "";
    return str_printf(arena, "; did you mean %s?", nearest).ptr;
}

const char *near_name(struct arena *arena, struct str name)
{
    const char *nearest = NULL;
    size_t changes = SIZE_MAX;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const size_t count = distance(name, str_from(setting_rows[i].name));
        if (count >= changes) continue;
        changes = count;
        nearest = setting_rows[i].name;
    }
    return suggestion(arena, nearest, changes);
}

const char *near_key(struct arena *arena, struct str section, struct str key)
{
    const char *nearest = NULL;
    size_t changes = SIZE_MAX;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (!str_equal(section, str_from(setting_rows[i].section))) continue;
        const size_t count = distance(key, str_from(setting_rows[i].key));
        if (count >= changes) continue;
        changes = count;
        nearest = setting_rows[i].key;
    }
    return suggestion(arena, nearest, changes);
}
