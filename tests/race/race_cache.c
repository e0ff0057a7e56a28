// SPDX-License-Identifier: MIT
// Four loops on one cache: values, denials and counters from all of them at once, and the figures read from
// outside. An argument is the URL of a Redis to share.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/cache/cache.h"
#include "auth/loop/fiber.h"

#define LOOPS  4u
#define ROUNDS 4000u
#define NAMES  64u

static struct cache *cache;

struct member {
    struct fiber_job job;
    unsigned seed;
};

static void round_run(struct cache_link *link, struct task *task, unsigned number)
{
    char name[16];
    char value[64];
    size_t len = sizeof value;
    const int name_len = snprintf(name, sizeof name, "n%u", number % NAMES);
    const struct str text = {name, (size_t)name_len};
    if (!cache_get(link, task, CACHE_SESSION, text, value, &len)) {
        cache_offer(link, CACHE_SESSION, text, text, 50);
    } else if (len != text.len || memcmp(value, name, len) != 0) {
        abort(); // somebody else's value
    }
    if (number % 97 == 0) cache_deny(link, task, CACHE_SESSION, text);
    (void)cache_count(link, task, CACHE_RATE, STR("all"), 600000);
}

static void member_run(struct fiber_job *job)
{
    unsigned number = CONTAINER_OF(job, struct member, job)->seed;
    struct cache_link *link = NULL;
    if (!is_ok(cache_open(cache, loop_self(), &link))) abort();
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct task task;
        task_init(&task, NULL, STR("race"), 60000);
        number = number * 1103515245u + 12345u;
        round_run(link, &task, number >> 8);
        if (i % 16 == 0) fiber_sleep(0);
    }
    cache_close(link);
}

static void *thread_run(void *argument)
{
    struct member member = {.job.run = member_run, .seed = *(const unsigned *)argument};
    if (!is_ok(fiber_run_alone(&member.job))) abort();
    return NULL;
}

static void all_run(void)
{
    pthread_t threads[LOOPS];
    unsigned seeds[LOOPS];
    for (unsigned i = 0; i < LOOPS; i++) {
        seeds[i] = i + 1;
        if (pthread_create(&threads[i], NULL, thread_run, &seeds[i]) != 0) abort();
    }
    struct cache_counts counts;
    for (unsigned i = 0; i < 1000; i++) cache_counts(cache, &counts);
    for (unsigned i = 0; i < LOOPS; i++) pthread_join(threads[i], NULL);
}

static void last_count_check(struct fiber_job *job)
{
    (void)job;
    struct cache_link *link = NULL;
    struct task task;
    task_init(&task, NULL, STR("race"), 60000);
    if (!is_ok(cache_open(cache, loop_self(), &link))) abort();
    const int64_t count = cache_count(link, &task, CACHE_RATE, STR("all"), 600000);
    cache_close(link);
    if (count == LOOPS * ROUNDS + 1) return;
    fprintf(stderr, "counted %lld\n", (long long)count);
    abort();
}

int main(int argc, char **argv)
{
    const struct cache_options options = {.redis_url = argc > 1 ? str_from(argv[1]) : STR_NONE,
                                          .key = {{1}},
                                          .near_bytes_max = 1u << 20,
                                          .is_near_trusted = argc == 1,
                                          .timeout_ms = 2000};
    if (!is_ok(random_init()) || !is_ok(cache_create(&options, &cache))) return 1;
    all_run();
    struct fiber_job job = {.run = last_count_check};
    if (!is_ok(fiber_run_alone(&job))) return 1;
    struct cache_counts counts;
    cache_counts(cache, &counts);
    printf("near hits %lu, shared hits %lu, shared failures %lu, denials %lu\n", counts.near_hits,
           counts.shared_hits, counts.shared_failures, counts.denials);
    cache_destroy(cache);
    return 0;
}
