// SPDX-License-Identifier: MIT
#include "auth/base/secret.h"

#include <sodium.h>
#include <sys/random.h>

result random_init(void)
{
    unsigned char probe[16];
    REQUIRE(sodium_init() >= 0, INTERNAL);
    REQUIRE(getentropy(probe, sizeof(probe)) == 0, INTERNAL);
    wipe(probe, sizeof(probe));
    return RESULT_OK;
}

void random_bytes(void *ret_bytes, size_t count)
{
    randombytes_buf(ret_bytes, count);
}

unsigned random_below(unsigned upper)
{
    return randombytes_uniform(upper);
}

struct secret secret_copy(struct arena *arena, const void *bytes, size_t len)
{
    unsigned char *copy = arena_alloc(arena, len + 1);
    if (len > 0) memcpy(copy, bytes, len);
    copy[len] = '\0';
    return (struct secret){copy, len};
}

bool secret_equal(struct secret a, struct secret b)
{
    return a.len == b.len && bytes_equal(a.bytes, b.bytes, a.len);
}

bool bytes_equal(const void *a, const void *b, size_t len)
{
    return len == 0 || sodium_memcmp(a, b, len) == 0;
}

struct str secret_expose(struct secret secret)
{
    return (struct str){secret.bytes ? (const char *)secret.bytes : "", secret.len};
}

void secret_wipe(struct secret *secret)
{
    wipe(secret->bytes, secret->len);
    *secret = (struct secret){NULL, 0};
}

void wipe(void *bytes, size_t len)
{
    if (len > 0) explicit_bzero(bytes, len);
}
