// SPDX-License-Identifier: MIT
#include "auth/base/strbuf.h"

#include "auth/base/encoding.h"
#include "auth/base/log.h"

#define SMALLEST_CAPACITY 64u

static void reserve(struct strbuf *buffer, size_t capacity)
{
    char *bytes = arena_alloc(buffer->arena, capacity + 1);
    if (buffer->bytes) memcpy(bytes, buffer->bytes, buffer->len);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
}

/* False once anything has been dropped, so that the text has no holes. */
static bool make_room(struct strbuf *buffer, size_t count)
{
    if (buffer->overflowed) return false;
    if (buffer->bytes && count <= buffer->capacity - buffer->len) return true;
    if (count > buffer->max_bytes - buffer->len) {
        buffer->overflowed = true;
        return false;
    }
    size_t capacity = buffer->capacity * 2;
    if (capacity < SMALLEST_CAPACITY) capacity = SMALLEST_CAPACITY;
    if (capacity < buffer->len + count) capacity = buffer->len + count;
    if (capacity > buffer->max_bytes) capacity = buffer->max_bytes;
    reserve(buffer, capacity);
    return true;
}

void strbuf_init(struct strbuf *buffer, struct arena *arena, size_t first_bytes, size_t max_bytes)
{
    *buffer = (struct strbuf){.arena = arena, .max_bytes = max_bytes};
    if (first_bytes > max_bytes) first_bytes = max_bytes;
    if (first_bytes > 0) reserve(buffer, first_bytes);
}

void strbuf_add(struct strbuf *buffer, struct str s)
{
    if (!make_room(buffer, s.len)) return;
    if (s.len > 0) memcpy(buffer->bytes + buffer->len, s.ptr, s.len);
    buffer->len += s.len;
    buffer->bytes[buffer->len] = '\0';
}

void strbuf_add_char(struct strbuf *buffer, char c)
{
    if (!make_room(buffer, 1)) return;
    buffer->bytes[buffer->len++] = c;
    buffer->bytes[buffer->len] = '\0';
}

void strbuf_add_int64(struct strbuf *buffer, int64_t value)
{
    char digits[INT64_TEXT_SIZE];
    strbuf_add(buffer, (struct str){digits, int64_print(value, digits)});
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int count = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (count < 0) panic("a text cannot be formatted");
    if (make_room(buffer, (size_t)count)) {
        (void)vsnprintf(buffer->bytes + buffer->len, (size_t)count + 1, format, again);
        buffer->len += (size_t)count;
    }
    va_end(again);
}

result strbuf_finish(const struct strbuf *buffer, struct str *ret_text)
{
    REQUIRE(!buffer->overflowed, TOO_LARGE);
    *ret_text = strbuf_str(buffer);
    return RESULT_OK;
}

struct str strbuf_str(const struct strbuf *buffer)
{
    return (struct str){buffer->bytes ? buffer->bytes : "", buffer->len};
}
