// SPDX-License-Identifier: MIT
#include "statement_facts_internal.h"

#define ACCESS_EXCLUSIVE       "ACCESS EXCLUSIVE"
#define SHARE_ROW_EXCLUSIVE    "SHARE ROW EXCLUSIVE"
#define SHARE_UPDATE_EXCLUSIVE "SHARE UPDATE EXCLUSIVE"
#define ROW_EXCLUSIVE          "ROW EXCLUSIVE"

/* The first row that fits is taken. */
static const struct {
    const char *words;
    struct statement_facts facts;
} statements[] = {
    {"CREATE [UNLOGGED] TABLE", {"SHARE ROW EXCLUSIVE on tables it refers to", "", NULL}},
    {"CREATE [UNIQUE] INDEX CONCURRENTLY",
     {SHARE_UPDATE_EXCLUSIVE, "reads the table twice and waits for older transactions", NULL}},
    {"CREATE [UNIQUE] INDEX", {"SHARE", "writers wait until the index is built", NULL}},
    {"DROP INDEX CONCURRENTLY", {SHARE_UPDATE_EXCLUSIVE, "queries that used it get slower", NULL}},
    {"DROP INDEX", {ACCESS_EXCLUSIVE, "queries that used it get slower", NULL}},
    {"REINDEX", {ACCESS_EXCLUSIVE, "writers wait, unless CONCURRENTLY", NULL}},
    {"DROP TABLE", {ACCESS_EXCLUSIVE, "binaries that use the table fail", "the table's rows"}},
    {"DROP SCHEMA", {ACCESS_EXCLUSIVE, "", "all that is in the schema"}},
    {"DROP SEQUENCE", {ACCESS_EXCLUSIVE, "", "where the sequence stood"}},
    {"DROP MATERIALIZED VIEW", {ACCESS_EXCLUSIVE, "", NULL}},
    {"DROP VIEW", {ACCESS_EXCLUSIVE, "binaries that use the view fail", NULL}},
    {"TRUNCATE", {ACCESS_EXCLUSIVE, "", "the table's rows"}},
    {"DELETE", {ROW_EXCLUSIVE, "", "the rows deleted"}},
    {"UPDATE", {ROW_EXCLUSIVE, "locks every row it changes until the end", NULL}},
    {"INSERT", {ROW_EXCLUSIVE, "", NULL}},
    {"CREATE [OR] [REPLACE] [CONSTRAINT] TRIGGER", {SHARE_ROW_EXCLUSIVE, "", NULL}},
    {"DROP TRIGGER", {ACCESS_EXCLUSIVE, "", NULL}},
    {"CREATE POLICY", {ACCESS_EXCLUSIVE, "", NULL}},
    {"ALTER POLICY", {ACCESS_EXCLUSIVE, "", NULL}},
    {"DROP POLICY", {ACCESS_EXCLUSIVE, "", NULL}},
    {"COMMENT", {SHARE_UPDATE_EXCLUSIVE, "", NULL}},
    {"REFRESH MATERIALIZED VIEW", {ACCESS_EXCLUSIVE, "readers wait, unless CONCURRENTLY", NULL}},
    {"CLUSTER", {ACCESS_EXCLUSIVE, "rewrites the table", NULL}},
    {"VACUUM", {SHARE_UPDATE_EXCLUSIVE, "", NULL}},
    {"SELECT", {"ACCESS SHARE", "", NULL}},
};

static bool is_word(struct sql_token token, const char *word)
{
    return token.kind == SQL_WORD && str_equal_nocase(token.text, str_from(word));
}

static bool is_one_of(struct sql_token token, const char *const *words)
{
    for (; *words; words++) {
        if (is_word(token, *words)) return true;
    }
    return false;
}

/* What ALTER TABLE does, by the words that stand in it. */
struct alteration {
    bool drops_column;
    bool validates;
    bool refers;
    bool is_not_valid;
    bool checks;
    bool sets_not_null;
    bool changes_type;
    bool renames;
};

static void note_pair(struct alteration *alteration, struct sql_token first, struct sql_token second)
{
    static const char *const no_columns[] = {"CONSTRAINT", "DEFAULT", "NOT", "EXPRESSION", "IDENTITY", NULL};
    if (is_word(first, "DROP") && second.kind != SQL_MARK && !is_one_of(second, no_columns))
        alteration->drops_column = true;
    if (is_word(first, "SET") && is_word(second, "NOT")) alteration->sets_not_null = true;
    if (is_word(first, "NOT") && is_word(second, "VALID")) alteration->is_not_valid = true;
    if (is_word(first, "VALIDATE")) alteration->validates = true;
    if (is_word(first, "REFERENCES")) alteration->refers = true;
    if (is_word(first, "CHECK")) alteration->checks = true;
    if (is_word(first, "TYPE")) alteration->changes_type = true;
    if (is_word(first, "RENAME")) alteration->renames = true;
}

static struct statement_facts look_at_alteration(struct sql_lexer lexer)
{
    struct alteration alteration = {0};
    struct sql_token first = sql_next_solid(&lexer);
    while (first.kind != SQL_END) {
        const struct sql_token second = sql_next_solid(&lexer);
        note_pair(&alteration, first, second);
        first = second;
    }
    struct statement_facts facts = {ACCESS_EXCLUSIVE, "", NULL};
    const bool is_scanned = (alteration.refers || alteration.checks) && !alteration.is_not_valid;
    if (alteration.refers) facts.lock = SHARE_ROW_EXCLUSIVE " on both tables";
    if (alteration.validates) facts.lock = SHARE_UPDATE_EXCLUSIVE;
    if (is_scanned) facts.hazard = "reads the whole table under the lock, unless NOT VALID";
    if (alteration.sets_not_null) facts.hazard = "reads the whole table, unless a valid CHECK proves it";
    if (alteration.changes_type) facts.hazard = "may rewrite the table";
    if (alteration.renames) facts.hazard = "binaries that use the old name fail";
    if (alteration.drops_column) {
        facts.hazard = "binaries that use the column fail";
        facts.loss = "the column's values";
    }
    return facts;
}

struct statement_facts statement_look(enum db_engine engine, struct str statement)
{
    struct statement_facts facts = {"", "", NULL};
    struct sql_lexer after;
    if (sql_begins_with(engine, statement, "ALTER TABLE", &after)) facts = look_at_alteration(after);
    for (size_t i = 0; i < ARRAY_COUNT(statements); i++) {
        if (!sql_begins_with(engine, statement, statements[i].words, &after)) continue;
        facts = statements[i].facts;
        break;
    }
    /* One writer at a time, readers go on; nothing is finer than that. */
    if (engine == DB_SQLITE) facts.lock = "RESERVED";
    if (engine == DB_SQLITE && !facts.loss) facts.hazard = "";
    return facts;
}

bool section_find_loss(enum db_engine engine, const struct migration_section *section,
                       struct sql_statement *ret_statement, const char **ret_loss)
{
    struct sql_statement statement;
    size_t offset = 0;
    while (sql_split(engine, section->sql, &offset, &statement)) {
        const struct statement_facts facts = statement_look(engine, statement.text);
        if (statement.is_empty || !facts.loss) continue;
        *ret_statement = statement;
        *ret_loss = facts.loss;
        return true;
    }
    return false;
}
