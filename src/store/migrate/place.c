// SPDX-License-Identifier: MIT
#include "migration_driver_internal.h"

struct str migration_place(struct arena *arena, const struct revision *revision,
                           const struct revision_section *section, size_t offset)
{
    unsigned line;
    unsigned column;
    revision_locate(section, offset, &line, &column);
    return str_printf(arena, "%.*s:%u:%u", STR_ARGS(revision->file), line, column);
}
