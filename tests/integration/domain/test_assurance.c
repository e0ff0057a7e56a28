// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/code_redemption.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/mailer.h"
#include "factor_fixture.h"

/* How long two factors count, and what another password does to them. */

static struct token_response both_steps(struct visitor *visitor, struct secret code)
{
    struct token_response tokens = {0};
    const struct login_continuation given = {
        .login_token = first_step(visitor),
        .kind = SECOND_FACTOR_TOTP,
        .code = code,
        .device = {.address = STR("192.0.2.1"), .user_agent = STR("test\x01\xff agent")}};
    expect_code(visitor, login_continue(visitor->service, &visitor->task, &given, &tokens), STATUS_OK,
                "second step");
    return tokens;
}

static bool is_assured(struct visitor *visitor, const struct token_response *tokens)
{
    struct principal principal = {0};
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, tokens->access_token, &principal),
                STATUS_OK, "token");
    return principal.is_assured;
}

static struct token_response refreshed(struct visitor *visitor, struct token_response tokens,
                                       int64_t after_ms)
{
    struct token_response next = {0};
    visitor_wait(visitor, after_ms);
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &next), STATUS_OK, "refresh");
    return next;
}

static void lapses_unused(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    const int64_t idle_ms = visitor->fixture->policy.assured_idle_ms;
    struct token_response tokens = both_steps(visitor, code_at(visitor, ada.seed, 0));
    cr_expect(is_assured(visitor, &tokens));
    tokens = refreshed(visitor, tokens, idle_ms - 1);
    cr_expect(is_assured(visitor, &tokens), "in the last moment");
    tokens = refreshed(visitor, tokens, idle_ms);
    cr_expect(!is_assured(visitor, &tokens), "not refreshed for the time");
    tokens = refreshed(visitor, tokens, 1);
    cr_expect(!is_assured(visitor, &tokens), "and once lapsed, lapsed");
}

/* NIST SP 800-63B-4 §2.2.3: an hour without use. The session goes on, with one factor. */
Test(assurance, two_factors_lapse_when_a_session_is_not_used)
{
    on_each_engine(1, lapses_unused);
}

static void lapses_used(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    const int64_t step_ms = visitor->fixture->policy.assured_idle_ms / 2;
    const int64_t whole_ms = visitor->fixture->policy.assured_ms;
    struct token_response tokens = both_steps(visitor, code_at(visitor, ada.seed, 0));
    int64_t passed_ms = 0;
    while (passed_ms + step_ms < whole_ms) {
        tokens = refreshed(visitor, tokens, step_ms);
        passed_ms += step_ms;
        cr_expect(is_assured(visitor, &tokens), "after %lld s", (long long)passed_ms / 1000);
    }
    tokens = refreshed(visitor, tokens, whole_ms - 1 - passed_ms);
    cr_expect(is_assured(visitor, &tokens), "in the last moment");
    tokens = refreshed(visitor, tokens, 1);
    cr_expect(!is_assured(visitor, &tokens), "at the end of the day");
}

Test(assurance, two_factors_lapse_after_their_time_however_often_a_session_is_used)
{
    on_each_engine(1, lapses_used);
}

/* --- another password --------------------------------------------------------------------------------------------- */

static struct secret ask_for(struct visitor *visitor, enum code_purpose purpose)
{
    int64_t seconds;
    struct mail_record record;
    struct mail mail = {0};
    const struct code_request request = {.purpose = purpose, .email = STR(ADA)};
    const int64_t now_ms = visitor->task.now_ms;
    expect_code(visitor, code_requests_ask(visitor->service, &visitor->task, &request, &seconds), STATUS_OK,
                "ask");
    while (is_ok(mail_claim(visitor->service->db, &visitor->task, now_ms, now_ms + 86400000, &record)))
        expect_code(visitor, mailer_read(visitor->service, &visitor->task, &record, &mail), STATUS_OK,
                    "read");
    return mail.link_token;
}

static void reset(struct visitor *visitor)
{
    const struct code_redemption redemption = {
        .purpose = CODE_RESET, .token = ask_for(visitor, CODE_RESET), .new_password = secret_of(OTHER)};
    expect_code(visitor, code_redemption_reset(visitor->service, &visitor->task, &redemption), STATUS_OK,
                "reset");
}

static void goes_on_asking(struct visitor *visitor)
{
    struct guarded ada;
    struct token_response tokens;
    guarded_begin(visitor, &ada);
    tell(visitor->fixture, visitor->fixture->engine == DB_SQLITE
                               ? "UPDATE accounts SET is_email_verified = 1"
                               : "UPDATE accounts SET is_email_verified = true");
    reset(visitor);
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_MFA_REQUIRED, "asked all the same");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM recovery_codes WHERE used_at_ms IS NULL"),
                 RECOVERY_CODES_COUNT);
}

/* OWASP ASVS 6.4.3. */
Test(assurance, a_reset_by_mail_goes_past_no_second_factor)
{
    on_each_engine(1, goes_on_asking);
}

static const char *const SQUATTED[] = {"factors", "recovery_codes", "known_devices"};

static void begin_squatting(struct visitor *visitor)
{
    struct guarded squatter;
    guarded_begin(visitor, &squatter);
    (void)both_steps(visitor, code_at(visitor, squatter.seed, 0));
    (void)first_step(visitor);
    for (size_t i = 0; i < ARRAY_COUNT(SQUATTED); i++) {
        const struct str sql = str_printf(visitor->task.arena, "SELECT count(*) FROM %s", SQUATTED[i]);
        cr_expect_gt(ask(visitor->fixture, sql.ptr), 0, "%s", SQUATTED[i]);
    }
}

static void expect_clean(struct visitor *visitor, long long sessions)
{
    cr_expect_eq(ask(visitor->fixture, "SELECT (SELECT count(*) FROM factors) + (SELECT count(*) FROM "
                                       "recovery_codes) + (SELECT count(*) FROM login_challenges)"),
                 0);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), sessions);
}

static void taken_back_by_reset(struct visitor *visitor)
{
    struct token_response tokens;
    begin_squatting(visitor);
    reset(visitor);
    expect_clean(visitor, 0);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "the squatter");
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_OK, "the owner, of one factor");
}

static void taken_back_by_mail(struct visitor *visitor)
{
    struct token_response tokens;
    begin_squatting(visitor);
    const struct code_redemption redemption = {.purpose = CODE_LOGIN, .token = ask_for(visitor, CODE_LOGIN)};
    expect_code(visitor, code_redemption_login(visitor->service, &visitor->task, &redemption, &tokens),
                STATUS_OK, "the owner is not asked for the squatter's factor");
    expect_clean(visitor, 1);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "the squatter");
}

/* Feature incident 17: an address that nobody has proved, with all that can be attached to an account. */
Test(assurance, factors_of_a_squatter_go_when_the_owner_of_the_address_comes_by_reset)
{
    on_each_engine(1, taken_back_by_reset);
}

Test(assurance, factors_of_a_squatter_go_when_the_owner_of_the_address_comes_by_mail)
{
    on_each_engine(1, taken_back_by_mail);
}
