// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/users.h"
#include "factor_fixture.h"

static long long count_of(struct visitor *visitor, const char *sql)
{
    return ask(visitor->fixture, sql);
}

static void expect_second(struct visitor *visitor, struct secret code, enum status expected, const char *what)
{
    expect_code(visitor, second_step(visitor, first_step(visitor), SECOND_FACTOR_TOTP, code), expected, what);
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

/* Security incident 22: the clock walks from three steps before to three steps after. */
static void clock_walk(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    for (int drift = -3; drift <= 3; drift++) {
        tell(visitor->fixture, "UPDATE factors SET last_step = 0");
        tell(visitor->fixture, "DELETE FROM throttles");
        const bool is_within = drift >= -1 && drift <= 1;
        expect_second(visitor, code_at(visitor, ada.seed, drift), is_within ? STATUS_OK : STATUS_CODE_INVALID,
                      is_within ? "within the window" : "outside of the window");
    }
    visitor->fixture->policy.totp_drift_steps = 0;
    for (int drift = -1; drift <= 1; drift++) {
        tell(visitor->fixture, "UPDATE factors SET last_step = 0");
        expect_second(visitor, code_at(visitor, ada.seed, drift),
                      drift == 0 ? STATUS_OK : STATUS_CODE_INVALID, "strict");
    }
}

Test(second_factor, a_clock_walk_accepts_the_window_alone)
{
    on_each_engine(1, clock_walk);
}

/* A code that was accepted makes all before it useless, on a server whose clock is behind, too. */
static void steps_only_ascend(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    expect_second(visitor, code_at(visitor, ada.seed, 1), STATUS_OK, "the next step");
    expect_second(visitor, code_at(visitor, ada.seed, 1), STATUS_CODE_INVALID, "the same");
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_CODE_INVALID, "the one before");
    visitor_wait(visitor, -60000);
    expect_second(visitor, code_at(visitor, ada.seed, 1), STATUS_CODE_INVALID, "the clock stepped back");
    visitor_wait(visitor, 60000 + 60000);
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_OK, "later");
}

Test(second_factor, a_step_that_was_accepted_ends_all_before_it)
{
    on_each_engine(1, steps_only_ascend);
}

/* --- at once ------------------------------------------------------------------------------------------------------ */

#define CROWD_MAX 500
#define TOKENS    (CROWD_MAX / LOGIN_CHALLENGE_TRIES)

static struct guarded crowd_of;
static char crowd_seed[64], crowd_code[64];
static struct secret crowd_tokens[TOKENS];
static char crowd_texts[TOKENS][64];
static unsigned counts[STATUS_COUNT];
static enum second_factor_kind crowd_kind;
static bool crowd_is_right;

static void prepare(struct visitor *visitor)
{
    guarded_begin(visitor, &crowd_of);
    memcpy(crowd_seed, crowd_of.seed.bytes, crowd_of.seed.len);
    crowd_of.seed.bytes = (unsigned char *)crowd_seed;
    snprintf(crowd_code, sizeof crowd_code, "%.*s", STR_ARGS(crowd_of.recovery_codes[0]));
}

static void begin_one(struct visitor *visitor)
{
    const struct secret token = first_step(visitor);
    char *text = crowd_texts[visitor->number];
    snprintf(text, sizeof crowd_texts[0], "%.*s", STR_ARGS(secret_expose(token)));
    crowd_tokens[visitor->number] = (struct secret){(unsigned char *)text, token.len};
}

static void one_of_crowd(struct visitor *visitor)
{
    const struct secret recovery = {(unsigned char *)crowd_code, strlen(crowd_code)};
    struct secret code = crowd_kind == SECOND_FACTOR_TOTP ? code_at(visitor, crowd_of.seed, 0) : recovery;
    if (!crowd_is_right) code = secret_of("nothing");
    const result outcome = second_step(visitor, crowd_tokens[visitor->number % TOKENS], crowd_kind, code);
    counts[outcome.code]++;
}

static void crowd(enum db_engine engine, unsigned count, int64_t free_attempts)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    domain_fixture_run(&fixture, 1, prepare);
    fixture.policy.throttle.free_attempts = fixture.policy.throttle.stop = 1000;
    domain_fixture_run(&fixture, TOKENS, begin_one);
    tell(&fixture, "DELETE FROM throttles");
    fixture.policy.throttle.free_attempts = free_attempts;
    fixture.policy.throttle.first_delay_ms = 900000;
    fixture.policy.throttle.stop = 1000;
    memset(counts, 0, sizeof counts);
    domain_fixture_run(&fixture, count, one_of_crowd);
    domain_fixture_close(&fixture);
}

/* None of them throttled: what decides is the one conditional UPDATE, or that the login token is used. */
static void one_success(enum db_engine engine, enum second_factor_kind kind, unsigned count)
{
    crowd_kind = kind;
    crowd_is_right = true;
    crowd(engine, count, 1000);
    cr_expect_eq(counts[STATUS_OK], 1, "engine %d: %u successes", (int)engine, counts[STATUS_OK]);
    const unsigned refused = counts[STATUS_CODE_INVALID] + counts[STATUS_EXPIRED];
    /* On two cores so many sign-ins at once wait too long for the account, or for a lease. */
    const unsigned unavailable = counts[STATUS_DATABASE_UNAVAILABLE] + counts[STATUS_OVERLOADED];
    cr_expect_eq(1 + refused + unavailable, count, "engine %d: %u refused, %u unavailable", (int)engine,
                 refused, unavailable);
}

Test(second_factor, of_many_uses_of_one_code_at_once_one_succeeds)
{
    one_success(DB_SQLITE, SECOND_FACTOR_TOTP, CROWD_MAX);
    one_success(DB_POSTGRES, SECOND_FACTOR_TOTP, 50);
    one_success(DB_POSTGRES, SECOND_FACTOR_TOTP, CROWD_MAX);
}

Test(second_factor, of_a_hundred_uses_of_one_recovery_code_at_once_one_succeeds)
{
    one_success(DB_SQLITE, SECOND_FACTOR_RECOVERY, 100);
    one_success(DB_POSTGRES, SECOND_FACTOR_RECOVERY, 100);
}

/* Security incident 19: no more wrong codes are looked at than may be, however many come at once. */
static void counted_exactly(enum db_engine engine, enum second_factor_kind kind)
{
    crowd_kind = kind;
    crowd_is_right = false;
    crowd(engine, CROWD_MAX, 5);
    cr_expect_eq(counts[STATUS_CODE_INVALID], 5, "engine %d: %u evaluated", (int)engine,
                 counts[STATUS_CODE_INVALID]);
    cr_expect_eq(counts[STATUS_RATE_LIMITED], CROWD_MAX - 5);
}

Test(second_factor, of_five_hundred_wrong_codes_at_once_the_free_ones_are_evaluated)
{
    counted_exactly(DB_SQLITE, SECOND_FACTOR_TOTP);
    counted_exactly(DB_POSTGRES, SECOND_FACTOR_TOTP);
    counted_exactly(DB_POSTGRES, SECOND_FACTOR_RECOVERY);
}

/* --- the stop, and the ways out ----------------------------------------------------------------------------------- */

static void stopped(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    tell(visitor->fixture, "DELETE FROM throttles");
    visitor->fixture->policy.throttle.stop = 7;
    for (int i = 0; i < 7; i++) {
        expect_second(visitor, secret_of("000000x"), STATUS_CODE_INVALID, "a wrong one");
        visitor_wait(visitor, 900000);
    }
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_RATE_LIMITED, "right, after the stop");
    visitor_wait(visitor, INT64_C(365) * 86400000);
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_RATE_LIMITED,
                  "right, a year after the stop");
    const struct secret recovery = {(unsigned char *)(uintptr_t)ada.recovery_codes[0].ptr,
                                    ada.recovery_codes[0].len};
    expect_code(visitor, second_step(visitor, first_step(visitor), SECOND_FACTOR_RECOVERY, recovery),
                STATUS_OK, "the recovery code has a counter of its own");
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_RATE_LIMITED, "still stopped");
    expect_code(visitor, unlock_account(visitor, ada.account.id), STATUS_OK, "unlock");
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_OK, "an administrator lifts it");
}

Test(second_factor, the_hard_stop_of_codes_has_two_ways_out)
{
    on_each_engine(1, stopped);
}

static void reset(struct visitor *visitor)
{
    struct guarded ada;
    struct token_response tokens;
    guarded_begin(visitor, &ada);
    const struct secret pending = first_step(visitor);
    expect_second(visitor, code_at(visitor, ada.seed, 0), STATUS_OK, "before");
    expect_code(visitor, factors_reset(visitor->service, &visitor->task, ada.account.id), STATUS_OK, "reset");
    cr_expect_eq(count_of(visitor, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 0);
    cr_expect_eq(
        count_of(visitor, "SELECT (SELECT count(*) FROM factors) + (SELECT count(*) FROM recovery_codes)"),
        0);
    expect_code(visitor, second_step(visitor, pending, SECOND_FACTOR_TOTP, code_at(visitor, ada.seed, 1)),
                STATUS_EXPIRED, "a sign-in that waited");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "by password alone");
    expect_code(
        visitor,
        factors_demand(visitor->service, &visitor->task, &(struct user_target){.id = ada.account.id}, true),
        STATUS_OK, "demand");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_MFA_REQUIRED, "enrolment is asked for");
    cr_expect(strstr(visitor->task.problem_members.ptr, "[\"enroll\"]") != NULL);
}

Test(second_factor, an_administrator_resets_and_demands_factors)
{
    on_each_engine(1, reset);
}

static void demanded_by_role(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    tell(visitor->fixture,
         "INSERT INTO roles (name, scopes, created_at_ms, updated_at_ms) VALUES ('admin', '', 1, 1)");
    tell(visitor->fixture,
         "INSERT INTO account_roles (account_id, role, added_at_ms) SELECT id, 'admin', 1 FROM accounts");
    visitor->fixture->policy.mfa_roles = STR("operator, admins");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "another role");
    visitor->fixture->policy.mfa_roles = STR("operator, admin");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_MFA_REQUIRED, "one of the roles");
}

Test(second_factor, a_role_may_demand_one)
{
    on_each_engine(1, demanded_by_role);
}
