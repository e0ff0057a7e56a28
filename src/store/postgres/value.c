// SPDX-License-Identifier: MIT
#include <endian.h>

#include "postgres_internal.h"

/* From pg_type.dat; fixed for ever, as clients rely on them. */
#define OID_BOOL    16u
#define OID_BYTEA   17u
#define OID_INT8    20u
#define OID_INT2    21u
#define OID_INT4    23u
#define OID_TEXT    25u
#define OID_BPCHAR  1042u
#define OID_VARCHAR 1043u
#define OID_UUID    2950u

#define FORMAT_BINARY 1

Oid pg_type_oid(enum db_type type)
{
    static const Oid oids[] = {
        [DB_NULL] = 0,        [DB_INT] = OID_INT8,    [DB_BOOL] = OID_BOOL,
        [DB_TEXT] = OID_TEXT, [DB_BYTES] = OID_BYTEA, [DB_UUID] = OID_UUID,
    };
    return oids[type];
}

static void parameter_fill(struct pg_parameters *parameters, unsigned index, const struct db_value *argument)
{
    unsigned char *number = parameters->numbers[index];
    parameters->formats[index] = FORMAT_BINARY;
    switch (argument->type) {
    case DB_NULL:
        parameters->values[index] = NULL;
        return;
    case DB_BOOL:
        number[0] = argument->number != 0;
        parameters->values[index] = (const char *)number;
        parameters->lengths[index] = 1;
        return;
    case DB_INT: {
        const uint64_t network = htobe64((uint64_t)argument->number);
        memcpy(number, &network, sizeof network);
        parameters->values[index] = (const char *)number;
        parameters->lengths[index] = sizeof network;
        return;
    }
    case DB_TEXT:
    case DB_BYTES:
    case DB_UUID:
        break;
    }
    parameters->values[index] = argument->data.ptr == NULL ? "" : argument->data.ptr;
    parameters->lengths[index] = (int)argument->data.len;
}

void pg_parameters_fill(struct pg_parameters *parameters, const struct statement *statement,
                        const struct db_value *arguments)
{
    for (unsigned i = 0; i < statement->parameter_count; i++) parameter_fill(parameters, i, &arguments[i]);
}

static bool is_readable_as(Oid oid, enum db_type type)
{
    switch (type) {
    case DB_INT:
        return oid == OID_INT8 || oid == OID_INT4 || oid == OID_INT2;
    case DB_TEXT:
        return oid == OID_TEXT || oid == OID_VARCHAR || oid == OID_BPCHAR;
    case DB_NULL:
    case DB_BOOL:
    case DB_BYTES:
    case DB_UUID:
        break;
    }
    return oid == pg_type_oid(type);
}

static result check_shape(struct task *task, const struct statement *statement, const PGresult *answer)
{
    const int rows = PQntuples(answer);
    if ((unsigned)PQnfields(answer) != statement->column_count) {
        FAIL(&task->fault, INTERNAL, "statement %s returns %d columns", statement->name, PQnfields(answer));
    }
    if ((unsigned)rows > DB_ROWS_MAX) {
        FAIL(&task->fault, INTERNAL, "statement %s returns %d rows", statement->name, rows);
    }
    for (unsigned i = 0; i < statement->column_count; i++) {
        const struct db_column *column = &statement->columns[i];
        if (is_readable_as(PQftype(answer, (int)i), column->type) &&
            PQfformat(answer, (int)i) == FORMAT_BINARY) {
            continue;
        }
        FAIL(&task->fault, INTERNAL, "statement %s: column %s is of the type with OID %u", statement->name,
             column->name, PQftype(answer, (int)i));
    }
    return RESULT_OK;
}

static int64_t number_read(const char *bytes, int length)
{
    uint64_t big;
    uint32_t middle;
    uint16_t small;
    if (length == (int)sizeof small) {
        memcpy(&small, bytes, sizeof small);
        return (int16_t)be16toh(small);
    }
    if (length == (int)sizeof middle) {
        memcpy(&middle, bytes, sizeof middle);
        return (int32_t)be32toh(middle);
    }
    memcpy(&big, bytes, sizeof big);
    return (int64_t)be64toh(big);
}

static struct db_value cell_read(struct arena *arena, enum db_type type, const char *bytes, int length)
{
    struct db_value value = {.type = type};
    if (type == DB_BOOL) {
        value.number = bytes[0] != 0;
    } else if (type == DB_INT) {
        value.number = number_read(bytes, length);
    } else {
        value.data = str_copy(arena, (struct str){bytes, (size_t)length});
    }
    return value;
}

result pg_rows_read(struct task *task, const struct statement *statement, const PGresult *answer,
                    struct db_rows *ret_rows)
{
    TRY(check_shape(task, statement, answer));
    const int rows = PQntuples(answer);
    const int columns = PQnfields(answer);
    struct db_value *cells = arena_alloc_array(task->arena, (size_t)rows * (size_t)columns, sizeof *cells);
    for (int i = 0; i < rows * columns; i++) {
        const int row = i / columns;
        const int column = i % columns;
        if (PQgetisnull(answer, row, column)) continue; /* zeroed: DB_NULL */
        cells[i] = cell_read(task->arena, statement->columns[column].type, PQgetvalue(answer, row, column),
                             PQgetlength(answer, row, column));
    }
    int64_t affected = 0;
    /* Empty for commands that do not count. */
    (void)str_to_int64(str_from(PQcmdTuples((PGresult *)(uintptr_t)answer)), &affected);
    *ret_rows = (struct db_rows){.statement = statement,
                                 .count = (size_t)rows,
                                 .affected = columns > 0 ? 0 : affected,
                                 .cells = cells};
    return RESULT_OK;
}
