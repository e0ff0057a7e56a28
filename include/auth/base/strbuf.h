/* strbuf.h — text that is being written, with a maximum.
 * Shape:   grows in an arena up to max_bytes; what does not fit is dropped and `overflowed` stays true.
 * Errors:  none while writing; the writer asks strbuf_finish once at the end.
 * Owner:   the bytes live in the arena.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_STRBUF_H
#define AUTH_BASE_STRBUF_H

#include <stdint.h>

#include "auth/base/result.h"
#include "auth/base/str.h"

struct strbuf {
    struct arena *arena;
    char *bytes; /* NUL-terminated from the first write on */
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool overflowed;
};

/* `first_bytes` are reserved at once; growth doubles up to max_bytes. */
void strbuf_init(struct strbuf *buffer, struct arena *arena, size_t first_bytes, size_t max_bytes);
void strbuf_add(struct strbuf *buffer, struct str s);
void strbuf_add_char(struct strbuf *buffer, char c);
void strbuf_add_int64(struct strbuf *buffer, int64_t value);
void strbuf_printf(struct strbuf *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* TOO_LARGE if anything was dropped. */
NODISCARD result strbuf_finish(const struct strbuf *buffer, struct str *ret_text);
/* What stands there so far. */
struct str strbuf_str(const struct strbuf *buffer);

#endif
