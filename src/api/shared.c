// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/http/openapi.h"
#include "page_api_internal.h"

#define OPENAPI_BYTES_MAX       (2u * 1024u * 1024u)
#define SCRATCH_BYTES_MAX       (32u * 1024u * 1024u)
#define PUBLISHED_CACHE_CONTROL "public, max-age=300"
/* Many times what a start takes when the database is there and the schema fits. */
#define START_PATIENCE_MS INT64_C(2000)

result api_openapi(struct arena *arena, struct str issuer, const char *version, struct str *ret_text)
{
    const struct openapi_info info = {
        .title = "auth",
        .version = version,
        .description = "Sign-up, sign-in, sessions and OAuth tokens.",
        .server_url = issuer,
    };
    struct strbuf text;
    strbuf_init(&text, arena, 65536, OPENAPI_BYTES_MAX);
    TRY(openapi_print(api_routes, api_route_count, &info, &text));
    return strbuf_finish(&text, ret_text);
}

result api_shared_init(struct api_shared *shared, struct task *task, const char *version)
{
    /* The document is printed from many small pieces, of which nothing is kept. */
    struct arena *scratch SCOPED(arena_destroy_scoped) = arena_create(SCRATCH_BYTES_MAX);
    struct str discovery, config, openapi;
    TRY(router_create(api_routes, api_route_count, task, &shared->router));
    TRY(discovery_print(task->arena, shared->policy, &discovery));
    TRY(config_print(task->arena, shared->policy, &config));
    TRY(api_openapi(scratch, shared->policy->issuer, version, &openapi));
    shared->metrics = http_metrics_create(api_routes, api_route_count);
    shared->discovery = prebuilt_create("application/json", discovery, PUBLISHED_CACHE_CONTROL);
    shared->config = prebuilt_create("application/json", config, "no-cache");
    shared->openapi = prebuilt_create("application/json", openapi, "no-cache");
    page_assets_create(shared);
    shared->started_at_ms = task->now_ms;
    shared->patient_until_ms = clock_monotonic_ms() + START_PATIENCE_MS;
    return RESULT_OK;
}

void api_shared_done(struct api_shared *shared)
{
    prebuilt_unref(shared->discovery);
    prebuilt_unref(shared->config);
    prebuilt_unref(shared->openapi);
    page_assets_destroy(shared);
    http_metrics_destroy(shared->metrics);
    router_destroy(shared->router);
}
