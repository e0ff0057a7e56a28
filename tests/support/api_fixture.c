// SPDX-License-Identifier: MIT
#include "api_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "auth/domain/keyring.h"
#include "request_fields.h"

void api_fixture_open(struct api_fixture *fixture, struct domain_fixture *domain)
{
    *fixture = (struct api_fixture){.domain = domain, .arena = arena_create((size_t)16 << 20)};
    struct task *task = arena_alloc(fixture->arena, sizeof *task);
    task_init(task, fixture->arena, STR("fixture"), 10000);
    fixture->shared = (struct api_shared){
        .readiness = readiness_create(),
        .policy = &domain->policy,
        .cors_origins = STR("https://other.example.net, " ALLOWED_ORIGIN),
        .cache = domain->cache,
        .loops = {&fixture->api},
        .loop_count = 1,
    };
    if (!is_ok(api_shared_init(&fixture->shared, task, "test"))) abort();
    readiness_set(fixture->shared.readiness, PHASE_SERVING, "serving");
    fixture->api =
        (struct api){.loop = domain->loop, .service = &domain->service, .shared = &fixture->shared};
}

void api_fixture_close(struct api_fixture *fixture)
{
    prebuilt_unref(fixture->api.jwks);
    api_shared_done(&fixture->shared);
    readiness_destroy(fixture->shared.readiness);
    arena_destroy(fixture->arena);
}

struct answer serve_call(struct api_fixture *fixture, struct visitor *visitor, const struct call *call)
{
    struct request *request = arena_alloc(visitor->task.arena, sizeof *request);
    struct response *response = arena_alloc(visitor->task.arena, sizeof *response);
    task_init(&request->task, visitor->task.arena, STR("request-1"), 10000);
    request_add_field(request, "Authorization", call->authorization);
    request_add_field(request, "Content-Type", call->content_type);
    request_add_field(request, "Origin", call->origin);
    request_add_field(request, "User-Agent", "test\x80 agent");
    request->task.now_ms = visitor->fixture->now_ms;
    request->method = call->method;
    request->path = str_from(call->path);
    request->query = call->query;
    request->body = call->body;
    request->client = (struct client_address){.bytes = {0x20, 0x01, 0x0d, 0xb8, 1}, .is_known = true};
    request->client_text = STR("2001:db8:100::");
    request->context = &fixture->api;
    request->began_us = clock_monotonic_us();
    if (call->is_operations)
        api_serve_operations(request, response);
    else
        api_serve_public(request, response);
    return (struct answer){response->status, response->body, response};
}

struct str header_of(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->response->header_count; i++)
        if (strcmp(answer->response->headers[i].name, name) == 0) return answer->response->headers[i].value;
    return STR_NONE;
}
