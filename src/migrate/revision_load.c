// SPDX-License-Identifier: MIT
#include "revision_set_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_sql_file(const char *name)
{
    const size_t len = strlen(name);
    return len > 4 && name[0] != '.' && str_equal(str_from(name + len - 4), STR(".sql"));
}

static void close_scoped(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

static void close_directory_scoped(DIR **directory)
{
    if (*directory) (void)closedir(*directory);
}

static result read_bytes(struct migration_scope *scope, const char *path, struct str *ret_bytes)
{
    int fd SCOPED(close_scoped) = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: %s", path, strerror(errno));
    }
    if (status.st_size > (off_t)REVISION_FILE_BYTES_MAX) {
        return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: larger than %zu bytes", path,
                              REVISION_FILE_BYTES_MAX);
    }
    char *bytes = arena_alloc(scope->arena, (size_t)status.st_size + 1);
    size_t len = 0;
    while (len < (size_t)status.st_size) {
        const ssize_t count = read(fd, bytes + len, (size_t)status.st_size - len);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: %s", path, strerror(errno));
        if (count == 0) break;
        len += (size_t)count;
    }
    *ret_bytes = (struct str){bytes, len};
    return RESULT_OK;
}

result revision_load(struct migration_scope *scope, struct str directory, struct str file,
                     struct revision *ret_revision)
{
    const struct str path = str_printf(scope->arena, "%.*s/%.*s", STR_ARGS(directory), STR_ARGS(file));
    struct str bytes = STR_NONE;
    TRY(read_bytes(scope, path.ptr, &bytes));
    return revision_parse(scope, file, bytes, ret_revision);
}

result revision_set_load(struct migration_scope *scope, struct str directory, struct revision_set *ret_set)
{
    const struct str path = str_copy(scope->arena, directory);
    DIR *entries SCOPED(close_directory_scoped) = opendir(path.ptr);
    if (!entries) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "%s: %s", path.ptr, strerror(errno));
    }
    struct revision *revisions = arena_alloc_array(scope->arena, REVISIONS_MAX, sizeof(*revisions));
    size_t count = 0;
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        if (!is_sql_file(entry->d_name)) continue;
        if (count == REVISIONS_MAX) {
            return migration_fail(scope, MIGRATION_EXIT_GRAPH, "%s: more than %u revisions", path.ptr,
                                  REVISIONS_MAX);
        }
        TRY(revision_load(scope, path, str_from(entry->d_name), &revisions[count]));
        count++;
    }
    return revision_set_link(scope, revisions, count, ret_set);
}
