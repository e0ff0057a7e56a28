/* arena.h — memory that is released all at once, wiped.
 * Shape:   chunks that grow up to a limit set at creation; blocks are aligned for any type.
 * Errors:  none: when memory or the limit is exhausted the process logs and aborts, so sizes that come from
 *          outside are limited where they enter.
 * Owner:   blocks belong to the arena; they live until arena_reset or arena_destroy.
 * Threads: one at a time.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_ARENA_H
#define AUTH_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* `max_bytes` bounds the sum of all blocks between two resets. */
struct arena *arena_create(size_t max_bytes);

/* Accepts NULL; wipes what was used. */
void arena_destroy(struct arena *arena);

/* Runs the cleanups in reverse order, wipes what was used, keeps the first chunk for reuse. */
void arena_reset(struct arena *arena);

/* Zeroed memory. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* Zeroed memory for `count` items; the product is checked. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t item_bytes);

/* Calls cleanup(argument) at reset or destruction. */
void arena_on_reset(struct arena *arena, void (*cleanup)(void *argument), void *argument);

/* Bytes handed out since the last reset, each block rounded up to its alignment. */
size_t arena_used(const struct arena *arena);

/* For SCOPED(): destroys the arena the variable points to. */
void arena_destroy_scoped(struct arena **arena);

#endif
