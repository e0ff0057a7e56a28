// SPDX-License-Identifier: MIT
#include "hash_arena_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "auth/base/secret.h"

/* Sanitizers define mmap themselves, and elsewhere the system call takes its arguments in another form. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#endif
#if defined(__linux__) && defined(SYS_mmap) && __SIZEOF_LONG__ == 8 && !defined(HAS_SANITIZER)
#define CAN_REUSE 1
#else
#define CAN_REUSE 0
#endif

#define MAP_BYTES_MIN (4u * 1024u * 1024u)

struct hash_arena {
    void *base; /* NULL without a mapping */
    size_t bytes;
    size_t max_bytes;
    bool is_lent;  /* libsodium holds the mapping */
    bool is_taken; /* a thread, or the janitor, holds the arena; the set's lock guards it */
    int64_t last_used_ms;
};

struct hash_arena_set {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t janitor;
    bool is_stopping;
    bool janitor_rests; /* nothing is mapped and idle */
    int64_t idle_ms;
    unsigned count;
    struct hash_arena arenas[];
};

bool hash_arenas_are_possible(void)
{
    return CAN_REUSE;
}

#if CAN_REUSE

static _Thread_local struct hash_arena *arena_of_thread;

static void *map_pages(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    /* The value of an mmap is an address: syscall() hands it over as a long. */
    return (void *)(intptr_t)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

static int unmap_pages(void *address, size_t length)
{
    return (int)syscall(SYS_munmap, address, length);
}

static void arena_unmap(struct hash_arena *arena)
{
    if (!arena->base) return;
    wipe(arena->base, arena->bytes);
    unmap_pages(arena->base, arena->bytes);
    arena->base = NULL;
    arena->bytes = 0;
}

static bool arena_map(struct hash_arena *arena, size_t length)
{
    const int saved_errno = errno;
    arena_unmap(arena);
    void *base =
        map_pages(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (base == MAP_FAILED) return false;
    madvise(base, length, MADV_DONTDUMP);
    mlock(base, length); /* as far as RLIMIT_MEMLOCK allows */
    errno = saved_errno;
    arena->base = base;
    arena->bytes = length;
    return true;
}

static bool is_for_arena(const struct hash_arena *arena, const void *address, size_t length, int flags)
{
    const int wanted = MAP_PRIVATE | MAP_ANONYMOUS;
    if (!arena || arena->is_lent || address) return false;
    if (length < MAP_BYTES_MIN || length > arena->max_bytes) return false;
    return (flags & (wanted | MAP_FIXED)) == wanted;
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    struct hash_arena *arena = arena_of_thread;
    if (!is_for_arena(arena, address, length, flags) || protection != (PROT_READ | PROT_WRITE)) {
        return map_pages(address, length, protection, flags, fd, offset);
    }
    if (arena->bytes < length && !arena_map(arena, length)) return MAP_FAILED;
    arena->is_lent = true;
    return arena->base;
}

int munmap(void *address, size_t length)
{
    struct hash_arena *arena = arena_of_thread;
    if (!arena || !arena->is_lent || address != arena->base) return unmap_pages(address, length);
    arena->is_lent = false;
    return 0;
}

static void set_arena_of_thread(struct hash_arena *arena)
{
    arena_of_thread = arena;
}

#else

static void arena_unmap(struct hash_arena *arena)
{
    (void)arena;
}

static void set_arena_of_thread(struct hash_arena *arena)
{
    (void)arena;
}

#endif

/* Gives back what is overdue; returns when the next is due, or 0 if nothing idle is mapped. Called with the
 * lock held, which is let go while pages are wiped. */
static int64_t give_back_idle(struct hash_arena_set *set)
{
    int64_t next_ms = 0;
    for (unsigned i = 0; i < set->count; i++) {
        struct hash_arena *arena = &set->arenas[i];
        if (arena->is_taken || !arena->base) continue;
        const int64_t due_ms = arena->last_used_ms + set->idle_ms;
        if (due_ms > clock_monotonic_ms()) {
            if (next_ms == 0 || due_ms < next_ms) next_ms = due_ms;
            continue;
        }
        arena->is_taken = true;
        pthread_mutex_unlock(&set->lock);
        arena_unmap(arena);
        pthread_mutex_lock(&set->lock);
        arena->is_taken = false;
        return clock_monotonic_ms(); /* others may have come back meanwhile: look again at once */
    }
    return next_ms;
}

static void wait_until(struct hash_arena_set *set, int64_t due_ms)
{
    const struct timespec due = {.tv_sec = (time_t)(due_ms / MS_PER_SECOND),
                                 .tv_nsec = (long)(due_ms % MS_PER_SECOND) * 1000000L};
    pthread_cond_timedwait(&set->changed, &set->lock, &due);
}

static void *janitor_run(void *argument)
{
    struct hash_arena_set *set = argument;
    pthread_mutex_lock(&set->lock);
    while (!set->is_stopping) {
        const int64_t next_ms = give_back_idle(set);
        if (set->is_stopping) break;
        if (next_ms > 0) {
            wait_until(set, next_ms);
            continue;
        }
        set->janitor_rests = true;
        pthread_cond_wait(&set->changed, &set->lock);
        set->janitor_rests = false;
    }
    pthread_mutex_unlock(&set->lock);
    return NULL;
}

static bool janitor_start(struct hash_arena_set *set)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) return false;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&set->lock, NULL);
    pthread_cond_init(&set->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&set->janitor, NULL, janitor_run, set) == 0) {
        pthread_setname_np(set->janitor, "hash-janitor");
        return true;
    }
    pthread_cond_destroy(&set->changed);
    pthread_mutex_destroy(&set->lock);
    return false;
}

result hash_arena_set_create(unsigned count, size_t max_bytes, int64_t idle_ms,
                             struct hash_arena_set **ret_set)
{
    struct hash_arena_set *set = calloc(1, sizeof *set + count * sizeof set->arenas[0]);
    REQUIRE(set, INTERNAL);
    set->count = count;
    set->idle_ms = idle_ms;
    for (unsigned i = 0; i < count; i++) set->arenas[i].max_bytes = max_bytes;
    if (!janitor_start(set)) {
        free(set);
        return RESULT(INTERNAL);
    }
    *ret_set = set;
    return RESULT_OK;
}

void hash_arena_set_destroy(struct hash_arena_set *set)
{
    if (!set) return;
    pthread_mutex_lock(&set->lock);
    set->is_stopping = true;
    pthread_cond_signal(&set->changed);
    pthread_mutex_unlock(&set->lock);
    pthread_join(set->janitor, NULL);
    for (unsigned i = 0; i < set->count; i++) arena_unmap(&set->arenas[i]);
    pthread_cond_destroy(&set->changed);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

/* A mapped one first, so that a quiet server keeps only one. */
static struct hash_arena *find_free(struct hash_arena_set *set)
{
    struct hash_arena *found = NULL;
    for (unsigned i = 0; i < set->count; i++) {
        struct hash_arena *arena = &set->arenas[i];
        if (arena->is_taken) continue;
        if (arena->base) return arena;
        if (!found) found = arena;
    }
    return found;
}

struct hash_arena *hash_arena_enter(struct hash_arena_set *set)
{
    if (!set) return NULL;
    pthread_mutex_lock(&set->lock);
    struct hash_arena *arena = find_free(set);
    if (arena) arena->is_taken = true;
    pthread_mutex_unlock(&set->lock);
    set_arena_of_thread(arena);
    return arena;
}

void hash_arena_leave(struct hash_arena_set *set, struct hash_arena *arena)
{
    set_arena_of_thread(NULL);
    if (!arena) return;
    pthread_mutex_lock(&set->lock);
    arena->is_taken = false;
    arena->last_used_ms = clock_monotonic_ms();
    if (set->janitor_rests && arena->base) pthread_cond_signal(&set->changed);
    pthread_mutex_unlock(&set->lock);
}

unsigned hash_arena_set_mappings(struct hash_arena_set *set)
{
    unsigned mappings = 0;
    if (!set) return 0;
    pthread_mutex_lock(&set->lock);
    for (unsigned i = 0; i < set->count; i++) {
        const struct hash_arena *arena = &set->arenas[i];
        /* A taken arena's mapping belongs to its thread; whoever hashes has one. */
        if (arena->is_taken || arena->base) mappings++;
    }
    pthread_mutex_unlock(&set->lock);
    return mappings;
}
