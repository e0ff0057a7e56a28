// SPDX-License-Identifier: MIT
#include <inttypes.h>

#include "settings_internal.h"

/* '|' would end a cell. */
static void add_words(struct strbuf *out, const char *words, const char *instead)
{
    for (; *words; words++) {
        if (*words == '|')
            strbuf_add(out, str_from(instead));
        else
            strbuf_add_char(out, *words);
    }
}

static void add_values(struct strbuf *out, const struct setting_row *row)
{
    static const char *const words[] = {
        [TYPE_TEXT] = "text",  [TYPE_LIST] = "list", [TYPE_URI] = "URI, secret", [TYPE_SECRET] = "secret",
        [TYPE_KEY] = "secret", [TYPE_INTEGER] = "",  [TYPE_BOOLEAN] = "",        [TYPE_CHOICE] = "",
    };
    if (row->choices) {
        add_words(out, row->choices, ", ");
        return;
    }
    if (row->type != TYPE_INTEGER) {
        strbuf_add(out, str_from(words[row->type]));
        return;
    }
    strbuf_printf(out, "%" PRId64 " to %" PRId64 "%s%s", row->min, row->max, row->unit[0] ? " " : "",
                  row->unit);
}

static void add_row(struct strbuf *out, const struct setting_row *row)
{
    strbuf_printf(out, "| `%s` | `%s` | ", row->name, row->key);
    add_values(out, row);
    if (row->initial[0])
        strbuf_printf(out, " | `%s` | ", row->initial);
    else
        strbuf_add(out, STR(" | – | "));
    add_words(out, row->help, "\\|");
    strbuf_add(out, STR(" |\n"));
}

void settings_reference(struct strbuf *out)
{
    for (size_t g = 0; g < setting_group_count; g++) {
        const struct setting_group *group = &setting_groups[g];
        strbuf_printf(out, "%s### %s\n\n", g == 0 ? "" : "\n", group->title);
        strbuf_printf(out, "| Name | Key in `[%s]` | Values | Default | Meaning |\n|---|---|---|---|---|\n",
                      group->section);
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            if (strcmp(setting_rows[i].section, group->section) == 0) add_row(out, &setting_rows[i]);
        }
    }
}
