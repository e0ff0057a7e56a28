// SPDX-License-Identifier: MIT
#include "cache_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"

struct body {
    struct fiber_job job;
    void (*run)(void);
};

static void body_run(struct fiber_job *job)
{
    CONTAINER_OF(job, struct body, job)->run();
}

void in_fiber(void (*body)(void))
{
    struct body wrapper = {.job.run = body_run, .run = body};
    if (!is_ok(random_init()) || !is_ok(fiber_run_alone(&wrapper.job))) abort();
}

void instance_open(struct instance *instance, const char *redis_url)
{
    const struct cache_options options = {.redis_url = str_from(redis_url),
                                          .key = {{1, 2, 3}},
                                          .near_bytes_max = 4u << 20,
                                          .is_near_trusted = redis_url[0] == '\0',
                                          .timeout_ms = 50};
    if (!is_ok(cache_create(&options, &instance->cache))) abort();
    if (!is_ok(cache_open(instance->cache, loop_self(), &instance->link))) abort();
}

void instance_close(struct instance *instance)
{
    cache_close(instance->link);
    cache_destroy(instance->cache);
}

struct cache_counts instance_counts(const struct instance *instance)
{
    struct cache_counts counts;
    cache_counts(instance->cache, &counts);
    return counts;
}

bool instance_is_up(struct instance *instance)
{
    const int64_t start_ms = clock_monotonic_ms();
    while (!instance_counts(instance).is_shared_up) {
        const int64_t waited_ms = clock_monotonic_ms() - start_ms;
        if (waited_ms > 10000) return false;
        // The first time it comes up by itself; later it must be wanted. Looked at before anything is asked:
        // the answer to a question may be what brings it down.
        if (waited_ms > 100) (void)get_text(instance, "nobody");
        fiber_sleep(5);
    }
    return true;
}

static void task_begin(struct task *task, struct arena *arena)
{
    task_init(task, arena, STR("test"), 10000);
}

static const char *text_of(bool is_there, char *text, size_t len)
{
    text[is_there ? len : 0] = '\0';
    return text;
}

const char *get_text(struct instance *instance, const char *name)
{
    static char result_text[CACHE_VALUE_MAX + 1];
    char text[CACHE_VALUE_MAX];
    size_t len = sizeof text;
    struct arena *arena = arena_create(4096);
    struct task *task = calloc(1, sizeof *task);
    task_begin(task, arena);
    const bool is_there = cache_get(instance->link, task, CACHE_SESSION, str_from(name), text, &len);
    memcpy(result_text, text, is_there ? len : 0); // only now: other fibers ran meanwhile
    free(task);
    arena_destroy(arena);
    return text_of(is_there, result_text, len);
}

const char *peek_text(struct instance *instance, const char *name)
{
    static char text[CACHE_VALUE_MAX + 1];
    size_t len = CACHE_VALUE_MAX;
    const bool is_there = cache_peek(instance->link, CACHE_SESSION, str_from(name), text, &len);
    return text_of(is_there, text, len);
}

void offer_text(struct instance *instance, const char *name, const char *value, int64_t ttl_ms)
{
    cache_offer(instance->link, CACHE_SESSION, str_from(name), str_from(value), ttl_ms);
}

void deny_name(struct instance *instance, const char *name)
{
    struct task *task = calloc(1, sizeof *task);
    task_begin(task, NULL);
    cache_deny(instance->link, task, CACHE_SESSION, str_from(name));
    free(task);
}

int64_t count_name(struct instance *instance, const char *name, int64_t window_ms)
{
    struct task *task = calloc(1, sizeof *task);
    task_begin(task, NULL);
    const int64_t count = cache_count(instance->link, task, CACHE_RATE, str_from(name), window_ms);
    free(task);
    return count;
}
