// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "auth/base/encoding.h"
#include "settings_internal.h"

#define LIST_ITEMS_MAX 64u

static void *target_of(struct settings *settings, const struct setting_row *row)
{
    return (char *)settings + row->offset;
}

static void parse_integer(struct collected *collected, const struct setting_row *row, struct str text,
                          int64_t *ret_value)
{
    int64_t value;
    if (!str_to_int64(text, &value)) {
        problem_add(collected, row->name, "must be a whole number");
        return;
    }
    if (value < row->min || value > row->max) {
        problem_add(collected, row->name, "must be between %" PRId64 " and %" PRId64 "%s%s", row->min,
                    row->max, row->unit[0] ? " " : "", row->unit);
        return;
    }
    *ret_value = value;
}

static void parse_boolean(struct collected *collected, const struct setting_row *row, struct str text,
                          bool *ret_value)
{
    static const struct str words[] = {STR_INIT("off"), STR_INIT("on"),  STR_INIT("false"), STR_INIT("true"),
                                       STR_INIT("no"),  STR_INIT("yes"), STR_INIT("0"),     STR_INIT("1")};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (!str_equal_nocase(text, words[i])) continue;
        *ret_value = i % 2 == 1;
        return;
    }
    problem_add(collected, row->name, "must be on or off");
}

static void parse_choice(struct collected *collected, const struct setting_row *row, struct str text,
                         int *ret_value)
{
    struct str rest = str_from(row->choices);
    for (int i = 0; !is_empty(rest); i++) {
        if (!str_equal_nocase(text, str_split(&rest, '|'))) continue;
        *ret_value = i;
        return;
    }
    problem_add(collected, row->name, "must be one of %s", row->choices);
}

static void parse_key(struct collected *collected, const struct setting_row *row, struct str text,
                      struct settings *settings)
{
    struct str bytes;
    if (!base64_parse(collected->arena, text, &bytes) || bytes.len != sizeof(struct key256)) {
        problem_add(collected, row->name,
                    "must be 32 bytes in base64; make one with: head -c 32 /dev/urandom | base64");
        return;
    }
    memcpy(target_of(settings, row), bytes.ptr, bytes.len);
    settings->has_secret_key = true;
}

static void parse_list(struct collected *collected, const struct setting_row *row, struct str text,
                       struct setting_list *ret_list)
{
    struct str *items = arena_alloc_array(collected->arena, LIST_ITEMS_MAX, sizeof(*items));
    size_t count = 0;
    while (!is_empty(text)) {
        const struct str item = str_trim(str_split(&text, ','));
        const char *problem = is_empty(item) ? "must have no empty item" : form_problem(row->form, item);
        if (count == LIST_ITEMS_MAX) problem = "must have at most 64 items";
        if (problem) {
            problem_add(collected, row->name, "%s", problem);
            return;
        }
        items[count++] = str_copy(collected->arena, item);
    }
    *ret_list = (struct setting_list){items, count};
}

static void parse_formed(struct collected *collected, const struct setting_row *row, struct str text,
                         struct settings *settings)
{
    const char *problem = form_problem(row->form, text);
    if (problem) {
        problem_add(collected, row->name, "%s", problem);
        return;
    }
    if (row->type == TYPE_TEXT)
        *(struct str *)target_of(settings, row) = str_copy(collected->arena, text);
    else
        *(struct secret *)target_of(settings, row) = secret_copy(collected->arena, text.ptr, text.len);
}

/* Line ends and the like would break headers, logs and connection strings; no setting needs them. */
static bool is_plain_text(struct str text)
{
    uint32_t code_point = 0;
    while (text.len > 0) {
        const size_t count = utf8_next(text, &code_point);
        if (count == 0 || code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0)) return false;
        text = str_from_offset(text, count);
    }
    return true;
}

void value_parse(struct collected *collected, const struct setting_row *row, struct str text,
                 struct settings *settings)
{
    if (!is_plain_text(text)) {
        problem_add(collected, row->name, "must be UTF-8 without control characters or line ends");
        return;
    }
    if (is_empty(text)) return;
    void *target = target_of(settings, row);
    switch (row->type) {
    case TYPE_INTEGER:
        parse_integer(collected, row, text, target);
        return;
    case TYPE_BOOLEAN:
        parse_boolean(collected, row, text, target);
        return;
    case TYPE_CHOICE:
        parse_choice(collected, row, text, target);
        return;
    case TYPE_KEY:
        parse_key(collected, row, text, settings);
        return;
    case TYPE_LIST:
        parse_list(collected, row, text, target);
        return;
    case TYPE_TEXT:
    case TYPE_URI:
    case TYPE_SECRET:
        parse_formed(collected, row, text, settings);
        return;
    }
}
