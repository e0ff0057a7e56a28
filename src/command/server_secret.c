// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/encoding.h"
#include "auth/base/folder.h"
#include "auth/base/log.h"
#include "runtime_internal.h"

#define SECRET_TEXT_BYTES 45u /* base64 of 32 bytes and a line end */

/* Beside the database: what is sealed there and what opens it are kept, moved and lost together. */
static struct str secret_path(struct arena *arena, struct str database_path)
{
    return str_printf(arena, "%.*s.key", STR_ARGS(database_path));
}

static result read_secret(struct task *task, const char *path, int fd, struct key256 *ret_secret)
{
    struct stat status;
    char text[SECRET_TEXT_BYTES + 1];
    const ssize_t count = read(fd, text, sizeof text);
    struct str bytes;
    const bool is_read = count >= 44 && count <= (ssize_t)SECRET_TEXT_BYTES &&
                         base64_parse(task->arena, (struct str){text, 44}, &bytes) &&
                         bytes.len == sizeof *ret_secret;
    wipe(text, sizeof text);
    if (!is_read)
        FAIL(&task->fault, BAD_REQUEST, "%s does not hold 32 bytes in base64; restore it from a backup",
             path);
    if (fstat(fd, &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        FAIL(&task->fault, BAD_REQUEST, "%s may be read by others; run: chmod 600 %s", path, path);
    memcpy(ret_secret->bytes, bytes.ptr, sizeof ret_secret->bytes);
    return RESULT_OK;
}

/* Whole and on the disk, or not there. */
static bool write_whole(int fd, const char *text, size_t len)
{
    return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

static result make_secret(struct task *task, const char *path, int fd, struct key256 *ret_secret)
{
    random_bytes(ret_secret->bytes, sizeof ret_secret->bytes);
    const struct str text = base64_print(task->arena, ret_secret->bytes, sizeof ret_secret->bytes);
    const struct str line = str_printf(task->arena, "%.*s\n", STR_ARGS(text));
    if (write_whole(fd, line.ptr, line.len)) return RESULT_OK;
    unlink(path);
    FAIL(&task->fault, BAD_REQUEST, "%s cannot be written: %s", path, strerror(errno));
}

/* Two processes that start at once: one makes the file, the other reads it. */
result server_secret_embedded(struct task *task, struct str database_path, struct key256 *ret_secret)
{
    const char *path = secret_path(task->arena, database_path).ptr;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        const result outcome = read_secret(task, path, fd, ret_secret);
        close(fd);
        return outcome;
    }
    if (errno != ENOENT) FAIL(&task->fault, BAD_REQUEST, "%s cannot be read: %s", path, strerror(errno));
    errno = folders_make(task->arena, database_path);
    if (errno != 0) FAIL(&task->fault, BAD_REQUEST, "the folder of %s cannot be made: %s", path, strerror(errno));
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) FAIL(&task->fault, BAD_REQUEST, "%s cannot be made: %s", path, strerror(errno));
    const result made = make_secret(task, path, fd, ret_secret);
    close(fd);
    TRY(made);
    log_event(LOG_LEVEL_INFO, "made the server secret; keep a copy of it with the database",
              LOG_TEXT("file", str_from(path)));
    return RESULT_OK;
}
