// SPDX-License-Identifier: MIT
#include "auth/store/sql_lexer.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || is_digit(c) || c == '$';
}

static char at(struct str text, size_t index)
{
    return index < text.len ? text.ptr[index] : '\0';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static size_t line_comment_len(struct str text, enum db_engine engine)
{
    size_t len = 2;
    while (len < text.len && text.ptr[len] != '\n' && (engine == DB_SQLITE || text.ptr[len] != '\r')) len++;
    return len < text.len ? len + 1 : len;
}

/* PostgreSQL: "Block comments … nest, as specified in the SQL standard"; in SQLite they do not. */
static size_t block_comment_len(struct str text, bool is_nesting)
{
    size_t depth = 1;
    size_t len = 2;
    while (len < text.len && depth > 0) {
        if (text.ptr[len] == '*' && at(text, len + 1) == '/') {
            depth--;
            len += 2;
            continue;
        }
        const bool is_opening = text.ptr[len] == '/' && at(text, len + 1) == '*';
        if (is_opening && is_nesting) depth++;
        len += is_opening && is_nesting ? 2 : 1;
    }
    return len;
}

static size_t blank_len(const struct sql_lexer *lexer)
{
    const struct str text = lexer->rest;
    if (at(text, 0) == '-' && at(text, 1) == '-') return line_comment_len(text, lexer->engine);
    if (at(text, 0) == '/' && at(text, 1) == '*') {
        return block_comment_len(text, lexer->engine == DB_POSTGRES);
    }
    size_t len = 0;
    while (len < text.len && is_space(text.ptr[len])) len++;
    return len;
}

/* A doubled quote stands for itself; a backslash escapes in PostgreSQL's E'' strings alone. */
static size_t quoted_len(struct str text, char quote, bool has_backslashes)
{
    size_t len = 1;
    while (len < text.len) {
        if (has_backslashes && text.ptr[len] == '\\') {
            len += 2;
            continue;
        }
        if (text.ptr[len] != quote) {
            len++;
            continue;
        }
        if (at(text, len + 1) != quote) return len + 1;
        len += 2;
    }
    return text.len;
}

/* The length of "$tag$" at the beginning of the text, or 0. */
static size_t dollar_tag_len(struct str text)
{
    size_t len = 1;
    if (is_digit(at(text, len))) return 0;
    while (len < text.len && is_word(text.ptr[len]) && text.ptr[len] != '$') len++;
    return at(text, len) == '$' ? len + 1 : 0;
}

static size_t dollar_quoted_len(struct str text, size_t tag_len)
{
    const struct str tag = {text.ptr, tag_len};
    for (size_t i = tag_len; i + tag_len <= text.len; i++) {
        if (text.ptr[i] == '$' && str_starts_with(str_from_offset(text, i), tag)) return i + tag_len;
    }
    return text.len;
}

static struct sql_token cut(struct sql_lexer *lexer, enum sql_token_kind kind, size_t len)
{
    const struct sql_token token = {kind, {lexer->rest.ptr, len < lexer->rest.len ? len : lexer->rest.len}};
    lexer->rest = str_from_offset(lexer->rest, token.text.len);
    return token;
}

static struct sql_token cut_name(struct sql_lexer *lexer)
{
    const char first = lexer->rest.ptr[0];
    if (first == '[') {
        size_t len = 1;
        while (len < lexer->rest.len && lexer->rest.ptr[len - 1] != ']') len++;
        return cut(lexer, SQL_QUOTED_NAME, len);
    }
    return cut(lexer, SQL_QUOTED_NAME, quoted_len(lexer->rest, first, false));
}

/* Of a number or of $1. What begins with a dollar behind it is the beginning of something else. */
static size_t number_len(struct str text)
{
    size_t len = 1;
    while (len < text.len && is_word(text.ptr[len]) && text.ptr[len] != '$') len++;
    return len;
}

static struct sql_token cut_dollar(struct sql_lexer *lexer)
{
    const size_t tag_len = lexer->engine == DB_POSTGRES ? dollar_tag_len(lexer->rest) : 0;
    if (tag_len > 0) return cut(lexer, SQL_LITERAL, dollar_quoted_len(lexer->rest, tag_len));
    return cut(lexer, SQL_LITERAL, number_len(lexer->rest));
}

/* "Two string constants that are only separated by whitespace with at least one newline are concatenated": the second
 * one goes on as the first began. The length of what separates, or 0. */
static size_t continuation_len(struct str text)
{
    size_t len = 0;
    bool has_line_end = false;
    while (len < text.len) {
        const struct str rest = str_from_offset(text, len);
        const bool is_comment = rest.ptr[0] == '-' && at(rest, 1) == '-';
        if (!is_comment && !is_space(rest.ptr[0])) break;
        has_line_end = has_line_end || is_comment || is_line_end(rest.ptr[0]);
        len += is_comment ? line_comment_len(rest, DB_POSTGRES) : 1;
    }
    return has_line_end && at(text, len) == '\'' ? len : 0;
}

static size_t escaped_len(struct str text)
{
    size_t len = 0;
    for (;;) {
        len += quoted_len(str_from_offset(text, len), '\'', true);
        if (len >= text.len) return text.len;
        const size_t blank = continuation_len(str_from_offset(text, len));
        if (blank == 0) return len;
        len += blank;
    }
}

static struct sql_token cut_word(struct sql_lexer *lexer)
{
    const bool is_escape = at(lexer->rest, 0) == 'E' || at(lexer->rest, 0) == 'e';
    if (is_escape && at(lexer->rest, 1) == '\'' && lexer->engine == DB_POSTGRES) {
        return cut(lexer, SQL_LITERAL, 1 + escaped_len(str_from_offset(lexer->rest, 1)));
    }
    size_t len = 1;
    while (len < lexer->rest.len && is_word(lexer->rest.ptr[len])) len++;
    return cut(lexer, SQL_WORD, len);
}

struct sql_token sql_next(struct sql_lexer *lexer)
{
    if (lexer->rest.len == 0) return (struct sql_token){SQL_END, {lexer->rest.ptr, 0}};
    const size_t blank = blank_len(lexer);
    if (blank > 0) return cut(lexer, SQL_BLANK, blank);
    const char first = lexer->rest.ptr[0];
    if (first == '\'') return cut(lexer, SQL_LITERAL, quoted_len(lexer->rest, '\'', false));
    if (first == '"') return cut_name(lexer);
    if (lexer->engine == DB_SQLITE && (first == '`' || first == '[')) return cut_name(lexer);
    if (first == '$') return cut_dollar(lexer);
    if (is_word_start(first)) return cut_word(lexer);
    if (!is_digit(first)) return cut(lexer, SQL_MARK, 1);
    return cut(lexer, SQL_LITERAL, number_len(lexer->rest));
}

struct sql_token sql_next_solid(struct sql_lexer *lexer)
{
    struct sql_token token = sql_next(lexer);
    while (token.kind == SQL_BLANK) token = sql_next(lexer);
    return token;
}

bool sql_begins_with(enum db_engine engine, struct str statement, const char *pattern,
                     struct sql_lexer *ret_after)
{
    struct sql_lexer lexer = {statement, engine};
    struct sql_token token = sql_next_solid(&lexer);
    struct str words = str_from(pattern);
    while (words.len > 0) {
        struct str word = str_split(&words, ' ');
        const bool is_optional = word.ptr[0] == '[';
        if (is_optional) word = (struct str){word.ptr + 1, word.len - 2};
        const bool is_same = token.kind == SQL_WORD && str_equal_nocase(token.text, word);
        if (!is_same && !is_optional) return false;
        if (!is_same) continue;
        *ret_after = lexer;
        token = sql_next_solid(&lexer);
    }
    return true;
}
