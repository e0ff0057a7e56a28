// SPDX-License-Identifier: MIT
/* Look-ups in a list of stolen passwords, and the time to open it.
 * Usage: bench_breached make <text | packed> <file> <digests>     digests spread evenly, in order
 *        bench_breached find <file> <threads> <seconds>           digests at random; prints one JSON object */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/crypto/breached_file.h"

#define THREADS_MAX 64u
#define ARENA_BYTES (1u << 20)
#define STEPS       64u /* look-ups between two looks at the clock */

static const struct breached_file *list;
static int64_t until_us;
static atomic_ulong lookups;

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void put_rank(unsigned char *digest, uint64_t rank, uint64_t *state)
{
    const uint64_t rest = next_random(state);
    for (size_t i = 0; i < 8; i++) digest[i] = (unsigned char)(rank >> (56 - 8 * i));
    memcpy(digest + 8, &rest, sizeof rest);
    memcpy(digest + 16, &rest, 4);
}

static int make(bool is_packed, const char *path, uint64_t count)
{
    uint64_t state = 1;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    FILE *file = fopen(path, "we");
    if (!file || count == 0) return 1;
    const uint64_t step = UINT64_MAX / count;
    setvbuf(file, NULL, _IOFBF, 1u << 20);
    if (is_packed) (void)fwrite(BREACHED_MAGIC, BREACHED_DIGEST_BYTES, 1, file);
    for (uint64_t i = 0; i < count; i++) {
        char line[64];
        size_t len = 0;
        put_rank(digest, i * step + next_random(&state) % step, &state);
        for (size_t j = 0; j < sizeof digest && !is_packed; j++) {
            line[len++] = "0123456789ABCDEF"[digest[j] >> 4];
            line[len++] = "0123456789ABCDEF"[digest[j] & 15];
        }
        if (!is_packed) len += (size_t)snprintf(line + len, 24, ":%u\r\n", (unsigned)(digest[19] % 99u + 1u));
        (void)fwrite(is_packed ? (const void *)digest : line, is_packed ? sizeof digest : len, 1, file);
    }
    return fclose(file) == 0 ? 0 : 1;
}

static void *work(void *argument)
{
    uint64_t state = (uint64_t)(uintptr_t)argument;
    unsigned char digest[BREACHED_DIGEST_BYTES];
    while (clock_monotonic_us() < until_us) {
        for (unsigned i = 0; i < STEPS; i++) {
            bool is_found;
            put_rank(digest, next_random(&state), &state);
            if (!is_ok(breached_file_find(list, digest, &is_found))) abort();
        }
        atomic_fetch_add(&lookups, STEPS);
    }
    return NULL;
}

static int find(const char *path, unsigned long threads, double seconds)
{
    pthread_t ids[THREADS_MAX];
    struct breached_file *file;
    struct task task;
    if (threads < 1 || threads > THREADS_MAX) return 2;
    task_init(&task, arena_create(ARENA_BYTES), STR("bench"), 1000);
    const int64_t began_us = clock_monotonic_us();
    if (!is_ok(breached_file_open(&task, str_from(path), &file))) {
        (void)fprintf(stderr, "%s\n", task.fault.detail);
        return 1;
    }
    const int64_t opened_us = clock_monotonic_us();
    list = file;
    until_us = opened_us + (int64_t)(seconds * 1e6);
    for (uintptr_t i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, work, (void *)(i * 7919 + (uintptr_t)opened_us)) != 0) return 1;
    for (unsigned long i = 0; i < threads; i++) (void)pthread_join(ids[i], NULL);
    const double took = (double)(clock_monotonic_us() - opened_us) / 1e6;
    (void)printf("{\"open_ms\": %.3f, \"lookups\": %lu, \"per_second\": %.0f}\n",
                 (double)(opened_us - began_us) / 1e3, atomic_load(&lookups),
                 (double)atomic_load(&lookups) / took);
    breached_file_close(file);
    arena_destroy(task.arena);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "make") == 0)
        return make(strcmp(argv[2], "packed") == 0, argv[3], strtoull(argv[4], NULL, 10));
    if (argc == 5 && strcmp(argv[1], "find") == 0)
        return find(argv[2], strtoul(argv[3], NULL, 10), strtod(argv[4], NULL));
    (void)fprintf(stderr, "usage: bench_breached make <text | packed> <file> <digests>\n"
                          "       bench_breached find <file> <threads> <seconds>\n");
    return 2;
}
