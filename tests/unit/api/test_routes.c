// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/api/api.h"
#include "auth/base/encoding.h"
#include "auth/command/command.h"

#define ACCESS_GOLDEN  TESTS_DIR "/golden/access.md"
#define OPENAPI_GOLDEN TESTS_DIR "/../docs/openapi.json"
#define GOLDEN_MAX     ((size_t)1 << 20)

static struct arena *arena;

static void begin(void)
{
    cr_assert(is_ok(random_init()));
    json_init();
    arena = arena_create((size_t)32 << 20);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(routes, .init = begin, .fini = end);

/* UPDATE_GOLDEN=1 writes the file anew, to be looked at before it is committed. */
static void expect_golden(const char *path, struct str text)
{
    FILE *file = fopen(path, getenv("UPDATE_GOLDEN") ? "w+" : "r");
    cr_assert(file, "%s", path);
    if (getenv("UPDATE_GOLDEN")) cr_assert_eq(fwrite(text.ptr, 1, text.len, file), text.len);
    rewind(file);
    char *golden = arena_alloc(arena, GOLDEN_MAX);
    const size_t len = fread(golden, 1, GOLDEN_MAX, file);
    cr_assert_eq(fclose(file), 0);
    cr_expect(str_equal(text, (struct str){golden, len}),
              "%s: run with UPDATE_GOLDEN=1 and look at the difference", path);
}

/* --- who may do what ---------------------------------------------------------------------------------------------- */

static const char *const ACCESS_NAMES[ACCESS_COUNT] = {[ACCESS_PUBLIC] = "public",
                                                       [ACCESS_BEARER] = "bearer",
                                                       [ACCESS_CLIENT] = "client",
                                                       [ACCESS_OPERATIONS] = "operations"};
static const char *const BODY_NAMES[] = {
    [BODY_NONE] = "none", [BODY_JSON] = "JSON", [BODY_FORM] = "form", [BODY_LINES] = "lines"};

static const char *key_of(const struct route *route)
{
    if (!route->key_scope) return "";
    return route->key_scope[0] == '\0' ? "any" : route->key_scope;
}

static const char *fresh_of(const struct route *route, struct arena *memory)
{
    if (route->needs_fresh_with) return str_printf(memory, "with %s", route->needs_fresh_with).ptr;
    return route->needs_fresh ? "yes" : "";
}

static void print_row(struct strbuf *out, const struct route *route)
{
    char limit[64] = "";
    if (route->limit)
        snprintf(limit, sizeof limit, "%s: %lld in %lld s", route->limit->name,
                 (long long)route->limit->requests, (long long)route->limit->window_ms / 1000);
    static const char *const acr[] = {
        [ACR_NEEDED_ANY] = "", [ACR_NEEDED_BEST] = "best", [ACR_NEEDED_AAL2] = "aal2"};
    strbuf_printf(out, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s%s |\n", route->id,
                  http_method_name(route->method), route->path, ACCESS_NAMES[route->access],
                  route->scope ? route->scope : "", key_of(route), fresh_of(route, arena),
                  acr[route->needs_acr], limit, BODY_NAMES[route->body_kind],
                  route->is_body_optional ? ", optional" : "");
}

Test(routes, the_access_matrix_is_the_golden_one)
{
    struct strbuf out;
    struct str text;
    strbuf_init(&out, arena, 4096, GOLDEN_MAX);
    strbuf_add(&out, STR("# Who may do what\n\n| route | method | path | access | scope | key | fresh | acr "
                         "| limit | body |\n"
                         "|---|---|---|---|---|---|---|---|---|---|\n"));
    for (size_t i = 0; i < api_route_count; i++) print_row(&out, &api_routes[i]);
    cr_assert(is_ok(strbuf_finish(&out, &text)));
    expect_golden(ACCESS_GOLDEN, text);
}

Test(routes, the_api_document_is_the_golden_one)
{
    struct str text;
    cr_assert(is_ok(api_openapi(arena, STR("http://localhost:8080"), AUTH_VERSION, &text)));
    expect_golden(OPENAPI_GOLDEN, str_printf(arena, "%.*s\n", STR_ARGS(text)));
}

/* The path with an "x" for each of its parameters. */
static struct str with_values(const char *path)
{
    struct strbuf out;
    strbuf_init(&out, arena, 64, 256);
    for (; *path; path++) {
        strbuf_add_char(&out, *path == '{' ? 'x' : *path);
        if (*path == '{') path = strchr(path, '}');
    }
    return strbuf_str(&out);
}

Test(routes, the_router_takes_the_table)
{
    struct task *task = arena_alloc(arena, sizeof *task);
    struct router *router;
    task_init(task, arena, STR("test"), 1000);
    cr_assert(is_ok(router_create(api_routes, api_route_count, task, &router)), "%s", task->fault.detail);
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        struct request *request = arena_alloc(arena, sizeof *request);
        struct str allow = STR_NONE;
        request->method = route->method;
        request->path = with_values(route->path);
        cr_expect(is_ok(router_match(router, request, &allow)), "%s", route->id);
        cr_expect_eq(request->route, route, "%s", route->id);
    }
    router_destroy(router);
}

Test(routes, every_row_says_who_may_why_and_where_it_comes_from)
{
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        cr_expect(route->access > ACCESS_UNSET && route->access < ACCESS_COUNT, "%s", route->id);
        cr_expect(route->handler && route->summary && route->source && route->errors, "%s", route->id);
        cr_expect(route->success >= 200 && route->success < (route->method == HTTP_GET ? 400 : 300), "%s",
                  route->id);
        cr_expect_eq(route->body_kind == BODY_NONE, route->body == NULL, "%s", route->id);
        if (route->access == ACCESS_PUBLIC && route->method != HTTP_GET)
            cr_expect_not_null(route->limit, "%s: anyone may, as often as he likes", route->id);
        if (route->access != ACCESS_BEARER)
            cr_expect(!route->needs_fresh && !route->needs_acr && !route->scope && !route->key_scope, "%s",
                      route->id);
        /* What the handler asks for besides stands in the body. */
        if (route->needs_fresh_with)
            cr_expect(route->scope && !route->needs_fresh && route->body, "%s", route->id);
        /* What takes a fresh sign-in takes no key, and a route with a scope needs no other word for keys. */
        if (route->key_scope)
            cr_expect(!route->needs_fresh && !route->needs_acr && !route->scope, "%s", route->id);
        if (route->method == HTTP_GET) cr_expect_eq(route->body_kind, BODY_NONE, "%s", route->id);
        cr_expect_eq(strncmp(route->path, "/oauth/", 7) == 0 ||
                         strncmp(route->path, "/.well-known/", 13) == 0,
                     route->surface == SURFACE_PROTOCOL, "%s", route->id);
    }
}

/* --- examples ----------------------------------------------------------------------------------------------------- */

static struct str unquoted(struct str json)
{
    return json.len >= 2 && json.ptr[0] == '"' ? (struct str){json.ptr + 1, json.len - 2} : json;
}

static struct str example_of(const struct route *route)
{
    struct strbuf out;
    const bool is_form = route->body_kind == BODY_FORM;
    strbuf_init(&out, arena, 256, 8192);
    if (!is_form) strbuf_add_char(&out, '{');
    bool has_one = false;
    for (size_t i = 0; i < route->body->count; i++) {
        const struct field *row = &route->body->rows[i];
        if (!row->example) continue;
        if (has_one) strbuf_add_char(&out, is_form ? '&' : ',');
        has_one = true;
        if (is_form)
            strbuf_printf(&out, "%s=%.*s", row->name,
                          STR_ARGS(percent_encode(arena, unquoted(str_from(row->example)))));
        else
            strbuf_printf(&out, "\"%s\":%s", row->name, row->example);
    }
    if (!is_form) strbuf_add_char(&out, '}');
    return strbuf_str(&out);
}

Test(routes, every_body_takes_the_examples_of_its_own_fields)
{
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        if (!route->body) continue;
        struct task *task = arena_alloc(arena, sizeof *task);
        void *value = arena_alloc(arena, route->body->size);
        task_init(task, arena, STR("test"), 1000);
        const struct str example = example_of(route);
        const result taken = route->body_kind == BODY_FORM
                                 ? fields_read_form(route->body, task, example, value)
                                 : fields_read_json(route->body, task, example, value);
        cr_expect(is_ok(taken), "%s: %.*s: %s %s", route->id, STR_ARGS(example), task->fault.detail,
                  task->fault.error_count ? task->fault.errors[0].pointer : "");
    }
}

static bool names_member(const struct fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->rows[i].name, name) == 0) return true;
    return false;
}

/* OWASP ASVS 15.3.3: a member nobody asked for is refused, above all one that would make somebody more than he is. */
Test(routes, no_json_body_takes_a_member_it_does_not_name)
{
    static const char *const extra[] = {
        "id",    "is_email_verified", "email_verified", "status", "role",
        "roles", "requires_mfa",      "claims",         "scope_", "__proto__"};
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        if (route->body_kind != BODY_JSON) continue;
        for (size_t n = 0; n < ARRAY_COUNT(extra); n++) {
            if (names_member(route->body, extra[n])) {
                cr_expect_not_null(route->scope, "%s lets its own caller set %s", route->id, extra[n]);
                continue;
            }
            struct task *task = arena_alloc(arena, sizeof *task);
            void *value = arena_alloc(arena, route->body->size);
            const struct str example = example_of(route);
            const bool is_bare = str_equal(example, STR("{}"));
            const struct str text = str_printf(arena, "%.*s%s\"%s\":true}", (int)example.len - 1, example.ptr,
                                               is_bare ? "" : ",", extra[n]);
            task_init(task, arena, STR("test"), 1000);
            cr_expect_eq(fields_read_json(route->body, task, text, value).code, STATUS_VALIDATION_FAILED,
                         "%s took %s", route->id, text.ptr);
        }
    }
}
