// SPDX-License-Identifier: MIT
#include "auth/base/folder.h"

#include <errno.h>
#include <sys/stat.h>

int folders_make(struct arena *arena, struct str path)
{
    char *folder = arena_alloc(arena, path.len + 1);
    for (size_t i = 0; i < path.len; i++) {
        const bool is_end = path.ptr[i] == '/' && i > 0;
        if (is_end && mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) return errno;
        folder[i] = path.ptr[i];
    }
    return 0;
}
