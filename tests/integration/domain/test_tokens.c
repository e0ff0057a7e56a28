// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/keyring.h"
#include "auth/domain/tokens.h"
#include "domain_fixture.h"

/* --- the gate: every grant against every account, session and client ---------------------------------------------- */

enum session_kind { LIVING, ENDED, OVER, IDLE, SESSION_KINDS };
enum client_kind { RIGHT, DISABLED, WITHOUT_GRANT, ANOTHER, CLIENT_KINDS };

static struct session session_of_kind(enum session_kind kind, enum account_status status, int64_t now_ms)
{
    struct session session = {.id = id_new(now_ms),
                              .account_id = id_new(now_ms),
                              .client_id = STR("shop"),
                              .scope = STR("read write"),
                              .amr = STR("pwd"),
                              .authenticated_at_ms = now_ms,
                              .idle_expires_at_ms = now_ms + 1,
                              .expires_at_ms = now_ms + 1,
                              .account_status = status};
    if (kind == ENDED) session.ended_at_ms = now_ms;
    if (kind == OVER) session.expires_at_ms = now_ms;
    if (kind == IDLE) session.idle_expires_at_ms = now_ms;
    return session;
}

static struct client client_of_kind(enum client_kind kind)
{
    struct client client = {.id = STR("shop"),
                            .is_confidential = true,
                            .grants = STR("client_credentials refresh_token"),
                            .scopes = STR("read write")};
    if (kind == DISABLED) client.disabled_at_ms = 1;
    if (kind == WITHOUT_GRANT) client.grants = STR("refresh client_credential");
    if (kind == ANOTHER) client.id = STR("shop2");
    return client;
}

static enum status verdict(enum grant_kind grant, enum account_status account, enum session_kind session,
                           enum client_kind client)
{
    if (client == DISABLED) return STATUS_INVALID_CLIENT;
    if (client == WITHOUT_GRANT && grant != GRANT_SIGN_IN) return STATUS_UNAUTHORIZED_CLIENT;
    if (grant == GRANT_CLIENT_CREDENTIALS) return STATUS_OK;
    const bool is_fit = account == ACCOUNT_ACTIVE && session == LIVING && client != ANOTHER;
    return is_fit ? STATUS_OK : STATUS_INVALID_GRANT;
}

static void one_row(struct visitor *visitor, enum grant_kind kind, enum account_status account, int row)
{
    const enum session_kind session_kind = (enum session_kind)(row / CLIENT_KINDS);
    const enum client_kind client_kind = (enum client_kind)(row % CLIENT_KINDS);
    const struct session session = session_of_kind(session_kind, account, visitor->task.now_ms);
    const struct client client = client_of_kind(client_kind);
    const struct token_grant grant = {
        .kind = kind, .client = &client, .session = kind == GRANT_CLIENT_CREDENTIALS ? NULL : &session};
    struct token_response tokens = {0};
    char what[64];
    snprintf(what, sizeof what, "grant %d, account %d, session %d, client %d", (int)kind, (int)account,
             (int)session_kind, (int)client_kind);
    const enum status expected = verdict(kind, account, session_kind, client_kind);
    expect_code(visitor, tokens_issue(visitor->service, &visitor->task, &grant, &tokens), expected, what);
    cr_expect_eq(is_empty(tokens.access_token), expected != STATUS_OK, "%s", what);
    const bool has_refresh = expected == STATUS_OK && kind != GRANT_CLIENT_CREDENTIALS;
    cr_expect_eq(is_empty(tokens.refresh_token), !has_refresh, "%s", what);
}

static void gate(struct visitor *visitor)
{
    static const enum account_status statuses[] = {ACCOUNT_ACTIVE, ACCOUNT_LOCKED, ACCOUNT_CLOSING};
    for (int kind = GRANT_SIGN_IN; kind <= GRANT_CLIENT_CREDENTIALS; kind++)
        for (size_t status = 0; status < ARRAY_COUNT(statuses); status++)
            for (int row = 0; row < SESSION_KINDS * CLIENT_KINDS; row++)
                one_row(visitor, (enum grant_kind)kind, statuses[status], row);
}

static void on_sqlite(void (*body)(struct visitor *visitor))
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, DB_SQLITE);
    domain_fixture_run(&fixture, 1, body);
    domain_fixture_close(&fixture);
}

Test(tokens, the_gate_lets_through_only_a_living_session_of_an_active_account_for_its_own_client)
{
    on_sqlite(gate);
}

/* --- access tokens ------------------------------------------------------------------------------------------------ */

static void begin(struct visitor *visitor, struct token_response *ret_tokens)
{
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, ret_tokens), STATUS_OK, "sign_in");
}

static void damaged(struct visitor *visitor)
{
    struct token_response tokens;
    begin(visitor, &tokens);
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_OK, "whole, and remembered");
    const size_t len = tokens.access_token.len;
    char *text = arena_alloc(visitor->task.arena, len + 2);
    for (size_t i = 0; i < len; i++) {
        memcpy(text, tokens.access_token.ptr, len);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        expect_code(visitor, check(visitor, (struct str){text, len}), STATUS_INVALID_TOKEN, "flipped");
    }
    memcpy(text, tokens.access_token.ptr, len);
    text[len] = 'A';
    expect_code(visitor, check(visitor, (struct str){text, len + 1}), STATUS_INVALID_TOKEN, "longer");
    expect_code(visitor, check(visitor, (struct str){text, len - 1}), STATUS_INVALID_TOKEN, "shorter");
    expect_code(visitor, check(visitor, STR_NONE), STATUS_INVALID_TOKEN, "none");
    expect_code(visitor, check(visitor, tokens.refresh_token), STATUS_INVALID_TOKEN, "a refresh token");
}

Test(tokens, an_access_token_changed_anywhere_is_refused)
{
    on_sqlite(damaged);
}

static struct token_response shared_tokens;
static char shared_access[4096];
static enum status answer;

static void keep_tokens(struct visitor *visitor)
{
    begin(visitor, &shared_tokens);
    memcpy(shared_access, shared_tokens.access_token.ptr, shared_tokens.access_token.len);
    shared_tokens.access_token.ptr = shared_access;
}

static void ask_again(struct visitor *visitor)
{
    answer = check(visitor, shared_tokens.access_token).code;
}

/* Each end through the rules, asked of the replica that remembers token and session, and of one that knows nothing. */
static struct id ada_id;

static void by_logout(struct visitor *visitor)
{
    struct principal principal = {0};
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, shared_tokens.access_token, &principal),
                STATUS_OK, "verify");
    expect_code(
        visitor,
        sessions_end(visitor->service, &visitor->task, principal.session_id, principal.account_id, "logout"),
        STATUS_OK, "logout");
}

static void by_revocation(struct visitor *visitor)
{
    struct principal principal = {0};
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, shared_tokens.access_token, &principal),
                STATUS_OK, "verify");
    expect_code(visitor, access_token_revoke(visitor->service, &visitor->task, &principal), STATUS_OK,
                "revoke");
}

static void by_lock(struct visitor *visitor)
{
    struct account account = {0};
    expect_code(visitor, account_find_by_email_key(visitor->service->db, &visitor->task, STR(ADA), &account),
                STATUS_OK, "find");
    ada_id = account.id;
    expect_code(visitor, lock_account(visitor, ada_id), STATUS_OK, "lock");
}

static void by_expiry(struct visitor *visitor)
{
    visitor_wait(visitor, visitor->fixture->policy.access_token_ms);
}

static void by_nothing(struct visitor *visitor)
{
    visitor_wait(visitor, visitor->fixture->policy.access_token_ms - 1001);
}

static void cold_and_warm(enum db_engine engine, void (*end)(struct visitor *visitor), enum status expected)
{
    struct domain_fixture warm, cold;
    domain_fixture_open(&warm, engine);
    domain_fixture_run(&warm, 1, keep_tokens);
    for (int i = 0; i < 2; i++) {
        domain_fixture_run(&warm, 1, ask_again);
        cr_expect_eq(answer, STATUS_OK);
    }
    struct cache_counts counts;
    cache_counts(warm.cache, &counts);
    cr_expect_geq(counts.near_hits, 2, "token and session were remembered");
    domain_fixture_run(&warm, 1, end);
    domain_fixture_run(&warm, 1, ask_again);
    cr_expect_eq(answer, expected, "warm: %s", status_name(answer));
    domain_fixture_open_second(&cold, &warm);
    for (int i = 0; i < 2; i++) {
        domain_fixture_run(&cold, 1, ask_again);
        cr_expect_eq(answer, expected, "cold, %d: %s", i, status_name(answer));
    }
    domain_fixture_close_second(&cold);
    domain_fixture_close(&warm);
}

static void cold_and_warm_everywhere(void (*end)(struct visitor *visitor), enum status expected)
{
    cold_and_warm(DB_SQLITE, end, expected);
    cold_and_warm(DB_POSTGRES, end, expected);
}

Test(tokens, a_token_of_an_ended_session_is_refused_cold_and_warm)
{
    cold_and_warm_everywhere(by_logout, STATUS_INVALID_TOKEN);
}

Test(tokens, a_revoked_token_is_refused_cold_and_warm)
{
    cold_and_warm_everywhere(by_revocation, STATUS_INVALID_TOKEN);
}

Test(tokens, a_token_of_a_locked_account_is_refused_cold_and_warm)
{
    cold_and_warm_everywhere(by_lock, STATUS_INVALID_TOKEN);
}

Test(tokens, an_expired_token_is_refused_cold_and_warm)
{
    cold_and_warm_everywhere(by_expiry, STATUS_INVALID_TOKEN);
}

Test(tokens, a_good_token_is_taken_cold_and_warm_until_its_last_second)
{
    cold_and_warm_everywhere(by_nothing, STATUS_OK);
}

/* A reader that took its time between the database and the cache. */
static void slow_reader(struct visitor *visitor)
{
    struct token_response tokens;
    struct principal principal = {0};
    struct session_state state = {.version = SESSION_STATE_VERSION, .is_active = true};
    begin(visitor, &tokens);
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, tokens.access_token, &principal),
                STATUS_OK, "verify");
    state.account_id = principal.account_id;
    state.expires_at_ms = principal.expires_at_ms;
    expect_code(
        visitor,
        sessions_end(visitor->service, &visitor->task, principal.session_id, principal.account_id, "logout"),
        STATUS_OK, "logout");
    cache_offer(visitor->service->cache, CACHE_SESSION,
                (struct str){(char *)principal.session_id.bytes, ID_BYTES},
                (struct str){(char *)&state, sizeof state}, 5000);
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "put back too late");
}

Test(tokens, a_slow_reader_cannot_put_an_ended_session_back)
{
    on_each_engine(1, slow_reader);
}

static void idle_session_with_a_good_token(struct visitor *visitor)
{
    struct token_response first, second;
    visitor->fixture->policy.session_idle_ms = 60000;
    begin(visitor, &first);
    expect_code(visitor, check(visitor, first.access_token), STATUS_OK, "remembered with its idle end");
    visitor_wait(visitor, 59999);
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refreshed in time");
    visitor_wait(visitor, 2);
    expect_code(visitor, check(visitor, second.access_token), STATUS_OK, "what is remembered is out of date");
    visitor_wait(visitor, 60000);
    expect_code(visitor, check(visitor, second.access_token), STATUS_INVALID_TOKEN, "idle too long");
}

Test(tokens, a_refresh_counts_at_once_where_the_session_is_remembered)
{
    on_each_engine(1, idle_session_with_a_good_token);
}

/* --- clients for themselves --------------------------------------------------------------------------------------- */

static struct client make_client(struct visitor *visitor, const char *id, const char *scopes,
                                 struct secret *ret_secret)
{
    const struct client_registration registration = {.id = str_from(id),
                                                     .name = STR("Shop"),
                                                     .is_confidential = true,
                                                     .grants = STR("client_credentials refresh_token"),
                                                     .scopes = str_from(scopes)};
    struct client client = {0};
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &registration, &client, ret_secret),
                STATUS_OK, "clients_create");
    return client;
}

static void client_tokens(struct visitor *visitor)
{
    struct secret secret;
    struct token_response tokens;
    struct principal principal = {0};
    struct client shop = make_client(visitor, "shop", "read write", &secret);
    struct grant_request request = {.grant_type = STR("client_credentials"), .scope = STR("admin")};
    struct service *service = visitor->service;
    expect_code(visitor, grants_redeem(service, &visitor->task, &shop, &request, &tokens),
                STATUS_INVALID_SCOPE, "admin");
    request.scope = STR("write");
    expect_code(visitor, grants_redeem(service, &visitor->task, &shop, &request, &tokens), STATUS_OK,
                "write");
    cr_expect(is_empty(tokens.refresh_token));
    expect_code(visitor, access_token_verify(service, &visitor->task, tokens.access_token, &principal),
                STATUS_OK, "verify");
    cr_expect(!principal.is_person);
    cr_expect(str_equal(principal.subject, STR("shop")));
    cr_expect(str_equal(principal.scope, STR("write")));
    request.grant_type = STR("password");
    expect_code(visitor, grants_redeem(service, &visitor->task, &shop, &request, &tokens),
                STATUS_UNSUPPORTED_GRANT_TYPE, "password");
    shop.is_confidential = false;
    request.grant_type = STR("client_credentials");
    expect_code(visitor, grants_redeem(service, &visitor->task, &shop, &request, &tokens),
                STATUS_UNAUTHORIZED_CLIENT, "a public one");
    expect_code(visitor, clients_delete(service, &visitor->task, &(struct client_target){.id = STR("shop")}),
                STATUS_OK, "delete");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "its client is gone");
}

Test(tokens, a_client_gets_what_it_is_registered_for_and_nothing_when_it_is_gone)
{
    on_each_engine(1, client_tokens);
}
