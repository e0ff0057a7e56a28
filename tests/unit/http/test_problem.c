// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "../../../src/http/server_internal.h"
#include "auth/http/problem.h"

static const struct route scoped = {.id = "x", .scope = "accounts:write"};

/* A request with or without credentials, as the server would hold it. */
struct setting {
    struct http_exchange exchange;
    struct response response;
};

static struct setting *begin(const char *authorization)
{
    struct setting *setting = calloc(1, sizeof(*setting));
    struct request *request = &setting->exchange.request;
    task_init(&request->task, arena_create(1024 * 1024), STR("req-1"), 1000);
    request->exchange = &setting->exchange;
    request->route = &scoped;
    if (authorization) {
        setting->exchange.fields[0] = (struct header_field){STR("authorization"), str_from(authorization)};
        setting->exchange.field_count = 1;
    }
    return setting;
}

static void end(struct setting *setting)
{
    arena_destroy(setting->exchange.request.task.arena);
    free(setting);
}

static void tell(struct setting *setting, enum status code, enum surface surface)
{
    problem_write(&setting->exchange.request, code, surface, STR("https://id.test"), &setting->response);
}

static struct str header(const struct setting *setting, const char *name)
{
    for (size_t i = 0; i < setting->response.header_count; i++)
        if (strcmp(setting->response.headers[i].name, name) == 0) return setting->response.headers[i].value;
    return STR_NONE;
}

static void expect_challenge(enum status code, const char *authorization, const char *expected)
{
    struct setting *setting = begin(authorization);
    setting->exchange.request.task.max_age_seconds = 300;
    tell(setting, code, SURFACE_APPLICATION);
    const struct str found = header(setting, "WWW-Authenticate");
    cr_expect(str_equal(found, str_from(expected)), "%s: %.*s", status_name(code), STR_ARGS(found));
    end(setting);
}

Test(problem, a_challenge_tells_an_error_only_to_who_sent_credentials)
{
    expect_challenge(STATUS_INVALID_TOKEN, NULL, "Bearer realm=\"https://id.test\"");
    expect_challenge(
        STATUS_INVALID_TOKEN, "Bearer x",
        "Bearer realm=\"https://id.test\", error=\"invalid_token\", error_description=\"The access token is "
        "missing, expired, revoked or not valid.\"");
    expect_challenge(STATUS_INVALID_CREDENTIALS, NULL, "Bearer realm=\"https://id.test\"");
    expect_challenge(STATUS_INVALID_CLIENT, "Basic x", "Basic realm=\"https://id.test\", charset=\"UTF-8\"");
    expect_challenge(
        STATUS_INSUFFICIENT_SCOPE, "Bearer x",
        "Bearer realm=\"https://id.test\", error=\"insufficient_scope\", error_description=\"The token does "
        "not carry the scope this needs.\", scope=\"accounts:write\"");
    expect_challenge(STATUS_STEP_UP_REQUIRED, "Bearer x",
                     "Bearer realm=\"https://id.test\", error=\"insufficient_user_authentication\", "
                     "error_description=\"Sign in again to do this.\", max_age=\"300\"");
    expect_challenge(STATUS_NOT_FOUND, "Bearer x", "");
}

Test(problem, the_document_names_type_instance_code_and_every_field)
{
    struct setting *setting = begin(NULL);
    fault_add_field(&setting->exchange.request.task.fault, "/email", "required", "This is needed.");
    fault_add_field(&setting->exchange.request.task.fault, "/a\"b", "unknown", "This is not known.");
    tell(setting, STATUS_VALIDATION_FAILED, SURFACE_APPLICATION);
    cr_expect_eq(setting->response.status, 422);
    cr_expect(str_equal(setting->response.content_type, STR("application/problem+json")));
    cr_expect(
        str_equal(
            setting->response.body,
            STR("{\"type\":\"https://id.test/problems/validation_failed\",\"title\":\"Unprocessable "
                "Content\","
                "\"status\":422,\"detail\":\"Some fields are not valid; see errors.\",\"instance\":"
                "\"urn:request:req-1\",\"code\":\"validation_failed\",\"errors\":[{\"pointer\":\"/"
                "email\",\"code\":"
                "\"required\",\"detail\":\"This is needed.\"},{\"pointer\":\"/a\\\"b\",\"code\":\"unknown\","
                "\"detail\":\"This is not known.\"}]}")),
        "%.*s", STR_ARGS(setting->response.body));
    end(setting);
}

Test(problem, what_the_operator_is_told_is_not_told_to_the_client)
{
    struct setting *setting = begin(NULL);
    (void)fault_record(&setting->exchange.request.task.fault, STATUS_INTERNAL, "f.c", 1, "f",
                       "relation missing");
    tell(setting, STATUS_INTERNAL, SURFACE_APPLICATION);
    cr_expect_null(memmem(setting->response.body.ptr, setting->response.body.len, "relation", 8));
    end(setting);
}

Test(problem, the_protocol_surface_speaks_only_oauth)
{
    static const struct {
        enum status code;
        int status;
        const char *error;
    } rows[] = {
        {STATUS_INVALID_GRANT, 400, "\"invalid_grant\""},
        {STATUS_UNSUPPORTED_GRANT_TYPE, 400, "\"unsupported_grant_type\""},
        {STATUS_INVALID_CLIENT, 401, "\"invalid_client\""},
        {STATUS_VALIDATION_FAILED, 400, "\"invalid_request\""},
        {STATUS_MALFORMED_JSON, 400, "\"invalid_request\""},
        {STATUS_TOO_LARGE, 413, "\"invalid_request\""},
        {STATUS_RATE_LIMITED, 429, "\"temporarily_unavailable\""},
        {STATUS_INTERNAL, 500, "\"server_error\""},
        {STATUS_DATABASE_UNAVAILABLE, 503, "\"temporarily_unavailable\""},
        {STATUS_STEP_UP_REQUIRED, 401, "\"insufficient_user_authentication\""},
        {STATUS_ORIGIN_REFUSED, 403, "\"access_denied\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct setting *setting = begin(NULL);
        tell(setting, rows[i].code, SURFACE_PROTOCOL);
        cr_expect_eq(setting->response.status, rows[i].status, "%s", status_name(rows[i].code));
        cr_expect_not_null(memmem(setting->response.body.ptr, setting->response.body.len, rows[i].error,
                                  strlen(rows[i].error)),
                           "%.*s", STR_ARGS(setting->response.body));
        end(setting);
    }
}

Test(problem, an_error_description_keeps_to_its_characters_and_names_the_parameter)
{
    struct setting *setting = begin(NULL);
    fault_add_field(&setting->exchange.request.task.fault, "client\"\\\n_id", "repeated", "Once.");
    tell(setting, STATUS_INVALID_REQUEST, SURFACE_PROTOCOL);
    static const char expected[] =
        "{\"error\":\"invalid_request\",\"error_description\":\"The request misses a parameter, "
        "repeats one or has one that is not valid. (client_id: repeated)\"}";
    cr_expect(str_equal(setting->response.body, str_from(expected)), "%.*s",
              STR_ARGS(setting->response.body));
    end(setting);
}

Test(problem, who_must_wait_is_told_how_long)
{
    struct setting *setting = begin(NULL);
    tell(setting, STATUS_HASHING_BUSY, SURFACE_APPLICATION);
    cr_expect(str_equal(header(setting, "Retry-After"), STR("1")));
    setting->exchange.request.task.retry_after_seconds = 42;
    tell(setting, STATUS_RATE_LIMITED, SURFACE_APPLICATION);
    cr_expect(str_equal(header(setting, "Retry-After"), STR("42")));
    end(setting);
}

Test(response, a_field_that_could_end_its_line_is_not_set)
{
    struct response response = {0};
    response_header_set(&response, "Location", STR("/a\r\nSet-Cookie: b"));
    response_header_set(&response, "Location", STR("/a\nb"));
    response_header_set(&response, "Loc ation", STR("/a"));
    response_header_set(&response, "Location", ((struct str){"/a\0b", 4}));
    cr_expect_eq(response.header_count, 0);
    response_header_set(&response, "Location", STR("/a"));
    response_header_set(&response, "location", STR("/b"));
    cr_expect_eq(response.header_count, 1);
    cr_expect(str_equal(response.headers[0].value, STR("/b")));
}

Test(problem, members_of_a_task_stand_beside_the_fixed_ones_on_the_application_surface_alone)
{
    struct setting *setting = begin(NULL);
    setting->exchange.request.task.problem_members = STR("\"login_token\":\"x\"");
    tell(setting, STATUS_CONFLICT, SURFACE_PROTOCOL);
    cr_expect(!strstr(setting->response.body.ptr, "login_token"), "%.*s", STR_ARGS(setting->response.body));
    tell(setting, STATUS_CONFLICT, SURFACE_APPLICATION);
    cr_expect(strstr(setting->response.body.ptr, "\"code\":\"conflict\",\"login_token\":\"x\"}"), "%.*s",
              STR_ARGS(setting->response.body));
    end(setting);
}
