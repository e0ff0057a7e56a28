// SPDX-License-Identifier: MIT
#include "auth/base/str.h"

#include "auth/base/log.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_from(const char *text)
{
    if (!text) return STR("");
    return (struct str){text, strlen(text)};
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
    }
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal((struct str){s.ptr, prefix.len}, prefix);
}

bool is_empty(struct str s)
{
    return s.len == 0;
}

bool has_nul(struct str s)
{
    return s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL;
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) s = str_from_offset(s, 1);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

struct str str_from_offset(struct str s, size_t offset)
{
    if (s.len == 0) return s;
    if (offset > s.len) offset = s.len;
    return (struct str){s.ptr + offset, s.len - offset};
}

struct str str_split(struct str *rest, char separator)
{
    const struct str whole = *rest;
    const char *found = whole.len > 0 ? memchr(whole.ptr, separator, whole.len) : NULL;
    if (!found) {
        *rest = str_from_offset(whole, whole.len);
        return whole;
    }
    const size_t len = (size_t)(found - whole.ptr);
    *rest = str_from_offset(whole, len + 1);
    return (struct str){whole.ptr, len};
}

bool str_to_int64(struct str s, int64_t *ret_value)
{
    const bool is_negative = s.len > 0 && s.ptr[0] == '-';
    if (is_negative) s = str_from_offset(s, 1);
    if (s.len == 0) return false;
    /* Counts downward, because INT64_MIN has no positive counterpart. */
    int64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        const int digit = s.ptr[i] - '0';
        if (digit < 0 || digit > 9) return false;
        if (value < (INT64_MIN + digit) / 10) return false;
        value = value * 10 - digit;
    }
    if (!is_negative && value == INT64_MIN) return false;
    *ret_value = is_negative ? value : -value;
    return true;
}

struct str str_copy(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);
    if (s.len > 0) memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return (struct str){copy, s.len};
}

struct str str_lower_ascii(struct arena *arena, struct str s)
{
    char *copy = arena_alloc(arena, s.len + 1);
    for (size_t i = 0; i < s.len; i++) copy[i] = lower(s.ptr[i]);
    copy[s.len] = '\0';
    return (struct str){copy, s.len};
}

struct str str_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0) panic("a text cannot be formatted");
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (struct str){text, (size_t)len};
}
