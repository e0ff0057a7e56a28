// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "auth/base/arena.h"
#include "auth/base/attributes.h"

static bool is_all_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

static char order[4];
static size_t order_len;

static void note(void *argument)
{
    order[order_len++] = *(const char *)argument;
}

Test(arena, a_block_over_the_limit_aborts, .signal = SIGABRT)
{
    struct arena *arena = arena_create(1000);
    (void)arena_alloc(arena, 1001);
}

Test(arena, many_small_blocks_over_the_limit_abort, .signal = SIGABRT)
{
    struct arena *arena = arena_create(1000);
    for (int i = 0; i < 1001; i++) (void)arena_alloc(arena, 1);
}

Test(arena, a_product_that_overflows_aborts, .signal = SIGABRT)
{
    struct arena *arena = arena_create(1000);
    (void)arena_alloc_array(arena, SIZE_MAX / 2, 3);
}

Test(arena, the_whole_limit_can_be_one_block)
{
    SCOPED(arena_destroy_scoped) struct arena *arena = arena_create(1001);
    unsigned char *block = arena_alloc(arena, 1001);
    memset(block, 1, 1001);
    cr_assert_eq(arena_used(arena), 1001u);
    arena_reset(arena);
    cr_assert_eq(arena_used(arena), 0u);
    cr_assert(is_all_zero(arena_alloc(arena, 1001), 1001));
}

Test(arena, blocks_are_zeroed_aligned_and_apart)
{
    SCOPED(arena_destroy_scoped) struct arena *arena = arena_create(1u << 22);
    unsigned char *previous = NULL;
    for (size_t bytes = 0; bytes < 1500; bytes += 7) {
        unsigned char *block = arena_alloc(arena, bytes);
        cr_assert_eq((uintptr_t)block % _Alignof(max_align_t), 0u);
        cr_assert(is_all_zero(block, bytes), "block of %zu bytes", bytes);
        memset(block, 0xaa, bytes);
        cr_assert_neq(block, previous);
        previous = block;
    }
}

Test(arena, memory_is_zero_again_after_a_reset)
{
    SCOPED(arena_destroy_scoped) struct arena *arena = arena_create(1u << 20);
    unsigned char *before = arena_alloc(arena, 4000);
    memset(before, 0x5a, 4000);
    memset(arena_alloc(arena, 100000), 0x5a, 100000);
    arena_reset(arena);
    unsigned char *after = arena_alloc(arena, 4000);
    cr_assert_eq(after, before, "the first chunk is kept");
    cr_assert(is_all_zero(after, 4000));
    cr_assert(is_all_zero(arena_alloc(arena, 100000), 100000));
}

Test(arena, the_limit_counts_anew_after_a_reset)
{
    SCOPED(arena_destroy_scoped) struct arena *arena = arena_create(50000);
    for (int i = 0; i < 10; i++) {
        (void)arena_alloc(arena, 50000);
        arena_reset(arena);
    }
    cr_assert_eq(arena_used(arena), 0u);
}

Test(arena, cleanups_run_in_reverse_and_once)
{
    static char a = 'a', b = 'b', c = 'c';
    struct arena *arena = arena_create(1u << 16);
    arena_on_reset(arena, note, &a);
    arena_on_reset(arena, note, &b);
    arena_reset(arena);
    cr_assert_arr_eq(order, "ba", 2);
    cr_assert_eq(order_len, 2u);
    arena_on_reset(arena, note, &c);
    arena_destroy(arena);
    cr_assert_eq(order_len, 3u);
    cr_assert_eq(order[2], 'c');
}

Test(arena, nothing_is_destroyed_for_null)
{
    arena_destroy(NULL);
}

Test(arena, an_array_has_room_for_every_item)
{
    SCOPED(arena_destroy_scoped) struct arena *arena = arena_create(1u << 16);
    uint64_t *items = arena_alloc_array(arena, 100, sizeof(*items));
    for (size_t i = 0; i < 100; i++) items[i] = i;
    cr_assert_eq(items[99], 99u);
    cr_assert_eq(arena_used(arena), 800u);
    cr_assert_not_null(arena_alloc_array(arena, 0, 8));
}
