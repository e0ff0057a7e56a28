// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"

#include <string.h>
#include <time.h>

#include "auth/base/clock.h"
#include "message_internal.h"

#define LINE_MAX_CHARS 76u
#define WORD_BYTES \
    39u /* 52 characters of base64, with "=?utf-8?B?" and "?=" 64: fits a line behind "Subject: " */

bool is_header_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f) return false;
    }
    return is_empty(text) || is_utf8(text);
}

/* "=?" would be taken for an encoded word. */
static bool needs_words(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80) return true;
    return text.len >= 2 && memmem(text.ptr, text.len, "=?", 2) != NULL;
}

/* RFC 2047 §5: an encoded word holds whole characters. */
static void words_print(struct arena *arena, struct str text, struct strbuf *out)
{
    for (bool is_first = true; !is_empty(text); is_first = false) {
        size_t len = text.len < WORD_BYTES ? text.len : WORD_BYTES;
        while (len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) len--;
        if (!is_first) strbuf_add(out, STR("\r\n "));
        strbuf_add(out, STR("=?utf-8?B?"));
        strbuf_add(out, base64_print(arena, text.ptr, len));
        strbuf_add(out, STR("?="));
        text = str_from_offset(text, len);
    }
}

/* RFC 5322 §2.2.3: before a space; what has none stays long, and below the hard limit by the length of a subject. */
static void fold(struct str text, size_t column, struct strbuf *out)
{
    while (!is_empty(text)) {
        const struct str before = text;
        const struct str word = str_split(&text, ' ');
        if (column + word.len + 1 > LINE_MAX_CHARS && column > 1) {
            strbuf_add(out, STR("\r\n "));
            column = 1;
        }
        strbuf_add(out, word);
        column += word.len;
        if (word.len == before.len) break;
        strbuf_add_char(out, ' ');
        column++;
    }
}

void header_text_print(struct arena *arena, struct str text, size_t column, struct strbuf *out)
{
    if (needs_words(text))
        words_print(arena, text, out);
    else
        fold(text, column, out);
}

void header_phrase_print(struct arena *arena, struct str name, struct strbuf *out)
{
    if (needs_words(name)) {
        words_print(arena, name, out);
        return;
    }
    strbuf_add_char(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\') strbuf_add_char(out, '\\');
        strbuf_add_char(out, name.ptr[i]);
    }
    strbuf_add_char(out, '"');
}

static void escape(unsigned char c, struct strbuf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    const char text[3] = {'=', digits[c >> 4], digits[c & 15]};
    strbuf_add(out, (struct str){text, sizeof text});
}

/* A dot or "From " at the beginning of a line means something to mail servers on the way. */
static bool must_escape(struct str line, size_t i, size_t column)
{
    const unsigned char c = (unsigned char)line.ptr[i];
    const bool is_last = i + 1 == line.len;
    if (c == '=' || c < 0x20 || c > 0x7e) return !(c == '\t' && !is_last);
    return (c == ' ' && is_last) || (column == 0 && (c == '.' || c == 'F'));
}

static void quoted_line_print(struct str line, struct strbuf *out)
{
    size_t column = 0;
    for (size_t i = 0; i < line.len; i++) {
        bool is_escaped = must_escape(line, i, column);
        if (column + (is_escaped ? 3 : 1) > LINE_MAX_CHARS - 1) {
            strbuf_add(out, STR("=\r\n"));
            column = 0;
            is_escaped = must_escape(line, i, column);
        }
        if (is_escaped)
            escape((unsigned char)line.ptr[i], out);
        else
            strbuf_add_char(out, line.ptr[i]);
        column += is_escaped ? 3 : 1;
    }
    strbuf_add(out, STR("\r\n"));
}

void quoted_printable_print(struct str text, struct strbuf *out)
{
    while (!is_empty(text)) quoted_line_print(str_split(&text, '\n'), out);
}

void mail_date_print(int64_t at_ms, struct strbuf *out)
{
    static const char *const DAYS[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t seconds = (time_t)(at_ms / MS_PER_SECOND);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts)) return;
    strbuf_printf(out, "%s, %d %s %d %02d:%02d:%02d +0000", DAYS[parts.tm_wday], parts.tm_mday,
                  MONTHS[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}
