// SPDX-License-Identifier: MIT
/* The limit of sign-in in `make bench`: password hashes alone, on as many threads as there are cores.
 * Usage: bench_hash <stock | kept> <threads> <seconds> <KiB> <passes>
 * stock: libsodium as it comes, which maps its memory for each hash; kept: as the service runs it, in memory that is
 * kept for the next one. At the niceness of the service's hash threads. Prints one JSON object. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "../../src/crypto/hash_arena_internal.h"
#include "auth/base/clock.h"
#include "auth/crypto/password.h"

#define THREADS_MAX   256u
#define NICE          19
#define IDLE_MS       60000
#define BYTES_PER_KIB 1024u

static struct hash_arena_set *arenas; /* NULL: memory is not kept */
static struct password_cost cost;
static int64_t until_us;
static atomic_ulong hashes;

static void *work(void *argument)
{
    unsigned char password[] = "correct horse battery staple";
    const struct secret secret = {password, sizeof password - 1u};
    while (clock_monotonic_us() < until_us) {
        struct hash_arena *arena = hash_arena_enter(arenas);
        const result outcome = password_verify_dummy(cost, secret);
        hash_arena_leave(arenas, arena);
        if (outcome.code != STATUS_INVALID_CREDENTIALS) abort();
        atomic_fetch_add(&hashes, 1);
    }
    return argument;
}

static double cpu_ms(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    const unsigned long count = argc == 6 ? strtoul(argv[2], NULL, 10) : 0;
    if (count < 1 || count > THREADS_MAX) {
        (void)fprintf(stderr, "usage: bench_hash <stock | kept> <threads> <seconds> <KiB> <passes>\n");
        return 2;
    }
    cost = (struct password_cost){.memory_kib = (unsigned)strtoul(argv[4], NULL, 10),
                                  .iterations = (unsigned)strtoul(argv[5], NULL, 10)};
    if (!is_ok(random_init()) || setpriority(PRIO_PROCESS, 0, NICE) != 0) return 1;
    const size_t arena_bytes = (size_t)cost.memory_kib * BYTES_PER_KIB;
    const bool is_kept = strcmp(argv[1], "kept") == 0 && hash_arenas_are_possible();
    if (is_kept && !is_ok(hash_arena_set_create((unsigned)count, arena_bytes, IDLE_MS, &arenas))) return 1;
    const int64_t began_us = clock_monotonic_us();
    until_us = began_us + (int64_t)(strtod(argv[3], NULL) * 1e6);
    for (unsigned long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0) return 1;
    for (unsigned long i = 0; i < count; i++) (void)pthread_join(threads[i], NULL);
    const double seconds = (double)(clock_monotonic_us() - began_us) / 1e6;
    (void)printf("{\"hashes\": %lu, \"seconds\": %.6f, \"cpu_ms\": %.3f, \"is_kept\": %s}\n",
                 atomic_load(&hashes), seconds, cpu_ms() / (double)atomic_load(&hashes),
                 is_kept ? "true" : "false");
    hash_arena_set_destroy(arenas);
    return 0;
}
