// SPDX-License-Identifier: MIT
#include "password_reader_internal.h"

#include <sodium.h>

#define NUMBER_CHARS     10u
#define BASE64_CHARS_MAX 256u

bool take_text(struct str *rest, struct str expected)
{
    if (!str_starts_with(*rest, expected)) return false;
    *rest = str_from_offset(*rest, expected.len);
    return true;
}

bool take_number(struct str *rest, uint32_t *ret_value)
{
    uint64_t value = 0;
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9') {
        if (len == NUMBER_CHARS) return false;
        value = value * 10u + (uint64_t)(rest->ptr[len] - '0');
        len++;
    }
    if (len == 0 || rest->ptr[0] == '0' || value > UINT32_MAX) return false;
    *ret_value = (uint32_t)value;
    *rest = str_from_offset(*rest, len);
    return true;
}

bool take_parameter(struct str *rest, const char *name, uint32_t *ret_value)
{
    struct str after = *rest;
    if (!take_text(&after, str_from(name)) || !take_number(&after, ret_value)) return false;
    *rest = after;
    return true;
}

bool take_part(struct str *rest, struct str *ret_part)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] != '$') continue;
        *ret_part = (struct str){rest->ptr, i};
        *rest = str_from_offset(*rest, i + 1);
        return true;
    }
    return false;
}

static bool is_ascii(struct str text)
{
    unsigned seen = 0;
    for (size_t i = 0; i < text.len; i++) seen |= (unsigned char)text.ptr[i];
    return seen < 0x80;
}

/* libsodium refuses padding, other ASCII characters and unused bits that are set; some bytes beyond ASCII it takes for
 * characters of the alphabet (1.0.18). */
bool decode64_strict(struct str text, unsigned char *ret_bytes, size_t bytes_max, size_t *ret_len)
{
    if (!is_ascii(text)) return false;
    return sodium_base642bin(ret_bytes, bytes_max, text.ptr, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
}

static char plain_char(char c)
{
    if (c == '.' || c == '-') return '+';
    return c == '_' ? '/' : c;
}

bool decode64(struct str text, unsigned char *ret_bytes, size_t bytes_max, size_t *ret_len)
{
    char plain[BASE64_CHARS_MAX];
    size_t padding = 0;
    while (padding < 2 && text.len > 0 && text.ptr[text.len - 1] == '=') {
        padding++;
        text.len--;
    }
    if (text.len > sizeof plain || (padding > 0 && (text.len + padding) % 4 != 0)) return false;
    for (size_t i = 0; i < text.len; i++) plain[i] = plain_char(text.ptr[i]);
    const bool is_decoded = decode64_strict((struct str){plain, text.len}, ret_bytes, bytes_max, ret_len);
    sodium_memzero(plain, sizeof plain);
    return is_decoded;
}
