// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/retention.h"
#include "domain_fixture.h"

#define DAY_MS INT64_C(86400000)

static void with_retention(void (*body)(struct visitor *visitor))
{
    for (int engine = 0; engine < (int)DB_ENGINE_COUNT; engine++) {
        struct domain_fixture fixture;
        domain_fixture_open(&fixture, (enum db_engine)engine);
        fixture.service.retention = background_create(&retention_work);
        domain_fixture_run(&fixture, 1, body);
        struct background *retention = fixture.service.retention;
        domain_fixture_close(&fixture);
        background_destroy(retention);
    }
}

static long long rows_of(const struct visitor *visitor, const char *table)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return ask(visitor->fixture, sql);
}

static void accounts_and_sessions(struct visitor *visitor)
{
    struct account ada, eve;
    struct token_response tokens;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ada), STATUS_OK, "ada");
    expect_code(visitor, sign_up(visitor, "eve@example.org", GOOD, &eve), STATUS_OK, "eve");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "ada");
    expect_code(visitor, sign_in(visitor, "eve@example.org", GOOD, &tokens), STATUS_OK, "eve");
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, ada.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    visitor_wait(visitor, 14 * DAY_MS - 1);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "accounts"), 2, "the grace is not over");
    visitor_wait(visitor, 1);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "accounts"), 1, "gone");
    cr_expect_eq(rows_of(visitor, "sessions"), 1, "with its sessions");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'account.erased'"), 1);
    visitor_wait(visitor, 46 * DAY_MS);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "sessions"), 1, "kept a month beyond its end");
    visitor_wait(visitor, 1);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "sessions"), 0);
    cr_expect_eq(rows_of(visitor, "accounts"), 1, "who has not closed it keeps it");
}

Test(retention, a_closed_account_is_erased_after_its_grace_and_a_session_a_month_after_its_end)
{
    with_retention(accounts_and_sessions);
}

static void attempts(struct visitor *visitor)
{
    struct token_response tokens;
    char email[64];
    visitor->fixture->policy.throttle.first_delay_ms = 0;
    for (int i = 0; i < 30; i++) {
        snprintf(email, sizeof email, "nobody%d@example.org", i);
        expect_code(visitor, sign_in(visitor, email, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, email);
    }
    for (int i = 0; i < 6; i++)
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "throttled");
    expect_code(visitor, sign_in(visitor, "eve@example.org", GOOD, &tokens), STATUS_INVALID_CREDENTIALS,
                "stopped");
    tell(visitor->fixture,
         "UPDATE throttles SET failures = 100 WHERE throttle_key = (SELECT throttle_key FROM throttles "
         "WHERE failures = 1 ORDER BY throttle_key LIMIT 1)");
    visitor_wait(visitor, DAY_MS);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "throttles"), 32, "a day has to pass");
    visitor_wait(visitor, 1);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "throttles"), 2, "%lld left", rows_of(visitor, "throttles"));
    visitor_wait(visitor, 29 * DAY_MS);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "throttles"), 1, "%lld left", rows_of(visitor, "throttles"));
    visitor_wait(visitor, 3650 * DAY_MS);
    visitor_retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT failures FROM throttles"), 100, "the stop stays");
}

Test(retention, failed_attempts_are_forgotten_after_a_day_a_month_or_never)
{
    with_retention(attempts);
}

static void revoked(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    struct principal principal = {0};
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, tokens.access_token, &principal),
                STATUS_OK, "verify");
    expect_code(visitor, access_token_revoke(visitor->service, &visitor->task, &principal), STATUS_OK,
                "revoke");
    visitor_wait(visitor, visitor->fixture->policy.access_token_ms);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "revoked_tokens"), 1, "clocks may differ");
    visitor_wait(visitor, 3600001);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "revoked_tokens"), 0);
}

Test(retention, a_revocation_is_kept_until_its_token_has_expired_everywhere)
{
    with_retention(revoked);
}

static void in_the_background(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "ada");
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, account.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    tell(visitor->fixture, "UPDATE accounts SET delete_after_ms = 1");
    expect_code(visitor, sign_up(visitor, "eve@example.org", GOOD, &account), STATUS_OK, "eve");
    struct background *retention = visitor->service->retention;
    visitor->service->retention = NULL;
    expect_code(visitor, sign_in(visitor, "eve@example.org", GOOD, &tokens), STATUS_OK, "eve");
    cr_expect_eq(rows_of(visitor, "accounts"), 2, "a service without a retention keeps everything");
    visitor->service->retention = retention;
    expect_code(visitor, sign_in(visitor, "eve@example.org", GOOD, &tokens), STATUS_OK, "eve");
    for (int i = 0; i < 200 && rows_of(visitor, "accounts") == 2; i++) fiber_sleep(10);
    cr_expect_eq(rows_of(visitor, "accounts"), 1);
    fiber_sleep(100);
    db_probe_reset(&visitor->fixture->probe);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &tokens), STATUS_OK, "refresh");
    fiber_sleep(50);
    cr_expect_str_eq(visitor->fixture->probe.trace, "session_rotate ", "once a minute: %s",
                     visitor->fixture->probe.trace);
}

Test(retention, a_step_runs_beside_the_traffic_once_a_minute)
{
    with_retention(in_the_background);
}

/* What a server that is no more has left to be sent. */
static void left_behind(struct visitor *visitor)
{
    int64_t again_ms;
    struct service *service = visitor->service;
    service->is_mail_due = service->is_webhook_due = false;
    expect_code(visitor, retention_work.step(service, &visitor->task, &again_ms), STATUS_OK, "step");
    cr_expect(service->is_mail_due && service->is_webhook_due);
    cr_expect_eq(again_ms, 3600000, "whether or not anybody signs in");
}

Test(retention, a_step_has_mail_and_webhooks_looked_at)
{
    with_retention(left_behind);
}

static void by_age(struct visitor *visitor)
{
    tell(visitor->fixture,
         visitor->fixture->engine == DB_POSTGRES
             ? "INSERT INTO idempotency_keys VALUES ('a', 'b', NULL, NULL, 0, 1), ('c', 'd', NULL, NULL, 0, "
               "9000000000000)"
             : "INSERT INTO idempotency_keys VALUES (x'61', x'62', NULL, NULL, 0, 1), (x'63', x'64', NULL, "
               "NULL, 0, 9000000000000)");
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 1, "what has not expired stays");
}

Test(retention, kept_answers_go_once_they_have_expired)
{
    with_retention(by_age);
}

static void devices(struct visitor *visitor)
{
    struct account ada, eve;
    char sql[512];
    const bool is_postgres = visitor->fixture->engine == DB_POSTGRES;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ada), STATUS_OK, "ada");
    expect_code(visitor, sign_up(visitor, "eve@example.org", GOOD, &eve), STATUS_OK, "eve");
    visitor->fixture->policy.device_ms = 90 * DAY_MS;
    snprintf(sql, sizeof sql,
             "INSERT INTO known_devices SELECT id, CAST('old' AS %s), 1, %lld FROM accounts;"
             "INSERT INTO known_devices SELECT id, CAST('new' AS %s), 1, %lld FROM accounts",
             is_postgres ? "bytea" : "blob", (long long)(visitor->task.now_ms - 90 * DAY_MS - 1),
             is_postgres ? "bytea" : "blob", (long long)(visitor->task.now_ms - 90 * DAY_MS));
    tell(visitor->fixture, sql);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "known_devices"), 2, "of both the one that is still known");
}

Test(retention, a_device_is_forgotten_when_it_counts_as_a_new_one)
{
    with_retention(devices);
}

static void keys(struct visitor *visitor)
{
    struct account ada;
    char sql[1024];
    const bool is_postgres = visitor->fixture->engine == DB_POSTGRES;
    const char *const bytes = is_postgres ? "bytea" : "blob";
    const long long over_ms = (long long)(visitor->task.now_ms - RETENTION_MS);
    static const char *const expiry[] = {"", "NULL, ", "9000000000000, "}, *const revocation[] = {", NULL",
                                                                                                  "", ""};
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ada), STATUS_OK, "ada");
    /* Expired, revoked, and revoked before they expire: each a moment too young and a moment too old; and one for ever. */
    for (unsigned i = 0; i < 7; i++) {
        char ends[64];
        snprintf(ends, sizeof ends, "NULL, NULL");
        if (i < 6)
            snprintf(ends, sizeof ends, "%s%lld%s", expiry[i / 2], over_ms - (i % 2), revocation[i / 2]);
        snprintf(sql, sizeof sql,
                 "INSERT INTO api_keys (id, account_id, name, hint, key_digest, scopes, created_at_ms, "
                 "expires_at_ms, revoked_at_ms) SELECT %s, id, 'k', 'h', CAST('%u' AS %s), '', 0, %s FROM "
                 "accounts",
                 is_postgres ? "gen_random_uuid()" : "randomblob(16)", i, bytes, ends);
        tell(visitor->fixture, sql);
    }
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "api_keys"), 4);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM api_keys WHERE expires_at_ms IS NULL AND "
                                       "revoked_at_ms IS NULL"),
                 1, "what never ends stays");
}

Test(retention, a_key_goes_a_month_after_it_was_revoked_or_has_expired)
{
    with_retention(keys);
}

/* Answers that were kept, all of them over. */
static void fill(struct visitor *visitor, unsigned count)
{
    char sql[512];
    const bool is_postgres = visitor->fixture->engine == DB_POSTGRES;
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
             "INSERT INTO idempotency_keys SELECT CAST(CAST(i AS text) AS %s), CAST('r' AS %s), NULL, NULL, "
             "0, 1 FROM n",
             count, is_postgres ? "bytea" : "blob", is_postgres ? "bytea" : "blob");
    tell(visitor->fixture, sql);
}

static void backlog(struct visitor *visitor)
{
    const struct retention_state *state = &visitor->service->retained;
    fill(visitor, 1000);
    cr_expect(visitor_retain(visitor));
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 500, "no more in one step");
    cr_expect(visitor_retain(visitor));
    cr_expect(!visitor_retain(visitor), "nothing is left");
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 0);
    cr_expect_eq(state->erased[RETAINED_ANSWERS], 1000);
    cr_expect_eq(state->erased[RETAINED_SESSIONS], 0);
    cr_expect_eq(state->steps, 3);
}

Test(retention, what_has_piled_up_is_erased_in_small_steps_and_counted)
{
    with_retention(backlog);
}

static void backlog_in_background(struct visitor *visitor)
{
    fill(visitor, 1200);
    retention_touch(visitor->service);
    for (int i = 0; i < 600 && visitor->service->retained.steps < 3; i++) fiber_sleep(10);
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 0, "without waiting for the next minute");
}

Test(retention, a_step_that_finds_much_goes_on_by_itself)
{
    with_retention(backlog_in_background);
}

static void hold(struct visitor *visitor)
{
    fill(visitor, 1);
    visitor_retain(visitor);
    fill(visitor, 1);
}

static void find_held(struct visitor *visitor)
{
    cr_expect(!visitor_retain(visitor));
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 1, "another one's work");
    cr_expect_eq(visitor->service->retained.steps, 0);
    visitor_wait(visitor, RETENTION_INTERVAL_MS + 5000);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 0, "taken over from one that did not come back");
}

static void find_taken_over(struct visitor *visitor)
{
    fill(visitor, 1);
    visitor_wait(visitor, RETENTION_INTERVAL_MS + 5000);
    visitor_retain(visitor);
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 1, "the new holder's");
}

Test(retention, one_replica_at_a_time_does_it_and_another_one_takes_over)
{
    for (int engine = 0; engine < (int)DB_ENGINE_COUNT; engine++) {
        struct domain_fixture first, second;
        domain_fixture_open(&first, (enum db_engine)engine);
        domain_fixture_open_second(&second, &first);
        domain_fixture_run(&first, 1, hold);
        domain_fixture_run(&second, 1, find_held);
        domain_fixture_run(&first, 1, find_taken_over);
        domain_fixture_close_second(&second);
        domain_fixture_close(&first);
    }
}

/* The first of the accounts that are to go cannot go. */
static void stuck(struct visitor *visitor)
{
    struct account ada, eve;
    bool is_behind;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ada), STATUS_OK, "ada");
    expect_code(visitor, sign_up(visitor, "eve@example.org", GOOD, &eve), STATUS_OK, "eve");
    tell(visitor->fixture, "UPDATE accounts SET status = 'closing', delete_after_ms = 1");
    tell(visitor->fixture, visitor->fixture->engine == DB_POSTGRES
                               ? "CREATE TABLE stuck (id uuid REFERENCES accounts (id))"
                               : "CREATE TABLE stuck (id BLOB REFERENCES accounts (id))");
    tell(visitor->fixture, "INSERT INTO stuck SELECT id FROM accounts WHERE email_key = 'ada@example.org'");
    fill(visitor, 1);
    expect_code(visitor, retention_step(visitor->service, &visitor->task, &is_behind), STATUS_CONFLICT,
                "one is stuck");
    fault_clear(&visitor->task.fault);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE email_key = 'eve@example.org'"),
                 0, "the one after it went");
    cr_expect_eq(rows_of(visitor, "accounts"), 1);
    cr_expect_eq(rows_of(visitor, "idempotency_keys"), 0, "and what goes by its age");
    cr_expect_eq(visitor->service->retained.erased[RETAINED_ACCOUNTS], 1);
}

Test(retention, an_account_that_cannot_be_erased_holds_nothing_else_up)
{
    with_retention(stuck);
}
