/* records_internal.h — what the framings share: a buffered file and the record being gathered. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_RECORDS_INTERNAL_H
#define AUTH_TRANSFER_RECORDS_INTERNAL_H

#include "auth/transfer/records.h"

#define RECORD_BUFFER_BYTES 65536u
#define RECORD_END          (-1)

struct records {
    int fd;
    enum framing framing;
    char *buffer;
    size_t begin;
    size_t end;
    int64_t offset; /* of buffer[begin] in the file */
    int64_t number;
    int64_t depth;   /* of the elements of the array; 0: it has not begun */
    bool has_failed; /* the file could not be read */
    bool has_ended;  /* what holds the records has ended before the file */
    char *text;      /* RECORD_BYTES_MAX */
    size_t len;
    bool is_too_long;
    struct str *columns; /* headings of a table, RECORD_COLUMNS_MAX */
    size_t column_count;
    struct strbuf line; /* a row as the object it becomes */
};

/* The next byte, or RECORD_END. */
int records_byte(struct records *records);
/* The byte after it, left where it is. */
int records_peek(struct records *records);
void records_keep(struct records *records, int byte);
void records_begin(struct records *records);
/* The record gathered, numbered. */
void records_finish(struct records *records, struct record *ret_record);

NODISCARD result records_next_element(struct records *records, struct task *task, struct record *ret_record);
NODISCARD result records_next_row(struct records *records, struct task *task, struct record *ret_record);
/* The headings of a table, at the beginning of the file. */
NODISCARD result records_read_columns(struct records *records, struct task *task);

#endif
