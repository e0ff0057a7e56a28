/* writer.h — JSON text, written in order, without building a tree.
 * Shape:   calls nest as the text does; commas and escapes are the writer's work.
 * Owner:   the caller's strbuf, whose maximum holds.
 * Source:  RFC 8259.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_JSON_WRITER_H
#define AUTH_JSON_WRITER_H

#include "auth/base/strbuf.h"

struct json_writer {
    struct strbuf *out;
    bool needs_comma;
};

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *name);
void json_string(struct json_writer *writer, struct str value);
void json_int64(struct json_writer *writer, int64_t value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
/* JSON text that is known to be valid. */
void json_raw(struct json_writer *writer, struct str json);

/* The string with quotes and escapes, to any buffer. */
void json_escape(struct strbuf *out, struct str value);

#endif
