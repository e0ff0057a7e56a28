// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "records_internal.h"

static bool fill(struct records *records)
{
    ssize_t got;
    do got = read(records->fd, records->buffer, RECORD_BUFFER_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0) records->has_failed = true;
    records->begin = 0;
    records->end = got > 0 ? (size_t)got : 0;
    return got > 0;
}

int records_peek(struct records *records)
{
    if (records->begin == records->end && !fill(records)) return RECORD_END;
    return (unsigned char)records->buffer[records->begin];
}

int records_byte(struct records *records)
{
    const int byte = records_peek(records);
    if (byte == RECORD_END) return byte;
    records->begin++;
    records->offset++;
    return byte;
}

void records_keep(struct records *records, int byte)
{
    if (records->len < RECORD_BYTES_MAX)
        records->text[records->len++] = (char)byte;
    else
        records->is_too_long = true;
}

void records_begin(struct records *records)
{
    records->len = 0;
    records->is_too_long = false;
}

void records_finish(struct records *records, struct record *ret_record)
{
    records->number++;
    *ret_record = (struct record){.text = {records->text, records->len},
                                  .number = records->number,
                                  .end_offset = records->offset,
                                  .is_too_long = records->is_too_long};
}

/* --- a line each -------------------------------------------------------------------------------------------------- */

static bool is_blank(struct records *records)
{
    while (records->len > 0 && strchr(" \t\r", records->text[records->len - 1])) records->len--;
    return records->len == 0;
}

static result next_line(struct records *records, struct record *ret_record)
{
    int byte;
    do {
        records_begin(records);
        while ((byte = records_byte(records)) != RECORD_END && byte != '\n') records_keep(records, byte);
    } while (byte != RECORD_END && is_blank(records));
    REQUIRE(!is_blank(records), NOT_FOUND);
    records_finish(records, ret_record);
    return RESULT_OK;
}

/* --- all forms ---------------------------------------------------------------------------------------------------- */

static result go_to(struct records *records, struct task *task, int64_t offset)
{
    if (lseek(records->fd, offset, SEEK_SET) < 0)
        FAIL(&task->fault, BAD_REQUEST, "the input cannot be read from byte %lld on: %s", (long long)offset,
             strerror(errno));
    records->begin = records->end = 0;
    records->offset = offset;
    return RESULT_OK;
}

static bool is_table(enum framing framing)
{
    return framing == FRAMING_CSV || framing == FRAMING_COPY;
}

result records_open(struct task *task, int fd, enum framing framing, struct records_place place,
                    struct records **ret_records)
{
    struct records *records = arena_alloc(task->arena, sizeof *records);
    *records = (struct records){.fd = fd, .framing = framing, .number = place.number, .depth = place.depth};
    records->buffer = arena_alloc(task->arena, RECORD_BUFFER_BYTES);
    records->text = arena_alloc(task->arena, RECORD_BYTES_MAX);
    if (is_table(framing)) TRY(records_read_columns(records, task));
    if (place.offset > 0) TRY(go_to(records, task, place.offset));
    *ret_records = records;
    return RESULT_OK;
}

static result next(struct records *records, struct task *task, struct record *ret_record)
{
    if (records->framing == FRAMING_LINES) return next_line(records, ret_record);
    if (records->framing == FRAMING_ARRAY) return records_next_element(records, task, ret_record);
    return records_next_row(records, task, ret_record);
}

result records_next(struct records *records, struct task *task, struct record *ret_record)
{
    const result read = next(records, task, ret_record);
    if (records->has_failed) FAIL(&task->fault, INTERNAL, "the input cannot be read: %s", strerror(errno));
    return read;
}

struct records_place records_place(const struct records *records)
{
    return (struct records_place){records->offset, records->number, records->depth};
}

/* By the first line that is not empty. */
static enum framing framing_of(struct str head, enum framing of_object)
{
    while (head.len > 0 && strchr(" \t\r\n", head.ptr[0])) head = str_from_offset(head, 1);
    if (str_starts_with(head, STR("["))) return FRAMING_ARRAY;
    if (str_starts_with(head, STR("--")) || str_starts_with(head, STR("COPY "))) return FRAMING_COPY;
    if (!str_starts_with(head, STR("{"))) return FRAMING_CSV;
    /* A document over many lines begins with a line of its own. */
    const char *end = memchr(head.ptr, '\n', head.len);
    const bool is_spread = end && str_trim((struct str){head.ptr + 1, (size_t)(end - head.ptr - 1)}).len == 0;
    return is_spread ? FRAMING_ARRAY : of_object;
}

result framing_detect(struct task *task, int fd, enum framing of_object, enum framing *ret_framing)
{
    char head[2048];
    const ssize_t got = pread(fd, head, sizeof head, 0);
    if (got < 0) FAIL(&task->fault, BAD_REQUEST, "the form of the input cannot be told: %s", strerror(errno));
    *ret_framing = framing_of((struct str){head, (size_t)got}, of_object);
    return RESULT_OK;
}
