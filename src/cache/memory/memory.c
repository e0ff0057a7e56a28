// SPDX-License-Identifier: MIT
#include "memory_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_COUNT           16u
#define BYTES_PER_BUCKET      256u /* about one entry each when the shard is full */
#define BUCKETS_MIN           16u
#define ALLOCATION_COST_BYTES 16u /* what malloc adds to a block */

enum entry_kind { ENTRY_VALUE, ENTRY_COUNTER, ENTRY_DENIED };

struct link {
    struct link *previous;
    struct link *next;
};

struct entry {
    struct link order; /* in shard->used, or in shard->denied */
    struct entry *next_in_bucket;
    struct cache_key key;
    int64_t expires_ms;
    int64_t count;
    enum entry_kind kind;
    unsigned value_len;
    unsigned char value[];
};

struct shard {
    pthread_mutex_t mutex;
    struct entry **buckets;
    size_t bucket_count; /* a power of two */
    struct link used;    /* values and counters, the latest used first */
    struct link denied;  /* denials, the first to expire first */
    size_t bytes_max;
    size_t bytes;
    size_t denied_bytes;
    size_t entries;
    unsigned long evictions;
    int64_t shut_until_ms; /* every key counts as denied until then */
};

struct memory {
    struct cache_driver driver;
    struct shard shards[SHARD_COUNT];
};

static void list_init(struct link *list)
{
    list->previous = list;
    list->next = list;
}

static void list_insert_after(struct link *place, struct link *item)
{
    item->previous = place;
    item->next = place->next;
    place->next->previous = item;
    place->next = item;
}

static void list_remove(struct link *item)
{
    item->previous->next = item->next;
    item->next->previous = item->previous;
}

static struct entry *entry_of(struct link *item)
{
    return CONTAINER_OF(item, struct entry, order);
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof *entry + entry->value_len + ALLOCATION_COST_BYTES;
}

/* The key is a keyed hash already: whoever does not know the key cannot aim at a shard or a bucket. */
static struct shard *shard_lock(struct cache_driver *driver, const struct cache_key *key)
{
    struct memory *memory = CONTAINER_OF(driver, struct memory, driver);
    struct shard *shard = &memory->shards[key->bytes[0] % SHARD_COUNT];
    pthread_mutex_lock(&shard->mutex);
    return shard;
}

static struct entry **bucket_of(struct shard *shard, const struct cache_key *key)
{
    size_t hash = 0;
    memcpy(&hash, key->bytes + CACHE_KEY_BYTES - sizeof hash, sizeof hash);
    return &shard->buckets[hash & (shard->bucket_count - 1)];
}

static void entry_remove(struct shard *shard, struct entry *entry)
{
    struct entry **place = bucket_of(shard, &entry->key);
    while (*place != entry) place = &(*place)->next_in_bucket;
    *place = entry->next_in_bucket;
    list_remove(&entry->order);
    shard->bytes -= entry_bytes(entry);
    shard->entries--;
    if (entry->kind == ENTRY_DENIED) shard->denied_bytes -= entry_bytes(entry);
    wipe(entry->value, entry->value_len);
    free(entry);
}

/* The live entry of the key, or NULL; one that has expired is removed on the way. */
static struct entry *entry_find(struct shard *shard, const struct cache_key *key, int64_t now_ms)
{
    struct entry *entry = *bucket_of(shard, key);
    /* Keys are names of things, not secrets to be guessed: comparing them may take as long as it takes. */
    while (entry && memcmp(&entry->key, key, sizeof *key) != 0) entry = entry->next_in_bucket;
    if (!entry || entry->expires_ms > now_ms) return entry;
    entry_remove(shard, entry);
    return NULL;
}

static void expired_denials_remove(struct shard *shard, int64_t now_ms)
{
    while (shard->denied.next != &shard->denied) {
        struct entry *oldest = entry_of(shard->denied.next);
        if (oldest->expires_ms > now_ms) return;
        entry_remove(shard, oldest);
    }
}

static bool room_make(struct shard *shard, size_t bytes, int64_t now_ms)
{
    if (shard->bytes + bytes <= shard->bytes_max) return true;
    expired_denials_remove(shard, now_ms);
    while (shard->bytes + bytes > shard->bytes_max && shard->used.previous != &shard->used) {
        entry_remove(shard, entry_of(shard->used.previous));
        shard->evictions++;
    }
    return shard->bytes + bytes <= shard->bytes_max;
}

/* NULL when there is no room to be had. */
static struct entry *entry_add(struct shard *shard, const struct cache_key *key, const struct entry *model,
                               const void *value, int64_t now_ms)
{
    if (!room_make(shard, entry_bytes(model), now_ms)) return NULL;
    struct entry *entry = malloc(sizeof *entry + model->value_len);
    if (!entry) return NULL;
    *entry = *model;
    entry->key = *key;
    if (model->value_len > 0) memcpy(entry->value, value, model->value_len);
    struct entry **bucket = bucket_of(shard, key);
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    const bool is_denial = entry->kind == ENTRY_DENIED;
    list_insert_after(is_denial ? shard->denied.previous : &shard->used, &entry->order);
    shard->bytes += entry_bytes(entry);
    shard->entries++;
    if (is_denial) shard->denied_bytes += entry_bytes(entry);
    return entry;
}

static bool is_denied(const struct shard *shard, const struct entry *entry, int64_t now_ms)
{
    return now_ms < shard->shut_until_ms || (entry && entry->kind == ENTRY_DENIED);
}

static enum cache_answer memory_get(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms,
                                    struct cache_value *ret_value)
{
    struct shard *shard = shard_lock(driver, key);
    enum cache_answer answer = CACHE_MISS;
    struct entry *entry = entry_find(shard, key, now_ms);
    if (is_denied(shard, entry, now_ms)) {
        answer = CACHE_DENIED;
    } else if (entry && entry->kind == ENTRY_VALUE) {
        answer = CACHE_HIT;
        list_remove(&entry->order);
        list_insert_after(&shard->used, &entry->order);
        ret_value->expires_ms = entry->expires_ms;
        ret_value->len = entry->value_len;
        memcpy(ret_value->bytes, entry->value, entry->value_len);
    }
    pthread_mutex_unlock(&shard->mutex);
    return answer;
}

static void memory_offer(struct cache_driver *driver, const struct cache_key *key,
                         const struct cache_value *value, int64_t now_ms)
{
    if (value->len > CACHE_VALUE_MAX || value->expires_ms <= now_ms) return;
    struct shard *shard = shard_lock(driver, key);
    const bool is_free = !entry_find(shard, key, now_ms) && now_ms >= shard->shut_until_ms;
    if (is_free) {
        const struct entry model = {
            .expires_ms = value->expires_ms, .kind = ENTRY_VALUE, .value_len = (unsigned)value->len};
        (void)entry_add(shard, key, &model, value->bytes, now_ms); /* no room: not kept, no harm */
    }
    pthread_mutex_unlock(&shard->mutex);
}

static void values_remove(struct shard *shard)
{
    struct link *item = shard->used.next;
    while (item != &shard->used) {
        struct entry *entry = entry_of(item);
        item = item->next;
        if (entry->kind == ENTRY_VALUE) entry_remove(shard, entry);
    }
}

static bool memory_deny(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms)
{
    struct shard *shard = shard_lock(driver, key);
    struct entry *old = entry_find(shard, key, now_ms);
    if (old) entry_remove(shard, old);
    expired_denials_remove(shard, now_ms);
    const struct entry model = {.expires_ms = now_ms + CACHE_DENY_MS, .kind = ENTRY_DENIED};
    const bool has_room = shard->denied_bytes + entry_bytes(&model) <= shard->bytes_max / 2;
    if (!has_room || !entry_add(shard, key, &model, NULL, now_ms)) {
        values_remove(shard);
        shard->shut_until_ms = now_ms + CACHE_DENY_MS;
    }
    pthread_mutex_unlock(&shard->mutex);
    return true;
}

static int64_t memory_count(struct cache_driver *driver, const struct cache_key *key, int64_t window_ms,
                            int64_t now_ms)
{
    struct shard *shard = shard_lock(driver, key);
    struct entry *entry = entry_find(shard, key, now_ms);
    if (entry && entry->kind != ENTRY_COUNTER) entry = NULL;
    int64_t count = 0;
    if (entry) {
        count = ++entry->count;
        list_remove(&entry->order);
        list_insert_after(&shard->used, &entry->order);
    } else {
        const struct entry model = {.expires_ms = now_ms + window_ms, .count = 1, .kind = ENTRY_COUNTER};
        count = entry_add(shard, key, &model, NULL, now_ms) ? 1 : 0;
    }
    pthread_mutex_unlock(&shard->mutex);
    return count;
}

void memory_clear(struct cache_driver *driver)
{
    struct memory *memory = CONTAINER_OF(driver, struct memory, driver);
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        pthread_mutex_lock(&memory->shards[i].mutex);
        values_remove(&memory->shards[i]);
        pthread_mutex_unlock(&memory->shards[i].mutex);
    }
}

bool memory_is_denied(struct cache_driver *driver, const struct cache_key *key, int64_t now_ms)
{
    struct shard *shard = shard_lock(driver, key);
    const bool answer = is_denied(shard, entry_find(shard, key, now_ms), now_ms);
    pthread_mutex_unlock(&shard->mutex);
    return answer;
}

void memory_counts(struct cache_driver *driver, struct memory_counts *ret_counts)
{
    struct memory *memory = CONTAINER_OF(driver, struct memory, driver);
    struct memory_counts counts = {0};
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &memory->shards[i];
        pthread_mutex_lock(&shard->mutex);
        counts.evictions += shard->evictions;
        counts.entries += shard->entries;
        counts.bytes += shard->bytes;
        pthread_mutex_unlock(&shard->mutex);
    }
    *ret_counts = counts;
}

static void shard_done(struct shard *shard)
{
    while (shard->used.next != &shard->used) entry_remove(shard, entry_of(shard->used.next));
    while (shard->denied.next != &shard->denied) entry_remove(shard, entry_of(shard->denied.next));
    free(shard->buckets);
    pthread_mutex_destroy(&shard->mutex);
}

static void memory_close(struct cache_driver *driver)
{
    struct memory *memory = CONTAINER_OF(driver, struct memory, driver);
    for (size_t i = 0; i < SHARD_COUNT; i++) shard_done(&memory->shards[i]);
    free(memory);
}

static const struct cache_driver_calls memory_calls = {
    .close = memory_close,
    .get = memory_get,
    .offer = memory_offer,
    .deny = memory_deny,
    .count = memory_count,
};

static bool shard_init(struct shard *shard, size_t bytes_max)
{
    list_init(&shard->used);
    list_init(&shard->denied);
    shard->bytes_max = bytes_max;
    shard->bucket_count = BUCKETS_MIN;
    while (shard->bucket_count < bytes_max / BYTES_PER_BUCKET) shard->bucket_count *= 2;
    pthread_mutex_init(&shard->mutex, NULL); /* default attributes: cannot fail on Linux */
    shard->buckets = calloc(shard->bucket_count, sizeof(struct entry *));
    return shard->buckets != NULL;
}

result memory_create(size_t bytes_max, struct cache_driver **ret_driver)
{
    struct memory *memory = calloc(1, sizeof *memory);
    REQUIRE(memory, INTERNAL);
    memory->driver.calls = &memory_calls;
    bool is_complete = true;
    for (size_t i = 0; i < SHARD_COUNT; i++) {
        is_complete &= shard_init(&memory->shards[i], bytes_max / SHARD_COUNT);
    }
    if (!is_complete) {
        memory_close(&memory->driver);
        return RESULT(INTERNAL);
    }
    *ret_driver = &memory->driver;
    return RESULT_OK;
}
