// SPDX-License-Identifier: MIT
#include "settings_internal.h"

#define SCRATCH_BYTES_MAX (1u << 20)

static const char *const source_words[] = {
    [SOURCE_DEFAULT] = "default",
    [SOURCE_FILE] = "settings.ini",
    [SOURCE_ENVIRONMENT] = "environment",
    [SOURCE_COMMAND_LINE] = "command line",
};

static void add_choice(struct strbuf *out, const struct setting_row *row, int index)
{
    struct str rest = str_from(row->choices);
    for (int i = 0; i < index; i++) (void)str_split(&rest, '|');
    strbuf_add(out, str_split(&rest, '|'));
}

static void add_list(struct strbuf *out, const struct setting_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0) strbuf_add(out, STR(","));
        strbuf_add(out, list->items[i]);
    }
}

static void add_mask(struct strbuf *out, bool is_set)
{
    if (is_set) strbuf_add(out, STR("***"));
}

static bool is_sql_uri(const struct setting_row *row)
{
    return row == &setting_rows[SETTING_SQL_URI];
}

/* Where other settings name the database, SQL_URI shows what they amount to. */
static struct str uri_text(const struct settings *settings, const struct setting_row *row,
                           struct arena *arena)
{
    const struct secret *given = setting_at(settings, row);
    const struct secret uri = is_sql_uri(row) ? settings_sql_uri(settings, arena) : *given;
    return settings_uri_masked(secret_expose(uri), arena);
}

static const char *source_text(const struct settings *settings, const struct setting_row *row)
{
    const enum setting_source source = settings->sources[row - setting_rows];
    if (source != SOURCE_DEFAULT || !is_sql_uri(row)) return source_words[source];
    if (!is_empty(settings->postgres_host)) return "POSTGRES_HOST";
    const bool has_folder = settings->sources[SETTING_AUTH_DATA_DIR] != SOURCE_DEFAULT;
    return has_folder ? "AUTH_DATA_DIR" : source_words[source];
}

static struct str value_text(const struct settings *settings, const struct setting_row *row,
                             struct arena *arena)
{
    struct strbuf out;
    strbuf_init(&out, arena, 64, SCRATCH_BYTES_MAX);
    const void *value = setting_at(settings, row);
    switch (row->type) {
    case TYPE_TEXT:
        return *(const struct str *)value;
    case TYPE_LIST:
        add_list(&out, value);
        break;
    case TYPE_URI:
        return uri_text(settings, row, arena);
    case TYPE_SECRET:
        add_mask(&out, ((const struct secret *)value)->len > 0);
        break;
    case TYPE_KEY:
        add_mask(&out, settings->has_secret_key);
        break;
    case TYPE_INTEGER:
        strbuf_add_int64(&out, *(const int64_t *)value);
        break;
    case TYPE_BOOLEAN:
        strbuf_add(&out, *(const bool *)value ? STR("on") : STR("off"));
        break;
    case TYPE_CHOICE:
        add_choice(&out, row, *(const int *)value);
        break;
    }
    return strbuf_str(&out);
}

static size_t longest_name(void)
{
    size_t longest = 0;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const size_t len = strlen(setting_rows[i].name);
        if (len > longest) longest = len;
    }
    return longest;
}

static void print_table(const struct settings *settings, struct strbuf *out)
{
    const int width = (int)longest_name();
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_row *row = &setting_rows[i];
        const struct str value = value_text(settings, row, out->arena);
        strbuf_printf(out, "%-*s  %-13s  %.*s\n", width, row->name, source_text(settings, row),
                      STR_ARGS(value));
    }
}

/* Values are UTF-8 without control characters: two characters remain that JSON wants escaped. */
static void add_json_text(struct strbuf *out, struct str text)
{
    strbuf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') strbuf_add_char(out, '\\');
        strbuf_add_char(out, text.ptr[i]);
    }
    strbuf_add_char(out, '"');
}

static void add_json_value(const struct settings *settings, const struct setting_row *row, struct strbuf *out)
{
    if (row->type == TYPE_INTEGER)
        strbuf_add_int64(out, *(const int64_t *)setting_at(settings, row));
    else if (row->type == TYPE_BOOLEAN)
        strbuf_add(out, *(const bool *)setting_at(settings, row) ? STR("true") : STR("false"));
    else
        add_json_text(out, value_text(settings, row, out->arena));
}

static void print_json(const struct settings *settings, struct strbuf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        strbuf_printf(out, "%s\n  \"%s\": {\"value\": ", i == 0 ? "{" : ",", setting_rows[i].name);
        add_json_value(settings, &setting_rows[i], out);
        strbuf_printf(out, ", \"source\": \"%s\"}", source_text(settings, &setting_rows[i]));
    }
    strbuf_add(out, STR("\n}\n"));
}

void settings_print(const struct settings *settings, enum settings_form form, struct strbuf *out)
{
    if (form == SETTINGS_JSON)
        print_json(settings, out);
    else
        print_table(settings, out);
}
