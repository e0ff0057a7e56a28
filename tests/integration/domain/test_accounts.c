// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "domain_fixture.h"

/* --- sign-up ------------------------------------------------------------------------------------------------------ */

static void refused_signups(struct visitor *visitor)
{
    static const struct {
        const char *email;
        const char *password;
        enum status code;
        size_t errors;
    } cases[] = {
        {"no address", GOOD, STATUS_VALIDATION_FAILED, 1},
        {"a@b@c.org", "short", STATUS_VALIDATION_FAILED, 2},
        {ADA, "1234567", STATUS_VALIDATION_FAILED, 1},
        {ADA, "12345678", STATUS_WEAK_PASSWORD, 1},
        {ADA, "password1", STATUS_WEAK_PASSWORD, 1},
        {ADA, "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", STATUS_VALIDATION_FAILED, 1},
    };
    struct account account;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        visitor_renew(visitor);
        const result outcome = sign_up(visitor, cases[i].email, cases[i].password, &account);
        cr_expect_eq(visitor->task.fault.error_count, cases[i].errors, "%s %s", cases[i].email,
                     cases[i].password);
        expect_code(visitor, outcome, cases[i].code, cases[i].password);
    }
    visitor->fixture->policy.is_signup_open = false;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_DISABLED_BY_POLICY, "closed");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts"), 0);
}

Test(accounts, a_refused_sign_up_stores_nothing_and_names_all_that_is_wrong)
{
    on_each_engine(1, refused_signups);
}

static void taken(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    struct account account, second;
    char first_trace[DB_PROBE_TRACE_MAX];
    db_probe_reset(probe);
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    strcpy(first_trace, probe->trace);
    db_probe_reset(probe);
    expect_code(visitor, sign_up(visitor, "ADA@Example.org", OTHER, &second), STATUS_CONFLICT, "taken");
    cr_expect_str_eq(probe->trace, first_trace);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts"), 1);
    struct token_response tokens;
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_INVALID_CREDENTIALS,
                "not its password");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "its password");
}

Test(accounts, an_address_that_is_taken_takes_the_same_work_and_changes_nothing)
{
    on_each_engine(1, taken);
}

static unsigned made, found_taken;

static void sign_up_ada(struct visitor *visitor)
{
    static const char *const spellings[] = {ADA, "ADA@example.org", "ada@Example.ORG"};
    struct account account;
    const result outcome = sign_up(visitor, spellings[visitor->number % 3], GOOD, &account);
    made += is_ok(outcome);
    found_taken += outcome.code == STATUS_CONFLICT;
}

static void crowd(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    made = found_taken = 0;
    domain_fixture_run(&fixture, 100, sign_up_ada);
    cr_expect_eq(made, 1, "%u made", made);
    cr_expect_eq(found_taken, 99, "%u found it taken", found_taken);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM accounts"), 1);
    domain_fixture_close(&fixture);
}

Test(accounts, a_hundred_sign_ups_of_one_address_make_one_account_on_sqlite)
{
    crowd(DB_SQLITE);
}

Test(accounts, a_hundred_sign_ups_of_one_address_make_one_account_on_postgres)
{
    crowd(DB_POSTGRES);
}

static void replaced(struct visitor *visitor)
{
    struct account first, second;
    struct token_response tokens;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &first), STATUS_OK, "sign_up");
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, first.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    cr_expect_eq(delete_after_ms, visitor->task.now_ms + INT64_C(14) * 86400000);
    expect_code(visitor, sign_up(visitor, ADA, OTHER, &second), STATUS_CONFLICT, "within the grace");
    visitor_wait(visitor, INT64_C(14) * 86400000 - 1);
    expect_code(visitor, sign_up(visitor, ADA, OTHER, &second), STATUS_CONFLICT, "on its last moment");
    visitor_wait(visitor, 1);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, "gone");
    expect_code(visitor, sign_up(visitor, ADA, OTHER, &second), STATUS_OK, "anew");
    cr_expect(!id_equal(first.id, second.id));
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts"), 1);
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &tokens), STATUS_OK, "the new one");
}

Test(accounts, a_closed_account_makes_room_when_its_grace_is_over)
{
    on_each_engine(1, replaced);
}

/* --- closing, locking --------------------------------------------------------------------------------------------- */

static void closed_and_back(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens, again;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_OK, "cached");
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, account.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, account.id, NULL, &delete_after_ms),
                STATUS_NOT_FOUND, "twice");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "its session is over");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_INVALID_GRANT, "no refresh");
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &again), STATUS_INVALID_CREDENTIALS, "wrong");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE status = 'closing'"), 1);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &again), STATUS_OK, "right: it is back");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE status = 'active' AND "
                                       "delete_after_ms IS NULL"),
                 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'account.reopened'"),
                 1);
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN,
                "the old session stays over");
}

Test(accounts, signing_in_within_the_grace_brings_the_account_back_and_not_its_sessions)
{
    on_each_engine(1, closed_and_back);
}

static void locked(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens, again;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_OK, "cached");
    expect_code(visitor, lock_account(visitor, account.id), STATUS_OK, "lock");
    expect_code(visitor, lock_account(visitor, account.id), STATUS_OK, "twice");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "at once");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &again), STATUS_INVALID_GRANT, "no refresh");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &again), STATUS_INVALID_CREDENTIALS, "no sign-in");
    expect_code(visitor, unlock_account(visitor, account.id), STATUS_OK, "unlock");
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "what ended has ended");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &again), STATUS_OK, "sign_in");
}

Test(accounts, a_lock_ends_everything_at_once_and_an_unlock_revives_nothing)
{
    on_each_engine(1, locked);
}

/* --- another password --------------------------------------------------------------------------------------------- */

static result change(struct visitor *visitor, struct id account_id, struct id session_id, const char *current,
                     const char *chosen)
{
    const struct password_change wanted = {.account_id = account_id,
                                           .session_id = session_id,
                                           .current = secret_of(current),
                                           .chosen = secret_of(chosen)};
    return accounts_change_password(visitor->service, &visitor->task, &wanted);
}

static struct id session_of(struct visitor *visitor, const struct token_response *tokens)
{
    struct principal principal = {0};
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, tokens->access_token, &principal),
                STATUS_OK, "its session");
    return principal.session_id;
}

static void changed(struct visitor *visitor)
{
    struct account account;
    struct token_response mine, other, again;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &mine), STATUS_OK, "mine");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &other), STATUS_OK, "other");
    const struct id session = session_of(visitor, &mine);
    (void)session_of(visitor, &other);
    expect_code(visitor, change(visitor, account.id, session, OTHER, "brand new geese"),
                STATUS_INVALID_CREDENTIALS, "wrong current");
    expect_code(visitor, change(visitor, account.id, session, GOOD, "12345678"), STATUS_WEAK_PASSWORD,
                "weak");
    expect_code(visitor, change(visitor, account.id, session, GOOD, "ada@example.org"), STATUS_WEAK_PASSWORD,
                "the own address");
    expect_code(visitor, check(visitor, other.access_token), STATUS_OK, "nothing has changed");
    expect_code(visitor, change(visitor, account.id, session, GOOD, OTHER), STATUS_OK, "change");
    expect_code(visitor, check(visitor, mine.access_token), STATUS_OK, "mine goes on");
    expect_code(visitor, refresh(visitor, mine.refresh_token, &again), STATUS_OK, "mine is refreshed");
    expect_code(visitor, check(visitor, other.access_token), STATUS_INVALID_TOKEN, "the other has ended");
    expect_code(visitor, refresh(visitor, other.refresh_token, &again), STATUS_INVALID_GRANT,
                "the other's refresh");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &again), STATUS_INVALID_CREDENTIALS, "the old password");
    expect_code(visitor, sign_in(visitor, ADA, OTHER, &again), STATUS_OK, "the new password");
}

Test(accounts, another_password_ends_all_other_sessions_at_once)
{
    on_each_engine(1, changed);
}

#define COPY_REST                                                                                     \
    " account_id, client_id, scope, amr, created_at_ms, authenticated_at_ms, refreshed_at_ms, 1, "    \
    "expires_at_ms, refresh_counter, refresh_digest, client_address, user_agent, NULL, NULL, 0 FROM " \
    "sessions, "

static const char COPIES_SQLITE[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
    "INSERT INTO sessions SELECT randomblob(16)," COPY_REST "n";
static const char COPIES_POSTGRES[] =
    "INSERT INTO sessions SELECT gen_random_uuid()," COPY_REST "generate_series(1, 1200)";

static void many_dead_sessions(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    tell(visitor->fixture, visitor->fixture->engine == DB_SQLITE ? COPIES_SQLITE : COPIES_POSTGRES);
    expect_code(visitor, lock_account(visitor, account.id), STATUS_OK, "1200 expired");
    expect_code(visitor, unlock_account(visitor, account.id), STATUS_OK, "unlock");
    tell(visitor->fixture, "UPDATE sessions SET idle_expires_at_ms = expires_at_ms, ended_at_ms = NULL");
    expect_code(visitor, lock_account(visitor, account.id), STATUS_OK, "1201 living");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), 0);
}

Test(accounts, all_sessions_end_however_many_there_are_or_were)
{
    on_each_engine(1, many_dead_sessions);
}

/* --- at the same moment ------------------------------------------------------------------------------------------- */

static struct id ada_id, ada_session;
static unsigned changes_won, sign_ins_won;

static void make_ada(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    ada_id = account.id;
    ada_session = session_of(visitor, &tokens);
}

static void change_at_once(struct visitor *visitor)
{
    const struct str chosen = str_printf(visitor->task.arena, "seven grey geese at dawn %u", visitor->number);
    const result outcome = change(visitor, ada_id, ada_session, GOOD, chosen.ptr);
    changes_won += is_ok(outcome);
    const bool is_beaten = outcome.code == STATUS_CONFLICT || outcome.code == STATUS_INVALID_CREDENTIALS;
    cr_expect(is_ok(outcome) || is_beaten, "%s", status_name(outcome.code));
}

static void race_changes(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    fixture.policy.throttle.free_attempts = 100;
    changes_won = 0;
    domain_fixture_run(&fixture, 1, make_ada);
    domain_fixture_run(&fixture, 20, change_at_once);
    cr_expect_eq(changes_won, 1, "%u won", changes_won);
    domain_fixture_close(&fixture);
}

Test(accounts, of_twenty_changes_of_password_at_once_one_wins_on_sqlite)
{
    race_changes(DB_SQLITE);
}

Test(accounts, of_twenty_changes_of_password_at_once_one_wins_on_postgres)
{
    race_changes(DB_POSTGRES);
}

/* Half sign in with the old password while one changes it, or an administrator locks. */
static void change_among_sign_ins(struct visitor *visitor)
{
    struct token_response tokens;
    if (visitor->number == 20) {
        expect_code(visitor, change(visitor, ada_id, ada_session, GOOD, OTHER), STATUS_OK, "change");
        return;
    }
    const result outcome = sign_in(visitor, ADA, GOOD, &tokens);
    sign_ins_won += is_ok(outcome);
    cr_expect(is_ok(outcome) || outcome.code == STATUS_INVALID_CREDENTIALS, "%s", status_name(outcome.code));
}

static void lock_among_sign_ins(struct visitor *visitor)
{
    struct token_response tokens;
    if (visitor->number == 20) {
        expect_code(visitor, lock_account(visitor, ada_id), STATUS_OK, "lock");
        return;
    }
    const result outcome = sign_in(visitor, ADA, GOOD, &tokens);
    cr_expect(is_ok(outcome) || outcome.code == STATUS_INVALID_CREDENTIALS, "%s", status_name(outcome.code));
}

static void race_sign_ins(enum db_engine engine, void (*body)(struct visitor *visitor), long long survivors)
{
    for (int round = 0; round < 5; round++) {
        struct domain_fixture fixture;
        domain_fixture_open(&fixture, engine);
        fixture.policy.throttle.free_attempts = 100;
        domain_fixture_run(&fixture, 1, make_ada);
        domain_fixture_run(&fixture, 40, body);
        cr_expect_eq(ask(&fixture, "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"), survivors);
        domain_fixture_close(&fixture);
    }
}

Test(accounts, no_sign_in_with_the_old_password_survives_its_change_on_sqlite)
{
    race_sign_ins(DB_SQLITE, change_among_sign_ins, 1);
}

Test(accounts, no_sign_in_with_the_old_password_survives_its_change_on_postgres)
{
    race_sign_ins(DB_POSTGRES, change_among_sign_ins, 1);
}

Test(accounts, no_sign_in_survives_a_lock_on_sqlite)
{
    race_sign_ins(DB_SQLITE, lock_among_sign_ins, 0);
}

Test(accounts, no_sign_in_survives_a_lock_on_postgres)
{
    race_sign_ins(DB_POSTGRES, lock_among_sign_ins, 0);
}
