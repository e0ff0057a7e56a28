/* fault.h — what went wrong in one task: where, why (for the operator), and which input fields (for the
 * client).
 * Shape:   the first failure wins, later ones along the way up do not overwrite it.
 * Threads: belongs to one task, never shared.
 * Source:  PostgreSQL's split of client message and log detail; RFC 9457 (member "errors").
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_FAULT_H
#define AUTH_BASE_FAULT_H

#include <stddef.h>

#include "auth/base/result.h"

#define FAULT_DETAIL_MAX 240u /* longer details are cut */
#define FIELD_ERRORS_MAX 32u  /* further offending fields are counted, not listed */

/* One offending field. Strings are literals or live in the task's arena. */
struct field_error {
    const char *pointer; /* RFC 6901 JSON Pointer, or the parameter's name for forms */
    const char *code;    /* "required", "too_long", …: stable */
    const char *detail;  /* prose for people */
};

struct fault {
    enum status code;
    const char *file;
    int line;
    const char *function;
    char detail[FAULT_DETAIL_MAX]; /* for the operator's log only, never for a client, never a secret */
    size_t error_count;            /* may exceed FIELD_ERRORS_MAX */
    struct field_error errors[FIELD_ERRORS_MAX];
};

/* Notes code, place and detail unless a fault is already noted; returns the code as a result. */
NODISCARD result fault_record(struct fault *fault, enum status code, const char *file, int line,
                              const char *function, const char *format, ...) PRINTF_LIKE(6, 7);

/* Adds an offending field. */
void fault_add_field(struct fault *fault, const char *pointer, const char *code, const char *detail);

/* Forgets everything, so that the task can go on after a handled failure. */
void fault_clear(struct fault *fault);

/* Returns STATUS_<name> upward and tells the operator why. */
#ifndef __clang_analyzer__
#define FAIL(fault, name, ...) \
    return fault_record((fault), STATUS_##name, __FILE__, __LINE__, __func__, __VA_ARGS__)
#else /* the analyser cannot see that what is returned is never OK */
#define FAIL(fault, name, ...)                                                                 \
    do {                                                                                       \
        (void)fault_record((fault), STATUS_##name, __FILE__, __LINE__, __func__, __VA_ARGS__); \
        return RESULT(name);                                                                   \
    } while (0)
#endif

#endif
