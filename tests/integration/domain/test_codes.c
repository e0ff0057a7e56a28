// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/code_redemption.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/mailer.h"
#include "domain_fixture.h"

#define NOBODY "nobody@example.org"

static result ask_for(struct visitor *visitor, enum code_purpose purpose, const char *email)
{
    int64_t seconds;
    const struct code_request request = {
        .purpose = purpose, .email = str_from(email), .device = {.address = STR("192.0.2.1")}};
    return code_requests_ask(visitor->service, &visitor->task, &request, &seconds);
}

/* The last mail that waits; all that wait are taken. */
static bool take_mail(struct visitor *visitor, struct mail *ret_mail)
{
    struct mail_record record;
    bool is_found = false;
    const int64_t now_ms = visitor->task.now_ms;
    while (is_ok(mail_claim(visitor->service->db, &visitor->task, now_ms, now_ms + 86400000, &record))) {
        expect_code(visitor, mailer_read(visitor->service, &visitor->task, &record, ret_mail), STATUS_OK,
                    "read");
        is_found = true;
    }
    return is_found;
}

static result redeem(struct visitor *visitor, const struct code_redemption *redemption)
{
    struct token_response tokens;
    bool signs_in;
    if (redemption->purpose == CODE_LOGIN)
        return code_redemption_login(visitor->service, &visitor->task, redemption, &tokens);
    if (redemption->purpose == CODE_VERIFY)
        return code_redemption_verify(visitor->service, &visitor->task, redemption, &tokens, &signs_in);
    return code_redemption_reset(visitor->service, &visitor->task, redemption);
}

static struct code_redemption by_code(enum code_purpose purpose, const char *email, struct secret code)
{
    return (struct code_redemption){
        .purpose = purpose, .email = str_from(email), .code = code, .new_password = secret_of(OTHER)};
}

static struct code_redemption by_token(enum code_purpose purpose, struct secret token)
{
    return (struct code_redemption){.purpose = purpose, .token = token, .new_password = secret_of(OTHER)};
}

/* --- the same work ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *what;
    const char *email;
    const char *preparation;
} PEOPLE[] = {
    {"unknown", NOBODY, NULL},
    {"not proved", ADA, NULL},
    {"proved", ADA, "UPDATE accounts SET is_email_verified = NOT (1 = 0)"},
    {"locked", ADA, "UPDATE accounts SET status = 'locked'"},
    {"closing", ADA, "UPDATE accounts SET status = 'closing', delete_after_ms = 9000000000000"},
    {"closed, and its time is over", ADA, "UPDATE accounts SET status = 'closing', delete_after_ms = 1"},
    {"without a password", ADA, "UPDATE accounts SET password_hash = NULL"},
};

static void prepare(struct visitor *visitor, const char *preparation)
{
    tell(visitor->fixture, "UPDATE accounts SET status = 'active', delete_after_ms = NULL");
    tell(visitor->fixture, "DELETE FROM one_time_codes");
    tell(visitor->fixture, "DELETE FROM throttles");
    if (!preparation) return;
    const bool is_sqlite = visitor->fixture->engine == DB_SQLITE;
    const bool is_proving = strstr(preparation, "NOT (1 = 0)") != NULL;
    tell(visitor->fixture,
         is_proving && is_sqlite ? "UPDATE accounts SET is_email_verified = 1" : preparation);
}

/* What was asked of the database while somebody asks for a code and then tries a wrong one. */
static void trace_of(struct visitor *visitor, enum code_purpose purpose, size_t person,
                     char ret_trace[DB_PROBE_TRACE_MAX])
{
    struct db_probe *probe = &visitor->fixture->probe;
    const struct code_redemption wrong = by_code(purpose, PEOPLE[person].email, secret_of("99999999"));
    prepare(visitor, PEOPLE[person].preparation);
    db_probe_reset(probe);
    const result without = redeem(visitor, &wrong);
    expect_code(visitor, without, STATUS_CODE_INVALID, PEOPLE[person].what);
    expect_code(visitor, ask_for(visitor, purpose, PEOPLE[person].email), STATUS_OK, PEOPLE[person].what);
    const result outcome = redeem(visitor, &wrong);
    expect_code(visitor, outcome, STATUS_CODE_INVALID, PEOPLE[person].what);
    strcpy(ret_trace, probe->trace);
}

static void asked_alike(struct visitor *visitor)
{
    static const enum code_purpose purposes[] = {CODE_VERIFY, CODE_LOGIN, CODE_RESET};
    struct account account;
    char pattern[DB_PROBE_TRACE_MAX], trace[DB_PROBE_TRACE_MAX];
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (size_t i = 0; i < ARRAY_COUNT(purposes); i++) {
        trace_of(visitor, purposes[i], 0, pattern);
        cr_expect(strstr(pattern, "code_put mail_insert audit_event_insert commit"), "%s", pattern);
        for (size_t person = 1; person < ARRAY_COUNT(PEOPLE); person++) {
            trace_of(visitor, purposes[i], person, trace);
            cr_expect_str_eq(trace, pattern, "%s: %s\n%s", PEOPLE[person].what, trace, pattern);
        }
    }
}

Test(codes, asking_and_guessing_take_the_same_work_whatever_the_account_is_like)
{
    on_each_engine(1, asked_alike);
}

static void nothing_leaks(struct visitor *visitor)
{
    struct mail mail;
    expect_code(visitor, ask_for(visitor, CODE_RESET, NOBODY), STATUS_OK, "ask");
    cr_expect(!take_mail(visitor, &mail));
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM one_time_codes WHERE account_id IS NULL"), 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM mail_outbox"), 0);
}

Test(codes, nothing_is_mailed_to_who_has_no_account)
{
    on_each_engine(1, nothing_leaks);
}

/* --- expiry ------------------------------------------------------------------------------------------------------- */

static void expired(struct visitor *visitor)
{
    struct account account;
    struct mail mail;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (int purpose = CODE_VERIFY; purpose <= CODE_RESET; purpose++) {
        const enum code_purpose wanted = (enum code_purpose)purpose;
        expect_code(visitor, ask_for(visitor, wanted, ADA), STATUS_OK, "ask");
        cr_expect(take_mail(visitor, &mail));
        visitor_wait(visitor, visitor->fixture->policy.code_life_ms[wanted]);
        const struct code_redemption code = by_code(wanted, ADA, mail.code);
        const struct code_redemption token = by_token(wanted, mail.link_token);
        expect_code(visitor, redeem(visitor, &code), STATUS_CODE_INVALID, "code at its end");
        expect_code(visitor, redeem(visitor, &token), STATUS_CODE_INVALID, "link at its end");
        expect_code(visitor, ask_for(visitor, wanted, ADA), STATUS_OK, "ask again");
        cr_expect(take_mail(visitor, &mail));
        visitor_wait(visitor, visitor->fixture->policy.code_life_ms[wanted] - 1);
        const struct code_redemption last = by_token(wanted, mail.link_token);
        expect_code(visitor, redeem(visitor, &last), STATUS_OK, "link in its last moment");
    }
}

/* Security incident 13: nothing rests on a job that clears up. */
Test(codes, an_expired_code_is_refused_though_its_row_is_there)
{
    on_each_engine(1, expired);
}

/* --- at the same moment ------------------------------------------------------------------------------------------- */

static struct mail sent;
static char code_text[CODE_DIGITS + 1], token_text[TOKEN_TEXT_MAX + 1];
static unsigned won, lost;

/* The visitor's arena goes; what was mailed stays. */
static void keep_mail(struct visitor *visitor, enum code_purpose purpose)
{
    expect_code(visitor, ask_for(visitor, purpose, ADA), STATUS_OK, "ask");
    cr_expect(take_mail(visitor, &sent));
    memcpy(code_text, sent.code.bytes, CODE_DIGITS);
    memcpy(token_text, sent.link_token.bytes, sent.link_token.len);
}

static void make_ada(struct visitor *visitor)
{
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
}

static void make_ada_with_reset(struct visitor *visitor)
{
    make_ada(visitor);
    keep_mail(visitor, CODE_RESET);
}

static void reset_once(struct visitor *visitor)
{
    const struct code_redemption token = by_token(CODE_RESET, secret_of(token_text));
    const struct code_redemption code = by_code(CODE_RESET, ADA, secret_of(code_text));
    const result outcome = redeem(visitor, visitor->number % 2 ? &token : &code);
    won += is_ok(outcome);
    lost += outcome.code == STATUS_CODE_INVALID;
    fault_clear(&visitor->task.fault);
}

static void crowd_of_right_ones(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    won = lost = 0;
    domain_fixture_run(&fixture, 1, make_ada_with_reset);
    domain_fixture_run(&fixture, 100, reset_once);
    cr_expect_eq(won, 1, "%u won", won);
    cr_expect_eq(lost, 99, "%u lost", lost);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM audit_events WHERE type = 'password.reset'"), 1);
    domain_fixture_close(&fixture);
}

/* Security incident 8, feature incident 13. */
Test(codes, of_a_hundred_redemptions_at_once_one_succeeds_on_sqlite)
{
    crowd_of_right_ones(DB_SQLITE);
}

Test(codes, of_a_hundred_redemptions_at_once_one_succeeds_on_postgres)
{
    crowd_of_right_ones(DB_POSTGRES);
}

static void guess(struct visitor *visitor)
{
    char text[CODE_DIGITS + 1];
    memcpy(text, code_text, sizeof text);
    text[7] = (char)('0' + (text[7] - '0' + 1 + (int)visitor->number % 9) % 10);
    const struct code_redemption wrong = by_code(CODE_RESET, ADA, secret_of(text));
    const result outcome = redeem(visitor, &wrong);
    lost += outcome.code == STATUS_CODE_INVALID;
    fault_clear(&visitor->task.fault);
}

static void crowd_of_wrong_ones(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    won = lost = 0;
    domain_fixture_run(&fixture, 1, make_ada_with_reset);
    domain_fixture_run(&fixture, 100, guess);
    cr_expect_eq(lost, 100, "%u lost", lost);
    cr_expect_eq(ask(&fixture, "SELECT attempts FROM one_time_codes"), 5);
    domain_fixture_close(&fixture);
}

/* Security incident 19. */
Test(codes, of_a_hundred_guesses_at_once_five_are_looked_at_on_sqlite)
{
    crowd_of_wrong_ones(DB_SQLITE);
}

Test(codes, of_a_hundred_guesses_at_once_five_are_looked_at_on_postgres)
{
    crowd_of_wrong_ones(DB_POSTGRES);
}

static unsigned allowed;

static void ask_at_once(struct visitor *visitor)
{
    allowed += is_ok(ask_for(visitor, CODE_LOGIN, visitor->number % 2 ? ADA : "ADA@example.ORG"));
    fault_clear(&visitor->task.fault);
}

static void crowd_of_requests(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    allowed = 0;
    domain_fixture_run(&fixture, 1, make_ada);
    domain_fixture_run(&fixture, 100, ask_at_once);
    cr_expect_eq(allowed, 5, "%u allowed", allowed);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM one_time_codes"), 1);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM mail_outbox"), 5);
    domain_fixture_close(&fixture);
}

Test(codes, of_a_hundred_requests_at_once_the_free_ones_are_served_and_one_code_lives_on_sqlite)
{
    crowd_of_requests(DB_SQLITE);
}

Test(codes, of_a_hundred_requests_at_once_the_free_ones_are_served_and_one_code_lives_on_postgres)
{
    crowd_of_requests(DB_POSTGRES);
}

static void reset_among_sign_ins(struct visitor *visitor)
{
    struct token_response tokens;
    if (visitor->number == 20) {
        const struct code_redemption token = by_token(CODE_RESET, secret_of(token_text));
        expect_code(visitor, redeem(visitor, &token), STATUS_OK, "reset");
        return;
    }
    const result outcome = sign_in(visitor, ADA, GOOD, &tokens);
    won += is_ok(outcome);
    fault_clear(&visitor->task.fault);
}

static void race_of_reset_and_sign_ins(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    fixture.policy.throttle.free_attempts = 100;
    won = 0;
    domain_fixture_run(&fixture, 1, make_ada_with_reset);
    domain_fixture_run(&fixture, 40, reset_among_sign_ins);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 0,
                 "a session of the old password goes on, %u had begun", won);
    domain_fixture_close(&fixture);
}

Test(codes, a_reset_ends_every_sign_in_by_the_old_password_on_sqlite)
{
    race_of_reset_and_sign_ins(DB_SQLITE);
}

Test(codes, a_reset_ends_every_sign_in_by_the_old_password_on_postgres)
{
    race_of_reset_and_sign_ins(DB_POSTGRES);
}

/* --- whose account it is ------------------------------------------------------------------------------------------ */

/* As many as there may be that are good, and as many that have expired. */
static void make_keys(struct visitor *visitor)
{
    const bool is_lite = visitor->fixture->engine == DB_SQLITE;
    char sql[512];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO "
             "api_keys (id, account_id, name, hint, key_digest, scopes, created_at_ms, expires_at_ms) SELECT "
             "%s, a.id, 'k', 'h', CAST(CAST(n.i AS text) AS %s), '', 0, CASE WHEN n.i <= 1000 THEN 1 END "
             "FROM n CROSS JOIN accounts AS a",
             is_lite ? "randomblob(16)" : "gen_random_uuid()", is_lite ? "blob" : "bytea");
    tell(visitor->fixture, sql);
}

static void take_over(struct visitor *visitor, enum code_purpose purpose)
{
    struct account account;
    struct token_response tokens, again;
    struct mail mail;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "the squatter signs up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "and in");
    expect_code(visitor, ask_for(visitor, purpose, ADA), STATUS_OK, "the owner asks");
    tell(visitor->fixture, "INSERT INTO recovery_codes (account_id, code_digest, created_at_ms) "
                           "SELECT account_id, code_digest, 1 FROM one_time_codes");
    make_keys(visitor);
    cr_expect(take_mail(visitor, &mail));
    const struct code_redemption redemption = by_token(purpose, mail.link_token);
    expect_code(visitor, redeem(visitor, &redemption), STATUS_OK, "and is in");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "the squatter is out");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &again), STATUS_INVALID_CREDENTIALS, "for good");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM recovery_codes"), 0);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM api_keys WHERE revoked_at_ms IS NULL AND "
                                       "expires_at_ms IS NULL"),
                 0, "with all keys that are good");
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'credentials.dropped'"), 1);
}

static void taken_over_by_login(struct visitor *visitor)
{
    take_over(visitor, CODE_LOGIN);
}

static void taken_over_by_reset(struct visitor *visitor)
{
    take_over(visitor, CODE_RESET);
}

/* Feature incident 17. */
Test(codes, what_a_squatter_set_up_goes_when_the_owner_of_the_address_signs_in)
{
    on_each_engine(1, taken_over_by_login);
}

Test(codes, what_a_squatter_set_up_goes_when_the_owner_of_the_address_resets_the_password)
{
    on_each_engine(1, taken_over_by_reset);
}

/* --- a database that fails ---------------------------------------------------------------------------------------- */

static void all_or_nothing(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    struct token_response tokens;
    unsigned call = 0;
    result outcome;
    make_ada_with_reset(visitor);
    do {
        const struct code_redemption token = by_token(CODE_RESET, secret_of(token_text));
        db_probe_reset(probe);
        probe->fails_at = ++call;
        outcome = redeem(visitor, &token);
        probe->fails_at = 0;
        if (is_ok(outcome)) break;
        expect_code(visitor, outcome, STATUS_DATABASE_UNAVAILABLE, "the database fails");
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "nothing has changed");
    } while (call < 50);
    cr_expect(is_ok(outcome) && call > 8, "after %u calls", call);
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_OK, "all has changed");
}

/* Security incident 9: an error of the store is never an answer that all is done. */
Test(codes, a_reset_that_fails_anywhere_changes_nothing_and_leaves_the_link)
{
    on_each_engine(1, all_or_nothing);
}

/* --- sign-up that wants the address proved ------------------------------------------------------------------------ */

static void sign_up_trace(struct visitor *visitor, const char *email, char ret_trace[DB_PROBE_TRACE_MAX])
{
    struct account account;
    db_probe_reset(&visitor->fixture->probe);
    const result outcome = sign_up(visitor, email, OTHER, &account);
    cr_expect(is_ok(outcome) || outcome.code == STATUS_CONFLICT, "%s", status_name(outcome.code));
    strcpy(ret_trace, visitor->fixture->probe.trace);
}

static void signed_up_alike(struct visitor *visitor)
{
    char pattern[DB_PROBE_TRACE_MAX], trace[DB_PROBE_TRACE_MAX];
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (int wants = 0; wants <= 1; wants++) {
        visitor->fixture->policy.requires_verification = wants;
        sign_up_trace(visitor, wants ? "new@example.org" : "newer@example.org", pattern);
        cr_expect(strstr(pattern, "code_put mail_insert audit_event_insert commit"), "%s", pattern);
        for (size_t person = 1; person < ARRAY_COUNT(PEOPLE); person++) {
            if (strstr(PEOPLE[person].what, "its time is over")) continue;
            prepare(visitor, PEOPLE[person].preparation);
            sign_up_trace(visitor, ADA, trace);
            cr_expect_str_eq(trace, pattern, "%s: %s\n%s", PEOPLE[person].what, trace, pattern);
        }
    }
}

/* Security incident 44. */
Test(codes, a_sign_up_takes_the_same_work_whatever_the_account_of_its_address_is_like)
{
    on_each_engine(1, signed_up_alike);
}

static void unproved_alike(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    struct mail mail;
    char pattern[DB_PROBE_TRACE_MAX];
    visitor->fixture->policy.requires_verification = true;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    db_probe_reset(&visitor->fixture->probe);
    expect_code(visitor, sign_in(visitor, NOBODY, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "unknown");
    strcpy(pattern, visitor->fixture->probe.trace);
    db_probe_reset(&visitor->fixture->probe);
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS, "wrong");
    cr_expect_str_eq(visitor->fixture->probe.trace, pattern);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "right");
    cr_expect(take_mail(visitor, &mail));
    const struct code_redemption proof = by_token(CODE_VERIFY, mail.link_token);
    expect_code(visitor, redeem(visitor, &proof), STATUS_OK, "proved");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "in");
}

Test(codes, an_address_that_is_not_proved_is_unknown_to_who_guesses_passwords)
{
    on_each_engine(1, unproved_alike);
}
