// SPDX-License-Identifier: MIT
#include "auth/base/result.h"

#include <assert.h>

struct status_row {
    const char *name;
    int http;
    const char *code;
    const char *sentence;
};

static const struct status_row rows[STATUS_COUNT] = {
#define STATUS(name, http, code, sentence) [STATUS_##name] = {#name, http, code, sentence},
#include "auth/base/status.def"
#undef STATUS
};

static const struct status_row *row_of(enum status code)
{
    assert((unsigned)code < STATUS_COUNT);
    return &rows[code];
}

const char *status_name(enum status code)
{
    return row_of(code)->name;
}

int status_http(enum status code)
{
    return row_of(code)->http;
}

const char *status_code(enum status code)
{
    return row_of(code)->code;
}

const char *status_sentence(enum status code)
{
    return row_of(code)->sentence;
}
