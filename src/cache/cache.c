// SPDX-License-Identifier: MIT
#include "auth/cache/cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/clock.h"
#include "auth/base/digest.h"
#include "driver_internal.h"
#include "memory/memory_internal.h"
#include "redis/redis_internal.h"

#define URL_ARENA_BYTES 65536u
#define COUNTER_DOMAIN  0x80u /* a counter is never read as a value of the same kind and name */

struct tally {
    atomic_ulong near_hits, near_misses, shared_hits, shared_misses, shared_failures, denials;
};

struct cache {
    struct cache_driver *near;
    struct arena *arena; /* holds the target's strings, wiped at the end */
    struct redis_target target;
    struct key256 key;
    int64_t timeout_ms;
    bool is_shared;
    bool is_near_trusted;
    atomic_int link_count;
    atomic_int commands_up;
    atomic_int channels_up;
    struct tally tally;
};

struct cache_link {
    struct cache *cache;
    struct loop *loop;
    struct cache_driver *shared; /* NULL: none is configured */
    struct channel *channel;     /* NULL: none is configured, or none is needed */
    struct timer start;
    bool is_channel_up;
    int64_t asked_ms;      /* when a reader last began, monotonic; 0: never */
    int64_t near_opens_ms; /* near takes no value before */
};

static void tally_add(atomic_ulong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The kind goes first and has one byte: no name of one kind can spell a name of another. */
static struct cache_key key_of(const struct cache *cache, unsigned char domain, struct str name)
{
    struct cache_key key;
    keyed_hash128(&cache->key, domain, name, key.bytes);
    return key;
}

static result target_prepare(struct cache *cache, struct str url)
{
    REQUIRE(!redis_target_parse(cache->arena, url, &cache->target), INTERNAL);
    if (is_empty(cache->target.host)) return RESULT_OK;
    const struct offload_options options = {.name = "redis-names", .threads = 1, .queue_limit = 64};
    return offload_create(&options, &cache->target.resolver);
}

const char *cache_url_problem(struct str redis_url)
{
    struct arena *arena = arena_create(URL_ARENA_BYTES);
    struct redis_target target;
    const char *problem = "the URL is too long";
    if (redis_url.len <= CACHE_URL_MAX) problem = redis_target_parse(arena, redis_url, &target);
    arena_destroy(arena);
    return problem;
}

static result cache_fill(struct cache *cache, const struct cache_options *options)
{
    cache->key = options->key;
    cache->timeout_ms = options->timeout_ms;
    cache->is_near_trusted = options->is_near_trusted;
    cache->is_shared = !is_empty(options->redis_url);
    cache->arena = arena_create(URL_ARENA_BYTES);
    TRY(memory_create(options->near_bytes_max, &cache->near));
    if (!cache->is_shared) return RESULT_OK;
    REQUIRE(options->redis_url.len <= CACHE_URL_MAX, INTERNAL);
    return target_prepare(cache, options->redis_url);
}

result cache_create(const struct cache_options *options, struct cache **ret_cache)
{
    struct cache *cache = calloc(1, sizeof *cache);
    REQUIRE(cache, INTERNAL);
    const result r = cache_fill(cache, options);
    if (!is_ok(r)) {
        cache_destroy(cache);
        return r;
    }
    *ret_cache = cache;
    return RESULT_OK;
}

void cache_destroy(struct cache *cache)
{
    if (!cache) return;
    offload_destroy(cache->target.resolver);
    if (cache->near) cache->near->calls->close(cache->near);
    arena_destroy(cache->arena);
    wipe(&cache->key, sizeof cache->key);
    free(cache);
}

static void on_denied(void *owner, const struct cache_key *key)
{
    struct cache_link *link = owner;
    (void)link->cache->near->calls->deny(link->cache->near, key, clock_monotonic_ms());
}

/* Values of other loops go as well; that costs them a look at the shared cache each. */
static void on_channel_down(void *owner)
{
    struct cache_link *link = owner;
    link->is_channel_up = false;
    atomic_fetch_sub(&link->cache->channels_up, 1);
    memory_clear(link->cache->near);
}

static void on_channel_up(void *owner)
{
    struct cache_link *link = owner;
    memory_clear(link->cache->near);
    link->is_channel_up = true;
    atomic_fetch_add(&link->cache->channels_up, 1);
    /* A reader that began before may hold a value whose denial went unheard. None runs longer than this. */
    link->near_opens_ms = link->asked_ms == 0 ? 0 : link->asked_ms + CACHE_DENY_MS;
}

static void on_start(struct timer *timer)
{
    struct cache_link *link = CONTAINER_OF(timer, struct cache_link, start);
    redis_want(link->shared);
    if (link->channel) (void)channel_is_alive(link->channel, clock_monotonic_ms());
}

static result shared_open(struct cache_link *link)
{
    struct cache *cache = link->cache;
    const struct redis_options options = {.target = &cache->target,
                                          .secret = &cache->key,
                                          .timeout_ms = cache->timeout_ms,
                                          .up_count = &cache->commands_up};
    const struct channel_events events = {
        .denied = on_denied, .up = on_channel_up, .down = on_channel_down, .owner = link};
    TRY(redis_open(&options, link->loop, &link->shared));
    if (!cache->is_near_trusted) TRY(channel_open(&options, link->loop, &events, &link->channel));
    /* Not at once: the loop may not run yet. */
    loop_timer_start(link->loop, &link->start, clock_monotonic_ms());
    return RESULT_OK;
}

result cache_open(struct cache *cache, struct loop *loop, struct cache_link **ret_link)
{
    struct cache_link *link = calloc(1, sizeof *link);
    REQUIRE(link, INTERNAL);
    link->cache = cache;
    link->loop = loop;
    link->start = (struct timer){.due = on_start};
    atomic_fetch_add(&cache->link_count, 1);
    const result r = cache->is_shared ? shared_open(link) : RESULT_OK;
    if (!is_ok(r)) {
        cache_close(link);
        return r;
    }
    *ret_link = link;
    return RESULT_OK;
}

void cache_close(struct cache_link *link)
{
    if (!link) return;
    loop_timer_stop(&link->start);
    if (link->is_channel_up) on_channel_down(link);
    channel_close(link->channel);
    if (link->shared) link->shared->calls->close(link->shared);
    atomic_fetch_sub(&link->cache->link_count, 1);
    free(link);
}

static bool is_near_usable(struct cache_link *link, int64_t now_ms)
{
    if (link->cache->is_near_trusted) return true;
    return link->channel && channel_is_alive(link->channel, now_ms);
}

static void near_offer(struct cache_link *link, const struct cache_key *key, const struct cache_value *value,
                       int64_t now_ms)
{
    if (now_ms < link->near_opens_ms || !is_near_usable(link, now_ms)) return;
    link->cache->near->calls->offer(link->cache->near, key, value, now_ms);
}

/* DENIED even where the near cache is not usable: what this process has denied stays denied. */
static enum cache_answer near_get(struct cache_link *link, const struct cache_key *key, int64_t now_ms,
                                  struct cache_value *ret_value)
{
    struct cache *cache = link->cache;
    link->asked_ms = now_ms;
    const bool is_usable = is_near_usable(link, now_ms); /* asked in any case: it revives the channel */
    enum cache_answer answer = cache->near->calls->get(cache->near, key, now_ms, ret_value);
    if (answer == CACHE_HIT && !is_usable) answer = CACHE_MISS;
    tally_add(answer == CACHE_HIT ? &cache->tally.near_hits : &cache->tally.near_misses);
    return answer;
}

static enum cache_answer shared_get(struct cache_link *link, const struct cache_key *key,
                                    struct cache_value *ret_value)
{
    struct tally *tally = &link->cache->tally;
    const enum cache_answer answer =
        link->shared->calls->get(link->shared, key, clock_monotonic_ms(), ret_value);
    if (answer == CACHE_DOWN) {
        tally_add(&tally->shared_failures);
        return answer;
    }
    tally_add(answer == CACHE_HIT ? &tally->shared_hits : &tally->shared_misses);
    if (answer != CACHE_HIT) return answer;
    const int64_t now_ms = clock_monotonic_ms();
    /* The denial may have come while the value was on its way. */
    if (memory_is_denied(link->cache->near, key, now_ms)) return CACHE_DENIED;
    near_offer(link, key, ret_value, now_ms);
    return CACHE_HIT;
}

static bool value_give(const struct cache_value *value, void *ret_value, size_t *value_bytes)
{
    if (value->len > *value_bytes) return false;
    memcpy(ret_value, value->bytes, value->len);
    *value_bytes = value->len;
    return true;
}

bool cache_peek(struct cache_link *link, enum cache_kind kind, struct str name, void *ret_value,
                size_t *value_bytes)
{
    const struct cache_key key = key_of(link->cache, (unsigned char)kind, name);
    struct cache_value value;
    if (near_get(link, &key, clock_monotonic_ms(), &value) != CACHE_HIT) return false;
    return value_give(&value, ret_value, value_bytes);
}

bool cache_get(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name,
               void *ret_value, size_t *value_bytes)
{
    const struct cache_key key = key_of(link->cache, (unsigned char)kind, name);
    struct cache_value value;
    enum cache_answer answer = near_get(link, &key, clock_monotonic_ms(), &value);
    if (answer == CACHE_MISS && link->shared && !is_late(task)) answer = shared_get(link, &key, &value);
    return answer == CACHE_HIT && value_give(&value, ret_value, value_bytes);
}

void cache_offer(struct cache_link *link, enum cache_kind kind, struct str name, struct str value,
                 int64_t ttl_ms)
{
    if (value.len > CACHE_VALUE_MAX || ttl_ms <= 0) return;
    const int64_t now_ms = clock_monotonic_ms();
    const struct cache_key key = key_of(link->cache, (unsigned char)kind, name);
    if (memory_is_denied(link->cache->near, &key, now_ms)) return;
    /* A denial that nobody heard is remembered for CACHE_DENY_MS: nothing may outlive it. */
    struct cache_value copy;
    copy.expires_ms = now_ms + (ttl_ms < CACHE_DENY_MS ? ttl_ms : CACHE_DENY_MS);
    copy.len = value.len;
    if (value.len > 0) memcpy(copy.bytes, value.ptr, value.len);
    near_offer(link, &key, &copy, now_ms);
    if (link->shared) link->shared->calls->offer(link->shared, &key, &copy, now_ms);
}

void cache_deny(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name)
{
    (void)task; /* told even when the task is late: the change is in the database already */
    struct cache *cache = link->cache;
    const struct cache_key key = key_of(cache, (unsigned char)kind, name);
    const int64_t now_ms = clock_monotonic_ms();
    tally_add(&cache->tally.denials);
    (void)cache->near->calls->deny(cache->near, &key, now_ms);
    if (!link->shared || link->shared->calls->deny(link->shared, &key, now_ms)) return;
    tally_add(&cache->tally.shared_failures);
}

int64_t cache_count(struct cache_link *link, struct task *task, enum cache_kind kind, struct str name,
                    int64_t window_ms)
{
    struct cache *cache = link->cache;
    const struct cache_key key = key_of(cache, (unsigned char)(COUNTER_DOMAIN | (unsigned)kind), name);
    const int64_t now_ms = clock_monotonic_ms();
    if (window_ms < 1) window_ms = 1;
    /* Counted here in any case, so that a shared counter that vanishes takes nothing of ours with it. */
    int64_t count = cache->near->calls->count(cache->near, &key, window_ms, now_ms);
    if (count == 0) count = 1; /* no room to remember it */
    if (!link->shared || is_late(task)) return count;
    const int64_t shared = link->shared->calls->count(link->shared, &key, window_ms, now_ms);
    if (shared == 0) tally_add(&cache->tally.shared_failures);
    return shared > 0 ? shared : count;
}

void cache_counts(const struct cache *cache, struct cache_counts *ret_counts)
{
    struct memory_counts near;
    memory_counts(cache->near, &near);
    const int links = atomic_load(&cache->link_count);
    const bool is_heard = cache->is_near_trusted || atomic_load(&cache->channels_up) == links;
    *ret_counts = (struct cache_counts){
        .near_hits = atomic_load(&cache->tally.near_hits),
        .near_misses = atomic_load(&cache->tally.near_misses),
        .shared_hits = atomic_load(&cache->tally.shared_hits),
        .shared_misses = atomic_load(&cache->tally.shared_misses),
        .shared_failures = atomic_load(&cache->tally.shared_failures),
        .denials = atomic_load(&cache->tally.denials),
        .evictions = near.evictions,
        .near_entries = near.entries,
        .near_bytes = near.bytes,
        .is_shared_configured = cache->is_shared,
        .is_shared_up =
            cache->is_shared && links > 0 && is_heard && atomic_load(&cache->commands_up) == links,
    };
}
