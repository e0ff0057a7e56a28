// SPDX-License-Identifier: MIT
#include "auth/base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"

#define LINE_BYTES    8192u
#define BATCH_BYTES   (32u * 1024u) /* more than one line */
#define TAIL_BYTES    32u           /* kept for what closes a line that was cut */
#define BODY_BYTES    (LINE_BYTES - TAIL_BYTES)
#define MESSAGE_BYTES 4096u

static _Atomic(enum log_level) lowest_level = LOG_LEVEL_INFO;
static _Atomic(enum log_format) line_format = LOG_FORMAT_TEXT;
static atomic_int output = STDERR_FILENO;

static const char *const text_levels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
static const char *const json_levels[] = {"debug", "info", "warn", "error"};

/* A line in the making. Its bytes are per thread rather than on the stack, because fibers have small stacks;
 * nothing between the first byte and the write waits, so no other fiber comes in between. */
struct line {
    size_t len;
    bool is_json;
    bool is_cut; /* something did not fit; all that follows is left out */
    char bytes[LINE_BYTES];
};

static _Thread_local struct line scratch_line;
static _Thread_local char scratch_message[MESSAGE_BYTES];

/* The time of the last line: under load many lines share a millisecond. */
static _Thread_local int64_t printed_ms = -1;
static _Thread_local char printed_time[RFC3339_SIZE];

/* Lines that wait for log_flush; NULL in threads that write each at once. */
static _Thread_local char *batch;
static _Thread_local size_t batch_len;

/* All or nothing. */
static void put(struct line *line, struct str s)
{
    if (line->len + s.len > BODY_BYTES) line->is_cut = true;
    if (line->is_cut) return;
    memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

/* What closes a value or a line, out of the reserve when need be. */
static void put_closing(struct line *line, struct str s)
{
    memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

/* Where `count` more bytes go, or NULL when they do not fit. */
static char *room_for(struct line *line, size_t count)
{
    return line->is_cut || line->len + count > BODY_BYTES ? NULL : line->bytes + line->len;
}

/* As much as fits; for bytes that mean the same wherever they are cut. */
static void put_some(struct line *line, struct str s)
{
    const size_t room = line->len < BODY_BYTES ? BODY_BYTES - line->len : 0;
    const bool fits = s.len <= room;
    put(line, (struct str){s.ptr, fits ? s.len : room});
    if (!fits) line->is_cut = true;
}

/* Controls of C0 and C1 (a terminal obeys both), line and paragraph separators, and the marks that turn the
 * direction of writing: none may reach the one who reads the log. */
static bool is_unsafe(uint32_t code_point)
{
    if (code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f)) return true;
    if (code_point == 0x2028 || code_point == 0x2029) return true;
    return (code_point >= 0x202a && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
}

static char short_escape(uint32_t code_point)
{
    if (code_point == '"' || code_point == '\\') return (char)code_point;
    if (code_point == '\n') return 'n';
    if (code_point == '\r') return 'r';
    return code_point == '\t' ? 't' : '\0';
}

static void put_escape(struct line *line, uint32_t code_point)
{
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\', short_escape(code_point)};
    size_t len = 2;
    if (escape[1] == '\0') {
        escape[1] = 'u';
        for (unsigned shift = 16; shift > 0; shift -= 4)
            escape[len++] = digits[code_point >> (shift - 4) & 15];
    }
    put(line, (struct str){escape, len});
}

/* Writes the code point `text` begins with, which is not plain; returns how many bytes it took. */
static size_t put_special(struct line *line, struct str text)
{
    uint32_t code_point;
    const size_t count = utf8_next(text, &code_point);
    if (count == 0) {
        put(line, STR("\xef\xbf\xbd")); /* U+FFFD */
        return 1;
    }
    if (count == 1 || is_unsafe(code_point))
        put_escape(line, code_point);
    else
        put(line, (struct str){text.ptr, count});
    return count;
}

/* The one way from a value to the line. */
static void put_escaped(struct line *line, struct str text, bool is_quoted)
{
    while (text.len > 0 && !line->is_cut) {
        size_t count = printable_prefix(text, is_quoted);
        if (count > 0)
            put_some(line, (struct str){text.ptr, count});
        else
            count = put_special(line, text);
        text = str_from_offset(text, count);
    }
}

/* Nearly every value is plain and fits: those go in at once. */
static bool put_plain_quoted(struct line *line, struct str text)
{
    char *at = room_for(line, text.len + 2);
    if (!at || printable_prefix(text, true) < text.len) return false;
    *at++ = '"';
    memcpy(at, text.ptr, text.len);
    at[text.len] = '"';
    line->len += text.len + 2;
    return true;
}

static void put_quoted(struct line *line, struct str text)
{
    if (put_plain_quoted(line, text)) return;
    put(line, STR("\""));
    if (line->is_cut) return;
    put_escaped(line, text, true);
    put_closing(line, STR("\""));
}

static void put_number(struct line *line, int64_t number)
{
    char digits[INT64_TEXT_SIZE];
    put(line, (struct str){digits, int64_print(number, digits)});
}

/* Microseconds as milliseconds: "5.031". */
static void put_duration(struct line *line, int64_t us)
{
    char digits[INT64_TEXT_SIZE + 4u];
    size_t len = int64_print(us / 1000, digits);
    digits[len++] = '.';
    for (int64_t unit = 100; unit > 0; unit /= 10) digits[len++] = (char)('0' + us / unit % 10);
    put(line, (struct str){digits, len});
}

static bool is_bare_word(struct str text)
{
    if (printable_prefix(text, true) < text.len) return false;
    return !memchr(text.ptr, ' ', text.len) && !memchr(text.ptr, '=', text.len);
}

static void put_field_name(struct line *line, const char *name)
{
    const size_t len = strlen(name);
    char *at = room_for(line, len + 4); /* ,"name": */
    line->is_cut = at == NULL;
    if (!at) return;
    *at++ = line->is_json ? ',' : ' ';
    if (line->is_json) *at++ = '"';
    memcpy(at, name, len);
    at += len;
    if (line->is_json) *at++ = '"';
    *at++ = line->is_json ? ':' : '=';
    line->len = (size_t)(at - line->bytes);
}

/* A field whose name and first byte of value do not fit is left out whole. */
static void put_field(struct line *line, const struct log_field *field)
{
    const bool is_text = !field->is_number && !field->is_duration;
    if (line->is_cut || (is_text && is_empty(field->text))) return;
    const size_t start = line->len;
    put_field_name(line, field->name);
    const size_t value_start = line->len;
    if (field->is_duration)
        put_duration(line, field->number);
    else if (field->is_number)
        put_number(line, field->number);
    else if (!line->is_json && is_bare_word(field->text))
        put_some(line, field->text);
    else
        put_quoted(line, field->text);
    if (line->len == value_start) line->len = start;
}

static void begin_line(struct line *line, enum log_level level, const char *message)
{
    const struct str now = {printed_time, RFC3339_SIZE - 1};
    const int64_t now_ms = clock_wall_ms();
    if (now_ms != printed_ms) time_print(now_ms, printed_time);
    printed_ms = now_ms;
    line->len = 0;
    line->is_cut = false;
    line->is_json = atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_FORMAT_JSON;
    if (line->is_json) {
        put(line, STR("{\"time\":\""));
        put(line, now);
        put(line, STR("\",\"level\":\""));
        put(line, str_from(json_levels[level]));
        put(line, STR("\",\"message\":"));
        put_quoted(line, str_from(message));
        return;
    }
    put(line, now);
    put(line, STR(" "));
    put(line, str_from(text_levels[level]));
    put(line, STR(" "));
    put_escaped(line, str_from(message), false);
}

static void end_line(struct line *line)
{
    if (line->is_cut) put_closing(line, line->is_json ? STR(",\"cut\":true") : STR(" cut=true"));
    put_closing(line, line->is_json ? STR("}\n") : STR("\n"));
}

/* A line that cannot be written is lost: there is nowhere to tell it, and the service goes on. */
static void write_bytes(const char *bytes, size_t len)
{
    ssize_t written;
    do {
        written = write(atomic_load_explicit(&output, memory_order_relaxed), bytes, len);
    } while (written < 0 && errno == EINTR);
}

void log_flush(void)
{
    if (batch_len == 0) return;
    write_bytes(batch, batch_len);
    batch_len = 0;
}

/* Whole lines only, so that those of several threads do not mix. */
static void write_line(const struct line *line, enum log_level level)
{
    if (!batch) {
        write_bytes(line->bytes, line->len);
        return;
    }
    if (batch_len + line->len > BATCH_BYTES) log_flush();
    memcpy(batch + batch_len, line->bytes, line->len);
    batch_len += line->len;
    if (level >= LOG_LEVEL_WARN) log_flush();
}

void log_begin_batches(void)
{
    if (!batch) batch = malloc(BATCH_BYTES);
}

void log_end_batches(void)
{
    log_flush();
    free(batch);
    batch = NULL;
}

static void write_event(enum log_level level, const char *message, const struct log_field *fields,
                        size_t count)
{
    const int saved_errno = errno;
    struct line *line = &scratch_line;
    begin_line(line, level, message);
    for (size_t i = 0; i < count; i++) put_field(line, &fields[i]);
    end_line(line);
    write_line(line, level);
    errno = saved_errno;
}

void log_init(enum log_level level, enum log_format format)
{
    atomic_store(&lowest_level, level);
    atomic_store(&line_format, format);
}

void log_to(int file_descriptor)
{
    atomic_store(&output, file_descriptor);
}

bool log_is_on(enum log_level level)
{
    return level < LOG_LEVEL_OFF && level >= atomic_load_explicit(&lowest_level, memory_order_relaxed);
}

void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t count)
{
    if (log_is_on(level)) write_event(level, message, fields, count);
}

void log_printf(enum log_level level, const char *format, ...)
{
    if (!log_is_on(level)) return;
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(scratch_message, sizeof(scratch_message), format, arguments);
    va_end(arguments);
    write_event(level, len < 0 ? format : scratch_message, NULL, 0);
}

/* Written whatever the level: it is the last that is heard of the process. */
void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(scratch_message, sizeof(scratch_message), format, arguments);
    va_end(arguments);
    write_event(LOG_LEVEL_ERROR, len < 0 ? format : scratch_message, NULL, 0);
    abort();
}
