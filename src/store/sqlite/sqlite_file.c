// SPDX-License-Identifier: MIT
#include "sqlite_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/folder.h"

int sqlite_file_prepare(struct arena *arena, struct str path)
{
    const int folder_error = folders_make(arena, path);
    if (folder_error != 0) return folder_error;
    const int fd = open(str_copy(arena, path).ptr, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return errno;
    (void)close(fd);
    return 0;
}

bool is_sqlite_file_there(struct arena *arena, struct str path)
{
    struct stat status;
    return stat(str_copy(arena, path).ptr, &status) == 0;
}

static struct str lock_path(struct arena *arena, struct str path, const char *purpose)
{
    return str_printf(arena, "%.*s.%s.lock", STR_ARGS(path), purpose);
}

int sqlite_file_lock(struct arena *arena, struct str path, const char *purpose, int *ret_fd)
{
    const int folder_error = folders_make(arena, path);
    if (folder_error != 0) return folder_error;
    const int fd = open(lock_path(arena, path, purpose).ptr, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) return errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        (void)close(fd);
        return error;
    }
    const struct str pid = str_printf(arena, "%ld\n", (long)getpid());
    /* Only tells people who it is: the lock is the flock. */
    const bool is_written = ftruncate(fd, 0) == 0 && pwrite(fd, pid.ptr, pid.len, 0) == (ssize_t)pid.len;
    (void)is_written;
    *ret_fd = fd;
    return 0;
}

struct str sqlite_file_lock_holder(struct arena *arena, struct str path, const char *purpose)
{
    char text[32] = "";
    const int fd = open(lock_path(arena, path, purpose).ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return STR("another process");
    const ssize_t len = read(fd, text, sizeof(text) - 1);
    (void)close(fd);
    int64_t pid;
    struct str rest = {text, len > 0 ? (size_t)len : 0};
    if (!str_to_int64(str_split(&rest, '\n'), &pid)) return STR("another process");
    return str_printf(arena, "process %lld", (long long)pid);
}
