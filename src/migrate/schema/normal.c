// SPDX-License-Identifier: MIT
#include "auth/base/strbuf.h"
#include "schema_internal.h"

#define SQL_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* Reserved in SQLite or PostgreSQL, and likely as names. */
static const char *const reserved[] = {
    "add",      "all",        "alter",  "and",    "as",     "between", "by",     "case",    "check",
    "collate",  "column",     "commit", "create", "cross",  "default", "delete", "desc",    "asc",
    "distinct", "drop",       "else",   "end",    "except", "exists",  "for",    "foreign", "from",
    "group",    "having",     "in",     "index",  "insert", "into",    "is",     "join",    "key",
    "left",     "like",       "limit",  "not",    "null",   "offset",  "on",     "or",      "order",
    "primary",  "references", "right",  "select", "set",    "table",   "then",   "to",      "transaction",
    "trigger",  "union",      "unique", "update", "user",   "using",   "values", "view",    "when",
    "where",    "with",
};

static bool is_reserved(struct str name)
{
    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++) {
        if (str_equal(name, str_from(reserved[i]))) return true;
    }
    return false;
}

static bool is_plain_name(struct str name)
{
    if (is_reserved(name)) return false;
    if (name.len == 0 || (name.ptr[0] >= '0' && name.ptr[0] <= '9')) return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    return true;
}

struct str schema_quote(struct arena *arena, struct str name)
{
    if (is_plain_name(name)) return str_copy(arena, name);
    struct strbuf out;
    strbuf_init(&out, arena, name.len + 8, 2 * name.len + 8);
    strbuf_add_char(&out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"') strbuf_add_char(&out, '"');
        strbuf_add_char(&out, name.ptr[i]);
    }
    strbuf_add_char(&out, '"');
    return strbuf_str(&out);
}

/* Between the quotes, doubled ones halved. */
static struct str unquote(struct arena *arena, struct str text)
{
    const char quote = text.ptr[0] == '[' ? ']' : text.ptr[0];
    struct strbuf out;
    strbuf_init(&out, arena, text.len + 1, text.len + 1);
    for (size_t i = 1; i + 1 < text.len; i++) {
        strbuf_add_char(&out, text.ptr[i]);
        if (text.ptr[i] == quote && quote != ']') i++;
    }
    return out.len > 0 ? strbuf_str(&out) : STR("");
}

struct str schema_name_of(struct arena *arena, struct sql_token token)
{
    if (token.kind == SQL_WORD) return str_lower_ascii(arena, token.text);
    if (token.kind != SQL_QUOTED_NAME) return str_copy(arena, token.text);
    return schema_quote(arena, unquote(arena, token.text));
}

static bool is_in(char c, const char *set)
{
    for (; *set; set++) {
        if (c == *set) return true;
    }
    return false;
}

static bool is_mark_in(struct sql_token token, const char *marks)
{
    return token.kind == SQL_MARK && is_in(token.text.ptr[0], marks);
}

/* Operators of several marks stay together only if they were written so. */
static bool is_spaced(struct sql_token before, struct sql_token token, bool was_apart)
{
    if (before.kind == SQL_END || is_mark_in(token, ",);.") || is_mark_in(before, "(.")) return false;
    if (before.kind == SQL_MARK && token.kind == SQL_MARK && !is_mark_in(before, "),") &&
        !is_mark_in(token, "(")) {
        return was_apart;
    }
    return true;
}

struct str schema_normalise(struct arena *arena, enum db_engine engine, struct str sql)
{
    struct strbuf out;
    struct sql_lexer lexer = {sql, engine};
    struct sql_token before = {.kind = SQL_END};
    bool was_apart = false;
    strbuf_init(&out, arena, sql.len + 16, SQL_BYTES_MAX);
    strbuf_add(&out, STR(""));
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        if (token.kind == SQL_BLANK) {
            was_apart = true;
            continue;
        }
        if (is_spaced(before, token, was_apart)) strbuf_add_char(&out, ' ');
        strbuf_add(&out, token.kind == SQL_LITERAL ? token.text : schema_name_of(arena, token));
        before = token;
        was_apart = false;
    }
    return out.len > 0 ? strbuf_str(&out) : STR("");
}

struct str schema_replace_name(struct arena *arena, enum db_engine engine, struct str sql, struct str from,
                               struct str to)
{
    struct strbuf out;
    struct sql_lexer lexer = {sql, engine};
    if (is_empty(sql)) return sql;
    strbuf_init(&out, arena, sql.len + to.len + 16, SQL_BYTES_MAX);
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        const bool is_name = token.kind == SQL_WORD || token.kind == SQL_QUOTED_NAME;
        strbuf_add(&out, is_name && str_equal(schema_name_of(arena, token), from) ? to : token.text);
    }
    return strbuf_str(&out);
}

bool is_naming(struct arena *arena, enum db_engine engine, struct str sql, struct str name)
{
    struct sql_lexer lexer = {sql, engine};
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        if (token.kind != SQL_WORD && token.kind != SQL_QUOTED_NAME) continue;
        if (str_equal(schema_name_of(arena, token), name)) return true;
    }
    return false;
}
