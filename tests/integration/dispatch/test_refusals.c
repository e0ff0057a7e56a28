// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_fixture.h"
#include "auth/base/encoding.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/clients.h"

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static struct api_fixture *api;

static void with_api(void (*body)(struct visitor *visitor))
{
    struct domain_fixture *domain = malloc(sizeof *domain);
    api = malloc(sizeof *api);
    cr_assert(domain && api);
    domain_fixture_open(domain, DB_SQLITE);
    api_fixture_open(api, domain);
    domain_fixture_run(domain, 1, body);
    api_fixture_close(api);
    domain_fixture_close(domain);
    free(api);
    free(domain);
}

static struct answer serve(struct visitor *visitor, const struct call *call)
{
    return serve_call(api, visitor, call);
}

/* Status, fields and body in one text. */
static struct str whole(struct visitor *visitor, const struct answer *answer)
{
    struct strbuf out;
    struct str text;
    strbuf_init(&out, visitor->task.arena, 1024, 65536);
    strbuf_printf(&out, "%d\n", answer->status);
    for (size_t i = 0; i < answer->response->header_count; i++)
        strbuf_printf(&out, "%s: %.*s\n", answer->response->headers[i].name,
                      STR_ARGS(answer->response->headers[i].value));
    strbuf_printf(&out, "%.*s", STR_ARGS(answer->body));
    cr_expect(is_ok(strbuf_finish(&out, &text)));
    return text;
}

/* --- nothing tells who has an account ------------------------------------------------------------------------------ */

static struct answer log_in(struct visitor *visitor, const char *email, const char *password)
{
    const struct call call = {
        .method = HTTP_POST,
        .path = "/v1/login",
        .content_type = JSON,
        .body = str_printf(visitor->task.arena, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password)};
    return serve(visitor, &call);
}

static struct answer sign_up_call(struct visitor *visitor, const char *email)
{
    const struct call call = {
        .method = HTTP_POST,
        .path = "/v1/signup",
        .content_type = JSON,
        .body = str_printf(visitor->task.arena, "{\"email\":\"%s\",\"password\":\"" GOOD "\"}", email)};
    return serve(visitor, &call);
}

static void alike(struct visitor *visitor)
{
    const struct answer made = sign_up_call(visitor, ADA);
    const struct answer taken = sign_up_call(visitor, ADA);
    cr_expect_eq(made.status, 202);
    cr_expect(str_equal(whole(visitor, &made), whole(visitor, &taken)), "sign-up tells");
    const struct answer unknown = log_in(visitor, "eve@example.org", GOOD);
    const struct answer wrong = log_in(visitor, ADA, OTHER);
    cr_expect_eq(unknown.status, 401);
    cr_expect(str_equal(whole(visitor, &unknown), whole(visitor, &wrong)), "sign-in tells");
    tell(visitor->fixture, "UPDATE accounts SET status = 'locked'");
    const struct answer locked = log_in(visitor, ADA, GOOD);
    cr_expect(str_equal(whole(visitor, &unknown), whole(visitor, &locked)), "a lock tells");
    for (int i = 0; i < 10; i++) {
        (void)log_in(visitor, "eve@example.org", GOOD);
        (void)log_in(visitor, ADA, OTHER);
    }
    const struct answer unknown_limited = log_in(visitor, "eve@example.org", GOOD);
    const struct answer limited = log_in(visitor, ADA, OTHER);
    cr_expect_eq(limited.status, 429);
    cr_expect(str_equal(header_of(&limited, "Retry-After"), STR("1")));
    cr_expect(str_equal(whole(visitor, &unknown_limited), whole(visitor, &limited)), "throttling tells");
}

Test(refusals, no_byte_of_an_answer_tells_who_has_an_account)
{
    with_api(alike);
}

/* --- hostile credentials ------------------------------------------------------------------------------------------ */

static const char *basic(struct visitor *visitor, const char *id, size_t id_len, const char *secret)
{
    char pair[256];
    memcpy(pair, id, id_len);
    const int len = snprintf(pair + id_len, sizeof pair - id_len, ":%s", secret);
    return str_printf(visitor->task.arena, "Basic %.*s",
                      STR_ARGS(base64_print(visitor->task.arena, pair, id_len + (size_t)len)))
        .ptr;
}

static void expect_status(struct visitor *visitor, const struct call *call, int status, const char *what)
{
    const struct answer answer = serve(visitor, call);
    cr_expect_eq(answer.status, status, "%s: %d", what, answer.status);
}

static void hostile_clients(struct visitor *visitor)
{
    struct client shop;
    struct secret secret;
    const struct client_registration registration = {
        .id = STR("shop"), .name = STR("Shop"), .is_confidential = true, .grants = STR("client_credentials")};
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &registration, &shop, &secret),
                STATUS_OK, "clients_create");
    const char *right = (const char *)secret.bytes;
    const char *const refused[] = {
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic c2hvcA==",
        "Basic c2hvcDo",
        basic(visitor, "shop", 4, ""),
        basic(visitor, "shop", 4, "wrong"),
        basic(visitor, "sh%00op", 7, right),
        basic(visitor, "sh%op", 5, right),
        basic(visitor, "sh%FFop", 7, right),
        basic(visitor, "sh\0op", 5, right),
        basic(visitor, "sh\xff\xfeop", 6, right),
        basic(visitor, "shop%27--", 9, right),
        basic(visitor, "", 0, right),
        basic(visitor, "auth", 4, right),
        basic(visitor, "shop ", 5, right),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        const struct call call = {.method = HTTP_POST,
                                  .path = "/oauth/introspect",
                                  .authorization = refused[i],
                                  .content_type = FORM,
                                  .body = STR("token=x")};
        expect_status(visitor, &call, 401, refused[i]);
    }
    const struct call good = {.method = HTTP_POST,
                              .path = "/oauth/introspect",
                              .authorization = basic(visitor, "shop", 4, right),
                              .content_type = FORM,
                              .body = STR("token=x")};
    expect_status(visitor, &good, 200, "right");
    struct call call = good;
    call.body = str_printf(visitor->task.arena, "token=x&client_id=shop&client_secret=%s", right);
    expect_status(visitor, &call, 400, "two ways at once");
    call.body = STR("token=x&client_id=other");
    expect_status(visitor, &call, 400, "two names");
    call.authorization = NULL;
    call.body = STR("token=x&client_id=%00");
    expect_status(visitor, &call, 400, "NUL in a parameter");
    call.body = STR("token=x&client_id=%ff");
    expect_status(visitor, &call, 400, "no text in a parameter");
    call.body = STR("token=x");
    expect_status(visitor, &call, 401, "the public client may not ask");
    call.content_type = JSON;
    call.authorization = good.authorization;
    expect_status(visitor, &call, 415, "another media type");
}

Test(refusals, client_credentials_that_are_no_text_or_not_right_are_refused_and_break_nothing)
{
    with_api(hostile_clients);
}

/* The route's path with "x" for each of its parameters. */
static const char *path_of(const struct visitor *visitor, const struct route *route)
{
    struct strbuf path;
    struct str rest = str_from(route->path);
    strbuf_init(&path, visitor->task.arena, 64, 512);
    while (!is_empty(rest)) {
        strbuf_add(&path, str_split(&rest, '{'));
        if (is_empty(rest)) break;
        (void)str_split(&rest, '}');
        strbuf_add_char(&path, 'x');
    }
    return strbuf_str(&path).ptr;
}

static void hostile_bearers(struct visitor *visitor)
{
    static const char *const tokens[] = {
        NULL,
        "",
        "Bearer",
        "Bearer ",
        "bearer x",
        "Bearer a.b.c",
        "Bearer \xff\xfe",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "Bearer rt_AAAA",
        "Basic YTpi",
        "Token x",
    };
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        if (route->access != ACCESS_BEARER) continue;
        for (size_t n = 0; n < ARRAY_COUNT(tokens); n++) {
            const struct call call = {
                .method = route->method, .path = path_of(visitor, route), .authorization = tokens[n]};
            const struct answer answer = serve(visitor, &call);
            cr_expect_eq(answer.status, 401, "%s, %s: %d", route->id, tokens[n], answer.status);
            cr_expect(str_starts_with(header_of(&answer, "WWW-Authenticate"), STR("Bearer ")), "%s",
                      route->id);
        }
    }
}

Test(refusals, without_a_good_access_token_every_route_that_wants_one_answers_401)
{
    with_api(hostile_bearers);
}

/* --- places of persons are not for clients, places of others neither ---------------------------------------------- */

static const char *bearer_of(struct visitor *visitor, const char *email)
{
    struct token_response tokens = {0};
    struct account account;
    expect_code(visitor, sign_up(visitor, email, GOOD, &account), STATUS_OK, email);
    expect_code(visitor, sign_in(visitor, email, GOOD, &tokens), STATUS_OK, email);
    return str_printf(visitor->task.arena, "Bearer %.*s", STR_ARGS(tokens.access_token)).ptr;
}

static void others_sessions(struct visitor *visitor)
{
    static const char *const no_ids[] = {"x",
                                         "\xff\xfe",
                                         "00000000-0000-0000-0000-000000000000",
                                         "%00",
                                         "01234567-89ab-7def-8123-456789abcdef",
                                         "01234567-89AB-7DEF-8123-456789ABCDEF"};
    const char *ada = bearer_of(visitor, ADA);
    struct token_response eve = {0};
    struct principal principal = {0};
    (void)bearer_of(visitor, "eve@example.org");
    expect_code(visitor, sign_in(visitor, "eve@example.org", GOOD, &eve), STATUS_OK, "eve");
    expect_code(visitor, access_token_verify(visitor->service, &visitor->task, eve.access_token, &principal),
                STATUS_OK, "eve's session");
    char path[128] = "/v1/me/sessions/";
    id_print(principal.session_id, path + strlen(path));
    struct call call = {.method = HTTP_GET, .path = path, .authorization = ada};
    const struct answer foreign = serve(visitor, &call);
    cr_expect_eq(foreign.status, 404);
    call.method = HTTP_DELETE;
    expect_status(visitor, &call, 404, "another's session");
    expect_code(visitor, check(visitor, eve.access_token), STATUS_OK, "it lives on");
    call.method = HTTP_GET;
    for (size_t i = 0; i < ARRAY_COUNT(no_ids); i++) {
        snprintf(path, sizeof path, "/v1/me/sessions/%s", no_ids[i]);
        const struct answer none = serve(visitor, &call);
        cr_expect_eq(none.status, 404, "%s: %d", path, none.status);
        cr_expect(str_equal(whole(visitor, &none), whole(visitor, &foreign)), "another's session tells: %s",
                  path);
    }
}

Test(refusals, another_persons_session_is_as_one_that_is_not_there)
{
    with_api(others_sessions);
}

static void stale_authentication(struct visitor *visitor)
{
    struct call call = {.method = HTTP_DELETE, .path = "/v1/me", .authorization = bearer_of(visitor, ADA)};
    visitor_wait(visitor, 299000);
    const struct call me = {.method = HTTP_GET, .path = "/v1/me", .authorization = call.authorization};
    expect_status(visitor, &me, 200, "the token is good");
    visitor->fixture->policy.fresh_ms = 200000;
    const struct answer answer = serve(visitor, &call);
    cr_expect_eq(answer.status, 401);
    cr_expect(str_starts_with(header_of(&answer, "WWW-Authenticate"), STR("Bearer ")));
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE status = 'active'"), 1);
}

Test(refusals, an_authentication_of_long_ago_deletes_no_account)
{
    with_api(stale_authentication);
}

/* --- origins ------------------------------------------------------------------------------------------------------ */

static void origins(struct visitor *visitor)
{
    static const char *const hostile[] = {
        "null",
        "https://evil.example.net",
        "https://app.example.net.evil.example",
        "https://evilapp.example.net",
        "http://app.example.net",
        "https://APP.example.net",
        "https://app.example.net:443",
        "https://app.example.net/",
        "https://app.example.ne",
        "https://app.example.net, https://other.example.net",
        ",",
    };
    struct call call = {.method = HTTP_POST, .path = "/v1/login", .content_type = JSON, .body = STR("{}")};
    struct call get = {.method = HTTP_GET, .path = "/v1/me"};
    for (size_t i = 0; i < ARRAY_COUNT(hostile); i++) {
        call.origin = get.origin = hostile[i];
        const struct answer posted = serve(visitor, &call);
        const struct answer got = serve(visitor, &get);
        cr_expect_eq(posted.status, 403, "%s: %d", hostile[i], posted.status);
        cr_expect(is_empty(header_of(&posted, "Access-Control-Allow-Origin")), "%s", hostile[i]);
        cr_expect(is_empty(header_of(&got, "Access-Control-Allow-Origin")), "%s", hostile[i]);
    }
    call.origin = get.origin = ALLOWED_ORIGIN;
    const struct answer posted = serve(visitor, &call);
    const struct answer got = serve(visitor, &get);
    cr_expect_eq(posted.status, 422, "%d", posted.status);
    cr_expect_eq(got.status, 401);
    cr_expect(str_equal(header_of(&posted, "Access-Control-Allow-Origin"), STR(ALLOWED_ORIGIN)));
    cr_expect(str_equal(header_of(&got, "Access-Control-Allow-Origin"), STR(ALLOWED_ORIGIN)),
              "a page must be able to read that its token has expired");
    cr_expect(str_equal(header_of(&got, "Vary"), STR("Origin")));
}

/* Security incident 40. */
Test(refusals, only_listed_origins_may_send_and_read_also_what_is_refused)
{
    with_api(origins);
}

/* --- the two listeners -------------------------------------------------------------------------------------------- */

static void listeners(struct visitor *visitor)
{
    struct call nowhere = {.method = HTTP_GET, .path = "/nowhere"};
    const struct answer nothing = serve(visitor, &nowhere);
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        for (int method = HTTP_GET; method < (int)HTTP_METHOD_COUNT; method++) {
            const struct call call = {.method = (enum http_method)method,
                                      .path = route->path,
                                      .is_operations = route->access != ACCESS_OPERATIONS};
            const struct answer answer = serve(visitor, &call);
            cr_expect_eq(answer.status, 404, "%s %s: %d", http_method_name(call.method), route->path,
                         answer.status);
            cr_expect(str_equal(whole(visitor, &answer), whole(visitor, &nothing)), "%s %s",
                      http_method_name(call.method), route->path);
        }
    }
}

Test(refusals, neither_listener_knows_the_paths_of_the_other)
{
    with_api(listeners);
}

static void not_ready(struct visitor *visitor)
{
    readiness_set(api->shared.readiness, PHASE_MIGRATING, "migrating");
    for (size_t i = 0; i < api_route_count; i++) {
        const struct route *route = &api_routes[i];
        const struct call call = {.method = route->method,
                                  .path = route->path,
                                  .is_operations = route->access == ACCESS_OPERATIONS};
        const bool is_alive = route->access == ACCESS_OPERATIONS && strcmp(route->id, "readyz") != 0;
        expect_status(visitor, &call, is_alive ? 200 : 503, route->id);
    }
}

Test(refusals, before_the_schema_fits_nothing_but_operations_is_served)
{
    with_api(not_ready);
}
