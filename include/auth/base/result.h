/* result.h — how an operation ended: one code, which cannot be mistaken for a boolean.
 * Shape:   a structure of one field, so that `if (f())` and `return f()` from a bool function do not compile.
 * Errors:  the rows of status.def.
 * Source:  s2n-tls, utils/s2n_result.h (the reasons for a structure).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_RESULT_H
#define AUTH_BASE_RESULT_H

#include <stdbool.h>

#include "auth/base/attributes.h"

enum status {
#define STATUS(name, http, code, sentence) STATUS_##name,
#include "auth/base/status.def"
#undef STATUS
    STATUS_COUNT
};

typedef struct {
    enum status code;
} result;

#define RESULT_OK    ((result){STATUS_OK})
#define RESULT(name) ((result){STATUS_##name})

static inline bool is_ok(result r)
{
    return r.code == STATUS_OK;
}

/* Returns the failure of `expression` upward. */
#define TRY(expression)                                        \
    do {                                                       \
        const result try_result_ = (expression);               \
        if (try_result_.code != STATUS_OK) return try_result_; \
    } while (0)

/* Returns STATUS_<name> unless the condition holds. */
#define REQUIRE(condition, name)               \
    do {                                       \
        if (!(condition)) return RESULT(name); \
    } while (0)

/* "INVALID_TOKEN": for logs. */
const char *status_name(enum status code);

/* The HTTP status code, 200 to 599. */
int status_http(enum status code);

/* "invalid_token": the public problem code. */
const char *status_code(enum status code);

/* One public sentence; says nothing about the inside. */
const char *status_sentence(enum status code);

#endif
