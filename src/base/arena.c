// SPDX-License-Identifier: MIT
#include "auth/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/base/log.h"
#include "auth/base/secret.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(bytes, count)   __asan_poison_memory_region((bytes), (count))
#define UNPOISON(bytes, count) __asan_unpoison_memory_region((bytes), (count))
#define GUARD_BYTES            16u /* between blocks, so that an overrun touches poison */
#else
#define POISON(bytes, count)   ((void)0)
#define UNPOISON(bytes, count) ((void)0)
#define GUARD_BYTES            0u
#endif

/* A usual request fits the first chunk, so that it allocates nothing. */
#define FIRST_CHUNK_BYTES ((size_t)16 * 1024)
#define CHUNK_GROWTH_MAX  ((size_t)1024 * 1024)
#define ALIGNMENT         alignof(max_align_t)

/* What stands after `used` is zero at all times: calloc gives it so and reset leaves it so. Blocks therefore
 * need no clearing when they are handed out. */
struct chunk {
    struct chunk *previous;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char bytes[];
};

struct cleanup {
    struct cleanup *earlier;
    void (*run)(void *argument);
    void *argument;
};

struct arena {
    struct chunk *chunk; /* the newest */
    struct cleanup *cleanups;
    size_t used;
    size_t max_bytes;
};

static size_t align_up(size_t bytes)
{
    return (bytes + (ALIGNMENT - 1)) & ~(ALIGNMENT - 1);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct chunk *chunk_create(size_t capacity, struct chunk *previous)
{
    struct chunk *chunk = calloc(1, sizeof(*chunk) + capacity);
    if (!chunk) panic("out of memory: no %zu bytes for an arena", capacity);
    chunk->previous = previous;
    chunk->capacity = capacity;
    POISON(chunk->bytes, capacity);
    return chunk;
}

static void chunk_wipe(struct chunk *chunk)
{
    UNPOISON(chunk->bytes, chunk->used);
    wipe(chunk->bytes, chunk->used);
    POISON(chunk->bytes, chunk->used);
    chunk->used = 0;
}

static void chunk_destroy(struct chunk *chunk)
{
    chunk_wipe(chunk);
    UNPOISON(chunk->bytes, chunk->capacity);
    free(chunk);
}

struct arena *arena_create(size_t max_bytes)
{
    assert(max_bytes > 0 && max_bytes <= SIZE_MAX / 4);
    struct arena *arena = calloc(1, sizeof(*arena));
    if (!arena) panic("out of memory: no arena");
    arena->max_bytes = max_bytes;
    arena->chunk = chunk_create(smaller(FIRST_CHUNK_BYTES, align_up(max_bytes) + GUARD_BYTES), NULL);
    return arena;
}

void arena_reset(struct arena *arena)
{
    while (arena->cleanups) {
        const struct cleanup *cleanup = arena->cleanups;
        arena->cleanups = cleanup->earlier;
        cleanup->run(cleanup->argument);
    }
    while (arena->chunk->previous) {
        struct chunk *newest = arena->chunk;
        arena->chunk = newest->previous;
        chunk_destroy(newest);
    }
    chunk_wipe(arena->chunk);
    arena->used = 0;
}

void arena_destroy(struct arena *arena)
{
    if (!arena) return;
    arena_reset(arena);
    chunk_destroy(arena->chunk);
    free(arena);
}

/* Chunks double, so that n bytes cost O(log n) calls; a block larger than that gets a chunk of its size. */
static void add_chunk(struct arena *arena, size_t needed)
{
    const size_t doubled = smaller(arena->chunk->capacity * 2, CHUNK_GROWTH_MAX);
    arena->chunk = chunk_create(needed > doubled ? needed : doubled, arena->chunk);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > arena->max_bytes - arena->used) {
        panic("an arena of %zu bytes, %zu used, has no room for %zu", arena->max_bytes, arena->used, bytes);
    }
    const size_t rounded = align_up(bytes > 0 ? bytes : 1);
    const size_t needed = rounded + GUARD_BYTES;
    if (needed > arena->chunk->capacity - arena->chunk->used) add_chunk(arena, needed);
    unsigned char *block = arena->chunk->bytes + arena->chunk->used;
    arena->chunk->used += needed;
    arena->used = smaller(arena->used + rounded, arena->max_bytes);
    UNPOISON(block, bytes);
    return block;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t item_bytes)
{
    if (item_bytes > 0 && count > SIZE_MAX / item_bytes) {
        panic("%zu items of %zu bytes are more than memory can hold", count, item_bytes);
    }
    return arena_alloc(arena, count * item_bytes);
}

void arena_on_reset(struct arena *arena, void (*cleanup)(void *argument), void *argument)
{
    struct cleanup *added = arena_alloc(arena, sizeof(*added));
    added->earlier = arena->cleanups;
    added->run = cleanup;
    added->argument = argument;
    arena->cleanups = added;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

void arena_destroy_scoped(struct arena **arena)
{
    arena_destroy(*arena);
}
