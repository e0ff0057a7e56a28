/* str.h — a piece of text that is not owned: pointer and length.
 * Shape:   any bytes; strings made in an arena are NUL-terminated as well, so they can be given to C
 *          libraries once has_nul() has been ruled out.
 * Owner:   whoever made the bytes.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_STR_H
#define AUTH_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/base/arena.h"
#include "auth/base/attributes.h"

struct str {
    const char *ptr;
    size_t len;
};

/* A str of a string literal. */
#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
/* The same, usable as a constant initialiser. */
#define STR_INIT(literal)                 \
    {                                     \
        ("" literal), sizeof(literal) - 1 \
    }
#define STR_NONE ((struct str){NULL, 0})
/* printf("%.*s", STR_ARGS(s)) */
#define STR_ARGS(s) (int)(s).len, (s).ptr ? (s).ptr : ""

/* NULL gives the empty string. */
struct str str_from(const char *text);
bool str_equal(struct str a, struct str b);
/* ASCII letters compare without case, as in HTTP field names. */
bool str_equal_nocase(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool is_empty(struct str s);
bool has_nul(struct str s);
/* Without leading and trailing spaces and tabs. */
struct str str_trim(struct str s);
struct str str_from_offset(struct str s, size_t offset);
/* Cuts *rest at the first `separator`: returns what stands before it, leaves what follows (empty at the end).
 */
struct str str_split(struct str *rest, char separator);
/* Whole string, decimal, no sign but '-', no space; false on anything else or overflow. */
bool str_to_int64(struct str s, int64_t *ret_value);

/* NUL-terminated copies in the arena. */
struct str str_copy(struct arena *arena, struct str s);
struct str str_lower_ascii(struct arena *arena, struct str s);
struct str str_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
