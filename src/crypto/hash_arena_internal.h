/* hash_arena_internal.h — memory for Argon2 that is kept from one hash to the next.
 * Shape:   libsodium maps and unmaps its memory for each hash, and more than half of the time of a hash goes
 *          into the kernel's zeroing of pages. A thread that has taken an arena gets the arena's mapping for
 *          its large anonymous maps instead; mmap and munmap are defined in the executable for that, and pass
 *          everything else, and every other thread, to the kernel. Where the definition does not reach
 *          libsodium, or in builds with a sanitizer (which bring their own), hashes run as they do without.
 * Note:    what a hash leaves behind stays mapped, so the mapping is kept out of core dumps, locked in memory
 *          where the limit allows it, and wiped and given back when it was not used for a while.
 * Threads: one arena to one thread at a time; the set is shared.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_HASH_ARENA_INTERNAL_H
#define AUTH_CRYPTO_HASH_ARENA_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "auth/base/result.h"

struct hash_arena;
struct hash_arena_set;

/* Whether this build can keep memory at all. */
bool hash_arenas_are_possible(void);

/* `count` arenas of at most max_bytes each; larger demands are mapped anew each time. */
NODISCARD result hash_arena_set_create(unsigned count, size_t max_bytes, int64_t idle_ms,
                                       struct hash_arena_set **ret_set);
/* No arena is taken any more. Accepts NULL. */
void hash_arena_set_destroy(struct hash_arena_set *set);

/* From here until hash_arena_leave this thread's large maps come from an arena of the set; with none left,
 * or no set, from the kernel as ever (NULL is returned). */
struct hash_arena *hash_arena_enter(struct hash_arena_set *set);
/* Accepts NULL. */
void hash_arena_leave(struct hash_arena_set *set, struct hash_arena *arena);

/* Arenas with a mapping now. */
unsigned hash_arena_set_mappings(struct hash_arena_set *set);

#endif
