// SPDX-License-Identifier: MIT
#include "api_internal.h"
#include "auth/crypto/jwt.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/token_endpoints.h"

static const struct field OAUTH_TOKEN_ROWS[] = {
    {.name = "grant_type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct grant_request, grant_type),
     .max = 128,
     .description = "refresh_token or client_credentials",
     .example = "\"client_credentials\""},
    {.name = "refresh_token",
     .type = FIELD_STRING,
     .offset = offsetof(struct grant_request, refresh_token),
     .max = 256,
     .description = "For grant_type=refresh_token"},
    {.name = "scope",
     .type = FIELD_STRING,
     .offset = offsetof(struct grant_request, scope),
     .max = CLIENT_SCOPES_MAX,
     .description = "Space-separated; all that was granted when left out"},
};
const struct fields oauth_token_body_fields = FIELDS(OAUTH_TOKEN_ROWS, struct grant_request, "TokenRequest");

struct token_body {
    struct str token;
    struct str token_type_hint;
};

static const struct field TOKEN_ONLY_ROWS[] = {
    {.name = "token",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct token_body, token),
     .max = JWT_BYTES_MAX,
     .description = "The access or refresh token, or the API key",
     .example = "\"rt_AZqkW3o\""},
    {.name = "token_type_hint",
     .type = FIELD_STRING,
     .offset = offsetof(struct token_body, token_type_hint),
     .max = 64,
     .description = "Taken and not needed: tokens tell their kind"},
};
const struct fields oauth_token_only_body_fields =
    FIELDS(TOKEN_ONLY_ROWS, struct token_body, "TokenReference");

static const struct field INTROSPECTION_ROWS[] = {
    {.name = "active",
     .type = FIELD_BOOLEAN,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct introspection, is_active),
     .description = "Whether the token is good now"},
    {.name = "scope", .type = FIELD_STRING, .offset = offsetof(struct introspection, scope)},
    {.name = "client_id", .type = FIELD_STRING, .offset = offsetof(struct introspection, client_id)},
    {.name = "username",
     .type = FIELD_STRING,
     .offset = offsetof(struct introspection, username),
     .description = "Address of the account"},
    {.name = "token_type", .type = FIELD_STRING, .offset = offsetof(struct introspection, token_type)},
    {.name = "exp", .type = FIELD_EPOCH, .offset = offsetof(struct introspection, expires_at_ms)},
    {.name = "iat", .type = FIELD_EPOCH, .offset = offsetof(struct introspection, issued_at_ms)},
    {.name = "sub", .type = FIELD_STRING, .offset = offsetof(struct introspection, subject)},
    {.name = "aud", .type = FIELD_STRING, .offset = offsetof(struct introspection, audience)},
    {.name = "iss", .type = FIELD_STRING, .offset = offsetof(struct introspection, issuer)},
    {.name = "jti", .type = FIELD_STRING, .offset = offsetof(struct introspection, jti)},
    {.name = "sid", .type = FIELD_STRING, .offset = offsetof(struct introspection, session_id)},
    {.name = "groups",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct introspection, groups),
     .description = "Of the person, now"},
    {.name = "roles",
     .type = FIELD_STRINGS,
     .offset = offsetof(struct introspection, roles),
     .description = "Of the person, now"},
    {.name = "auth_time", .type = FIELD_EPOCH, .offset = offsetof(struct introspection, authenticated_at_ms)},
    {.name = "acr", .type = FIELD_STRING, .offset = offsetof(struct introspection, acr)},
    {.name = "claims",
     .type = FIELD_RAW,
     .flags = FIELD_SPREAD,
     .offset = offsetof(struct introspection, claims)},
};
/* RFC 7662 §2.2: "Specific implementations MAY extend this structure with their own service-specific response names": what
 * administrators have set for the account, under the names its access tokens have. */
const struct fields introspection_reply_fields = {.title = "Introspection",
                                                  .rows = INTROSPECTION_ROWS,
                                                  .count = ARRAY_COUNT(INTROSPECTION_ROWS),
                                                  .size = sizeof(struct introspection),
                                                  .ignores_unknown = true};

result oauth_token_post(struct request *request, const void *body, struct response *response)
{
    struct token_response tokens;
    TRY(grants_redeem(service_of(request), &request->task, &caller_of(request)->client, body, &tokens));
    return response_json(response, request->task.arena, &token_response_fields, &tokens);
}

result oauth_revoke_post(struct request *request, const void *body, struct response *response)
{
    (void)response;
    const struct token_body *given = body;
    return token_revoke(service_of(request), &request->task, &caller_of(request)->client, given->token);
}

result oauth_introspect_post(struct request *request, const void *body, struct response *response)
{
    const struct token_body *given = body;
    const struct client *client = &caller_of(request)->client;
    /* RFC 7662 §2.1: the endpoint "MUST also require some form of authorization to access". */
    if (!client->is_confidential)
        FAIL(&request->task.fault, INVALID_CLIENT, "introspection needs an authenticated client");
    struct introspection introspection;
    TRY(token_introspect(service_of(request), &request->task, client, given->token, &introspection));
    return response_json(response, request->task.arena, &introspection_reply_fields, &introspection);
}
