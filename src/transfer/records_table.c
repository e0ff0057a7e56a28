// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/json/writer.h"
#include "records_internal.h"

#define COPY_HEAD    "COPY auth.users ("
#define ROW_OVERHEAD 64u /* name and punctuation of a member */

/* One value of a row: its text stands in the record's buffer. */
struct cell {
    size_t begin;
    size_t end;
    bool is_null;
};

/* --- COPY text format: tabs, \N for NULL, backslash escapes ---------------------------------------------------------- */

static int unescape(int byte)
{
    switch (byte) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        return byte;
    }
}

/* After a backslash. */
static void read_escaped(struct records *records, struct cell *cell)
{
    const int byte = records_byte(records);
    if (byte == 'N' && records->len == cell->begin)
        cell->is_null = true;
    else
        records_keep(records, unescape(byte));
}

/* Returns what ended the cell: a tab, the end of the line or of the file. */
static int read_copy_cell(struct records *records, struct cell *ret_cell)
{
    *ret_cell = (struct cell){.begin = records->len};
    for (;;) {
        const int byte = records_byte(records);
        if (byte == '\t' || byte == '\n' || byte == RECORD_END) {
            ret_cell->end = records->len;
            return byte;
        }
        if (byte == '\\')
            read_escaped(records, ret_cell);
        else
            records_keep(records, byte);
    }
}

/* --- CSV: RFC 4180; an empty cell without quotation marks is NULL, as PostgreSQL writes it ----------------------------- */

static void read_quoted(struct records *records)
{
    for (;;) {
        const int byte = records_byte(records);
        if (byte == RECORD_END) return;
        if (byte == '"' && records_peek(records) != '"') return;
        if (byte == '"') (void)records_byte(records);
        records_keep(records, byte);
    }
}

static int read_csv_cell(struct records *records, struct cell *ret_cell)
{
    bool is_quoted = false;
    *ret_cell = (struct cell){.begin = records->len};
    for (;;) {
        const int byte = records_byte(records);
        if (byte == '\r' && records_peek(records) == '\n') continue;
        if (byte == ',' || byte == '\n' || byte == RECORD_END) {
            ret_cell->end = records->len;
            ret_cell->is_null = !is_quoted && ret_cell->end == ret_cell->begin;
            return byte;
        }
        if (byte == '"') {
            is_quoted = true;
            read_quoted(records);
        } else {
            records_keep(records, byte);
        }
    }
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* False when there was nothing before the end of the file. */
static bool read_row(struct records *records, struct cell *cells, size_t *ret_count)
{
    if (records_peek(records) == RECORD_END) return false;
    records_begin(records);
    *ret_count = 0;
    int ended_by;
    do {
        struct cell unused;
        struct cell *cell = *ret_count < RECORD_COLUMNS_MAX ? &cells[*ret_count] : &unused;
        ended_by =
            records->framing == FRAMING_COPY ? read_copy_cell(records, cell) : read_csv_cell(records, cell);
        (*ret_count)++;
    } while (ended_by != '\n' && ended_by != RECORD_END);
    return true;
}

static struct str text_of(const struct records *records, const struct cell *cell)
{
    return (struct str){records->text + cell->begin, cell->end - cell->begin};
}

/* Documents and truth values are texts in a table; an object has them as they are. */
static void write_cell(struct json_writer *writer, struct str column, struct str text)
{
    const bool is_document = str_starts_with(column, STR("raw_"));
    const bool is_truth = str_starts_with(column, STR("is_"));
    if (is_document)
        json_raw(writer, text);
    else if (is_truth)
        json_bool(writer, str_starts_with(text, STR("t")));
    else
        json_string(writer, text);
}

static result write_row(struct records *records, struct task *task, const struct cell *cells, size_t count)
{
    struct json_writer writer = {.out = &records->line};
    if (count != records->column_count)
        FAIL(&task->fault, BAD_REQUEST, "row %lld has %zu columns, the heading %zu",
             (long long)records->number + 1, count, records->column_count);
    strbuf_init(&records->line, task->arena, 2 * records->len + ROW_OVERHEAD * (count + 1),
                2 * RECORD_BYTES_MAX);
    json_begin_object(&writer);
    for (size_t i = 0; i < count; i++) {
        if (cells[i].is_null) continue;
        json_key(&writer, records->columns[i].ptr);
        write_cell(&writer, records->columns[i], text_of(records, &cells[i]));
    }
    json_end_object(&writer);
    return RESULT_OK;
}

static bool is_end_of_copy(const struct records *records, const struct cell *cells, size_t count)
{
    return records->framing == FRAMING_COPY && count == 1 && str_equal(text_of(records, cells), STR("."));
}

result records_next_row(struct records *records, struct task *task, struct record *ret_record)
{
    struct cell *cells = arena_alloc_array(task->arena, RECORD_COLUMNS_MAX, sizeof *cells);
    size_t count;
    REQUIRE(!records->has_ended, NOT_FOUND);
    if (!read_row(records, cells, &count) || is_end_of_copy(records, cells, count)) {
        records->has_ended = true;
        return RESULT(NOT_FOUND);
    }
    TRY(write_row(records, task, cells, count));
    records_finish(records, ret_record);
    ret_record->text = strbuf_str(&records->line);
    if (records->line.overflowed) ret_record->is_too_long = true;
    return RESULT_OK;
}

/* --- headings ----------------------------------------------------------------------------------------------------- */

/* "id, email, …)": of the COPY line in the record's buffer. */
static void take_copy_columns(struct records *records, struct arena *arena)
{
    struct str rest = str_from_offset((struct str){records->text, records->len}, sizeof COPY_HEAD - 1);
    struct str list = str_split(&rest, ')');
    while (!is_empty(list) && records->column_count < RECORD_COLUMNS_MAX)
        records->columns[records->column_count++] = str_copy(arena, str_trim(str_split(&list, ',')));
}

static bool read_line(struct records *records)
{
    int byte;
    if (records_peek(records) == RECORD_END) return false;
    records_begin(records);
    while ((byte = records_byte(records)) != RECORD_END && byte != '\n') records_keep(records, byte);
    return true;
}

static result read_copy_columns(struct records *records, struct task *task)
{
    while (read_line(records)) {
        if (!str_starts_with((struct str){records->text, records->len}, STR(COPY_HEAD))) continue;
        take_copy_columns(records, task->arena);
        return RESULT_OK;
    }
    FAIL(&task->fault, BAD_REQUEST, "the dump has no rows of auth.users (looked for \"%s\")", COPY_HEAD);
}

static result read_csv_columns(struct records *records, struct task *task)
{
    struct cell cells[RECORD_COLUMNS_MAX];
    size_t count;
    if (!read_row(records, cells, &count) || count > RECORD_COLUMNS_MAX)
        FAIL(&task->fault, BAD_REQUEST, "the table has no heading, or one of more than %u columns",
             RECORD_COLUMNS_MAX);
    for (size_t i = 0; i < count; i++)
        records->columns[i] = str_copy(task->arena, str_trim(text_of(records, &cells[i])));
    records->column_count = count;
    return RESULT_OK;
}

result records_read_columns(struct records *records, struct task *task)
{
    records->columns = arena_alloc_array(task->arena, RECORD_COLUMNS_MAX, sizeof *records->columns);
    return records->framing == FRAMING_COPY ? read_copy_columns(records, task)
                                            : read_csv_columns(records, task);
}
