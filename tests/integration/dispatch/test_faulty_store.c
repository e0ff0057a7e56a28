// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/clients.h"
#include "auth/domain/devices.h"
#include "auth/domain/grants.h"
#include "auth/domain/groups.h"
#include "auth/domain/roles.h"
#include "auth/domain/webhooks.h"
#include "route_cases.h"

/* Every route, with each call to the database failing in turn: the answer is 503 and nothing is half done. */

#define STATE_BYTES 2048u

static char ada_bearer[2048], shop_bearer_form[2048], shop_basic[512], refresh_form[256], refresh_body[256],
    session_path[128], device_path[128];
static char root_bearer[2048], user_id[ID_TEXT_SIZE], group_id[ID_TEXT_SIZE], webhook_id[ID_TEXT_SIZE],
    delivery_id[ID_TEXT_SIZE];

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static const struct route_case CASES[] = {
    {"signup",
     {.method = HTTP_POST,
      .path = "/v1/signup",
      .content_type = JSON,
      .body = STR_INIT("{\"email\":\"eve@example.org\",\"password\":\"" GOOD "\"}")},
     202},
    {"signup of a taken address",
     {.method = HTTP_POST,
      .path = "/v1/signup",
      .content_type = JSON,
      .body = STR_INIT("{\"email\":\"" ADA "\",\"password\":\"" GOOD "\"}")},
     202},
    {"login",
     {.method = HTTP_POST,
      .path = "/v1/login",
      .content_type = JSON,
      .body = STR_INIT("{\"email\":\"" ADA "\",\"password\":\"" GOOD "\"}")},
     200},
    {"login, wrong",
     {.method = HTTP_POST,
      .path = "/v1/login",
      .content_type = JSON,
      .body = STR_INIT("{\"email\":\"" ADA "\",\"password\":\"" OTHER "\"}")},
     401},
    {"logout", {.method = HTTP_POST, .path = "/v1/logout", .authorization = ada_bearer}, 204},
    {"logout of all",
     {.method = HTTP_POST,
      .path = "/v1/logout",
      .authorization = ada_bearer,
      .content_type = JSON,
      .body = STR_INIT("{\"scope\":\"all\"}")},
     204},
    {"me_get", {.method = HTTP_GET, .path = "/v1/me", .authorization = ada_bearer}, 200},
    {"me_patch",
     {.method = HTTP_PATCH,
      .path = "/v1/me",
      .authorization = ada_bearer,
      .content_type = JSON,
      .body = STR_INIT("{\"name\":\"Ada\"}")},
     200},
    {"me_delete", {.method = HTTP_DELETE, .path = "/v1/me", .authorization = ada_bearer}, 202},
    {"me_password",
     {.method = HTTP_PUT,
      .path = "/v1/me/password",
      .authorization = ada_bearer,
      .content_type = JSON,
      .body = STR_INIT("{\"current\":\"" GOOD "\",\"new\":\"" OTHER "\"}")},
     204},
    {"me_password, wrong",
     {.method = HTTP_PUT,
      .path = "/v1/me/password",
      .authorization = ada_bearer,
      .content_type = JSON,
      .body = STR_INIT("{\"current\":\"" OTHER "\",\"new\":\"" OTHER "\"}")},
     401},
    {"sessions_list", {.method = HTTP_GET, .path = "/v1/me/sessions", .authorization = ada_bearer}, 200},
    {"sessions_end_others",
     {.method = HTTP_DELETE, .path = "/v1/me/sessions", .authorization = ada_bearer},
     204},
    {"session_get", {.method = HTTP_GET, .path = session_path, .authorization = ada_bearer}, 200},
    {"session_end", {.method = HTTP_DELETE, .path = session_path, .authorization = ada_bearer}, 204},
    {"devices_list", {.method = HTTP_GET, .path = "/v1/me/devices", .authorization = ada_bearer}, 200},
    {"devices_forget", {.method = HTTP_DELETE, .path = "/v1/me/devices", .authorization = ada_bearer}, 204},
    {"device_forget", {.method = HTTP_DELETE, .path = device_path, .authorization = ada_bearer}, 204},
    {"authz", {.method = HTTP_GET, .path = "/v1/authz", .authorization = ada_bearer}, 200},
    {"oauth_token, refresh",
     {.method = HTTP_POST, .path = "/oauth/token", .content_type = FORM, .body = {refresh_form, 0}},
     200},
    {"oauth_token, client",
     {.method = HTTP_POST,
      .path = "/oauth/token",
      .authorization = shop_basic,
      .content_type = FORM,
      .body = STR_INIT("grant_type=client_credentials")},
     200},
    {"oauth_revoke, refresh",
     {.method = HTTP_POST, .path = "/oauth/revoke", .content_type = FORM, .body = {refresh_body, 0}},
     200},
    {"oauth_revoke, access",
     {.method = HTTP_POST,
      .path = "/oauth/revoke",
      .authorization = shop_basic,
      .content_type = FORM,
      .body = {shop_bearer_form, 0}},
     200},
    {"oauth_introspect, access",
     {.method = HTTP_POST,
      .path = "/oauth/introspect",
      .authorization = shop_basic,
      .content_type = FORM,
      .body = {shop_bearer_form, 0}},
     200},
    {"oauth_introspect, refresh",
     {.method = HTTP_POST,
      .path = "/oauth/introspect",
      .authorization = shop_basic,
      .content_type = FORM,
      .body = {refresh_body, 0}},
     200},
    {"config", {.method = HTTP_GET, .path = "/v1/config"}, 200},
    {"openapi", {.method = HTTP_GET, .path = "/v1/openapi.json"}, 200},
    {"jwks", {.method = HTTP_GET, .path = "/.well-known/jwks.json"}, 200},
    {"oauth_metadata", {.method = HTTP_GET, .path = "/.well-known/oauth-authorization-server"}, 200},
    {"livez", {.method = HTTP_GET, .path = "/livez", .is_operations = true}, 200},
    {"readyz", {.method = HTTP_GET, .path = "/readyz", .is_operations = true}, 200},
    {"metrics", {.method = HTTP_GET, .path = "/metrics", .is_operations = true}, 200},
};

/* --- the pattern every trial is a copy of ------------------------------------------------------------------------- */

static void keep_client(struct visitor *visitor)
{
    struct client shop;
    struct secret secret;
    struct token_response tokens;
    const struct client_registration registration = {.id = STR("shop"),
                                                     .name = STR("Shop"),
                                                     .is_confidential = true,
                                                     .grants = STR("client_credentials"),
                                                     .scopes = STR("read introspect")};
    const struct grant_request request = {.grant_type = STR("client_credentials")};
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &registration, &shop, &secret),
                STATUS_OK, "clients_create");
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &shop, &request, &tokens), STATUS_OK,
                "redeem");
    const struct str pair = str_printf(visitor->task.arena, "shop:%.*s", STR_ARGS(secret_expose(secret)));
    const struct str basic = base64_print(visitor->task.arena, pair.ptr, pair.len);
    snprintf(shop_basic, sizeof shop_basic, "Basic %.*s", STR_ARGS(basic));
    snprintf(shop_bearer_form, sizeof shop_bearer_form, "token=%.*s", STR_ARGS(tokens.access_token));
}

/* Somebody who may do everything, a group with a role, and who is in it. */
/* With one delivery, that waits. */
static void keep_webhook(struct visitor *visitor)
{
    const struct str all = STR("*");
    const struct webhook_order order = {.name = STR("hook"),
                                        .url = STR("https://hooks.example.org/"),
                                        .events = {&all, 1},
                                        .is_enabled = true};
    struct webhook webhook = {0};
    struct webhook_delivery delivery = {0};
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_OK, "webhook");
    expect_code(visitor, webhooks_test(visitor->service, &visitor->task, webhook.id, &delivery), STATUS_OK,
                "delivery");
    id_print(webhook.id, webhook_id);
    id_print(delivery.event_id, delivery_id);
}

static void keep_administration(struct visitor *visitor, struct id account_id)
{
    struct account root;
    struct token_response tokens;
    struct group group = {.name = STR("Editors")};
    const struct role role = {.name = STR("editor"), .scopes = STR("text:write")};
    struct role made;
    const struct str all = scopes_of_shell();
    struct service *service = visitor->service;
    expect_code(visitor, sign_up(visitor, "root@example.org", GOOD, &root), STATUS_OK, "root");
    const struct role_grant power = {root.id, STR(ROLE_ADMINISTRATOR), all};
    expect_code(visitor, administrators_prepare(service->db, &visitor->task), STATUS_OK, "prepare");
    expect_code(visitor, roles_grant(service, &visitor->task, &power), STATUS_OK, "grant");
    expect_code(visitor, roles_create(service, &visitor->task, &role, all, &made), STATUS_OK, "role");
    expect_code(visitor, groups_create(service, &visitor->task, &group, &group), STATUS_OK, "group");
    const struct group_grant member = {
        .group_id = group.id, .account_id = account_id, .role = role.name, .granter = all};
    expect_code(visitor, groups_add_member(service, &visitor->task, &member), STATUS_OK, "member");
    expect_code(visitor, groups_add_role(service, &visitor->task, &member), STATUS_OK, "group's role");
    expect_code(visitor, sign_in(visitor, "root@example.org", GOOD, &tokens), STATUS_OK, "root");
    snprintf(root_bearer, sizeof root_bearer, "Bearer %.*s", STR_ARGS(tokens.access_token));
    id_print(account_id, user_id);
    id_print(group.id, group_id);
}

static void keep_device(struct visitor *visitor, struct id account_id)
{
    struct device_list list = {0};
    char id[ID_TEXT_SIZE];
    expect_code(visitor, devices_list(visitor->service, &visitor->task, account_id, &list), STATUS_OK,
                "devices");
    cr_expect_eq(list.count, 1);
    id_print(list.items[0].id, id);
    snprintf(device_path, sizeof device_path, "/v1/me/devices/%s", id);
}

static void make_pattern(struct visitor *visitor)
{
    struct account account;
    struct token_response mine, other;
    struct principal principal = {0};
    char id[ID_TEXT_SIZE];
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &mine), STATUS_OK, "mine");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &other), STATUS_OK, "other");
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, other.access_token, &principal),
                STATUS_OK, "other's session");
    id_print(principal.session_id, id);
    snprintf(session_path, sizeof session_path, "/v1/me/sessions/%s", id);
    keep_device(visitor, account.id);
    snprintf(ada_bearer, sizeof ada_bearer, "Bearer %.*s", STR_ARGS(mine.access_token));
    snprintf(refresh_form, sizeof refresh_form, "grant_type=refresh_token&client_id=auth&refresh_token=%.*s",
             STR_ARGS(mine.refresh_token));
    snprintf(refresh_body, sizeof refresh_body, "token=%.*s", STR_ARGS(mine.refresh_token));
    keep_client(visitor);
    keep_administration(visitor, account.id);
    keep_webhook(visitor);
}

/* Texts that are filled in at run time have no length in the table. */
static struct call call_of(const struct route_case *route_case)
{
    struct call call = route_case->call;
    if (call.body.ptr && call.body.len == 0) call.body = str_from(call.body.ptr);
    return call;
}

static int add_cell(void *state, int count, char **values, char **names)
{
    (void)names;
    const size_t used = strlen(state);
    if (count > 0 && values[0]) snprintf((char *)state + used, STATE_BYTES - used, "%s\n", values[0]);
    return 0;
}

/* What must not be half done; times and new ids are left out. */
static void read_state(const struct domain_fixture *fixture, char state[STATE_BYTES])
{
    static const char sql[] =
        "SELECT email_key || status || coalesce(name, '-') || (delete_after_ms IS NULL) || "
        "(password_changed_at_ms > created_at_ms) FROM accounts ORDER BY email_key;"
        "SELECT refresh_counter || coalesce(end_reason, '-') || (ended_at_ms IS NULL) FROM sessions ORDER BY "
        "id;"
        "SELECT count(*) FROM revoked_tokens; SELECT count(*) FROM clients; SELECT count(*) FROM "
        "signing_keys; SELECT count(*) FROM roles; SELECT count(*) FROM groups; SELECT count(*) FROM "
        "group_members;"
        "SELECT count(*) FROM group_roles; SELECT count(*) FROM account_roles; SELECT count(*) FROM api_keys;"
        "SELECT count(*) FROM factors; SELECT count(*) FROM one_time_codes; SELECT count(*) FROM "
        "mail_outbox; SELECT version || is_enabled || (previous_until_ms IS NULL) FROM webhooks;"
        "SELECT state FROM webhook_deliveries; SELECT count(*) FROM known_devices;";
    sqlite3 *file;
    state[0] = '\0';
    if (sqlite3_open(fixture->path, &file) != SQLITE_OK) abort();
    if (sqlite3_exec(file, sql, add_cell, state, NULL) != SQLITE_OK) abort();
    sqlite3_close(file);
}

/* --- one trial ---------------------------------------------------------------------------------------------------- */

struct trial {
    const struct route_case *route_case;
    bool is_warm; /* token, session and client are remembered */
    unsigned fails_at;
    enum db_probe_fault fault;
    unsigned calls;
    int status;
    int retry_status;
    bool hands_out_token;
    bool has_retry_after;
    char state[STATE_BYTES];
};

static struct trial *trial;
static struct api_fixture *api;

static void trial_run(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    const struct call call = call_of(trial->route_case);
    if (trial->is_warm) {
        const struct call me = {.method = HTTP_GET, .path = "/v1/authz", .authorization = ada_bearer};
        const struct call ask_token = {.method = HTTP_POST,
                                       .path = "/oauth/introspect",
                                       .authorization = shop_basic,
                                       .content_type = FORM,
                                       .body = str_from(shop_bearer_form)};
        cr_expect_eq(serve_call(api, visitor, &me).status, 200);
        cr_expect_eq(serve_call(api, visitor, &ask_token).status, 200);
    }
    db_probe_reset(probe);
    probe->fails_at = trial->fails_at;
    probe->fault = trial->fault;
    const struct answer answer = serve_call(api, visitor, &call);
    trial->calls = probe->calls;
    trial->status = answer.status;
    trial->hands_out_token =
        answer.body.len > 0 && memmem(answer.body.ptr, answer.body.len, "_token\":", 8) != NULL;
    trial->has_retry_after = !is_empty(header_of(&answer, "Retry-After"));
    read_state(visitor->fixture, trial->state);
    db_probe_reset(probe);
    if (call.is_operations && answer.status == 503)
        fiber_sleep(600); /* the database is asked twice a second at most */
    trial->retry_status = serve_call(api, visitor, &call).status;
}

/* On a copy of the pattern; keys are loaded, nothing else is remembered. */
static void try(const struct domain_fixture *pattern)
{
    struct domain_fixture *copy = malloc(sizeof *copy);
    api = malloc(sizeof *api);
    if (!copy || !api) abort();
    *copy = *pattern;
    domain_fixture_use_copy(copy, "trial.db");
    domain_fixture_open_second(copy, copy);
    copy->policy.throttle.free_attempts = 50;
    api_fixture_open(api, copy);
    domain_fixture_run(copy, 1, trial_run);
    api_fixture_close(api);
    domain_fixture_close_second(copy);
    free(copy);
    free(api);
}

/* What is done in steps that are each whole: a group or a webhook of any size is emptied a thousand rows at a time before
 * it goes, a new key stands before the list is read again, and a refresh token is spent before the rights are read that go
 * into its successor. Asked again, all go on from there: the last one by the grace that a lost answer has, too. */
static bool is_done_in_steps(const char *what)
{
    static const char *const in_steps[] = {"admin_group_delete", "admin_webhook_delete",
                                           "admin_signing_key_rotate", "oauth_token, refresh"};
    for (size_t i = 0; i < ARRAY_COUNT(in_steps); i++)
        if (strcmp(what, in_steps[i]) == 0) return true;
    return false;
}

static void judge(const struct trial *clean, const char *before)
{
    const char *what = trial->route_case->what;
    cr_expect_eq(trial->status, 503, "%s, call %u of %u: %d", what, trial->fails_at, clean->calls,
                 trial->status);
    cr_expect(!trial->hands_out_token, "%s, call %u", what, trial->fails_at);
    const bool is_before = strcmp(trial->state, before) == 0;
    const bool is_after = strcmp(trial->state, clean->state) == 0;
    if (trial->fault == DB_PROBE_REFUSED && !is_done_in_steps(what))
        cr_expect(is_before, "%s, call %u of %u: half done:\n%s", what, trial->fails_at, clean->calls,
                  trial->state);
    else if (!is_done_in_steps(what))
        cr_expect(is_before || is_after, "%s, call %u of %u: half done:\n%s", what, trial->fails_at,
                  clean->calls, trial->state);
    if (trial->fault == DB_PROBE_REFUSED && is_done_in_steps(what))
        cr_expect_lt(trial->retry_status, 300, "%s, again", what);
    cr_expect_lt(trial->retry_status, 500, "%s, again after call %u: %d", what, trial->fails_at,
                 trial->retry_status);
}

static void each_call_in_turn(const struct domain_fixture *pattern, const struct route_case *route_case,
                              bool is_warm, const char *before)
{
    static const enum db_probe_fault faults[] = {DB_PROBE_REFUSED, DB_PROBE_REPLY_LOST};
    struct trial clean = {.route_case = route_case, .is_warm = is_warm};
    trial = &clean;
    try(pattern);
    if (route_case->status != 0)
        cr_expect_eq(clean.status, route_case->status, "%s: %d", route_case->what, clean.status);
    cr_expect_lt(clean.status, 500, "%s: %d", route_case->what, clean.status);
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        for (unsigned n = 1; n <= clean.calls; n++) {
            struct trial one = {
                .route_case = route_case, .is_warm = is_warm, .fails_at = n, .fault = faults[i]};
            trial = &one;
            try(pattern);
            judge(&clean, before);
        }
    }
}

static void every_route(bool is_warm)
{
    struct domain_fixture *pattern = malloc(sizeof *pattern);
    char before[STATE_BYTES];
    if (!pattern) abort();
    domain_fixture_open(pattern, DB_SQLITE);
    domain_fixture_run(pattern, 1, make_pattern);
    read_state(pattern, before);
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) each_call_in_turn(pattern, &CASES[i], is_warm, before);
    domain_fixture_close(pattern);
    free(pattern);
}

Test(faulty_store, no_route_goes_on_after_a_failed_call_nor_leaves_anything_half_done, .timeout = 300)
{
    every_route(false);
}

Test(faulty_store, nor_does_one_that_remembers_token_session_and_client, .timeout = 300)
{
    every_route(true);
}

/* Every route answers alike with a cache that never remembers anything. */
Test(faulty_store, without_a_cache_every_route_answers_as_with_one)
{
    struct domain_fixture *pattern = malloc(sizeof *pattern);
    if (!pattern) abort();
    domain_fixture_open(pattern, DB_SQLITE);
    domain_fixture_run(pattern, 1, make_pattern);
    pattern->has_no_cache = true;
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        struct trial one = {.route_case = &CASES[i], .is_warm = true};
        trial = &one;
        try(pattern);
        cr_expect_eq(one.status, CASES[i].status, "%s: %d", CASES[i].what, one.status);
    }
    pattern->has_no_cache = false;
    domain_fixture_close(pattern);
    free(pattern);
}

/* --- every row of the route table, with a call made of it ------------------------------------------------------------- */

static bool has_case(const char *id)
{
    for (size_t n = 0; n < ARRAY_COUNT(CASES); n++)
        if (strncmp(CASES[n].what, id, strlen(id)) == 0) return true;
    return false;
}

static void every_row(void)
{
    const struct route_names names = {root_bearer, user_id,    group_id,   "editor",
                                      "shop",      webhook_id, delivery_id};
    struct domain_fixture *pattern = malloc(sizeof *pattern);
    struct arena *arena = arena_create((size_t)1 << 20);
    char before[STATE_BYTES];
    if (!pattern) abort();
    domain_fixture_open(pattern, DB_SQLITE);
    domain_fixture_run(pattern, 1, make_pattern);
    read_state(pattern, before);
    for (size_t i = 0; i < api_route_count; i++) {
        if (has_case(api_routes[i].id)) continue;
        const struct route_case made = route_case_make(arena, &api_routes[i], &names);
        each_call_in_turn(pattern, &made, false, before);
    }
    domain_fixture_close(pattern);
    arena_destroy(arena);
    free(pattern);
}

Test(faulty_store, nor_does_any_row_of_the_route_table, .timeout = 600)
{
    every_row();
}
