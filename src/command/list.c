// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "auth/base/clock.h"
#include "command_line_internal.h"

#define LIST_COLUMNS_MAX 12u
#define LIST_LINE_MAX    8192u

static const void *member_of(const struct field *row, const void *item)
{
    return (const char *)item + row->offset;
}

static struct str time_text(struct arena *arena, int64_t at_ms)
{
    if (at_ms == 0) return STR("-");
    char *text = arena_alloc(arena, RFC3339_SIZE);
    time_print(at_ms, text);
    return str_from(text);
}

/* The kinds of members that lists of commands have. */
static struct str cell(struct arena *arena, const struct field *row, const void *item)
{
    const void *member = member_of(row, item);
    if (row->type == FIELD_BOOLEAN) return *(const bool *)member ? STR("yes") : STR("no");
    if (row->type == FIELD_INTEGER) return str_printf(arena, "%lld", (long long)*(const int64_t *)member);
    if (row->type == FIELD_TIME) return time_text(arena, *(const int64_t *)member);
    if (row->type == FIELD_ID && is_nil(*(const struct id *)member)) return STR("-");
    if (row->type == FIELD_ID) {
        char *text = arena_alloc(arena, ID_TEXT_SIZE);
        id_print(*(const struct id *)member, text);
        return str_from(text);
    }
    const struct str text = *(const struct str *)member;
    return is_empty(text) ? STR("-") : text;
}

static void print_row(const struct fields *fields, const size_t *widths, const struct str *cells)
{
    for (size_t i = 0; i < fields->count; i++) {
        const bool is_last = i + 1 == fields->count;
        printf("%.*s", STR_ARGS(cells[i]));
        if (!is_last) printf("%*s", (int)(widths[i] - cells[i].len + 2), "");
    }
    printf("\n");
}

static void print_table(struct arena *arena, const struct fields *fields, const struct object_list *list)
{
    size_t widths[LIST_COLUMNS_MAX] = {0};
    struct str headings[LIST_COLUMNS_MAX];
    struct str *cells = arena_alloc_array(arena, list->count * fields->count + 1, sizeof *cells);
    for (size_t i = 0; i < fields->count; i++) {
        headings[i] = str_from(fields->rows[i].name);
        widths[i] = headings[i].len;
    }
    for (size_t n = 0; n < list->count * fields->count; n++) {
        const void *item = (const char *)list->items + n / fields->count * fields->size;
        const size_t column = n % fields->count;
        cells[n] = cell(arena, &fields->rows[column], item);
        if (cells[n].len > widths[column]) widths[column] = cells[n].len;
    }
    print_row(fields, widths, headings);
    for (size_t n = 0; n < list->count; n++) print_row(fields, widths, cells + n * fields->count);
}

static void print_json(struct arena *arena, const struct fields *fields, const struct object_list *list)
{
    for (size_t n = 0; n < list->count; n++) {
        struct strbuf line;
        strbuf_init(&line, arena, 256, LIST_LINE_MAX);
        fields_write_json(fields, (const char *)list->items + n * fields->size, &line);
        printf("%.*s\n", STR_ARGS(strbuf_str(&line)));
    }
}

void list_print(const struct fields *fields, const struct object_list *list, bool is_json)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(64u * 1024u * 1024u);
    if (is_json)
        print_json(arena, fields, list);
    else
        print_table(arena, fields, list);
}
