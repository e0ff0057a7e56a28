// SPDX-License-Identifier: MIT
#include "auth/http/response.h"

#include <assert.h>

#include "guard_internal.h"

#define RESPONSE_FIRST_BYTES 512u
#define RESPONSE_BYTES_MAX   ((size_t)1024 * 1024)

static struct response_header *header_slot(struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (str_equal_nocase(str_from(response->headers[i].name), str_from(name)))
            return &response->headers[i];
    assert(response->header_count < RESPONSE_HEADERS_MAX);
    if (response->header_count == RESPONSE_HEADERS_MAX) return NULL;
    return &response->headers[response->header_count++];
}

void response_header_set(struct response *response, const char *name, struct str value)
{
    /* A value that could end its line is dropped whole: what is left of it would mean something else. */
    if (!is_field_value(value) || !is_field_name(str_from(name))) return;
    struct response_header *slot = header_slot(response, name);
    if (!slot) return;
    *slot = (struct response_header){.name = name, .value = value};
}

result response_json(struct response *response, struct arena *arena, const struct fields *fields,
                     const void *value)
{
    struct strbuf out;
    strbuf_init(&out, arena, RESPONSE_FIRST_BYTES, RESPONSE_BYTES_MAX);
    fields_write_json(fields, value, &out);
    struct str body;
    if (!is_ok(strbuf_finish(&out, &body))) return RESULT(INTERNAL);
    response->content_type = STR("application/json");
    response->body = body;
    return RESULT_OK;
}
