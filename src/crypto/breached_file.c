// SPDX-License-Identifier: MIT
#include "auth/crypto/breached_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/base/log.h"

#define HEX_CHARS      (2u * BREACHED_DIGEST_BYTES)
#define LINE_BYTES_MAX 64u /* 40 digits, a colon, a count, a line end */
#define SAMPLES        64u
#define GUESSES \
    2u /* between two halvings, so that a file that is not even is searched in time all the same */

struct breached_file {
    const unsigned char *bytes;
    uint64_t size;
    uint64_t start; /* of the first digest */
    bool is_packed;
    int fd;
    struct stat status;
};

/* A digest in the file and where its record ends. */
struct record {
    unsigned char digest[BREACHED_DIGEST_BYTES];
    uint64_t begin;
    uint64_t end;
};

void breached_digest(struct secret password, unsigned char ret_digest[BREACHED_DIGEST_BYTES])
{
    unsigned int len = 0;
    const void *bytes = password.len > 0 ? (const void *)password.bytes : "";
    if (EVP_Digest(bytes, password.len, ret_digest, &len, EVP_sha1(), NULL) != 1 ||
        len != BREACHED_DIGEST_BYTES)
        panic("crypto: SHA-1 failed");
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static bool read_hex(const unsigned char *text, unsigned char ret_digest[BREACHED_DIGEST_BYTES])
{
    for (size_t i = 0; i < BREACHED_DIGEST_BYTES; i++) {
        const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        ret_digest[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* The line that begins at `begin`: the digest, and anything short after it up to the line's end. */
static bool read_line(const struct breached_file *file, uint64_t begin, struct record *ret_record)
{
    const uint64_t rest = file->size - begin;
    const size_t limit = rest < LINE_BYTES_MAX ? (size_t)rest : LINE_BYTES_MAX;
    if (limit < HEX_CHARS || !read_hex(file->bytes + begin, ret_record->digest)) return false;
    const unsigned char *end = memchr(file->bytes + begin + HEX_CHARS, '\n', limit - HEX_CHARS);
    if (!end && limit == LINE_BYTES_MAX) return false;
    if (limit > HEX_CHARS && !memchr(":\r\n", file->bytes[begin + HEX_CHARS], 3)) return false;
    ret_record->begin = begin;
    ret_record->end = end ? (uint64_t)(end - file->bytes) + 1 : file->size;
    return true;
}

/* The record that holds the byte at `place`, which is at or after `low`, where a record begins. */
static bool read_at(const struct breached_file *file, uint64_t low, uint64_t place, struct record *ret_record)
{
    if (file->is_packed) {
        const uint64_t begin = place - (place - file->start) % BREACHED_DIGEST_BYTES;
        if (file->size - begin < BREACHED_DIGEST_BYTES) return false;
        memcpy(ret_record->digest, file->bytes + begin, BREACHED_DIGEST_BYTES);
        ret_record->begin = begin;
        ret_record->end = begin + BREACHED_DIGEST_BYTES;
        return true;
    }
    uint64_t begin = place;
    while (begin > low && file->bytes[begin - 1] != '\n') {
        if (place - begin == LINE_BYTES_MAX) return false;
        begin--;
    }
    return read_line(file, begin, ret_record);
}

static int compare(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, BREACHED_DIGEST_BYTES);
}

/* The first eight bytes: enough to tell how far along a digest is. */
static uint64_t rank_of(const unsigned char *digest)
{
    uint64_t rank = 0;
    for (size_t i = 0; i < sizeof rank; i++) rank = rank << 8 | digest[i];
    return rank;
}

/* Records from `low` up to `high` may hold the digest; ranks are those of the records around them. */
struct range {
    uint64_t low;
    uint64_t high;
    uint64_t low_rank;
    uint64_t high_rank;
};

static uint64_t guess(const struct range *range, uint64_t rank, unsigned round)
{
    const uint64_t span = range->high - range->low;
    const uint64_t ranks = range->high_rank - range->low_rank;
    if (round % (GUESSES + 1) == GUESSES || ranks == 0 || rank < range->low_rank || rank > range->high_rank)
        return range->low + span / 2;
    const long double share = (long double)(rank - range->low_rank) / (long double)ranks;
    const uint64_t place = (uint64_t)(share * (long double)span);
    return range->low + (place < span ? place : span - 1);
}

static result search(const struct breached_file *file, const unsigned char *digest, bool *ret_is_found)
{
    const uint64_t rank = rank_of(digest);
    struct range range = {file->start, file->size, 0, UINT64_MAX};
    struct record record;
    for (unsigned round = 0; range.low < range.high; round++) {
        REQUIRE(read_at(file, range.low, guess(&range, rank, round), &record), INTERNAL);
        const int order = compare(record.digest, digest);
        if (order == 0) {
            *ret_is_found = true;
            return RESULT_OK;
        }
        if (order < 0) {
            range.low = record.end;
            range.low_rank = rank_of(record.digest);
        } else {
            range.high = record.begin;
            range.high_rank = rank_of(record.digest);
        }
    }
    *ret_is_found = false;
    return RESULT_OK;
}

/* Behind the end of a file that was cut, a look would end the process. */
static bool is_as_opened(const struct breached_file *file)
{
    struct stat now;
    if (fstat(file->fd, &now) != 0) return false;
    return now.st_size == file->status.st_size && now.st_mtim.tv_sec == file->status.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == file->status.st_mtim.tv_nsec;
}

result breached_file_find(const struct breached_file *file, const unsigned char digest[BREACHED_DIGEST_BYTES],
                          bool *ret_is_found)
{
    REQUIRE(is_as_opened(file), INTERNAL);
    return search(file, digest, ret_is_found);
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

/* A record, the one after it, and their order. */
static bool is_sample_right(const struct breached_file *file, uint64_t place, struct record *ret_record)
{
    struct record next;
    if (!read_at(file, file->start, place, ret_record)) return false;
    if (ret_record->end >= file->size) return true;
    return read_at(file, ret_record->end, ret_record->end, &next) &&
           compare(ret_record->digest, next.digest) < 0;
}

static result check_samples(struct task *task, const struct breached_file *file, struct str path)
{
    struct record last = {.end = 0};
    const uint64_t span = file->size - file->start;
    for (unsigned i = 0; i <= SAMPLES; i++) {
        struct record record;
        const uint64_t place = file->start + (i == SAMPLES ? span - 1 : span / SAMPLES * i);
        const bool is_right = is_sample_right(file, place, &record);
        const bool is_later =
            last.end == 0 || record.begin == last.begin || compare(last.digest, record.digest) < 0;
        if (!is_right || !is_later)
            FAIL(&task->fault, BAD_REQUEST,
                 "%.*s is no sorted list of SHA-1 digests: near byte %llu is none, or one out of order",
                 STR_ARGS(path), (unsigned long long)place);
        last = record;
    }
    return RESULT_OK;
}

static result map(struct task *task, struct breached_file *file, struct str path)
{
    file->fd = open(str_copy(task->arena, path).ptr, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &file->status) != 0)
        FAIL(&task->fault, BAD_REQUEST, "%.*s cannot be read: %s", STR_ARGS(path), strerror(errno));
    if (!S_ISREG(file->status.st_mode) || file->status.st_size < (off_t)HEX_CHARS)
        FAIL(&task->fault, BAD_REQUEST, "%.*s is no file of digests", STR_ARGS(path));
    file->size = (uint64_t)file->status.st_size;
    void *bytes = mmap(NULL, (size_t)file->size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (bytes == MAP_FAILED)
        FAIL(&task->fault, BAD_REQUEST, "%.*s cannot be mapped: %s", STR_ARGS(path), strerror(errno));
    file->bytes = bytes;
    /* A look-up goes to places far from one another: reading ahead would only push out what others need. */
    madvise(bytes, (size_t)file->size, MADV_RANDOM);
    file->is_packed = bytes_equal(bytes, BREACHED_MAGIC, BREACHED_DIGEST_BYTES);
    file->start = file->is_packed ? BREACHED_DIGEST_BYTES : 0;
    if (file->is_packed && file->size % BREACHED_DIGEST_BYTES != 0)
        FAIL(&task->fault, BAD_REQUEST, "%.*s has been cut: make it anew", STR_ARGS(path));
    return check_samples(task, file, path);
}

result breached_file_open(struct task *task, struct str path, struct breached_file **ret_file)
{
    struct breached_file *file = calloc(1, sizeof *file);
    if (!file) FAIL(&task->fault, INTERNAL, "out of memory");
    file->fd = -1;
    const result mapped = map(task, file, path);
    if (!is_ok(mapped)) {
        breached_file_close(file);
        return mapped;
    }
    *ret_file = file;
    return RESULT_OK;
}

void breached_file_close(struct breached_file *file)
{
    if (!file) return;
    if (file->bytes) munmap((void *)(uintptr_t)file->bytes, (size_t)file->size);
    if (file->fd >= 0) close(file->fd);
    free(file);
}

void breached_file_facts(const struct breached_file *file, struct breached_facts *ret_facts)
{
    *ret_facts = (struct breached_facts){
        .is_packed = file->is_packed,
        .bytes = file->size,
        .digests = file->is_packed ? (file->size - file->start) / BREACHED_DIGEST_BYTES : 0,
    };
}

result breached_file_walk(struct task *task, const struct breached_file *file, breached_take *take,
                          void *context)
{
    struct record record;
    unsigned char last[BREACHED_DIGEST_BYTES];
    madvise((void *)(uintptr_t)file->bytes, (size_t)file->size, MADV_SEQUENTIAL);
    for (uint64_t place = file->start; place < file->size; place = record.end) {
        const bool is_right = read_at(file, place, place, &record) &&
                              (place == file->start || compare(last, record.digest) < 0);
        if (!is_right)
            FAIL(&task->fault, BAD_REQUEST, "at byte %llu is no digest, or one out of order",
                 (unsigned long long)place);
        if (!take(context, record.digest)) FAIL(&task->fault, INTERNAL, "the walk was ended");
        memcpy(last, record.digest, sizeof last);
    }
    return RESULT_OK;
}
