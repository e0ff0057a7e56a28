// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "domain_fixture.h"

/* --- the same path ------------------------------------------------------------------------------------------------ */

/* What each kind of account answers and asks; the first is the pattern. */
struct attempt {
    const char *what;
    const char *email;
    const char *password;
    const char *preparation;
};

static const struct attempt REFUSED[] = {
    {"unknown", "nobody@example.org", GOOD, NULL},
    {"wrong password", ADA, OTHER, NULL},
    {"locked", ADA, GOOD, "UPDATE accounts SET status = 'locked'"},
    {"locked, wrong password", ADA, OTHER, "UPDATE accounts SET status = 'locked'"},
    {"closing, wrong password", ADA, OTHER,
     "UPDATE accounts SET status = 'closing', delete_after_ms = 9000000000000"},
    {"closed, and its time is over", ADA, GOOD,
     "UPDATE accounts SET status = 'closing', delete_after_ms = 1"},
    {"no password", ADA, GOOD, "UPDATE accounts SET password_hash = NULL"},
};

static const char *const RESTORED = "UPDATE accounts SET status = 'active', delete_after_ms = NULL, "
                                    "password_hash = COALESCE(password_hash, (SELECT name FROM accounts))";

static void refused_alike(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    struct token_response tokens;
    struct account account;
    char pattern[DB_PROBE_TRACE_MAX] = "";
    char detail[FAULT_DETAIL_MAX] = "";
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    tell(visitor->fixture, "UPDATE accounts SET name = password_hash");
    for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++) {
        const struct attempt *attempt = &REFUSED[i];
        tell(visitor->fixture, RESTORED);
        tell(visitor->fixture, "DELETE FROM throttles");
        if (attempt->preparation) tell(visitor->fixture, attempt->preparation);
        visitor_renew(visitor);
        db_probe_reset(probe);
        const result outcome = sign_in(visitor, attempt->email, attempt->password, &tokens);
        if (i == 0) {
            strcpy(pattern, probe->trace);
            strcpy(detail, visitor->task.fault.detail);
        }
        cr_expect_str_eq(probe->trace, pattern, "%s: %s", attempt->what, probe->trace);
        cr_expect_str_eq(visitor->task.fault.detail, detail, "%s", attempt->what);
        cr_expect_eq(visitor->task.fault.error_count, 0);
        cr_expect_eq(visitor->task.retry_after_seconds, 0);
        expect_code(visitor, outcome, STATUS_INVALID_CREDENTIALS, attempt->what);
        cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM sessions"), 0, "%s", attempt->what);
    }
    cr_expect_str_eq(pattern, "throttle_take account_by_email_key audit_event_insert ");
}

Test(login, all_refusals_take_one_path_and_give_one_answer)
{
    on_each_engine(1, refused_alike);
}

static void spellings(struct visitor *visitor)
{
    static const char *const same[] = {"ADA@example.org", "ada@EXAMPLE.ORG", "Ada@Example.Org"};
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (size_t i = 0; i < ARRAY_COUNT(same); i++)
        expect_code(visitor, sign_in(visitor, same[i], OTHER, &tokens), STATUS_INVALID_CREDENTIALS, same[i]);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM throttles"), 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT failures FROM throttles"), 3);
    expect_code(visitor, sign_in(visitor, same[0], GOOD, &tokens), STATUS_OK, "sign_in");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM throttles"), 0);
}

Test(login, spellings_of_an_address_share_one_counter_and_success_clears_it)
{
    on_each_engine(1, spellings);
}

/* --- throttling --------------------------------------------------------------------------------------------------- */

static unsigned evaluated, limited;

static void one_wrong_attempt(struct visitor *visitor)
{
    struct token_response tokens;
    const result outcome = sign_in(visitor, ADA, OTHER, &tokens);
    evaluated += outcome.code == STATUS_INVALID_CREDENTIALS;
    limited += outcome.code == STATUS_RATE_LIMITED;
    if (outcome.code == STATUS_RATE_LIMITED) cr_expect_geq(visitor->task.retry_after_seconds, 1);
    if (outcome.code != STATUS_INVALID_CREDENTIALS) fault_clear(&visitor->task.fault);
}

static void crowd(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    fixture.policy.throttle.first_delay_ms = 900000;
    evaluated = limited = 0;
    domain_fixture_run(&fixture, 500, one_wrong_attempt);
    cr_expect_eq(evaluated, 5, "%u evaluated", evaluated);
    cr_expect_eq(limited, 495, "%u limited", limited);
    cr_expect_eq(ask(&fixture, "SELECT failures FROM throttles"), 5);
    domain_fixture_close(&fixture);
}

Test(login, of_five_hundred_attempts_at_once_only_the_free_ones_are_evaluated_on_sqlite)
{
    crowd(DB_SQLITE);
}

Test(login, of_five_hundred_attempts_at_once_only_the_free_ones_are_evaluated_on_postgres)
{
    crowd(DB_POSTGRES);
}

/* The n-th failure blocks for this long. */
static void growing_delay(struct visitor *visitor)
{
    static const int64_t seconds[] = {0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900};
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (size_t i = 0; i < ARRAY_COUNT(seconds); i++) {
        expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS, "attempt");
        if (seconds[i] == 0) continue;
        visitor_renew(visitor);
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_RATE_LIMITED,
                    "right, but too soon");
        cr_expect_eq(visitor->task.retry_after_seconds, seconds[i], "after %zu: %lld", i + 1,
                     (long long)visitor->task.retry_after_seconds);
        visitor_wait(visitor, seconds[i] * 1000 - 1);
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_RATE_LIMITED, "a moment too soon");
        visitor_wait(visitor, 1);
    }
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "right");
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS, "counted anew");
    cr_expect_eq(ask(visitor->fixture, "SELECT failures FROM throttles"), 1);
}

Test(login, the_delay_doubles_up_to_its_longest_and_success_forgets_it)
{
    on_each_engine(1, growing_delay);
}

static void stopped(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS, "attempt");
    tell(visitor->fixture, "UPDATE throttles SET failures = 100, blocked_until_ms = 0");
    visitor_wait(visitor, INT64_C(365) * 86400000);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_RATE_LIMITED, "at the stop");
    cr_expect_eq(ask(visitor->fixture, "SELECT failures FROM throttles"), 100);
    expect_code(visitor, unlock_account(visitor, account.id), STATUS_OK, "unlock");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "after the unlock");
}

Test(login, at_the_stop_nothing_helps_but_an_administrator)
{
    on_each_engine(1, stopped);
}

static unsigned refused_busy;

static void one_right_attempt(struct visitor *visitor)
{
    struct token_response tokens;
    const result outcome = sign_in(visitor, ADA, GOOD, &tokens);
    refused_busy += outcome.code == STATUS_HASHING_BUSY;
    fault_clear(&visitor->task.fault);
}

static void make_ada(struct visitor *visitor)
{
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
}

Test(login, what_the_server_was_too_busy_to_evaluate_does_not_count)
{
    const struct password_hasher_options narrow = {.threads = 1, .cost = {64u * 1024u, 2}, .queue_limit = 1};
    struct domain_fixture fixture;
    struct password_hasher *hasher;
    domain_fixture_open(&fixture, DB_SQLITE);
    fixture.policy.throttle.free_attempts = 100;
    domain_fixture_run(&fixture, 1, make_ada);
    cr_assert(is_ok(password_hasher_create(&narrow, &hasher)));
    struct password_hasher *wide = fixture.service.hasher;
    tell(&fixture, "UPDATE accounts SET password_hash = NULL"); /* hashed at the hasher's cost */
    fixture.service.hasher = hasher;
    refused_busy = 0;
    domain_fixture_run(&fixture, 20, one_right_attempt);
    cr_expect_gt(refused_busy, 0);
    cr_expect_eq(ask(&fixture, "SELECT failures FROM throttles"), 20 - refused_busy);
    fixture.service.hasher = wide;
    password_hasher_destroy(hasher);
    domain_fixture_close(&fixture);
}

/* --- what a sign-in begins ---------------------------------------------------------------------------------------- */

static void session_is_stored_clean(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM sessions WHERE user_agent = 'test?? agent' AND "
                                       "client_address = '192.0.2.1' AND ended_at_ms IS NULL"),
                 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'login.succeeded'"),
                 1);
    cr_expect_eq(tokens.expires_in, 300);
    cr_expect_eq(tokens.refresh_expires_in, 7 * 86400);
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_OK, "check");
}

Test(login, a_hostile_user_agent_is_stored_as_plain_text)
{
    on_each_engine(1, session_is_stored_clean);
}

static void too_many(struct visitor *visitor)
{
    struct token_response first, last;
    struct account account;
    visitor->fixture->policy.sessions_per_account = 3;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &first), STATUS_OK, "first");
    expect_code(visitor, check(visitor, first.access_token), STATUS_OK, "first, and now it is cached");
    for (int i = 0; i < 3; i++) {
        visitor->task.now_ms = ++visitor->fixture->now_ms;
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &last), STATUS_OK, "more");
    }
    expect_code(visitor, check(visitor, first.access_token), STATUS_INVALID_TOKEN, "the oldest");
    expect_code(visitor, check(visitor, last.access_token), STATUS_OK, "the newest");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 3);
}

Test(login, beyond_the_allowed_number_the_oldest_session_ends_at_once)
{
    on_each_engine(1, too_many);
}

static void costlier(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    struct password_hasher *hasher, *cheap = visitor->service->hasher;
    const struct password_hasher_options dear = {.threads = 1, .cost = {16, 2}, .queue_limit = 10};
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    cr_expect(is_ok(password_hasher_create(&dear, &hasher)));
    visitor->service->hasher = hasher;
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS, "wrong");
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE password_hash LIKE '%m=16,t=2,%'"), 0);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "right");
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE password_hash LIKE '%m=16,t=2,%'"), 1);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "right, by the new hash");
    visitor->service->hasher = cheap;
    password_hasher_destroy(hasher);
}

Test(login, a_raised_cost_is_paid_at_the_next_right_sign_in)
{
    on_each_engine(1, costlier);
}

static void all_or_nothing(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    struct password_hasher *hasher, *cheap = visitor->service->hasher;
    const struct password_hasher_options dear = {.threads = 1, .cost = {16, 2}, .queue_limit = 10};
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "the device is known");
    visitor_wait(visitor, 1);
    cr_expect(is_ok(password_hasher_create(&dear, &hasher)));
    visitor->service->hasher = hasher;
    db_probe_reset(probe);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    cr_expect(strstr(probe->trace, "commit account_rehash "), "%s", probe->trace);
    const unsigned calls = probe->calls;
    tell(visitor->fixture, "UPDATE accounts SET password_hash = replace(password_hash, 'x', 'x')");
    visitor->service->hasher = cheap; /* needs a rehash again, and its statement fails */
    visitor_wait(visitor, 1);
    db_probe_reset(probe);
    probe->fails_at = calls;
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "the rehash fails alone");
    cr_expect_eq(probe->calls, calls);
    cr_expect_eq(visitor->task.fault.code, STATUS_OK);
    password_hasher_destroy(hasher);
}

Test(login, a_rehash_that_fails_spoils_no_sign_in)
{
    on_each_engine(1, all_or_nothing);
}
