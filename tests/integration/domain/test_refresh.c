// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "auth/crypto/refresh_token.h"
#include "auth/domain/accounts.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/refresh.h"
#include "domain_fixture.h"

static result begin(struct visitor *visitor, struct token_response *ret_tokens)
{
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    return sign_in(visitor, ADA, GOOD, ret_tokens);
}

static long long living(const struct visitor *visitor)
{
    return ask(visitor->fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL");
}

static long long counter(const struct visitor *visitor)
{
    return ask(visitor->fixture, "SELECT refresh_counter FROM sessions");
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

static void damaged(struct visitor *visitor)
{
    struct token_response tokens, again;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    const size_t len = tokens.refresh_token.len;
    for (size_t i = 0; i < len; i++) {
        char text[REFRESH_TOKEN_CHARS + 2];
        memcpy(text, tokens.refresh_token.ptr, len);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        expect_code(visitor, refresh(visitor, (struct str){text, len}, &again), STATUS_INVALID_GRANT,
                    "flipped");
        expect_code(visitor, refresh(visitor, (struct str){tokens.refresh_token.ptr, i}, &again),
                    i == 0 ? STATUS_INVALID_REQUEST : STATUS_INVALID_GRANT, "cut");
    }
    const struct str longer = str_printf(visitor->task.arena, "%.*sA", STR_ARGS(tokens.refresh_token));
    expect_code(visitor, refresh(visitor, longer, &again), STATUS_INVALID_GRANT, "longer");
    expect_code(visitor, refresh(visitor, tokens.access_token, &again), STATUS_INVALID_GRANT, "access token");
    cr_expect_eq(counter(visitor), 0);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_OK, "the whole one");
}

Test(refresh, a_token_cut_changed_or_lengthened_anywhere_is_refused_and_spends_nothing)
{
    on_each_engine(1, damaged);
}

static void foreign_client(struct visitor *visitor)
{
    struct token_response tokens, again;
    struct client mobile;
    struct secret secret;
    const struct client_registration registration = {
        .id = STR("mobile"), .name = STR("Mobile"), .grants = STR("refresh_token")};
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &registration, &mobile, &secret),
                STATUS_OK, "clients_create");
    const struct grant_request request = {.grant_type = STR("refresh_token"),
                                          .refresh_token = tokens.refresh_token};
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &mobile, &request, &again),
                STATUS_INVALID_GRANT, "another client");
    mobile.grants = STR("client_credentials");
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &mobile, &request, &again),
                STATUS_UNAUTHORIZED_CLIENT, "a client that may not");
    cr_expect_eq(counter(visitor), 0);
    cr_expect_eq(living(visitor), 1);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_OK, "its own client");
}

/* Security incident 7. */
Test(refresh, another_client_is_refused_and_the_token_is_not_spent)
{
    on_each_engine(1, foreign_client);
}

static void too_much(struct visitor *visitor)
{
    static const char *const scopes[] = {"admin",       " ",           "read ",   " read",
                                         "read  write", "r\303\251ad", "\"read\""};
    struct token_response tokens, again;
    struct client client;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    tell(visitor->fixture, "UPDATE sessions SET scope = 'read write'");
    expect_code(visitor, clients_find(visitor->service, &visitor->task, STR(FIRST_PARTY), &client), STATUS_OK,
                "find");
    struct grant_request request = {.grant_type = STR("refresh_token"),
                                    .refresh_token = tokens.refresh_token};
    for (size_t i = 0; i < ARRAY_COUNT(scopes); i++) {
        request.scope = str_from(scopes[i]);
        expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &client, &request, &again),
                    STATUS_INVALID_SCOPE, scopes[i]);
    }
    cr_expect_eq(counter(visitor), 0);
    request.scope = STR("write");
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &client, &request, &again),
                STATUS_OK, "write");
    cr_expect(str_equal(again.scope, STR("write")));
    request.refresh_token = again.refresh_token;
    request.scope = STR_NONE;
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, &client, &request, &again),
                STATUS_OK, "all");
    cr_expect(str_equal(again.scope, STR("read write")));
}

Test(refresh, a_scope_beyond_the_granted_one_is_refused_and_the_token_is_not_spent)
{
    on_each_engine(1, too_much);
}

static void over(struct visitor *visitor)
{
    static const struct {
        const char *what;
        const char *sql;
    } ends[] = {
        {"ended", "UPDATE sessions SET ended_at_ms = 1"},
        {"over", "UPDATE sessions SET ended_at_ms = NULL, expires_at_ms = 1"},
        {"idle", "UPDATE sessions SET expires_at_ms = 9000000000000, idle_expires_at_ms = 1"},
        {"of a locked account", "UPDATE sessions SET idle_expires_at_ms = 9000000000000; "
                                "UPDATE accounts SET status = 'locked'"},
        {"of a closing account", "UPDATE accounts SET status = 'closing', delete_after_ms = 9000000000000"},
        {"gone", "DELETE FROM sessions"},
    };
    struct token_response tokens, again;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        tell(visitor->fixture, ends[i].sql);
        expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_INVALID_GRANT,
                    ends[i].what);
    }
}

Test(refresh, no_session_that_has_ended_in_any_way_is_refreshed)
{
    on_each_engine(1, over);
}

static void at_the_limit(struct visitor *visitor)
{
    struct token_response tokens, again;
    const int64_t begun_at_ms = visitor->fixture->now_ms;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    for (int day = 6; day <= 24; day += 6) {
        visitor_wait(visitor, begun_at_ms + day * INT64_C(86400000) - visitor->fixture->now_ms);
        expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_OK, "in time");
        tokens = again;
    }
    visitor_wait(visitor, begun_at_ms + INT64_C(30) * 86400000 - 1000 - visitor->fixture->now_ms);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_OK,
                "a second before the end");
    cr_expect_eq(again.refresh_expires_in, 1);
    visitor_wait(visitor, 1000);
    expect_code(visitor, refresh(visitor, again.refresh_token, &again), STATUS_INVALID_GRANT, "at the end");
}

Test(refresh, no_refresh_carries_a_session_beyond_its_end)
{
    on_each_engine(1, at_the_limit);
}

static void idle_limit(struct visitor *visitor)
{
    struct token_response tokens, again;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    visitor_wait(visitor, INT64_C(7) * 86400000 - 1);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_OK, "just in time");
    visitor_wait(visitor, INT64_C(7) * 86400000);
    expect_code(visitor, refresh(visitor, again.refresh_token, &again), STATUS_INVALID_GRANT,
                "idle too long");
}

Test(refresh, an_idle_session_ends_on_the_millisecond)
{
    on_each_engine(1, idle_limit);
}

/* --- rotation and rule G1 ----------------------------------------------------------------------------------------- */

static void grace(struct visitor *visitor)
{
    struct token_response first, second, retry, third;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    cr_expect(!str_equal(first.refresh_token, second.refresh_token));
    visitor_wait(visitor, 9999);
    expect_code(visitor, refresh(visitor, first.refresh_token, &retry), STATUS_OK, "retry in the window");
    cr_expect(str_equal(retry.refresh_token, second.refresh_token));
    cr_expect_eq(counter(visitor), 1);
    expect_code(visitor, refresh(visitor, second.refresh_token, &third), STATUS_OK, "the successor");
    expect_code(visitor, check(visitor, third.access_token), STATUS_OK, "cached");
    expect_code(visitor, refresh(visitor, first.refresh_token, &retry), STATUS_INVALID_GRANT,
                "its child is used");
    cr_expect_eq(living(visitor), 0);
    expect_code(visitor, check(visitor, third.access_token), STATUS_INVALID_TOKEN,
                "also where it was cached");
    expect_code(visitor, refresh(visitor, third.refresh_token, &retry), STATUS_INVALID_GRANT,
                "the family is dead");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'refresh.reused'"), 1);
}

Test(refresh, a_retry_gets_the_same_successor_until_that_is_used_and_then_ends_the_session)
{
    on_each_engine(1, grace);
}

static void late_retry(struct visitor *visitor)
{
    struct token_response first, second, retry;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    visitor_wait(visitor, 10000);
    expect_code(visitor, refresh(visitor, first.refresh_token, &retry), STATUS_INVALID_GRANT,
                "after the window");
    cr_expect_eq(living(visitor), 0);
    expect_code(visitor, refresh(visitor, second.refresh_token, &retry), STATUS_INVALID_GRANT,
                "the family is dead");
}

/* Security incident 4: what is used up stays so, and its next use is noticed. */
Test(refresh, after_the_window_a_repeated_token_ends_the_session)
{
    on_each_engine(1, late_retry);
}

static void strict(struct visitor *visitor)
{
    struct token_response first, second, retry;
    visitor->fixture->policy.refresh_grace_ms = 0;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    expect_code(visitor, refresh(visitor, first.refresh_token, &retry), STATUS_INVALID_GRANT, "at once");
    cr_expect_eq(living(visitor), 0);
}

Test(refresh, without_a_window_every_repetition_is_reuse)
{
    on_each_engine(1, strict);
}

static void begun_before(struct visitor *visitor)
{
    struct token_response first, second, retry;
    visitor->fixture->policy.refresh_grace_ms = 0;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    visitor_wait(visitor, 1000);
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    visitor_wait(visitor, -5);
    expect_code(visitor, refresh(visitor, first.refresh_token, &retry), STATUS_INVALID_GRANT, "begun before");
    cr_expect_eq(living(visitor), 0);
}

Test(refresh, without_a_window_a_request_that_began_before_the_rotation_is_reuse_too)
{
    on_each_engine(1, begun_before);
}

static void same_second(struct visitor *visitor)
{
    struct token_response tokens[11], again;
    visitor->fixture->policy.refresh_grace_ms = 0;
    expect_code(visitor, begin(visitor, &tokens[0]), STATUS_OK, "sign_in");
    for (int i = 0; i < 10; i++)
        expect_code(visitor, refresh(visitor, tokens[i].refresh_token, &tokens[i + 1]), STATUS_OK,
                    "rotation");
    cr_expect_eq(counter(visitor), 10);
    for (int i = 0; i < 10; i++) {
        tell(visitor->fixture, "UPDATE sessions SET ended_at_ms = NULL");
        expect_code(visitor, refresh(visitor, tokens[i].refresh_token, &again), STATUS_INVALID_GRANT,
                    "an old one");
        cr_expect_eq(living(visitor), 0, "%d", i);
    }
}

/* Security incident 3: time is not what tells tokens apart. */
Test(refresh, of_ten_rotations_in_one_moment_each_older_token_is_known_as_old)
{
    on_each_engine(1, same_second);
}

static void from_a_backup(struct visitor *visitor)
{
    struct token_response first, second, again;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    tell(visitor->fixture, "UPDATE sessions SET refresh_counter = 0"); /* the digest differs now */
    expect_code(visitor, refresh(visitor, second.refresh_token, &again), STATUS_INVALID_GRANT,
                "ahead of its row");
    cr_expect_eq(living(visitor), 1);
}

Test(refresh, a_token_ahead_of_its_session_is_refused_and_is_no_reuse)
{
    on_each_engine(1, from_a_backup);
}

/* --- crowds ------------------------------------------------------------------------------------------------------- */

static char parent[REFRESH_TOKEN_CHARS + 1];
static char children[200][REFRESH_TOKEN_CHARS + 1];
static unsigned winners, losers;

static void make_parent(struct visitor *visitor)
{
    struct token_response tokens;
    expect_code(visitor, begin(visitor, &tokens), STATUS_OK, "sign_in");
    memcpy(parent, tokens.refresh_token.ptr, REFRESH_TOKEN_CHARS);
}

static void redeem_parent(struct visitor *visitor)
{
    struct token_response tokens;
    const result outcome = refresh(visitor, (struct str){parent, REFRESH_TOKEN_CHARS}, &tokens);
    if (is_ok(outcome)) {
        memcpy(children[winners++], tokens.refresh_token.ptr, REFRESH_TOKEN_CHARS);
        return;
    }
    losers++;
    expect_code(visitor, outcome, STATUS_INVALID_GRANT, "a loser");
}

static void crowd(enum db_engine engine, int64_t grace_ms)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    fixture.policy.refresh_grace_ms = grace_ms;
    winners = losers = 0;
    domain_fixture_run(&fixture, 1, make_parent);
    domain_fixture_run(&fixture, 200, redeem_parent);
    cr_expect_eq(ask(&fixture, "SELECT refresh_counter FROM sessions"), 1);
    if (grace_ms > 0) {
        cr_expect_eq(winners, 200, "%u won", winners);
        for (unsigned i = 1; i < winners; i++) cr_expect_str_eq(children[i], children[0]);
    } else {
        cr_expect_eq(winners, 1, "%u won", winners);
        cr_expect_eq(losers, 199);
        cr_expect_eq(ask(&fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 0);
    }
    domain_fixture_close(&fixture);
}

Test(refresh, two_hundred_at_once_get_one_successor_on_sqlite)
{
    crowd(DB_SQLITE, 10000);
}

Test(refresh, two_hundred_at_once_get_one_successor_on_postgres)
{
    crowd(DB_POSTGRES, 10000);
}

/* Security incident 1. */
Test(refresh, two_hundred_at_once_without_a_window_have_one_winner_on_sqlite)
{
    crowd(DB_SQLITE, 0);
}

Test(refresh, two_hundred_at_once_without_a_window_have_one_winner_on_postgres)
{
    crowd(DB_POSTGRES, 0);
}

/* --- looking without touching ------------------------------------------------------------------------------------- */

static void inspected(struct visitor *visitor)
{
    struct token_response first, second;
    struct session session;
    struct service *service = visitor->service;
    expect_code(visitor, begin(visitor, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh_inspect(service, &visitor->task, first.refresh_token, &session), STATUS_OK,
                "current");
    expect_code(visitor, refresh(visitor, first.refresh_token, &second), STATUS_OK, "refresh");
    expect_code(visitor, refresh_inspect(service, &visitor->task, first.refresh_token, &session),
                STATUS_INVALID_GRANT, "used");
    cr_expect_eq(living(visitor), 1);
    tell(visitor->fixture, "UPDATE accounts SET status = 'locked'");
    expect_code(visitor, refresh_inspect(service, &visitor->task, second.refresh_token, &session),
                STATUS_INVALID_GRANT, "of a locked account");
}

Test(refresh, an_inspection_tells_the_current_token_and_changes_nothing)
{
    on_each_engine(1, inspected);
}
