// SPDX-License-Identifier: MIT
#include "revision_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/encoding.h"
#include "auth/base/secret.h"

#define NEW_ID_BYTES   6u
#define SLUG_CHARS_MAX 40u
#define MINUTE_CHARS   12u

struct str revision_directory(struct str directory)
{
    return is_empty(directory) ? STR("migrations") : directory;
}

static struct str new_id(struct arena *arena)
{
    unsigned char bytes[NEW_ID_BYTES];
    char *hex = arena_alloc(arena, 2 * NEW_ID_BYTES + 1);
    random_bytes(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), hex);
    return (struct str){hex, 2 * NEW_ID_BYTES};
}

/* "Add passkeys!" becomes "add_passkeys". */
static struct str slug_of(struct arena *arena, struct str message)
{
    const struct str lower = str_lower_ascii(arena, message);
    char *slug = arena_alloc(arena, SLUG_CHARS_MAX + 1);
    size_t len = 0;
    for (size_t i = 0; i < lower.len && len < SLUG_CHARS_MAX; i++) {
        const char c = lower.ptr[i];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain) {
            slug[len++] = c;
        } else if (len > 0 && slug[len - 1] != '_') {
            slug[len++] = '_';
        }
    }
    while (len > 0 && slug[len - 1] == '_') len--;
    return (struct str){slug, len};
}

/* "2026-01-05T10:00:00.000Z" as "202601051000". */
static struct str minute_of(struct arena *arena, const char *created)
{
    char *minute = arena_alloc(arena, MINUTE_CHARS + 1);
    size_t len = 0;
    for (; *created && len < MINUTE_CHARS; created++) {
        if (*created >= '0' && *created <= '9') minute[len++] = *created;
    }
    return (struct str){minute, len};
}

static result fail_path(struct migration_scope *scope, const char *path)
{
    return migration_fail(scope, MIGRATION_EXIT_USAGE, "%s: %s", path, strerror(errno));
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        const ssize_t count = write(fd, text.ptr, text.len);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        text = str_from_offset(text, (size_t)count);
    }
    return true;
}

static result write_file(struct migration_scope *scope, const char *path, struct str text)
{
    const struct str aside = str_printf(scope->arena, "%s.part", path);
    const int fd =
        open(aside.ptr, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    if (fd < 0) return fail_path(scope, aside.ptr);
    bool is_written = write_all(fd, text) && fsync(fd) == 0;
    is_written = close(fd) == 0 && is_written;
    /* Unlike rename, link refuses to replace. */
    if (is_written) is_written = link(aside.ptr, path) == 0;
    const int error = errno;
    (void)unlink(aside.ptr);
    errno = error;
    return is_written ? RESULT_OK : fail_path(scope, path);
}

static struct str text_of(struct arena *arena, const struct revision_draft *draft, struct str id,
                          const char *created)
{
    const struct str minimum = is_empty(draft->min_binary) ? id : draft->min_binary;
    return str_printf(arena,
                      "-- revision: %.*s\n-- down_revision:%s%.*s\n-- message: %.*s\n-- created: %.19sZ\n"
                      "-- phase: %s\n-- min_binary: %.*s\n%.*s",
                      STR_ARGS(id), is_empty(draft->parents) ? "" : " ", STR_ARGS(draft->parents),
                      STR_ARGS(draft->message), created, draft->phase, STR_ARGS(minimum),
                      STR_ARGS(draft->body));
}

static result check_draft(struct migration_scope *scope, const struct revision_draft *draft)
{
    if (!is_empty(draft->id) && !is_revision_id(draft->id)) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE,
                              "'%.*s' is no revision id: 4 to 32 of a-z, 0-9 and _", STR_ARGS(draft->id));
    }
    if (is_empty(str_trim(draft->message)) || memchr(draft->message.ptr, '\n', draft->message.len)) {
        return migration_fail(scope, MIGRATION_EXIT_USAGE, "a revision needs a message of one line: -m TEXT");
    }
    return RESULT_OK;
}

result revision_file_compose(struct migration_scope *scope, const struct revision_draft *draft,
                             struct revision_file *ret_file)
{
    struct arena *arena = scope->arena;
    char created[RFC3339_SIZE];
    TRY(check_draft(scope, draft));
    time_print(clock_wall_ms(), created);
    const struct str id = is_empty(draft->id) ? new_id(arena) : draft->id;
    const struct str slug = slug_of(arena, draft->message);
    const struct revision_file file = {
        .id = id,
        .name = str_printf(arena, "%.*s_%.*s%s%.*s.sql", STR_ARGS(minute_of(arena, created)), STR_ARGS(id),
                           is_empty(slug) ? "" : "_", STR_ARGS(slug)),
        .text = text_of(arena, draft, id, created),
    };
    struct revision parsed;
    /* What is written is what would be read: a draft that the build refuses is refused here. */
    TRY(revision_parse(scope, file.name, file.text, &parsed));
    *ret_file = file;
    return RESULT_OK;
}

result revision_file_save(struct migration_scope *scope, struct str directory,
                          const struct revision_file *file, struct str *ret_path)
{
    const struct str folder = revision_directory(directory);
    const struct str path = str_printf(scope->arena, "%.*s/%.*s", STR_ARGS(folder), STR_ARGS(file->name));
    TRY(write_file(scope, path.ptr, file->text));
    *ret_path = path;
    return RESULT_OK;
}

result revision_file_write(struct migration_scope *scope, struct str directory,
                           const struct revision_draft *draft, struct str *ret_path)
{
    struct revision_file file;
    TRY(revision_file_compose(scope, draft, &file));
    return revision_file_save(scope, directory, &file, ret_path);
}
