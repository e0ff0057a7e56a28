// SPDX-License-Identifier: MIT
#include "auth/store/migration_failure.h"

#include <stdarg.h>
#include <stdio.h>

#include "auth/base/log.h"

#define FAILURE_TEXT_MAX 4096

static void PRINTF_LIKE(3, 0)
    record(struct migration_scope *scope, enum migration_exit exit, const char *format, va_list arguments)
{
    if (scope->failure.exit != MIGRATION_EXIT_OK) return;
    char *text = arena_alloc(scope->arena, FAILURE_TEXT_MAX);
    const int printed = vsnprintf(text, FAILURE_TEXT_MAX, format, arguments);
    if (printed < 0) panic("migrate: a message cannot be printed");
    const size_t len = printed < FAILURE_TEXT_MAX ? (size_t)printed : FAILURE_TEXT_MAX - 1;
    scope->failure.exit = exit;
    scope->failure.text = (struct str){text, len};
}

/* The code only tells success from failure; the exit says which failure, and people read the text. */
static result code_of(enum migration_exit exit)
{
    if (exit == MIGRATION_EXIT_USAGE) return RESULT(BAD_REQUEST);
    if (exit == MIGRATION_EXIT_UNREACHABLE) return RESULT(DATABASE_UNAVAILABLE);
    if (exit == MIGRATION_EXIT_LOCKED) return RESULT(OVERLOADED);
    if (exit == MIGRATION_EXIT_TERMINATED) return RESULT(NOT_READY);
    return RESULT(INTERNAL);
}

result migration_fail(struct migration_scope *scope, enum migration_exit exit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(scope, exit, format, arguments);
    va_end(arguments);
    return code_of(exit);
}

result migration_fail_retryable(struct migration_scope *scope, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(scope, MIGRATION_EXIT_LOCKED, format, arguments);
    va_end(arguments);
    scope->failure.is_retryable = true;
    return code_of(MIGRATION_EXIT_LOCKED);
}

void migration_recover(struct migration_scope *scope)
{
    scope->failure = (struct migration_failure){.exit = MIGRATION_EXIT_OK};
}
