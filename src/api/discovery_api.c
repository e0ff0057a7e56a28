// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/domain/grants.h"
#include "auth/domain/keyring.h"
#include "auth/json/writer.h"
#include "auth/model/session.h"

#define DOCUMENT_BYTES_MAX 8192u
/* Shorter than the time a new key is published before it signs. */
#define PUBLISHED_CACHE_CONTROL "public, max-age=300"

static void member(struct json_writer *writer, const char *name, struct str value)
{
    json_key(writer, name);
    json_string(writer, value);
}

static void list(struct json_writer *writer, const char *name, const struct str *items, size_t count)
{
    json_key(writer, name);
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) json_string(writer, items[i]);
    json_end_array(writer);
}

static void endpoint(struct json_writer *writer, struct arena *arena, struct str issuer, const char *name,
                     const char *path)
{
    member(writer, name, str_printf(arena, "%.*s%s", STR_ARGS(issuer), path));
}

/* RFC 8414 §2. There is no authorization endpoint, hence no response type. */
result discovery_print(struct arena *arena, const struct policy *policy, struct str *ret_text)
{
    static const struct str TOKEN_METHODS[] = {STR_INIT("client_secret_basic"),
                                               STR_INIT("client_secret_post"), STR_INIT("none")};
    static const struct str ACR_VALUES[] = {STR_INIT(ACR_ONE), STR_INIT(ACR_TWO)};
    const struct str_list grants = grants_supported();
    struct strbuf text;
    strbuf_init(&text, arena, 2048, DOCUMENT_BYTES_MAX);
    struct json_writer writer = {.out = &text};
    json_begin_object(&writer);
    member(&writer, "issuer", policy->issuer);
    endpoint(&writer, arena, policy->issuer, "token_endpoint", "/oauth/token");
    endpoint(&writer, arena, policy->issuer, "revocation_endpoint", "/oauth/revoke");
    endpoint(&writer, arena, policy->issuer, "introspection_endpoint", "/oauth/introspect");
    endpoint(&writer, arena, policy->issuer, "jwks_uri", "/.well-known/jwks.json");
    endpoint(&writer, arena, policy->issuer, "service_documentation", "/v1/openapi.json");
    list(&writer, "acr_values_supported", ACR_VALUES, ARRAY_COUNT(ACR_VALUES));
    list(&writer, "response_types_supported", NULL, 0);
    list(&writer, "grant_types_supported", grants.items, grants.count);
    list(&writer, "token_endpoint_auth_methods_supported", TOKEN_METHODS, ARRAY_COUNT(TOKEN_METHODS));
    list(&writer, "revocation_endpoint_auth_methods_supported", TOKEN_METHODS, ARRAY_COUNT(TOKEN_METHODS));
    list(&writer, "introspection_endpoint_auth_methods_supported", TOKEN_METHODS, 2);
    json_end_object(&writer);
    return strbuf_finish(&text, ret_text);
}

result discovery_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    response->prebuilt = api_of(request)->shared->discovery;
    return RESULT_OK;
}

static void drop_prebuilt(void *argument)
{
    prebuilt_unref(argument);
}

/* Made anew when the keys have changed; held until it is sent, since the next request may replace it. */
result jwks_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct api *api = api_of(request);
    keyring_touch(api->service);
    /* After a long rest there may be other keys; where they cannot be read, those that are known are better than none. */
    if (!is_ok(keyring_wake(api->service, &request->task))) fault_clear(&request->task.fault);
    SCOPED_KEYS(keys, api->service->keyring);
    if (!keys) FAIL(&request->task.fault, NOT_READY, "no keys are loaded");
    if (!api->jwks || api->jwks_generation != keyring_generation(keys)) {
        prebuilt_unref(api->jwks);
        api->jwks = prebuilt_create("application/jwk-set+json", keyring_jwks(keys), PUBLISHED_CACHE_CONTROL);
        api->jwks_generation = keyring_generation(keys);
    }
    arena_on_reset(request->task.arena, drop_prebuilt, prebuilt_ref(api->jwks));
    response->prebuilt = api->jwks;
    return RESULT_OK;
}
