// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/code_redemption.h"
#include "auth/domain/code_requests.h"
#include "auth/domain/email_change.h"
#include "auth/domain/invitations.h"
#include "auth/domain/mailer.h"
#include "auth/domain/users.h"
#include "factor_fixture.h"

/* What is good once, given by a hundred at the same moment: one gets through. Reset links, recovery codes, steps of TOTP and
 * refresh tokens: test_codes.c, test_second_factor.c, test_refresh.c; idempotency keys: tests/e2e. */

#define CROWD     100u
#define TEXT_SIZE 128u
#define NEWCOMER  "grace@example.org"

static char code[TEXT_SIZE], token[TEXT_SIZE];
static char recovery[RECOVERY_CODES_COUNT][TEXT_SIZE];
static char seed[TEXT_SIZE];
static size_t seed_len;
static struct id account_id, factor_id;
static unsigned counts[STATUS_COUNT];

/* The visitor's arena goes; these stay. */
static void keep(char place[TEXT_SIZE], struct str text)
{
    cr_expect_lt(text.len, TEXT_SIZE);
    memcpy(place, text.ptr, text.len);
    place[text.len] = '\0';
}

static void keep_seed(struct secret made)
{
    memcpy(seed, made.bytes, made.len);
    seed_len = made.len;
}

static struct secret kept_code(struct visitor *visitor, int64_t drift)
{
    return code_at(visitor, (struct secret){(unsigned char *)seed, seed_len}, drift);
}

/* Of all mails that wait the one of this kind. */
static void keep_mail(struct visitor *visitor, enum mail_kind kind)
{
    struct mail_record record;
    struct mail mail;
    const int64_t now_ms = visitor->task.now_ms;
    while (is_ok(mail_claim(visitor->service->db, &visitor->task, now_ms, now_ms + 86400000, &record))) {
        expect_code(visitor, mailer_read(visitor->service, &visitor->task, &record, &mail), STATUS_OK,
                    "read");
        if (mail.kind != kind) continue;
        keep(code, secret_expose(mail.code));
        keep(token, secret_expose(mail.link_token));
    }
    cr_expect(token[0] != '\0', "no mail");
}

static void make_ada(struct visitor *visitor)
{
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    account_id = account.id;
}

static void make_code(struct visitor *visitor, enum code_purpose purpose, enum mail_kind kind)
{
    int64_t seconds;
    const struct code_request request = {.purpose = purpose, .email = STR(ADA)};
    make_ada(visitor);
    expect_code(visitor, code_requests_ask(visitor->service, &visitor->task, &request, &seconds), STATUS_OK,
                "ask");
    keep_mail(visitor, kind);
}

/* Half of them by the digits, half by the link. */
static struct code_redemption redemption_of(const struct visitor *visitor, enum code_purpose purpose)
{
    struct code_redemption redemption = {.purpose = purpose};
    if (visitor->number % 2) {
        redemption.token = secret_of(token);
        return redemption;
    }
    redemption.email = STR(ADA);
    redemption.code = secret_of(code);
    return redemption;
}

static void count(struct visitor *visitor, result outcome)
{
    counts[outcome.code]++;
    fault_clear(&visitor->task.fault);
}

/* --- each kind ---------------------------------------------------------------------------------------------------- */

static void make_login(struct visitor *visitor)
{
    make_code(visitor, CODE_LOGIN, MAIL_LOGIN_CODE);
}

static void use_login(struct visitor *visitor)
{
    struct token_response tokens;
    const struct code_redemption redemption = redemption_of(visitor, CODE_LOGIN);
    count(visitor, code_redemption_login(visitor->service, &visitor->task, &redemption, &tokens));
}

static void make_verify(struct visitor *visitor)
{
    make_code(visitor, CODE_VERIFY, MAIL_VERIFY);
}

static void use_verify(struct visitor *visitor)
{
    struct token_response tokens;
    bool signs_in;
    const struct code_redemption redemption = redemption_of(visitor, CODE_VERIFY);
    count(visitor, code_redemption_verify(visitor->service, &visitor->task, &redemption, &tokens, &signs_in));
}

static void make_change(struct visitor *visitor)
{
    int64_t seconds;
    make_ada(visitor);
    const struct email_change change = {.account_id = account_id, .email = STR(NEWCOMER)};
    expect_code(visitor, email_change_ask(visitor->service, &visitor->task, &change, &seconds), STATUS_OK,
                "ask");
    keep_mail(visitor, MAIL_EMAIL_CHANGE);
}

static void use_change(struct visitor *visitor)
{
    struct email_proof proof = {.account_id = account_id, .code = secret_of(code)};
    if (visitor->number % 2) proof = (struct email_proof){.token = secret_of(token)};
    count(visitor, email_change_confirm(visitor->service, &visitor->task, &proof));
}

static void make_invitation(struct visitor *visitor)
{
    struct invitation invitation;
    struct secret made;
    const struct invitation_order order = {.email = STR(NEWCOMER), .is_not_mailed = true};
    expect_code(visitor, invitations_create(visitor->service, &visitor->task, &order, &invitation, &made),
                STATUS_OK, "invite");
    keep(token, secret_expose(made));
}

/* Who comes too late is answered as a repeated sign-up is, and has got nothing. */
static void use_invitation(struct visitor *visitor)
{
    struct account account;
    bool is_new = false;
    const struct signup signup = {.email = STR(NEWCOMER), .invitation = secret_of(token)};
    const result outcome = accounts_sign_up(visitor->service, &visitor->task, &signup, &account, &is_new);
    count(visitor, is_ok(outcome) && !is_new ? RESULT(CODE_INVALID) : outcome);
}

static void make_login_token(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    keep(token, secret_expose(first_step(visitor)));
    for (size_t i = 0; i < RECOVERY_CODES_COUNT; i++) keep(recovery[i], ada.recovery_codes[i]);
}

/* Ten codes, all of them right: what is used once is the login token. */
static void use_login_token(struct visitor *visitor)
{
    count(visitor, second_step(visitor, secret_of(token), SECOND_FACTOR_RECOVERY,
                               secret_of(recovery[visitor->number % RECOVERY_CODES_COUNT])));
}

/* An enrolment that waits for its first code; its seed is the one that was confirmed before. */
static void make_pending(struct visitor *visitor)
{
    struct guarded ada;
    guarded_begin(visitor, &ada);
    keep_seed(ada.seed);
    account_id = ada.account.id;
    struct factor_list list = {0};
    expect_code(visitor, factor_list_of_account(visitor->service->db, &visitor->task, account_id, &list),
                STATUS_OK, "factors");
    cr_expect_eq(list.count, 1);
    factor_id = list.items[0].id;
    tell(visitor->fixture, "UPDATE factors SET confirmed_at_ms = NULL, last_step = 0");
    tell(visitor->fixture, "DELETE FROM recovery_codes");
}

/* The two steps that are good are shared: each wins over the other, or comes too late. */
static void use_pending(struct visitor *visitor)
{
    struct str_list codes;
    const struct factor_change change = {.account_id = account_id, .factor_id = factor_id};
    count(visitor, factors_confirm(visitor->service, &visitor->task, &change,
                                   kept_code(visitor, visitor->number % 2), &codes));
}

/* Somebody who must have a factor and adds one on the way in. */
static void make_enrolment(struct visitor *visitor)
{
    struct totp_enrolment enrolment;
    make_ada(visitor);
    expect_code(
        visitor,
        factors_demand(visitor->service, &visitor->task, &(struct user_target){.id = account_id}, true),
        STATUS_OK, "demand");
    const struct secret login_token = first_step(visitor);
    const struct device device = {.address = STR("192.0.2.1"), .user_agent = STR("test\x01\xff agent")};
    expect_code(visitor, login_enrol(visitor->service, &visitor->task, login_token, &device, &enrolment),
                STATUS_OK, "enrol");
    keep(token, secret_expose(login_token));
    keep_seed(seed_of(visitor, enrolment.seed_text));
}

static void use_enrolment(struct visitor *visitor)
{
    count(visitor, second_step(visitor, secret_of(token), SECOND_FACTOR_TOTP,
                               kept_code(visitor, visitor->number % 2)));
}

static const struct {
    const char *what;
    void (*make)(struct visitor *visitor);
    void (*use)(struct visitor *visitor);
    const char *trace; /* how often it was done, by the record */
} THINGS[] = {
    {"code to sign in", make_login, use_login, "SELECT count(*) FROM sessions"},
    {"code that proves an address", make_verify, use_verify,
     "SELECT count(*) FROM audit_events WHERE type = 'email.verified'"},
    {"code of a change of address", make_change, use_change,
     "SELECT count(*) FROM audit_events WHERE type = 'email.changed'"},
    {"invitation", make_invitation, use_invitation,
     "SELECT count(*) FROM audit_events WHERE type = 'invitation.accepted'"},
    {"login token", make_login_token, use_login_token,
     "SELECT count(*) FROM recovery_codes WHERE used_at_ms IS NOT NULL"},
    /* It had been confirmed once before. */
    {"first code of a factor", make_pending, use_pending,
     "SELECT count(*) - 1 FROM audit_events WHERE type = 'factor.added'"},
    {"enrolment on the way in", make_enrolment, use_enrolment, "SELECT count(*) FROM sessions"},
};

static void crowds(enum db_engine engine)
{
    for (size_t i = 0; i < ARRAY_COUNT(THINGS); i++) {
        struct domain_fixture fixture;
        domain_fixture_open(&fixture, engine);
        fixture.policy.throttle.free_attempts = fixture.policy.throttle.stop = 1000;
        code[0] = token[0] = '\0';
        domain_fixture_run(&fixture, 1, THINGS[i].make);
        memset(counts, 0, sizeof counts);
        domain_fixture_run(&fixture, CROWD, THINGS[i].use);
        /* On two cores so many at once may wait too long for a row, or for a lease. */
        const unsigned refused = counts[STATUS_CODE_INVALID] + counts[STATUS_EXPIRED] +
                                 counts[STATUS_CONFLICT] + counts[STATUS_DATABASE_UNAVAILABLE] +
                                 counts[STATUS_OVERLOADED] + counts[STATUS_HASHING_BUSY];
        cr_expect_eq(counts[STATUS_OK], 1, "%s: %u successes", THINGS[i].what, counts[STATUS_OK]);
        cr_expect_eq(refused, CROWD - 1, "%s: %u refused", THINGS[i].what, refused);
        cr_expect_eq(ask(&fixture, THINGS[i].trace), 1, "%s", THINGS[i].what);
        domain_fixture_close(&fixture);
    }
}

/* Security incident 8. */
Test(single_use, of_a_hundred_uses_at_once_one_succeeds_on_sqlite)
{
    crowds(DB_SQLITE);
}

Test(single_use, of_a_hundred_uses_at_once_one_succeeds_on_postgres)
{
    crowds(DB_POSTGRES);
}

/* --- a factor that comes at the moment of a sign-in --------------------------------------------------------------- */

static void confirm_among_sign_ins(struct visitor *visitor)
{
    struct token_response tokens;
    struct str_list codes;
    if (visitor->number != 20) {
        count(visitor, sign_in(visitor, ADA, GOOD, &tokens));
        return;
    }
    const struct factor_change change = {.account_id = account_id, .factor_id = factor_id};
    expect_code(visitor,
                factors_confirm(visitor->service, &visitor->task, &change, kept_code(visitor, 0), &codes),
                STATUS_OK, "confirm");
}

/* A sign-in has seen the factor and asks for it, or its session has ended with the others. */
static void race_of_factor_and_sign_ins(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    fixture.policy.throttle.free_attempts = fixture.policy.throttle.stop = 1000;
    domain_fixture_run(&fixture, 1, make_pending);
    memset(counts, 0, sizeof counts);
    domain_fixture_run(&fixture, 40, confirm_among_sign_ins);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM factors WHERE confirmed_at_ms IS NOT NULL"), 1);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 0,
                 "a session of one factor outlives it: %u had begun, %u were asked", counts[STATUS_OK],
                 counts[STATUS_MFA_REQUIRED]);
    domain_fixture_close(&fixture);
}

/* Security incident 18. */
Test(single_use, no_session_of_one_factor_outlives_the_coming_of_the_second_on_sqlite)
{
    race_of_factor_and_sign_ins(DB_SQLITE);
}

Test(single_use, no_session_of_one_factor_outlives_the_coming_of_the_second_on_postgres)
{
    race_of_factor_and_sign_ins(DB_POSTGRES);
}
