/* attributes.h — the compiler extensions this code base uses, all of them.
 * Source:  GCC and Clang manuals; nothing else outside C17 is used.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_ATTRIBUTES_H
#define AUTH_BASE_ATTRIBUTES_H

/* The caller must look at what the function returns. */
#define NODISCARD __attribute__((warn_unused_result))

/* Runs `function(&variable)` when the variable leaves its scope. */
#define SCOPED(function) __attribute__((cleanup(function)))

/* The argument number `format` is a printf format for the arguments from `first` on. */
#define PRINTF_LIKE(format_index, first) __attribute__((format(printf, format_index, first)))

/* Kept out of line so that the caller's frame stays small. */
#define NOINLINE __attribute__((noinline))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The structure that holds `member` at `pointer`. */
#define CONTAINER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#endif
