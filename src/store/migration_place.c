// SPDX-License-Identifier: MIT
#include "auth/store/migration_driver.h"

void migration_locate(const struct migration_section *section, size_t offset, unsigned *ret_line,
                      unsigned *ret_column)
{
    unsigned line = section->first_line;
    unsigned column = 1;
    for (size_t i = 0; i < offset && i < section->sql.len; i++) {
        const unsigned char c = (unsigned char)section->sql.ptr[i];
        const bool is_continuation = (c & 0xC0) == 0x80;
        if (c == '\n') line++;
        column = c == '\n' ? 1 : column + !is_continuation;
    }
    *ret_line = line;
    *ret_column = column;
}

struct str migration_place(struct arena *arena, const struct migration_section *section, size_t offset)
{
    unsigned line;
    unsigned column;
    migration_locate(section, offset, &line, &column);
    return str_printf(arena, "%.*s:%u:%u", STR_ARGS(section->file), line, column);
}
