// SPDX-License-Identifier: MIT
#include <assert.h>
#include <limits.h>

#include "auth/base/clock.h"
#include "auth/base/log.h"
#include "loop_internal.h"

#define HEAP_ROOT           1u
#define HEAP_FIRST_CAPACITY 64u

static void heap_place(struct timer_heap *heap, size_t index, struct timer *timer)
{
    heap->slots[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct timer_heap *heap, size_t index)
{
    struct timer *timer = heap->slots[index];
    while (index > HEAP_ROOT && heap->slots[index / 2]->due_ms > timer->due_ms) {
        heap_place(heap, index, heap->slots[index / 2]);
        index /= 2;
    }
    heap_place(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, size_t index)
{
    struct timer *timer = heap->slots[index];
    for (size_t child = index * 2; child <= heap->count; child = index * 2) {
        const bool right_is_sooner =
            child < heap->count && heap->slots[child + 1]->due_ms < heap->slots[child]->due_ms;
        if (right_is_sooner) child++;
        if (heap->slots[child]->due_ms >= timer->due_ms) break;
        heap_place(heap, index, heap->slots[child]);
        index = child;
    }
    heap_place(heap, index, timer);
}

static void heap_reserve(struct timer_heap *heap)
{
    if (heap->count < heap->capacity) return;
    const size_t capacity = heap->capacity == 0 ? HEAP_FIRST_CAPACITY : heap->capacity * 2;
    struct timer **slots = reallocarray(heap->slots, capacity + HEAP_ROOT, sizeof *slots);
    if (slots == NULL) panic("no memory for %zu timers", capacity);
    heap->slots = slots;
    heap->capacity = capacity;
}

static void heap_remove(struct timer_heap *heap, struct timer *timer)
{
    const size_t index = timer->heap_index;
    assert(index <= heap->count && heap->slots[index] == timer);
    struct timer *last = heap->slots[heap->count--];
    timer->heap_index = 0;
    if (last == timer) return;
    heap_place(heap, index, last);
    sift_up(heap, index);
    sift_down(heap, last->heap_index);
}

void loop_timer_start(struct loop *loop, struct timer *timer, int64_t due_ms)
{
    struct timer_heap *heap = &loop->timers;
    /* What a due timer starts in the past would be the next root again and again, before all others. */
    const bool is_too_soon = heap->is_firing && due_ms <= heap->now_ms;
    timer->due_ms = is_too_soon ? heap->now_ms + 1 : due_ms;
    if (timer->heap_index != 0) {
        assert(timer->loop == loop);
        sift_up(heap, timer->heap_index);
        sift_down(heap, timer->heap_index);
        return;
    }
    heap_reserve(heap);
    timer->loop = loop;
    heap_place(heap, ++heap->count, timer);
    sift_up(heap, heap->count);
}

void loop_timer_stop(struct timer *timer)
{
    if (timer->heap_index != 0) heap_remove(&timer->loop->timers, timer);
}

int timers_wait_ms(const struct timer_heap *heap)
{
    if (heap->count == 0) return -1;
    const int64_t due_ms = heap->slots[HEAP_ROOT]->due_ms;
    const int64_t now_ms = clock_monotonic_ms();
    if (due_ms <= now_ms) return 0;
    /* The difference of a far future and a small clock may not fit; a wake too early does no harm. */
    return due_ms > now_ms + INT_MAX ? INT_MAX : (int)(due_ms - now_ms);
}

void timers_run_due(struct timer_heap *heap)
{
    if (heap->count == 0) return;
    heap->now_ms = clock_monotonic_ms();
    heap->is_firing = true;
    while (heap->count > 0 && heap->slots[HEAP_ROOT]->due_ms <= heap->now_ms) {
        struct timer *timer = heap->slots[HEAP_ROOT];
        heap_remove(heap, timer);
        timer->due(timer);
    }
    heap->is_firing = false;
}

void timers_done(struct timer_heap *heap)
{
    for (size_t index = HEAP_ROOT; index <= heap->count; index++) heap->slots[index]->heap_index = 0;
    free(heap->slots);
}
