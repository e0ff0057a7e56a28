// SPDX-License-Identifier: MIT
#include "auth/domain/tokens.h"

#include "auth/crypto/jwt.h"
#include "auth/crypto/refresh_token.h"
#include "auth/domain/claims.h"
#include "auth/domain/clients.h"
#include "auth/domain/keyring.h"
#include "auth/domain/retention.h"
#include "auth/domain/rights.h"
#include "auth/domain/second_factor.h"
#include "auth/json/writer.h"

#define CLAIMS_BYTES_MAX 5500u /* with header and signature within JWT_BYTES_MAX */
#define NAMES_BYTES_MAX  768u  /* of the groups, and of the roles, that a token lists */

static const struct field TOKEN_RESPONSE_ROWS[] = {
    {.name = "access_token",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct token_response, access_token),
     .description = "A JWT (RFC 9068) for the Authorization header"},
    {.name = "token_type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct token_response, token_type),
     .description = "Always Bearer",
     .example = "\"Bearer\""},
    {.name = "expires_in",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct token_response, expires_in),
     .description = "Life of the access token in seconds"},
    {.name = "refresh_token",
     .type = FIELD_STRING,
     .offset = offsetof(struct token_response, refresh_token),
     .description = "Good for one refresh; keep the new one each time"},
    {.name = "refresh_expires_in",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct token_response, refresh_expires_in),
     .description = "Seconds until the refresh token expires unused"},
    {.name = "scope",
     .type = FIELD_STRING,
     .offset = offsetof(struct token_response, scope),
     .description = "Space-separated scopes, where there are any"},
    {.name = "device_token",
     .type = FIELD_STRING,
     .offset = offsetof(struct token_response, device_token),
     .description =
         "To be presented when signing in from here again: such attempts are counted by themselves"},
};
const struct fields token_response_fields =
    FIELDS(TOKEN_RESPONSE_ROWS, struct token_response, "TokenResponse");

static const char *const GRANT_NAMES[] = {[GRANT_SIGN_IN] = "",
                                          [GRANT_REFRESH] = "refresh_token",
                                          [GRANT_CLIENT_CREDENTIALS] = "client_credentials"};

/* RFC 9700 §2.4, OWASP ASVS 10.4.4: a client uses only the grants it is registered for. */
static result check_client(struct task *task, const struct token_grant *grant)
{
    if (grant->client->disabled_at_ms != 0) FAIL(&task->fault, INVALID_CLIENT, "client is disabled");
    if (grant->kind == GRANT_SIGN_IN) return RESULT_OK;
    if (!has_word(grant->client->grants, str_from(GRANT_NAMES[grant->kind])))
        FAIL(&task->fault, UNAUTHORIZED_CLIENT, "client may not use this grant");
    return RESULT_OK;
}

static result check_session(struct task *task, const struct token_grant *grant)
{
    const struct session *session = grant->session;
    if (!is_session_alive(session, task->now_ms))
        FAIL(&task->fault, INVALID_GRANT, "session has ended or expired");
    if (session->account_status != ACCOUNT_ACTIVE) FAIL(&task->fault, INVALID_GRANT, "account is not active");
    if (!str_equal(session->client_id, grant->client->id))
        FAIL(&task->fault, INVALID_GRANT, "session belongs to another client");
    return RESULT_OK;
}

struct str scopes_of_person(const struct service *service, struct task *task, const struct client *client,
                            struct str given, struct str role_scopes)
{
    if (is_empty(role_scopes) || !is_first_party(service, client->id)) return given;
    if (is_empty(given)) return role_scopes;
    return str_printf(task->arena, "%.*s %.*s", STR_ARGS(given), STR_ARGS(role_scopes));
}

/* What the session's account has now, from the database: a token is not made from what is remembered. */
static result read_rights(struct service *service, struct task *task, const struct token_grant *grant,
                          struct rights *ret_rights)
{
    *ret_rights = (struct rights){0};
    if (!grant->session || !grant->session->has_rights) return RESULT_OK;
    const result found = rights_read(service->db, task, grant->session->account_id, ret_rights);
    if (found.code == STATUS_NOT_FOUND) FAIL(&task->fault, INVALID_GRANT, "account is gone");
    return found;
}

/* The scope the token will carry: what was asked for within what was granted (RFC 6749 §3.3, §6). */
static result decide_scope(const struct service *service, struct task *task, const struct token_grant *grant,
                           const struct rights *rights, struct str *ret_scope)
{
    const struct str granted =
        grant->session ? scopes_of_person(service, task, grant->client, grant->session->scope, rights->scopes)
                       : grant->client->scopes;
    if (!is_scope(grant->scope) || !is_scope_covered(grant->scope, granted))
        FAIL(&task->fault, INVALID_SCOPE, "scope is malformed or exceeds what was granted");
    *ret_scope = is_empty(grant->scope) ? granted : grant->scope;
    return RESULT_OK;
}

static void claim_text(struct json_writer *writer, const char *name, struct str value)
{
    json_key(writer, name);
    json_string(writer, value);
}

static void claim_time(struct json_writer *writer, const char *name, int64_t at_ms)
{
    json_key(writer, name);
    json_int64(writer, at_ms / MS_PER_SECOND);
}

static void claim_id(struct json_writer *writer, const char *name, struct id id)
{
    char text[ID_TEXT_SIZE];
    id_print(id, text);
    claim_text(writer, name, str_from(text));
}

/* RFC 8176 values as an array. */
static void claim_amr(struct json_writer *writer, struct str amr)
{
    json_key(writer, "amr");
    json_begin_array(writer);
    while (!is_empty(amr)) json_string(writer, str_split(&amr, ' '));
    json_end_array(writer);
}

/* Names parted by commas as an array. A list that is too long is left out whole: half of it would be wrong. */
static void claim_names(struct json_writer *writer, const char *name, const char *omitted_name,
                        struct str names)
{
    if (names.len > NAMES_BYTES_MAX) {
        json_key(writer, omitted_name);
        json_bool(writer, true);
        return;
    }
    if (is_empty(names)) return;
    json_key(writer, name);
    json_begin_array(writer);
    while (!is_empty(names)) json_string(writer, str_split(&names, ','));
    json_end_array(writer);
}

/* RFC 9068 §2.2.3.1: "groups", "roles"; then what administrators have set for the account. */
static void claim_rights(struct json_writer *writer, const struct rights *rights)
{
    claim_names(writer, "groups", "groups_omitted", rights->groups);
    claim_names(writer, "roles", "roles_omitted", rights->roles);
    const struct str members = claims_members(rights->claims);
    if (!is_empty(members)) json_raw(writer, members);
}

/* RFC 9068 §2.2: iss, exp, aud, sub, client_id, iat, jti are required. */
static result print_claims(struct service *service, struct task *task, const struct token_grant *grant,
                           const struct rights *rights, struct str scope, struct str *ret_claims)
{
    struct strbuf text;
    strbuf_init(&text, task->arena, 1024, CLAIMS_BYTES_MAX);
    struct json_writer writer = {.out = &text};
    json_begin_object(&writer);
    claim_text(&writer, "iss", service->policy->issuer);
    if (grant->session)
        claim_id(&writer, "sub", grant->session->account_id);
    else
        claim_text(&writer, "sub", grant->client->id);
    claim_text(&writer, "aud", service->policy->audience);
    claim_text(&writer, "client_id", grant->client->id);
    claim_time(&writer, "iat", task->now_ms);
    claim_time(&writer, "exp", task->now_ms + service->policy->access_token_ms);
    claim_id(&writer, "jti", id_new(task->now_ms));
    if (!is_empty(scope)) claim_text(&writer, "scope", scope);
    if (grant->session) {
        claim_id(&writer, "sid", grant->session->id);
        claim_time(&writer, "auth_time", grant->session->authenticated_at_ms);
        claim_amr(&writer, grant->session->amr);
        claim_text(&writer, "acr",
                   str_from(is_session_assured(grant->session, task->now_ms) ? ACR_TWO : ACR_ONE));
        claim_rights(&writer, rights);
    }
    json_end_object(&writer);
    return strbuf_finish(&text, ret_claims);
}

struct secret refresh_token_of(struct service *service, struct task *task, struct id session_id,
                               int64_t counter, unsigned char ret_digest[32])
{
    const struct secret token =
        refresh_token_make(task->arena, &service->secrets->refresh_key, session_id, counter);
    sha256(secret_expose(token), ret_digest);
    return token;
}

static void add_refresh_token(struct service *service, struct task *task, const struct session *session,
                              struct token_response *response)
{
    unsigned char digest[SHA256_BYTES];
    const struct secret token =
        refresh_token_of(service, task, session->id, session->refresh_counter, digest);
    const int64_t ends_at_ms = session->idle_expires_at_ms < session->expires_at_ms
                                   ? session->idle_expires_at_ms
                                   : session->expires_at_ms;
    response->refresh_token = secret_expose(token);
    response->refresh_expires_in = (ends_at_ms - task->now_ms) / MS_PER_SECOND;
}

result tokens_issue(struct service *service, struct task *task, const struct token_grant *grant,
                    struct token_response *ret_response)
{
    struct token_response response = {.token_type = STR("Bearer"),
                                      .expires_in = service->policy->access_token_ms / MS_PER_SECOND};
    struct str claims;
    struct rights rights;
    TRY(check_client(task, grant));
    if (grant->session) TRY(check_session(task, grant));
    TRY(read_rights(service, task, grant, &rights));
    if (grant->session && second_factor_is_lacking(service, grant->session, &rights))
        FAIL(&task->fault, MFA_REQUIRED, "session is of one factor, and its account must use two");
    TRY(decide_scope(service, task, grant, &rights, &response.scope));
    TRY(print_claims(service, task, grant, &rights, response.scope, &claims));
    TRY(keyring_wake(service, task));
    TRY(keyring_sign(service, task, JWT_ACCESS, claims, &response.access_token, NULL));
    if (grant->session) add_refresh_token(service, task, grant->session, &response);
    keyring_touch(service);
    retention_touch(service);
    *ret_response = response;
    return RESULT_OK;
}
