/* sql_lexer.h — SQL cut into words, quoted things and marks, and into statements.
 * Shape:   pieces follow each other without gaps: joined they are the text. Unterminated quotes and comments
 *          reach to the end of the text; the engine will complain about them.
 * Source:  PostgreSQL manual §4.1 (lexical structure; block comments nest), psql's psqlscan.l (what ends a
 *          statement); SQLite, "The SQLite Command-Line Shell" and sqlite3_complete (triggers).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_STORE_SQL_LEXER_H
#define AUTH_STORE_SQL_LEXER_H

#include "auth/store/db.h"

enum sql_token_kind {
    SQL_END,
    SQL_BLANK, /* spaces and comments */
    SQL_WORD,  /* keyword or plain identifier */
    SQL_QUOTED_NAME,
    SQL_LITERAL, /* string, dollar-quoted string, number, parameter */
    SQL_MARK,    /* one character */
};

struct sql_token {
    enum sql_token_kind kind;
    struct str text;
};

struct sql_lexer {
    struct str rest;
    enum db_engine engine;
};

struct sql_token sql_next(struct sql_lexer *lexer);

struct sql_statement {
    struct str text; /* from the end of the last one to the semicolon, both ends included */
    size_t offset;   /* of the text in the section */
    size_t start;    /* of the first token that is not blank, in the section */
    bool is_empty;   /* nothing but blanks and a semicolon */
};

/* Cuts the next statement off; false at the end of the text. `*offset` begins at 0. */
bool sql_split(enum db_engine engine, struct str section, size_t *offset,
               struct sql_statement *ret_statement);

/* The first words of a statement, upper case does not matter: matches "CREATE UNIQUE INDEX" word by word; a
 * word in brackets may be missing ("CREATE [UNIQUE] INDEX"). On true the lexer stands behind the words. */
bool sql_begins_with(enum db_engine engine, struct str statement, const char *pattern,
                     struct sql_lexer *ret_after);

/* The next token that is not blank. */
struct sql_token sql_next_solid(struct sql_lexer *lexer);

#endif
