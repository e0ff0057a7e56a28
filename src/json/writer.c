// SPDX-License-Identifier: MIT
#include "auth/json/writer.h"

#include "auth/base/encoding.h"

#define SHORT_BYTES 60u

/* RFC 8259 §7: "the characters that MUST be escaped: quotation mark, reverse solidus, and the control
 * characters". DEL, which may be, is as well: no log or terminal needs it raw. */
static void add_control(struct strbuf *out, unsigned char c)
{
    static const char hex_digits[] = "0123456789abcdef";
    switch (c) {
    case '"':
        strbuf_add(out, STR("\\\""));
        return;
    case '\\':
        strbuf_add(out, STR("\\\\"));
        return;
    case '\n':
        strbuf_add(out, STR("\\n"));
        return;
    case '\r':
        strbuf_add(out, STR("\\r"));
        return;
    case '\t':
        strbuf_add(out, STR("\\t"));
        return;
    default:
        break;
    }
    const char escape[] = {'\\', 'u', '0', '0', hex_digits[c >> 4], hex_digits[c & 15]};
    strbuf_add(out, (struct str){escape, sizeof(escape)});
}

/* Writes what is at the front and returns its length. Bytes that are no UTF-8 become U+FFFD, since RFC 8259
 * §8.1 says "JSON text exchanged between systems […] MUST be encoded using UTF-8". */
static size_t add_special(struct strbuf *out, struct str text)
{
    const unsigned char first = (unsigned char)text.ptr[0];
    if (first < 0x80) {
        add_control(out, first);
        return 1;
    }
    uint32_t code_point;
    const size_t count = utf8_next(text, &code_point);
    if (count == 0) {
        strbuf_add(out, STR("\xef\xbf\xbd"));
        return 1;
    }
    strbuf_add(out, (struct str){text.ptr, count});
    return count;
}

/* Short plain text, the bulk of what is written, goes out in one piece: before, quote, text, quote, after. */
static bool add_short(struct strbuf *out, struct str value, bool has_comma, bool has_colon)
{
    char piece[SHORT_BYTES + 4];
    if (value.len > SHORT_BYTES || printable_prefix(value, true) < value.len) return false;
    size_t len = 0;
    if (has_comma) piece[len++] = ',';
    piece[len++] = '"';
    if (value.len > 0) memcpy(piece + len, value.ptr, value.len);
    len += value.len;
    piece[len++] = '"';
    if (has_colon) piece[len++] = ':';
    strbuf_add(out, (struct str){piece, len});
    return true;
}

void json_escape(struct strbuf *out, struct str value)
{
    if (add_short(out, value, false, false)) return;
    strbuf_add_char(out, '"');
    while (value.len > 0) {
        const size_t plain = printable_prefix(value, true);
        if (plain > 0) strbuf_add(out, (struct str){value.ptr, plain});
        value = str_from_offset(value, plain);
        if (value.len > 0) value = str_from_offset(value, add_special(out, value));
    }
    strbuf_add_char(out, '"');
}

static void begin_value(struct json_writer *writer)
{
    if (writer->needs_comma) strbuf_add_char(writer->out, ',');
    writer->needs_comma = true;
}

static void begin(struct json_writer *writer, char bracket)
{
    begin_value(writer);
    strbuf_add_char(writer->out, bracket);
    writer->needs_comma = false;
}

static void end(struct json_writer *writer, char bracket)
{
    strbuf_add_char(writer->out, bracket);
    writer->needs_comma = true;
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_end_object(struct json_writer *writer)
{
    end(writer, '}');
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_end_array(struct json_writer *writer)
{
    end(writer, ']');
}

void json_key(struct json_writer *writer, const char *name)
{
    const struct str text = str_from(name);
    const bool has_comma = writer->needs_comma;
    writer->needs_comma = false;
    if (add_short(writer->out, text, has_comma, true)) return;
    if (has_comma) strbuf_add_char(writer->out, ',');
    json_escape(writer->out, text);
    strbuf_add_char(writer->out, ':');
}

void json_string(struct json_writer *writer, struct str value)
{
    begin_value(writer);
    json_escape(writer->out, value);
}

void json_int64(struct json_writer *writer, int64_t value)
{
    begin_value(writer);
    strbuf_add_int64(writer->out, value);
}

void json_bool(struct json_writer *writer, bool value)
{
    begin_value(writer);
    strbuf_add(writer->out, value ? STR("true") : STR("false"));
}

void json_null(struct json_writer *writer)
{
    begin_value(writer);
    strbuf_add(writer->out, STR("null"));
}

void json_raw(struct json_writer *writer, struct str json)
{
    begin_value(writer);
    strbuf_add(writer->out, json);
}
