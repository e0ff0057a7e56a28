/* cache_fixture.h — caches on the loop of a test's fiber. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TESTS_CACHE_FIXTURE_H
#define AUTH_TESTS_CACHE_FIXTURE_H

#include "auth/cache/cache.h"
#include "auth/loop/fiber.h"

/* One instance: what a process of its own would have. */
struct instance {
    struct cache *cache;
    struct cache_link *link;
};

/* Runs the body on a fiber of a fresh loop. */
void in_fiber(void (*body)(void));

/* An empty URL: near only, and trusted. */
void instance_open(struct instance *instance, const char *redis_url);
void instance_close(struct instance *instance);
/* False when the instance is not connected, channel and all, within two seconds of being used. */
bool instance_is_up(struct instance *instance);

struct cache_counts instance_counts(const struct instance *instance);

/* The value is a text; "" when there is none. The text is static. */
const char *get_text(struct instance *instance, const char *name);
const char *peek_text(struct instance *instance, const char *name);
void offer_text(struct instance *instance, const char *name, const char *value, int64_t ttl_ms);
void deny_name(struct instance *instance, const char *name);
int64_t count_name(struct instance *instance, const char *name, int64_t window_ms);

#endif
