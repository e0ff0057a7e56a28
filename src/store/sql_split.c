// SPDX-License-Identifier: MIT
#include "auth/store/sql_lexer.h"

/* As psql, by the first words alone: what has HEADING_ROUTINE may hold BEGIN ATOMIC … END. */
enum heading { HEADING_NONE, HEADING_CREATE, HEADING_OR, HEADING_REPLACE, HEADING_ROUTINE, HEADING_OTHER };

/* What is known of the statement being read. */
struct scan {
    enum db_engine engine;
    enum heading heading; /* how much of CREATE [OR REPLACE] FUNCTION has been read */
    bool is_trigger;      /* SQLite's CREATE TRIGGER: ends with "; END ;" */
    unsigned parentheses; /* CREATE RULE has semicolons within them */
    unsigned blocks;
    struct sql_token previous; /* the last two tokens that are not blank */
    struct sql_token before_previous;
};

static bool is_word(struct sql_token token, const char *word)
{
    return token.kind == SQL_WORD && str_equal_nocase(token.text, str_from(word));
}

static bool is_mark(struct sql_token token, char mark)
{
    return token.kind == SQL_MARK && token.text.ptr[0] == mark;
}

static void read_heading(struct scan *scan, struct sql_token token)
{
    static const struct {
        enum heading from;
        const char *word;
        enum heading to;
    } steps[] = {
        {HEADING_NONE, "CREATE", HEADING_CREATE},        {HEADING_CREATE, "OR", HEADING_OR},
        {HEADING_OR, "REPLACE", HEADING_REPLACE},        {HEADING_CREATE, "FUNCTION", HEADING_ROUTINE},
        {HEADING_CREATE, "PROCEDURE", HEADING_ROUTINE},  {HEADING_REPLACE, "FUNCTION", HEADING_ROUTINE},
        {HEADING_REPLACE, "PROCEDURE", HEADING_ROUTINE},
    };
    if (token.kind != SQL_WORD || scan->heading >= HEADING_ROUTINE) return;
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        if (scan->heading != steps[i].from || !is_word(token, steps[i].word)) continue;
        scan->heading = steps[i].to;
        return;
    }
    scan->heading = HEADING_OTHER;
}

static void count_blocks(struct scan *scan, struct sql_token token)
{
    if (is_word(token, "BEGIN") || (scan->blocks > 0 && is_word(token, "CASE"))) scan->blocks++;
    if (scan->blocks > 0 && is_word(token, "END")) scan->blocks--;
}

static void count_parentheses(struct scan *scan, struct sql_token token)
{
    if (is_mark(token, '(')) scan->parentheses++;
    if (is_mark(token, ')') && scan->parentheses > 0) scan->parentheses--;
}

static bool is_ending(const struct scan *scan, struct sql_token token)
{
    if (!is_mark(token, ';')) return false;
    /* sqlite3_complete: "Triggers … must end with ;END;" */
    if (scan->is_trigger) return is_word(scan->previous, "END") && is_mark(scan->before_previous, ';');
    return scan->parentheses == 0 && scan->blocks == 0;
}

static void scan_begin(struct scan *scan, struct str text)
{
    struct sql_lexer after;
    scan->is_trigger = scan->engine == DB_SQLITE &&
                       (sql_begins_with(scan->engine, text, "CREATE [TEMP] TRIGGER", &after) ||
                        sql_begins_with(scan->engine, text, "CREATE [TEMPORARY] TRIGGER", &after));
}

bool sql_split(enum db_engine engine, struct str section, size_t *offset, struct sql_statement *ret_statement)
{
    const struct str text = str_from_offset(section, *offset);
    if (text.len == 0) return false;
    struct scan scan = {.engine = engine, .heading = engine == DB_POSTGRES ? HEADING_NONE : HEADING_OTHER};
    scan_begin(&scan, text);
    struct sql_lexer lexer = {text, engine};
    struct sql_statement statement = {.offset = *offset, .start = *offset, .is_empty = true};
    for (struct sql_token token = sql_next(&lexer); token.kind != SQL_END; token = sql_next(&lexer)) {
        if (token.kind == SQL_BLANK) continue;
        if (is_ending(&scan, token)) break;
        if (statement.is_empty) statement.start = (size_t)(token.text.ptr - section.ptr);
        statement.is_empty = false;
        count_parentheses(&scan, token);
        read_heading(&scan, token);
        if (scan.heading == HEADING_ROUTINE && scan.parentheses == 0) count_blocks(&scan, token);
        scan.before_previous = scan.previous;
        scan.previous = token;
    }
    statement.text = (struct str){text.ptr, text.len - lexer.rest.len};
    *offset += statement.text.len;
    *ret_statement = statement;
    return true;
}
