// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "command_line_internal.h"

#define LIST_COLUMNS_MAX 12u
#define LIST_LINE_MAX    ((size_t)512 * 1024) /* an account may have many groups */
#define GAP              2u                   /* spaces between columns */
#define COLUMN_LEAST     8u

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

struct str_list list_words(struct arena *arena, struct str words, char separator)
{
    struct str *items = arena_alloc_array(arena, words.len / 2 + 1, sizeof *items);
    size_t count = 0;
    while (!is_empty(words)) {
        const struct str word = str_split(&words, separator);
        if (!is_empty(word)) items[count++] = word;
    }
    return (struct str_list){items, count};
}

static struct str joined(struct arena *arena, const struct str_list *list)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < list->count; i++)
        text = str_printf(arena, "%.*s%s%.*s", STR_ARGS(text), i > 0 ? " " : "", STR_ARGS(list->items[i]));
    return text;
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
    const bool is_list = row->type == FIELD_STRINGS;
    const struct str text = is_list ? joined(arena, member) : *(const struct str *)member;
    return is_empty(text) ? STR("-") : text;
}

/* What comes from outside does not speak to the terminal. */
static struct str harmless(struct arena *arena, struct str text)
{
    struct strbuf out;
    strbuf_init(&out, arena, text.len + 1, text.len + 1);
    while (!is_empty(text)) {
        uint32_t code_point = 0;
        const size_t length = utf8_next(text, &code_point);
        const bool is_control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
        const size_t taken = length > 0 ? length : 1;
        if (length == 0 || is_control)
            strbuf_add_char(&out, '?');
        else
            strbuf_add(&out, (struct str){text.ptr, taken});
        text = str_from_offset(text, taken);
    }
    return strbuf_str(&out);
}

/* As many code points as there is room for, the last one of them "…" where some are left out. */
static struct str cut_to(struct arena *arena, struct str text, size_t width)
{
    if (utf8_count(text) <= width) return text;
    size_t bytes = 0;
    for (size_t i = 0; i + 1 < width; i++) {
        uint32_t code_point;
        bytes += utf8_next(str_from_offset(text, bytes), &code_point);
    }
    return str_printf(arena, "%.*s…", (int)bytes, text.ptr);
}

/* Columns of the terminal; 0 where it is none, and nothing is cut. */
static size_t terminal_columns(void)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}

/* The widest column gives way first; none becomes narrower than its content may well need. */
static void fit(size_t *widths, size_t count, size_t columns)
{
    size_t total = (count - 1) * GAP;
    for (size_t i = 0; i < count; i++) total += widths[i];
    while (columns > 0 && total > columns) {
        size_t widest = 0;
        for (size_t i = 1; i < count; i++)
            if (widths[i] > widths[widest]) widest = i;
        if (widths[widest] <= COLUMN_LEAST) return;
        widths[widest]--;
        total--;
    }
}

static void print_row(struct arena *arena, const struct fields *fields, const size_t *widths,
                      const struct str *cells)
{
    for (size_t i = 0; i < fields->count; i++) {
        const struct str shown = cut_to(arena, cells[i], widths[i]);
        const bool is_last = i + 1 == fields->count;
        printf("%.*s", STR_ARGS(shown));
        if (!is_last) printf("%*s", (int)(widths[i] - utf8_count(shown) + GAP), "");
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
        cells[n] = harmless(arena, cell(arena, &fields->rows[column], item));
        const size_t width = utf8_count(cells[n]);
        if (width > widths[column]) widths[column] = width;
    }
    fit(widths, fields->count, terminal_columns());
    print_row(arena, fields, widths, headings);
    for (size_t n = 0; n < list->count; n++) print_row(arena, fields, widths, cells + n * fields->count);
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

void record_print(const struct fields *fields, const void *item, bool is_json)
{
    struct arena *arena SCOPED(arena_destroy_scoped) = arena_create(1024u * 1024u);
    if (is_json) {
        print_json(arena, fields, &(struct object_list){item, 1});
        return;
    }
    size_t width = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const size_t len = strlen(fields->rows[i].name);
        if (len > width) width = len;
    }
    for (size_t i = 0; i < fields->count; i++) {
        const struct str text = harmless(arena, cell(arena, &fields->rows[i], item));
        printf("%-*s  %.*s\n", (int)width, fields->rows[i].name, STR_ARGS(text));
    }
}
