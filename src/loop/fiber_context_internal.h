/* fiber_context_internal.h — a stack, and what is needed to leave it and come back to it.
 * Shape:   made with makecontext, switched with _setjmp and _longjmp, which touch no signal mask and so
 *          make no system call (swapcontext makes two).
 * Rules:   entered and left in pairs like a call: whoever enters gets control back at context_leave.
 * Note:    every switch is announced to AddressSanitizer and ThreadSanitizer, each stack to valgrind.
 * Source:  getcontext(3), makecontext(3); sanitizer/common_interface_defs.h, sanitizer/tsan_interface.h.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_LOOP_FIBER_CONTEXT_INTERNAL_H
#define AUTH_LOOP_FIBER_CONTEXT_INTERNAL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

/* GCC says which sanitizer is on by a macro, Clang by a feature test. */
#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CONTEXT_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CONTEXT_HAS_TSAN 1
#endif
#endif

struct fiber_context {
    void (*run)(void *argument); /* called again at each entry after it has returned */
    void *argument;
    jmp_buf here;  /* where the fiber stands while it is left */
    jmp_buf back;  /* where whoever entered it stands */
    void *mapping; /* guard page and stack */
    char *stack;   /* lowest usable byte */
    bool is_begun; /* `here` can be entered */
    unsigned valgrind_id;
    /* For the sanitizers; unused without them. */
    void *here_fake_stack;
    void *back_fake_stack;
    const void *back_stack;
    size_t back_stack_bytes;
    void *here_fiber;
    void *back_fiber;
};

/* Maps the stack; false when the kernel refuses. `run` and `argument` are set by the owner. */
bool context_init(struct fiber_context *context);
/* Unmaps the stack; the context is not running. */
void context_done(struct fiber_context *context);

/* Goes on where the context was left, or begins run(argument); returns when it is left. */
void context_enter(struct fiber_context *context);
/* On the context's stack: goes back to whoever entered; returns at the next entry. */
void context_leave(struct fiber_context *context);

/* Gives the pages of the stack back to the kernel, contents and all; the next entry begins anew. */
void context_forget(struct fiber_context *context);

#endif
