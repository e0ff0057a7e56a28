// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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

static bool sync_folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const struct str folder = slash ? (struct str){path, (size_t)(slash - path) + 1} : STR("./");
    const int fd = open(str_copy(arena, folder).ptr, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

/* Under another name first: at its own it is whole, and on the disk before anything is sealed with it. */
static bool write_whole(struct arena *arena, const char *path, struct str line)
{
    char *draft = arena_alloc(arena, strlen(path) + sizeof ".XXXXXX");
    (void)snprintf(draft, strlen(path) + sizeof ".XXXXXX", "%s.XXXXXX", path);
    const int fd = mkostemp(draft, O_CLOEXEC); /* for its owner alone: 0600 */
    if (fd < 0) return false;
    const bool is_written = write(fd, line.ptr, line.len) == (ssize_t)line.len && fsync(fd) == 0;
    close(fd);
    /* A link, unlike a rename, does not replace what another process made meanwhile. */
    const bool is_there = is_written && (link(draft, path) == 0 || errno == EEXIST);
    const int reason = errno;
    unlink(draft);
    errno = reason;
    return is_there && sync_folder_of(arena, path);
}

static result make_secret(struct task *task, const char *path)
{
    struct key256 secret;
    random_bytes(secret.bytes, sizeof secret.bytes);
    const struct str text = base64_print(task->arena, secret.bytes, sizeof secret.bytes);
    wipe(&secret, sizeof secret);
    if (!write_whole(task->arena, path, str_printf(task->arena, "%.*s\n", STR_ARGS(text))))
        FAIL(&task->fault, BAD_REQUEST, "%s cannot be written: %s", path, strerror(errno));
    log_event(LOG_LEVEL_INFO, "made the server secret; keep a copy of it with the database",
              LOG_TEXT("file", str_from(path)));
    return RESULT_OK;
}

/* Two processes that start at once: both make one, one of them stands, both read that. */
result server_secret_embedded(struct task *task, struct str database_path, struct key256 *ret_secret)
{
    const char *path = secret_path(task->arena, database_path).ptr;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        errno = folders_make(task->arena, database_path);
        if (errno != 0)
            FAIL(&task->fault, BAD_REQUEST, "the folder of %s cannot be made: %s", path, strerror(errno));
        TRY(make_secret(task, path));
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) FAIL(&task->fault, BAD_REQUEST, "%s cannot be read: %s", path, strerror(errno));
    const result outcome = read_secret(task, path, fd, ret_secret);
    close(fd);
    return outcome;
}
