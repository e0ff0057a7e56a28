/* cache.h — a cache and a counter that may vanish at any moment: nothing but speed is ever lost.
 * Shape:   keys are keyed hashes made here from (kind, name), so no name or token stands in the cache in
 *          clear; values are small opaque bytes; everything has a lifetime. near: this process's bounded
 *          sharded LRU. shared: Redis, when configured, with the near one in front of it for as long as its
 *          invalidation channel is alive; with the channel down the near one is emptied and unused, and when
 *          it is back takes no value while a reader from before may still run (CACHE_DENY_MS).
 * Rule:    a change goes to the database first, then cache_deny, then the answer. A denied key takes no new
 *          value for CACHE_DENY_MS, so a slow reader cannot put back what was just revoked.
 * Errors:  none to the caller: a cache that is down answers MISS, and counters fall back to this process.
 * Waits:   only the functions whose comment says so. Fibers only.
 * Source:  client-side caching in the Redis manual (idea of the channel).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CACHE_CACHE_H
#define AUTH_CACHE_CACHE_H

#include "auth/base/secret.h"
#include "auth/base/task.h"
#include "auth/loop/loop.h"

#define CACHE_VALUE_MAX 2048u
#define CACHE_DENY_MS   INT64_C(15000) /* longer than a statement may run: no reader holds older news */
#define CACHE_KEY_BYTES 16u
#define CACHE_URL_MAX   2048u

/* Name spaces: a key of one kind is never read as another. */
enum cache_kind {
    CACHE_SESSION,
    CACHE_CLIENT,
    CACHE_TOKEN,
    CACHE_RATE,
    CACHE_RIGHTS,
    CACHE_API_KEY,
    CACHE_KIND_COUNT
};

struct cache;      /* one per process */
struct cache_link; /* one loop's view of it */

struct cache_options {
    struct str redis_url; /* empty: near only */
    struct key256 key;    /* hashes names, seals shared values; the same on every instance */
    size_t near_bytes_max;
    bool is_near_trusted; /* near values may be served without a shared channel: true when this process is the
                             only one */
    int64_t timeout_ms;   /* per shared operation: 50 */
};

/* NULL when the URL can be used (redis://[[user]:password@]host[:port][/db],
 * unix://[[user]:password@]/path[?db=n]), else a sentence for the operator that tells what is wrong with it.
 */
const char *cache_url_problem(struct str redis_url);

/* INTERNAL when memory is short or the URL has a problem. Does not need Redis to be there. */
NODISCARD result cache_create(const struct cache_options *options, struct cache **ret_cache);
/* After its links. Accepts NULL. */
void cache_destroy(struct cache *cache);
/* On the loop's thread, or before the loop runs; begins to connect when it does. Until then, and whenever
 * Redis is away, nobody waits: the answer is MISS. */
NODISCARD result cache_open(struct cache *cache, struct loop *loop, struct cache_link **ret_link);
/* On the loop's thread, or after it; no fiber may be waiting in one of the functions below. Accepts NULL. */
void cache_close(struct cache_link *link);

/* Near only, never waits: true and a copy of the value, or false. */
bool cache_peek(struct cache_link *link, enum cache_kind kind, struct str name, void *ret_value,
                size_t *value_bytes);

/* Near, then shared. Waits when it must ask the shared one. `*value_bytes` is the room on entry, the size on
 * return. */
bool cache_get(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name,
               void *ret_value, size_t *value_bytes);

/* Offers a value read from the database after a peek or a get of that key; refused silently where the key is
 * denied or holds one. Does not wait. `ttl_ms` is cut to CACHE_DENY_MS; keep it at 5 s for what can be
 * revoked: when Redis forgets its denials (FLUSHALL) or cannot be told of one, ttl_ms is what bounds the
 * error. */
void cache_offer(struct cache_link *link, enum cache_kind kind, struct str name, struct str value,
                 int64_t ttl_ms);

/* The value has changed in the database: forget it everywhere. Waits until the shared one has acknowledged or
 * is known to be down. Counts as done in both cases; a shared one that is down is not trusted again before it
 * has been emptied of what it missed (its entries live no longer than ttl_ms). */
void cache_deny(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name);

/* Adds 1 to a counter that begins at its first use and lives window_ms; the new count, at least 1. Waits with
 * a shared one; without it, or while it is down, the count is what this process has seen. */
int64_t cache_count(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name,
                    int64_t window_ms);

struct cache_counts {
    unsigned long near_hits, near_misses, shared_hits, shared_misses, shared_failures, denials, evictions;
    size_t near_entries, near_bytes;
    bool is_shared_configured, is_shared_up; /* up: on every loop, with the channel */
};
/* From any thread. */
void cache_counts(const struct cache *cache, struct cache_counts *ret_counts);

#endif
