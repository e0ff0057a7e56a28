// SPDX-License-Identifier: MIT
#include "auth/base/encoding.h"

#include <sodium.h>
#include <stdalign.h>

#include "auth/base/log.h"

#define NOT_A_DIGIT 0xffu

/* One cache line, so that encoding a token leaves no trace of it in the cache. What is decoded came from
 * outside: its spelling is no secret to the one who sent it. */
static const alignas(64) char base64url_alphabet[64] = {
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
    'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
    'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '-', '_',
};

/* One more than the value, so that what is not listed gives NOT_A_DIGIT below. A table, because a token is a
 * row of unpredictable branches to comparisons: measured at twice the time. */
static const unsigned char base64url_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64};

static unsigned base64url_value(char c)
{
    return (unsigned char)(base64url_values[(unsigned char)c] - 1u);
}

void base64url_encode(const void *bytes, size_t count, char *ret_text)
{
    const unsigned char *in = bytes;
    size_t i = 0;
    for (; i + 3 <= count; i += 3) {
        const unsigned group = (unsigned)in[i] << 16 | (unsigned)in[i + 1] << 8 | in[i + 2];
        *ret_text++ = base64url_alphabet[group >> 18];
        *ret_text++ = base64url_alphabet[group >> 12 & 63];
        *ret_text++ = base64url_alphabet[group >> 6 & 63];
        *ret_text++ = base64url_alphabet[group & 63];
    }
    if (i < count) {
        const bool has_two = i + 2 == count;
        const unsigned group = (unsigned)in[i] << 16 | (has_two ? (unsigned)in[i + 1] << 8 : 0);
        *ret_text++ = base64url_alphabet[group >> 18];
        *ret_text++ = base64url_alphabet[group >> 12 & 63];
        if (has_two) *ret_text++ = base64url_alphabet[group >> 6 & 63];
    }
    *ret_text = '\0';
}

struct str base64url_print(struct arena *arena, const void *bytes, size_t count)
{
    const size_t len = BASE64URL_LEN(count);
    char *text = arena_alloc(arena, len + 1);
    base64url_encode(bytes, count, text);
    return (struct str){text, len};
}

/* The alphabet alone, a length that some count of bytes has, and, RFC 4648 §3.5: "Implementations MAY chose
 * to reject the encoding if the pad bits have not been set to zero", which is done, so that one value has one
 * spelling. */
static bool is_base64url(struct str text)
{
    static const unsigned char unused_bits[4] = {0x00, 0x3f, 0x0f, 0x03};
    if (text.len == 0) return true;
    if (text.len % 4 == 1) return false;
    unsigned seen = 0;
    for (size_t i = 0; i < text.len; i++) seen |= base64url_value(text.ptr[i]);
    if (seen > 63) return false;
    return (base64url_value(text.ptr[text.len - 1]) & unused_bits[text.len % 4]) == 0;
}

/* `text` has passed is_base64url(). */
static void base64url_unpack(struct str text, unsigned char *ret_bytes)
{
    unsigned pending = 0;
    unsigned pending_bits = 0;
    for (size_t i = 0; i < text.len; i++) {
        pending = pending << 6 | base64url_value(text.ptr[i]);
        pending_bits += 6;
        if (pending_bits < 8) continue;
        pending_bits -= 8;
        *ret_bytes++ = (unsigned char)(pending >> pending_bits);
    }
}

bool base64url_decode(struct str text, void *ret_bytes, size_t count)
{
    if (text.len != BASE64URL_LEN(count) || !is_base64url(text)) return false;
    base64url_unpack(text, ret_bytes);
    return true;
}

bool base64url_parse(struct arena *arena, struct str text, struct str *ret_bytes)
{
    if (!is_base64url(text)) return false;
    const size_t count = text.len / 4 * 3 + text.len % 4 * 3 / 4;
    char *bytes = arena_alloc(arena, count + 1);
    base64url_unpack(text, (unsigned char *)bytes);
    *ret_bytes = (struct str){bytes, count};
    return true;
}

/* With neither characters to ignore nor a place to report the end, libsodium takes the whole text or fails,
 * also when padding is missing or unused bits are set. */
bool base64_parse(struct arena *arena, struct str text, struct str *ret_bytes)
{
    const size_t room = text.len / 4 * 3;
    unsigned char *bytes = arena_alloc(arena, room + 1);
    size_t count = 0;
    if (text.len > 0 && sodium_base642bin(bytes, room, text.ptr, text.len, NULL, &count, NULL,
                                          sodium_base64_VARIANT_ORIGINAL) != 0) {
        return false;
    }
    bytes[count] = '\0';
    *ret_bytes = (struct str){(const char *)bytes, count};
    return true;
}

struct str base64_print(struct arena *arena, const void *bytes, size_t count)
{
    const size_t size = sodium_base64_ENCODED_LEN(count, sodium_base64_VARIANT_ORIGINAL);
    char *text = arena_alloc(arena, size);
    if (count > 0) sodium_bin2base64(text, size, bytes, count, sodium_base64_VARIANT_ORIGINAL);
    return (struct str){text, size - 1};
}

struct str base32_print(struct arena *arena, const void *bytes, size_t count)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const unsigned char *from = bytes;
    const size_t len = (count * 8u + 4u) / 5u;
    char *text = arena_alloc(arena, len + 1);
    unsigned buffer = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < len; i++) {
        if (bits < 5) {
            buffer = (buffer << 8) | (count > 0 ? *from++ : 0u);
            if (count > 0) count--;
            bits += 8;
        }
        bits -= 5;
        text[i] = alphabet[(buffer >> bits) & 31u];
        buffer &= (1u << bits) - 1u;
    }
    text[len] = '\0';
    return (struct str){text, len};
}

void hex_encode(const void *bytes, size_t count, char *ret_text)
{
    sodium_bin2hex(ret_text, 2 * count + 1, bytes, count);
}

size_t int64_print(int64_t value, char ret_text[INT64_TEXT_SIZE])
{
    char digits[INT64_TEXT_SIZE];
    size_t start = sizeof(digits) - 1;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    digits[start] = '\0';
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) digits[--start] = '-';
    memcpy(ret_text, digits + start, sizeof(digits) - start);
    return sizeof(digits) - 1 - start;
}

static unsigned hex_value_lower(char c)
{
    if (c >= '0' && c <= '9') return (unsigned)(c - '0');
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : NOT_A_DIGIT;
}

bool hex_decode(struct str text, void *ret_bytes, size_t count)
{
    unsigned char *out = ret_bytes;
    unsigned seen = 0;
    if (text.len % 2 != 0 || text.len / 2 != count) return false;
    for (size_t i = 0; i < text.len; i++) seen |= hex_value_lower(text.ptr[i]);
    if (seen > 15) return false;
    for (size_t i = 0; i < count; i++) {
        out[i] =
            (unsigned char)(hex_value_lower(text.ptr[2 * i]) << 4 | hex_value_lower(text.ptr[2 * i + 1]));
    }
    return true;
}

/* The lead byte's part of RFC 3629 §4: how many bytes follow, and the range the second one is held to, which
 * is what excludes overlong forms, surrogates and values above U+10FFFF. */
struct utf8_lead {
    unsigned following;
    unsigned char second_min;
    unsigned char second_max;
};

static struct utf8_lead utf8_lead_of(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf) return (struct utf8_lead){1, 0x80, 0xbf};
    if (lead == 0xe0) return (struct utf8_lead){2, 0xa0, 0xbf};
    if (lead == 0xed) return (struct utf8_lead){2, 0x80, 0x9f};
    if (lead >= 0xe1 && lead <= 0xef) return (struct utf8_lead){2, 0x80, 0xbf};
    if (lead == 0xf0) return (struct utf8_lead){3, 0x90, 0xbf};
    if (lead >= 0xf1 && lead <= 0xf3) return (struct utf8_lead){3, 0x80, 0xbf};
    if (lead == 0xf4) return (struct utf8_lead){3, 0x80, 0x8f};
    return (struct utf8_lead){0, 0, 0};
}

size_t utf8_next(struct str text, uint32_t *ret_code_point)
{
    if (text.len == 0) return 0;
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    if (bytes[0] < 0x80) {
        *ret_code_point = bytes[0];
        return 1;
    }
    const struct utf8_lead lead = utf8_lead_of(bytes[0]);
    if (lead.following == 0 || lead.following >= text.len) return 0;
    if (bytes[1] < lead.second_min || bytes[1] > lead.second_max) return 0;
    uint32_t code_point = bytes[0] & (0x3fu >> lead.following);
    for (unsigned i = 1; i <= lead.following; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
        code_point = code_point << 6 | (bytes[i] & 0x3fu);
    }
    *ret_code_point = code_point;
    return lead.following + 1;
}

/* Length of the ASCII that `text` begins with, in steps of eight: most text is nothing else. */
static size_t ascii_prefix(struct str text)
{
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= text.len; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.ptr + i, sizeof(word));
        if (word & UINT64_C(0x8080808080808080)) return i;
    }
    return i;
}

bool is_utf8(struct str text)
{
    uint32_t code_point;
    while (text.len > 0) {
        text = str_from_offset(text, ascii_prefix(text));
        if (text.len == 0) return true;
        const size_t count = utf8_next(text, &code_point);
        if (count == 0) return false;
        text = str_from_offset(text, count);
    }
    return true;
}

/* True if one of the eight bytes is no printable ASCII, or a quote or backslash where those stop. A byte below n
 * borrows into its top bit when n is taken away, and DEL carries into it; what has the top bit already is none
 * either way. */
static bool has_unprintable(uint64_t word, bool stops_at_quotes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t found = word | (word - ones * ' ') | (word + ones);
    if (stops_at_quotes) found |= ((word ^ (ones * '"')) - ones) | ((word ^ (ones * '\\')) - ones);
    return (found & tops) != 0;
}

size_t printable_prefix(struct str text, bool stops_at_quotes)
{
    size_t i = 0;
    for (uint64_t word; i + sizeof(word) <= text.len; i += sizeof(word)) {
        memcpy(&word, text.ptr + i, sizeof(word));
        if (has_unprintable(word, stops_at_quotes)) break;
    }
    for (; i < text.len; i++) {
        const char c = text.ptr[i];
        if (c < ' ' || c > '~' || (stops_at_quotes && (c == '"' || c == '\\'))) break;
    }
    return i;
}

/* Every code point has exactly one byte that is not a continuation. */
size_t utf8_count(struct str text)
{
    const size_t ascii = ascii_prefix(text);
    size_t count = ascii;
    for (size_t i = ascii; i < text.len; i++) count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* RFC 3986 §2.1: "The uppercase hexadecimal digits 'A' through 'F' are equivalent to the lowercase digits".
 */
static unsigned hex_value_any_case(char c)
{
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : hex_value_lower(c);
}

static bool has_char(struct str text, char c)
{
    return text.len > 0 && memchr(text.ptr, c, text.len) != NULL;
}

/* "%41" is one byte; false for anything that is not '%' and two digits. */
static bool take_escape(struct str text, char *ret_byte)
{
    if (text.len < 3) return false;
    const unsigned high = hex_value_any_case(text.ptr[1]);
    const unsigned low = hex_value_any_case(text.ptr[2]);
    if (high > 15 || low > 15) return false;
    *ret_byte = (char)(high << 4 | low);
    return true;
}

bool percent_decode(struct arena *arena, struct str text, bool is_form, struct str *ret_text)
{
    if (!has_char(text, '%') && !(is_form && has_char(text, '+'))) {
        *ret_text = str_copy(arena, text);
        return true;
    }
    char *decoded = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    while (text.len > 0) {
        const bool is_escape = text.ptr[0] == '%';
        if (is_escape && !take_escape(text, &decoded[len])) return false;
        if (!is_escape) decoded[len] = is_form && text.ptr[0] == '+' ? ' ' : text.ptr[0];
        text = str_from_offset(text, is_escape ? 3 : 1);
        len++;
    }
    *ret_text = (struct str){decoded, len};
    return true;
}

/* RFC 3986 §2.3: unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~"; all but two are base64url's. */
static bool is_unreserved(char c)
{
    return base64url_value(c) != NOT_A_DIGIT || c == '.' || c == '~';
}

struct str percent_encode(struct arena *arena, struct str text)
{
    static const char digits[] = "0123456789ABCDEF";
    if (text.len > (SIZE_MAX - 1) / 3) panic("%zu bytes are too many to percent-encode", text.len);
    char *encoded = arena_alloc(arena, 3 * text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.ptr[i];
        if (is_unreserved(text.ptr[i])) {
            encoded[len++] = text.ptr[i];
            continue;
        }
        encoded[len++] = '%';
        encoded[len++] = digits[byte >> 4];
        encoded[len++] = digits[byte & 15];
    }
    encoded[len] = '\0';
    return (struct str){encoded, len};
}
