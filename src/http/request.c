// SPDX-License-Identifier: MIT
#include "auth/http/request.h"

#include <poll.h>

#include "server_internal.h"

/* What one customer of an IPv6 network is usually given; finer counting would be limitless to him. */
#define RATE_PREFIX_BYTES 8u

static const char *const method_names[HTTP_METHOD_COUNT] = {
    [HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

bool http_method_parse(struct str text, enum http_method *ret_method)
{
    for (int method = 0; method < (int)HTTP_METHOD_COUNT; method++) {
        if (!str_equal(text, str_from(method_names[method]))) continue;
        *ret_method = (enum http_method)method;
        return true;
    }
    return false;
}

struct str request_header(const struct request *request, const char *name)
{
    const struct http_exchange *exchange = request->exchange;
    if (!exchange) return STR_NONE;
    const struct str wanted = str_from(name);
    for (size_t i = 0; i < exchange->field_count; i++)
        if (str_equal_nocase(exchange->fields[i].name, wanted)) return exchange->fields[i].value;
    return STR_NONE;
}

bool is_client_gone(const struct request *request)
{
    const struct http_exchange *exchange = request->exchange;
    if (!exchange || !exchange->connection) return false;
    /* A suspended connection is not watched, so the socket is asked. Nobody who still wants the answer closes
     * his half of the connection: the proxy does not. */
    struct pollfd asked = {.fd = exchange->connection->fd, .events = POLLRDHUP};
    return poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

struct str client_rate_name(const struct request *request)
{
    char text[ADDRESS_TEXT_SIZE];
    struct client_address address = request->client;
    if (!address.is_known) return STR("unknown");
    const struct str whole = address_print(&address, text);
    if (!memchr(whole.ptr, ':', whole.len)) return str_copy(request->task.arena, whole);
    memset(address.bytes + RATE_PREFIX_BYTES, 0, sizeof(address.bytes) - RATE_PREFIX_BYTES);
    return str_printf(request->task.arena, "%.*s/64", STR_ARGS(address_print(&address, text)));
}
