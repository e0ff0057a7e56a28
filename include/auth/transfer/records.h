/* records.h — a file of accounts of any size, read one record at a time.
 * Shape:   a record is the text of one JSON object, however the file holds it: a line each, the elements of an array (the
 *          document's own, or its member "users"), the rows of a table as CSV with a heading or as pg_dump writes them.
 *          Rows of tables become objects of texts by their headings.
 * Units:   offsets in bytes from the beginning of the file, numbers of records from 1.
 * Errors:  BAD_REQUEST when the file is not of the form it should have or ends within a record, with its place; INTERNAL
 *          when it cannot be read. A record that is too long is passed over and told as such.
 * Owner:   the text of a record is good until the next one is read.
 * Memory:  one buffer and one record, whatever the file's size.
 * Waits:   no; it blocks on the file, so it is for commands.
 * Source:  RFC 4180 (CSV), PostgreSQL's COPY text format, NDJSON.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_RECORDS_H
#define AUTH_TRANSFER_RECORDS_H

#include "auth/base/strbuf.h"
#include "auth/base/task.h"
#include "auth/transfer/framing.h"

#define RECORD_BYTES_MAX   (256u * 1024u)
#define RECORD_COLUMNS_MAX 128u

struct record {
    struct str text;
    int64_t number;
    int64_t end_offset; /* where the next one may begin */
    bool is_too_long;   /* text is its beginning */
};

struct records;

/* Where reading goes on; all zero: at the beginning. */
struct records_place {
    int64_t offset;
    int64_t number; /* of the last record read */
    int64_t depth;  /* FRAMING_ARRAY: how deep the array's elements stand */
};

/* `fd` stays the caller's. From a place other than the beginning it must be able to seek. */
NODISCARD result records_open(struct task *task, int fd, enum framing framing, struct records_place place,
                              struct records **ret_records);
/* NOT_FOUND at the end. */
NODISCARD result records_next(struct records *records, struct task *task, struct record *ret_record);
struct records_place records_place(const struct records *records);

/* The framing by how the file begins, `of_object` where that is with an object and does not show which; reading goes on
 * from where it was. */
NODISCARD result framing_detect(struct task *task, int fd, enum framing of_object, enum framing *ret_framing);

#endif
