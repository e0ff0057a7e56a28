// SPDX-License-Identifier: MIT
#include <string.h>

#include "records_internal.h"

#define KEY_BYTES_MAX 16u

/* Where the reader is, between one byte and the next; strings are passed over as a whole. */
struct walk {
    int64_t depth;
    char key[KEY_BYTES_MAX]; /* the last text at the top of the document */
    size_t key_len;
};

static result cut_short(struct records *records, struct task *task)
{
    FAIL(&task->fault, BAD_REQUEST, "the file ends within a record, at byte %lld",
         (long long)records->offset);
}

/* After the opening quotation mark, to the closing one. */
static result pass_string(struct records *records, struct task *task, struct walk *walk, bool keeps)
{
    bool is_escaped = false;
    walk->key_len = 0;
    for (;;) {
        const int byte = records_byte(records);
        if (byte == RECORD_END) return cut_short(records, task);
        if (keeps) records_keep(records, byte);
        if (byte == '"' && !is_escaped) return RESULT_OK;
        is_escaped = byte == '\\' && !is_escaped;
        if (walk->key_len < KEY_BYTES_MAX) walk->key[walk->key_len++] = (char)byte;
    }
}

static bool is_users(const struct walk *walk)
{
    return str_equal((struct str){walk->key, walk->key_len}, STR("users"));
}

static bool begins_records(const struct walk *walk, int byte)
{
    return byte == '[' && (walk->depth == 0 || (walk->depth == 1 && is_users(walk)));
}

/* To the array whose elements are the records: the document itself, or its member "users". */
static result find_array(struct records *records, struct task *task)
{
    struct walk walk = {0};
    for (;;) {
        const int byte = records_byte(records);
        if (byte == RECORD_END) FAIL(&task->fault, BAD_REQUEST, "the file has no array of users");
        if (byte == '"') TRY(pass_string(records, task, &walk, false));
        if (begins_records(&walk, byte)) {
            records->depth = walk.depth + 1;
            return RESULT_OK;
        }
        if (byte == '{' || byte == '[') walk.depth++;
        if (byte == '}' || byte == ']') walk.depth--;
    }
}

/* From the element's first byte, which was read, to its last. */
static result gather(struct records *records, struct task *task, int first)
{
    struct walk walk = {.depth = 1};
    records_begin(records);
    records_keep(records, first);
    while (walk.depth > 0) {
        const int byte = records_byte(records);
        if (byte == RECORD_END) return cut_short(records, task);
        records_keep(records, byte);
        if (byte == '"') TRY(pass_string(records, task, &walk, true));
        if (byte == '{' || byte == '[') walk.depth++;
        if (byte == '}' || byte == ']') walk.depth--;
    }
    return RESULT_OK;
}

/* What is no object is one record all the same: it is refused by its number. */
static result gather_scalar(struct records *records, struct task *task, int first)
{
    struct walk walk = {0};
    records_begin(records);
    records_keep(records, first);
    if (first == '"') return pass_string(records, task, &walk, true);
    for (;;) {
        const int byte = records_peek(records);
        if (byte == RECORD_END) return cut_short(records, task);
        if (strchr(", \t\r\n]", byte)) return RESULT_OK;
        records_keep(records, records_byte(records));
    }
}

result records_next_element(struct records *records, struct task *task, struct record *ret_record)
{
    if (records->depth == 0) TRY(find_array(records, task));
    REQUIRE(!records->has_ended, NOT_FOUND);
    int byte;
    do byte = records_byte(records);
    while (byte != RECORD_END && strchr(", \t\r\n", byte));
    if (byte == RECORD_END) return cut_short(records, task);
    if (byte == ']') {
        records->has_ended = true;
        return RESULT(NOT_FOUND);
    }
    TRY(byte == '{' || byte == '[' ? gather(records, task, byte) : gather_scalar(records, task, byte));
    records_finish(records, ret_record);
    return RESULT_OK;
}
