// SPDX-License-Identifier: MIT
#include "schema_text_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/encoding.h"

static void close_scoped(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

static result read_all(struct migration_scope *scope, const char *path, struct str *ret_text)
{
    int fd SCOPED(close_scoped) = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "%s: %s", path, strerror(errno));
    }
    if (status.st_size > (off_t)SCHEMA_TEXT_BYTES_MAX) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "%s: larger than %zu bytes", path,
                              SCHEMA_TEXT_BYTES_MAX);
    }
    char *bytes = arena_alloc(scope->arena, (size_t)status.st_size + 1);
    size_t len = 0;
    while (len < (size_t)status.st_size) {
        const ssize_t count = read(fd, bytes + len, (size_t)status.st_size - len);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return migration_fail(scope, MIGRATION_EXIT_USAGE, "%s: %s", path, strerror(errno));
        if (count == 0) break;
        len += (size_t)count;
    }
    *ret_text = (struct str){bytes, len};
    return RESULT_OK;
}

result schema_text_load(struct migration_scope *scope, struct str directory, const char *engine,
                        struct str *ret_text)
{
    const struct str path = str_printf(scope->arena, "%.*s/schema/%s.sql", STR_ARGS(directory), engine);
    struct str text = STR_NONE;
    TRY(read_all(scope, path.ptr, &text));
    if (has_nul(text) || !is_utf8(text)) {
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: not UTF-8 text", path.ptr);
    }
    *ret_text = text;
    return RESULT_OK;
}
