// SPDX-License-Identifier: MIT
#include "postgres_internal.h"

/* PostgreSQL manual, appendix A: codes, or their first two characters (the class). */
struct sqlstate {
    const char code[6];
    enum status status;
};

static const struct sqlstate sqlstates[] = {
    {"23505", STATUS_CONFLICT},             /* unique_violation */
    {"23503", STATUS_CONFLICT},             /* foreign_key_violation */
    {"57014", STATUS_DATABASE_UNAVAILABLE}, /* query_canceled: statement_timeout */
    {"55P03", STATUS_DATABASE_UNAVAILABLE}, /* lock_not_available: lock_timeout */
    {"25006", STATUS_DATABASE_UNAVAILABLE}, /* read_only_sql_transaction: a standby */
    {"25P03", STATUS_DATABASE_UNAVAILABLE}, /* idle_in_transaction_session_timeout */
    {"0A000", STATUS_DATABASE_UNAVAILABLE}, /* as is_stale_statement has it: the schema has just changed */
    {"26000", STATUS_DATABASE_UNAVAILABLE}, /* invalid_sql_statement_name: the same */
    {"08", STATUS_DATABASE_UNAVAILABLE},    /* connection exception */
    {"40", STATUS_DATABASE_UNAVAILABLE},    /* rolled back: deadlock, serialization */
    {"53", STATUS_DATABASE_UNAVAILABLE},    /* insufficient resources */
    {"57", STATUS_DATABASE_UNAVAILABLE},    /* operator intervention: shutdown, starting up */
    {"58", STATUS_DATABASE_UNAVAILABLE},    /* system error: input or output */
};

static bool is_code(const PGresult *error, const char *code)
{
    const char *found = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    return found != NULL && strncmp(found, code, strlen(code)) == 0;
}

static enum status status_of(const PGresult *error)
{
    if (is_code(error, "0A000") && !is_stale_statement(error)) return STATUS_INTERNAL;
    for (size_t i = 0; i < ARRAY_COUNT(sqlstates); i++) {
        if (is_code(error, sqlstates[i].code)) return sqlstates[i].status;
    }
    return STATUS_INTERNAL;
}

bool is_stale_statement(const PGresult *error)
{
    if (is_code(error, "26000")) return true; /* invalid_sql_statement_name */
    /* "cached plan must not change result type": messages may be translated, a function's name is not. */
    const char *function = PQresultErrorField(error, PG_DIAG_SOURCE_FUNCTION);
    return is_code(error, "0A000") && function != NULL && strcmp(function, "RevalidateCachedQuery") == 0;
}

bool is_read_only_server(const PGresult *error)
{
    return is_code(error, "25006");
}

/* Data exceptions and constraint violations may quote values in their message: they are told by code. */
static const char *message_of(const PGresult *error)
{
    if (is_code(error, "22") || is_code(error, "23"))
        return PQresultErrorField(error, PG_DIAG_CONSTRAINT_NAME);
    return PQresultErrorField(error, PG_DIAG_MESSAGE_PRIMARY);
}

result pg_failure(struct task *task, const char *name, const PGresult *error)
{
    const char *code = PQresultErrorField(error, PG_DIAG_SQLSTATE);
    if (code == NULL) {
        FAIL(&task->fault, DATABASE_UNAVAILABLE, "%s: the connection was lost before the answer", name);
    }
    const char *message = message_of(error);
    return fault_record(&task->fault, status_of(error), __FILE__, __LINE__, __func__, "%s: SQLSTATE %s%s%s",
                        name, code, message == NULL ? "" : ": ", message == NULL ? "" : message);
}
