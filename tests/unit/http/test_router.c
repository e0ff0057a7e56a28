// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/http/route.h"

static result handle(struct request *request, const void *body, struct response *response)
{
    (void)request, (void)body, (void)response;
    return RESULT_OK;
}

static const struct field rows_of_body[] = {{.name = "a", .type = FIELD_STRING}};
static const struct fields body_fields = {
    .title = "Body", .rows = rows_of_body, .count = 1, .size = sizeof(struct str)};

#define ROW(name, verb, where)                                                                       \
    {                                                                                                \
        .id = (name), .method = (verb), .path = (where), .access = ACCESS_PUBLIC, .handler = handle, \
        .success = 200, .summary = "s"                                                               \
    }

static enum status create(const struct route *rows, size_t count, struct task *task,
                          struct router **ret_router)
{
    fault_clear(&task->fault);
    return router_create(rows, count, task, ret_router).code;
}

Test(router, a_wrong_table_does_not_start_and_the_row_is_named)
{
    struct route wrong[][2] = {
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_POST, "/b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/a")},
        {ROW("wrong", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b")},
        {ROW("first", HTTP_GET, "/a/{id}"), ROW("wrong", HTTP_POST, "/a/{name}")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_HEAD, "/b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b//c")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b/")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b/{w}/{x}/{y}/{z}")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b/{x}c")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_POST, "/b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_POST, "/b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b")},
        {ROW("first", HTTP_GET, "/a"), ROW("wrong", HTTP_GET, "/b")},
    };
    const size_t count = ARRAY_COUNT(wrong);
    wrong[0][1].access = ACCESS_UNSET;
    wrong[count - 4][1].body_kind = BODY_JSON;
    wrong[count - 3][1].body = &body_fields;
    wrong[count - 2][1].scope = "admin";
    wrong[count - 1][1].success = 0;
    for (size_t i = 0; i < count; i++) {
        struct task task;
        struct router *router = NULL;
        cr_expect_eq(create(wrong[i], 2, &task, &router), STATUS_INTERNAL, "table %zu", i);
        cr_expect_not_null(strstr(task.fault.detail, "wrong"), "table %zu: %s", i, task.fault.detail);
    }
}

static const struct route rows[] = {
    ROW("list", HTTP_GET, "/v1/me/sessions"),
    ROW("end", HTTP_DELETE, "/v1/me/sessions/{id}"),
    ROW("current", HTTP_GET, "/v1/me/sessions/current"),
    ROW("two", HTTP_GET, "/v1/a/{x}/b/{y}"),
    ROW("add", HTTP_POST, "/v1/me/sessions"),
};

static enum status match(const struct router *router, enum http_method method, const char *path,
                         struct request *ret_request, struct str *ret_allow)
{
    *ret_request = (struct request){.method = method, .path = str_from(path)};
    *ret_allow = STR_NONE;
    return router_match(router, ret_request, ret_allow).code;
}

Test(router, paths_that_others_may_read_differently_are_not_found)
{
    static const char *const paths[] = {"/v1/me/sessions/",
                                        "//v1/me/sessions",
                                        "/v1//me/sessions",
                                        "/v1/me/%73essions",
                                        "/v1/me/sessions;a=b",
                                        "/v1/x/../me/sessions",
                                        "/v1/me/sessions/..",
                                        "/v1/me/sessions/..;/x",
                                        "/v1/me/sessions%00",
                                        "/V1/me/sessions",
                                        "/v1/me/sessions/a/b",
                                        "/v1/me/session",
                                        "/v1/me/sessionss",
                                        "",
                                        "/",
                                        "/v1/a//b/c",
                                        "/v1/a/x/b/",
                                        "/v1/me/sessions/a\\b"};
    struct task task;
    struct router *router = NULL;
    struct request request;
    struct str allow;
    cr_assert_eq(create(rows, ARRAY_COUNT(rows), &task, &router), STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        cr_expect_eq(match(router, HTTP_GET, paths[i], &request, &allow), STATUS_NOT_FOUND, "%s", paths[i]);
    router_destroy(router);
}

Test(router, a_method_that_is_not_there_is_told_which_are)
{
    struct task task;
    struct router *router = NULL;
    struct request request;
    struct str allow;
    cr_assert_eq(create(rows, ARRAY_COUNT(rows), &task, &router), STATUS_OK);
    cr_expect_eq(match(router, HTTP_PUT, "/v1/me/sessions", &request, &allow), STATUS_METHOD_NOT_ALLOWED);
    cr_expect(str_equal(allow, STR("GET, HEAD, POST")), "%.*s", STR_ARGS(allow));
    cr_expect_eq(match(router, HTTP_GET, "/v1/me/sessions/x", &request, &allow), STATUS_METHOD_NOT_ALLOWED);
    cr_expect(str_equal(allow, STR("DELETE")), "%.*s", STR_ARGS(allow));
    router_destroy(router);
}

Test(router, plain_paths_come_before_parameters_and_values_are_raw)
{
    struct task task;
    struct router *router = NULL;
    struct request request;
    struct str allow;
    cr_assert_eq(create(rows, ARRAY_COUNT(rows), &task, &router), STATUS_OK);
    cr_expect_eq(match(router, HTTP_HEAD, "/v1/me/sessions/current", &request, &allow), STATUS_OK);
    cr_expect_str_eq(request.route->id, "current");
    cr_expect_eq(match(router, HTTP_DELETE, "/v1/me/sessions/abc", &request, &allow), STATUS_OK);
    cr_expect(str_equal(request.path_values[0], STR("abc")));
    cr_expect_eq(match(router, HTTP_GET, "/v1/a/1/b/2", &request, &allow), STATUS_OK);
    cr_expect(str_equal(request.path_values[0], STR("1")) && str_equal(request.path_values[1], STR("2")));
    router_destroy(router);
}
