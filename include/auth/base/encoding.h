/* encoding.h — bytes as text and back, strictly: one accepted spelling for each value.
 * Errors:  false, and nothing is written, on any other spelling.
 * Source:  RFC 4648 §5 (base64url without padding), §4 (base64), §6 (base32), §8 (hex); RFC 3629 (UTF-8); WHATWG URL
 *          "application/x-www-form-urlencoded".
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_ENCODING_H
#define AUTH_BASE_ENCODING_H

#include "auth/base/str.h"

#define BASE64URL_LEN(bytes) (((bytes)*4u + 2u) / 3u)

/* Writes BASE64URL_LEN(count) characters and NUL. */
void base64url_encode(const void *bytes, size_t count, char *ret_text);
struct str base64url_print(struct arena *arena, const void *bytes, size_t count);
/* Exactly `count` bytes or false; unused bits must be zero. */
bool base64url_decode(struct str text, void *ret_bytes, size_t count);
/* Any length: bytes in the arena. */
bool base64url_parse(struct arena *arena, struct str text, struct str *ret_bytes);
/* With padding and the + / alphabet, as in HTTP Basic and in settings. */
bool base64_parse(struct arena *arena, struct str text, struct str *ret_bytes);
struct str base64_print(struct arena *arena, const void *bytes, size_t count);

/* RFC 4648 §6 in upper case without padding: what authenticator programs take. */
struct str base32_print(struct arena *arena, const void *bytes, size_t count);

/* Lower case only, both ways; writes 2 * count characters and NUL. */
void hex_encode(const void *bytes, size_t count, char *ret_text);
bool hex_decode(struct str text, void *ret_bytes, size_t count);

#define INT64_TEXT_SIZE 21u /* "-9223372036854775808" with NUL */

/* Decimal; returns the length. */
size_t int64_print(int64_t value, char ret_text[INT64_TEXT_SIZE]);

/* Length of the printable ASCII (space to tilde) that `text` begins with, in steps of eight bytes; without quotation
 * marks and backslashes when `stops_at_quotes`. */
size_t printable_prefix(struct str text, bool stops_at_quotes);

bool is_utf8(struct str text);
/* Length in bytes of the code point `text` begins with, or 0 if there is none or it is not valid. */
size_t utf8_next(struct str text, uint32_t *ret_code_point);
/* Code points in valid UTF-8. */
size_t utf8_count(struct str text);

/* Decodes %XX, digits in either case; the result may hold NUL; '+' becomes a space when `is_form`. */
bool percent_decode(struct arena *arena, struct str text, bool is_form, struct str *ret_text);
/* All but the unreserved characters of RFC 3986 §2.3. */
struct str percent_encode(struct arena *arena, struct str text);

#endif
