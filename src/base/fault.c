// SPDX-License-Identifier: MIT
#include "auth/base/fault.h"

#include <stdarg.h>

result fault_record(struct fault *fault, enum status code, const char *file, int line, const char *function,
                    const char *format, ...)
{
    if (fault->code != STATUS_OK) return (result){code};
    fault->code = code;
    fault->file = file;
    fault->line = line;
    fault->function = function;
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(fault->detail, sizeof(fault->detail), format, arguments) < 0) fault->detail[0] = '\0';
    va_end(arguments);
    return (result){code};
}

void fault_add_field(struct fault *fault, const char *pointer, const char *code, const char *detail)
{
    if (fault->error_count < FIELD_ERRORS_MAX) {
        fault->errors[fault->error_count] = (struct field_error){pointer, code, detail};
    }
    fault->error_count++;
}

/* The list of fields is not cleared, only its count: this runs once in every request. */
void fault_clear(struct fault *fault)
{
    fault->code = STATUS_OK;
    fault->file = NULL;
    fault->line = 0;
    fault->function = NULL;
    fault->detail[0] = '\0';
    fault->error_count = 0;
}
