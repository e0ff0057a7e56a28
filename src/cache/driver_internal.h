/* driver_internal.h — what a store of cached values must be able to do; written twice, memory/ and redis/.
 * Shape:   keys are keyed hashes, so they are spread evenly and say nothing; values are opaque.
 * Units:   now_ms and expires_ms are monotonic; the caller reads the clock, so tests can turn it.
 * Errors:  none: a driver that cannot answer says DOWN, and the caller goes on without it.
 * Threads: memory: any. redis: the thread of its loop, and what waits needs a fiber.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_DRIVER_INTERNAL_H
#define AUTH_CACHE_DRIVER_INTERNAL_H

#include "auth/cache/cache.h"

struct cache_key {
    unsigned char bytes[CACHE_KEY_BYTES];
};

struct cache_value {
    int64_t expires_ms;
    size_t len;
    unsigned char bytes[CACHE_VALUE_MAX];
};

enum cache_answer {
    CACHE_HIT,
    CACHE_MISS,
    CACHE_DENIED, /* known to have changed: nothing read before now may be believed or kept */
    CACHE_DOWN
};

struct cache_driver;

struct cache_driver_calls {
    void (*close)(struct cache_driver *driver);
    /* Writes the value on CACHE_HIT only. */
    enum cache_answer (*get)(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms,
                             struct cache_value *ret_value);
    /* Keeps the value unless the key is denied or holds one; never waits. */
    void (*offer)(struct cache_driver *driver, const struct cache_key *key, const struct cache_value *value,
                  int64_t now_ms);
    /* Forgets the value and takes none for CACHE_DENY_MS; false where that is not certain. */
    bool (*deny)(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms);
    /* The count after adding 1, or 0 where it is not known. */
    int64_t (*count)(struct cache_driver *driver, const struct cache_key *key, int64_t window_ms,
                     int64_t now_ms);
};

/* The first member of each driver. */
struct cache_driver {
    const struct cache_driver_calls *calls;
};

#endif
