/* secret.h — bytes that must not leak: passwords, tokens, keys.
 * Shape:   pointer and length, a type of its own: it does not turn into a str, has no print and no log
 *          function.
 * Owner:   whoever made the bytes wipes them: an arena does so at reset, key holders with secret_wipe.
 * Source:  OWASP ASVS 11.2.4 (constant-time comparison), 13.3 (secrets in memory).
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_SECRET_H
#define AUTH_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "auth/base/arena.h"
#include "auth/base/result.h"
#include "auth/base/str.h"

struct secret {
    unsigned char *bytes;
    size_t len;
};

/* A 32-byte key, derived or random; wiped by its holder. */
struct key256 {
    unsigned char bytes[32];
};

/* Seeds the random source and checks it; call once before anything else. INTERNAL if there is no entropy. */
NODISCARD result random_init(void);
void random_bytes(void *ret_bytes, size_t count);
/* Uniform in [0, upper). */
unsigned random_below(unsigned upper);

/* A copy in the arena, NUL-terminated. */
struct secret secret_copy(struct arena *arena, const void *bytes, size_t len);
/* Lengths are compared first, contents in constant time. */
bool secret_equal(struct secret a, struct secret b);
/* Constant-time comparison of two arrays of the same size. */
bool bytes_equal(const void *a, const void *b, size_t len);
/* The one way to the bytes as text; each call is a place to review. */
struct str secret_expose(struct secret secret);
void secret_wipe(struct secret *secret);
void wipe(void *bytes, size_t len);

#endif
