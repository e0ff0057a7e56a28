/* crypto_fixture.h — a task to run the functions under test in. */
// SPDX-License-Identifier: MIT
#ifndef CRYPTO_FIXTURE_H
#define CRYPTO_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/base/secret.h"
#include "auth/base/task.h"

#define FIXTURE_ARENA_BYTES (16u * 1024u * 1024u)

static struct task fixture_task;

static void fixture_begin(void)
{
    struct arena *arena = arena_create(FIXTURE_ARENA_BYTES);
    cr_assert(is_ok(random_init()));
    task_init(&fixture_task, arena, str_from("test"), 60000);
}

static void fixture_end(void)
{
    arena_destroy(fixture_task.arena);
}

static inline struct str hex_bytes(const char *hex)
{
    const size_t count = strlen(hex) / 2;
    char *bytes = arena_alloc(fixture_task.arena, count + 1);
    cr_assert(hex_decode(str_from(hex), bytes, count));
    return (struct str){bytes, count};
}

static inline struct secret secret_of(const char *text)
{
    return secret_copy(fixture_task.arena, text, strlen(text));
}

/* The text with one byte put in another's place. */
static inline struct str with_byte(struct str text, size_t index, unsigned char byte)
{
    char *bytes = arena_alloc(fixture_task.arena, text.len + 1);
    memcpy(bytes, text.ptr, text.len);
    bytes[index] = (char)byte;
    return (struct str){bytes, text.len};
}

#define CODE_OF(expression) ((int)(expression).code)

#endif
