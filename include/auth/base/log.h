/* log.h — lines for the operator on standard error.
 * Shape:   one event, one line: time, level, message, fields; text for people or JSON for machines.
 * Threads: any; a line is written with one write(2).
 * Note:    every value passes one escape routine: control characters and invalid UTF-8 cannot break a line
 *          (OWASP ASVS 16.4.1). There is no field type for secrets.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_LOG_H
#define AUTH_BASE_LOG_H

#include <stdint.h>

#include "auth/base/attributes.h"
#include "auth/base/str.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_field {
    const char *name;
    bool is_number;
    bool is_duration; /* a number of microseconds, not negative, written as milliseconds */
    int64_t number;
    struct str text; /* empty text fields are left out */
};

#define LOG_TEXT(field_name, value) ((struct log_field){.name = (field_name), .text = (value)})
#define LOG_NUMBER(field_name, value) \
    ((struct log_field){.name = (field_name), .is_number = true, .number = (value)})

#define LOG_DURATION(field_name, us) \
    ((struct log_field){.name = (field_name), .is_duration = true, .number = (us)})

void log_init(enum log_level level, enum log_format format);
/* Where lines go; standard error unless a test says otherwise. */
void log_to(int file_descriptor);
bool log_is_on(enum log_level level);

/* From now on lines of this thread are gathered and written by log_flush, when there are many, or at once from a
 * warning on: a loop flushes before it sleeps, so that a wake costs one write. */
void log_begin_batches(void);
void log_flush(void);
/* Flushes; each line is written at once again. */
void log_end_batches(void);

void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t count);
void log_printf(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("address", s), LOG_NUMBER("port", 8080)); */
#define log_event(level, message, ...)                                      \
    log_fields((level), (message), (const struct log_field[]){__VA_ARGS__}, \
               sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* Logs and aborts: the state is one that must not exist. */
_Noreturn void panic(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
