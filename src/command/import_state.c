// SPDX-License-Identifier: MIT
#include "import_state_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/json/fields.h"

#define HEAD_BYTES      4096u
#define STATE_BYTES_MAX 1024u

struct stored {
    struct str fingerprint;
    int64_t offset;
    int64_t number;
    int64_t depth;
    int64_t created;
    int64_t updated;
    int64_t unchanged;
    int64_t refused;
};

#define NUMBER(member)                                                   \
    {                                                                    \
        .name = #member, .type = FIELD_INTEGER, .flags = FIELD_REQUIRED, \
        .offset = offsetof(struct stored, member)                        \
    }
static const struct field ROWS[] = {
    {.name = "fingerprint",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct stored, fingerprint)},
    NUMBER(offset),
    NUMBER(number),
    NUMBER(depth),
    NUMBER(created),
    NUMBER(updated),
    NUMBER(unchanged),
    NUMBER(refused),
};
static const struct fields STORED_FIELDS = FIELDS(ROWS, struct stored, "ImportState");

/* Exports of one system begin with the same people: size and time tell a later one from the one that was begun. */
result import_state_fingerprint(struct task *task, int fd, const char *format, struct str *ret_fingerprint)
{
    char *head = arena_alloc(task->arena, HEAD_BYTES);
    const ssize_t got = pread(fd, head, HEAD_BYTES, 0);
    unsigned char digest[SHA256_BYTES];
    struct stat facts;
    if (got < 0 || fstat(fd, &facts) != 0)
        FAIL(&task->fault, INTERNAL, "the file cannot be read: %s", strerror(errno));
    const struct str text =
        str_printf(task->arena, "%s %lld %lld.%09ld\n%.*s", format, (long long)facts.st_size,
                   (long long)facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, (int)got, head);
    sha256(text, digest);
    *ret_fingerprint = base64url_print(task->arena, digest, sizeof digest);
    return RESULT_OK;
}

static struct str path_of(struct task *task, const char *file, const char *suffix)
{
    return str_printf(task->arena, "%s.import-state%s", file, suffix);
}

result import_state_read(struct task *task, const char *file, struct str fingerprint,
                         struct import_state *ret_state)
{
    char text[STATE_BYTES_MAX];
    struct stored stored;
    FILE *opened = fopen(path_of(task, file, "").ptr, "re");
    REQUIRE(opened != NULL, NOT_FOUND);
    const size_t length = fread(text, 1, sizeof text, opened);
    (void)fclose(opened);
    const result read = fields_read_json(&STORED_FIELDS, task, (struct str){text, length}, &stored);
    fault_clear(&task->fault);
    /* Of another file, or cut short by a crash: from the beginning then, which stores nothing twice. */
    REQUIRE(is_ok(read) && str_equal(stored.fingerprint, fingerprint), NOT_FOUND);
    *ret_state = (struct import_state){
        .place = {stored.offset, stored.number, stored.depth},
        .counts = {stored.created, stored.updated, stored.unchanged, stored.refused},
        .fingerprint = fingerprint,
    };
    return RESULT_OK;
}

static bool write_whole(const char *path, struct str text)
{
    FILE *opened = fopen(path, "we");
    if (!opened) return false;
    const bool is_written = fwrite(text.ptr, 1, text.len, opened) == text.len;
    return fclose(opened) == 0 && is_written;
}

result import_state_write(struct task *task, const char *file, const struct import_state *state)
{
    const struct stored stored = {
        .fingerprint = state->fingerprint,
        .offset = state->place.offset,
        .number = state->place.number,
        .depth = state->place.depth,
        .created = state->counts[IMPORT_CREATED],
        .updated = state->counts[IMPORT_UPDATED],
        .unchanged = state->counts[IMPORT_UNCHANGED],
        .refused = state->counts[IMPORT_REFUSED],
    };
    struct strbuf text;
    strbuf_init(&text, task->arena, STATE_BYTES_MAX, STATE_BYTES_MAX);
    fields_write_json(&STORED_FIELDS, &stored, &text);
    const struct str next = path_of(task, file, ".next");
    const struct str path = path_of(task, file, "");
    if (!write_whole(next.ptr, strbuf_str(&text)) || rename(next.ptr, path.ptr) != 0)
        FAIL(&task->fault, INTERNAL, "%s cannot be written: %s", path.ptr, strerror(errno));
    return RESULT_OK;
}

void import_state_remove(struct task *task, const char *file)
{
    (void)unlink(path_of(task, file, "").ptr);
}
