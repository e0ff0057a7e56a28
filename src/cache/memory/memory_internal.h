/* memory_internal.h — the cache of this process: a bounded LRU in shards, each under its own mutex.
 * Shape:   values and counters share the room and the oldest used leave first; denials are never pushed
 *          out. When more than half a shard is denials, the shard takes no values at all for CACHE_DENY_MS
 *          instead: a flood of denials costs speed, never a revocation. Expiry is lazy: at a look, or when
 *          room is needed.
 * Threads: any.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_MEMORY_INTERNAL_H
#define AUTH_CACHE_MEMORY_INTERNAL_H

#include "../driver_internal.h"

/* INTERNAL when memory is short. */
NODISCARD result memory_create(size_t bytes_max, struct cache_driver **ret_driver);

/* Forgets all values; denials and counters stay. */
void memory_clear(struct cache_driver *driver);

/* True where the key may not be read from anywhere. */
bool memory_is_denied(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms);

struct memory_counts {
    unsigned long evictions;
    size_t entries;
    size_t bytes;
};
void memory_counts(struct cache_driver *driver, struct memory_counts *ret_counts);

#endif
