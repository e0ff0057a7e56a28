// SPDX-License-Identifier: MIT
#include "request_fields.h"

#include "../../src/http/server_internal.h"

void request_add_field(struct request *request, const char *name, const char *value)
{
    if (!value) return;
    if (!request->exchange) request->exchange = arena_alloc(request->task.arena, sizeof *request->exchange);
    struct http_exchange *exchange = request->exchange;
    exchange->fields[exchange->field_count++] = (struct header_field){str_from(name), str_from(value)};
}
