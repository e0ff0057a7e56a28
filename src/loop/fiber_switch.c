// SPDX-License-Identifier: MIT
#include "fiber_context_internal.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "auth/base/attributes.h"
#include "auth/base/log.h"
#include "auth/loop/fiber.h"

#ifdef CONTEXT_HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CONTEXT_HAS_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

/* Handed from context_enter to context_begin: makecontext passes integers only. */
static _Thread_local struct fiber_context *beginning;
/* Not on the caller's stack: its frame is left by a jump, which AddressSanitizer would not see. */
static _Thread_local ucontext_t first_context;

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void announce_stack(struct fiber_context *context)
{
#ifdef VALGRIND_STACK_REGISTER
    context->valgrind_id = VALGRIND_STACK_REGISTER(context->stack, context->stack + FIBER_STACK_BYTES);
#endif
#ifdef CONTEXT_HAS_TSAN
    context->here_fiber = __tsan_create_fiber(0);
#endif
    (void)context;
}

static void withdraw_stack(struct fiber_context *context)
{
#ifdef VALGRIND_STACK_DEREGISTER
    VALGRIND_STACK_DEREGISTER(context->valgrind_id);
#endif
#ifdef CONTEXT_HAS_ASAN
    __asan_unpoison_memory_region(context->stack, FIBER_STACK_BYTES);
#endif
#ifdef CONTEXT_HAS_TSAN
    __tsan_destroy_fiber(context->here_fiber);
#endif
    (void)context;
}

bool context_init(struct fiber_context *context)
{
    const size_t guard_bytes = page_bytes();
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *mapping = mmap(NULL, guard_bytes + FIBER_STACK_BYTES, PROT_NONE, flags, -1, 0);
    if (mapping == MAP_FAILED) return false;
    if (mprotect(mapping + guard_bytes, FIBER_STACK_BYTES, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapping, guard_bytes + FIBER_STACK_BYTES);
        return false;
    }
    context->mapping = mapping;
    context->stack = mapping + guard_bytes;
    announce_stack(context);
    return true;
}

void context_done(struct fiber_context *context)
{
    withdraw_stack(context);
    munmap(context->mapping, page_bytes() + FIBER_STACK_BYTES);
}

void context_forget(struct fiber_context *context)
{
    if (madvise(context->stack, FIBER_STACK_BYTES, MADV_DONTNEED) != 0) panic("cannot give a stack back");
    /* The frame of context_begin went with the pages, and with it what the tools know of the stack. */
    withdraw_stack(context);
    announce_stack(context);
    context->is_begun = false;
}

static void before_entry(struct fiber_context *context)
{
#ifdef CONTEXT_HAS_ASAN
    __sanitizer_start_switch_fiber(&context->back_fake_stack, context->stack, FIBER_STACK_BYTES);
#endif
#ifdef CONTEXT_HAS_TSAN
    context->back_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(context->here_fiber, 0);
#endif
    (void)context;
}

static void after_entry(struct fiber_context *context)
{
#ifdef CONTEXT_HAS_ASAN
    __sanitizer_finish_switch_fiber(context->here_fake_stack, &context->back_stack,
                                    &context->back_stack_bytes);
#endif
    (void)context;
}

static void before_leaving(struct fiber_context *context)
{
#ifdef CONTEXT_HAS_ASAN
    __sanitizer_start_switch_fiber(&context->here_fake_stack, context->back_stack, context->back_stack_bytes);
#endif
#ifdef CONTEXT_HAS_TSAN
    __tsan_switch_to_fiber(context->back_fiber, 0);
#endif
    (void)context;
}

static void after_leaving(struct fiber_context *context)
{
#ifdef CONTEXT_HAS_ASAN
    __sanitizer_finish_switch_fiber(context->back_fake_stack, NULL, NULL);
#endif
    (void)context;
}

/* The lowest frame of every fiber; never returns, as there is nothing below it. */
static void context_begin(void)
{
    struct fiber_context *context = beginning;
    after_entry(context);
    for (;;) {
        context->run(context->argument);
        context_leave(context);
    }
}

/* setcontext rather than swapcontext: the way back is `context->back`. */
static _Noreturn void enter_first(struct fiber_context *context)
{
    if (getcontext(&first_context) != 0) panic("getcontext failed");
    first_context.uc_stack.ss_sp = context->stack;
    first_context.uc_stack.ss_size = FIBER_STACK_BYTES;
    first_context.uc_link = NULL;
    makecontext(&first_context, context_begin, 0);
    beginning = context;
    context->is_begun = true;
    setcontext(&first_context);
    panic("setcontext failed");
}

void context_enter(struct fiber_context *context)
{
    before_entry(context);
    if (_setjmp(context->back) == 0) {
        if (!context->is_begun) enter_first(context);
        _longjmp(context->here, 1);
    }
    after_leaving(context);
}

void context_leave(struct fiber_context *context)
{
    before_leaving(context);
    if (_setjmp(context->here) == 0) _longjmp(context->back, 1);
    after_entry(context);
}
