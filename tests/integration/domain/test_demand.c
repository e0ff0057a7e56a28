// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/administrators.h"
#include "auth/domain/groups.h"
#include "auth/domain/reauthentication.h"
#include "auth/domain/refresh.h"
#include "auth/domain/roles.h"
#include "auth/domain/users.h"
#include "factor_fixture.h"

/* What a demand for a second factor does to sessions that were begun before it. */

#define ROLE "treasurer"

#define ALIVE  "SELECT count(*) FROM sessions WHERE ended_at_ms IS NULL"
#define ENDED  "SELECT count(*) FROM sessions WHERE end_reason = 'second_factor_demanded'"
#define NOTED  "SELECT count(*) FROM audit_events WHERE type = 'session.ended'"
#define REUSED "SELECT count(*) FROM audit_events WHERE type = 'refresh.reused'"

static void make_role(struct visitor *visitor)
{
    struct role made;
    const struct role role = {.name = STR(ROLE)};
    expect_code(visitor, roles_create(visitor->service, &visitor->task, &role, scopes_of_shell(), &made),
                STATUS_OK, "role");
}

static void demand_by_flag(struct visitor *visitor, struct id account_id)
{
    expect_code(
        visitor,
        factors_demand(visitor->service, &visitor->task, &(struct user_target){.id = account_id}, true),
        STATUS_OK, "flag");
}

static void demand_of_all(struct visitor *visitor, struct id account_id)
{
    (void)account_id;
    visitor->fixture->policy.requires_mfa = true;
}

static void demand_by_role(struct visitor *visitor, struct id account_id)
{
    const struct role_grant grant = {account_id, STR(ROLE), scopes_of_shell()};
    make_role(visitor);
    expect_code(visitor, roles_grant(visitor->service, &visitor->task, &grant), STATUS_OK, "grant");
    visitor->fixture->policy.mfa_roles = STR("operator, " ROLE);
}

static void demand_by_group(struct visitor *visitor, struct id account_id)
{
    struct group group;
    const struct group wanted = {.name = STR("Purse")};
    make_role(visitor);
    expect_code(visitor, groups_create(visitor->service, &visitor->task, &wanted, &group), STATUS_OK,
                "group");
    const struct group_grant grant = {group.id, account_id, STR(ROLE), scopes_of_shell()};
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &grant), STATUS_OK, "member");
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &grant), STATUS_OK, "its role");
    visitor->fixture->policy.mfa_roles = STR(ROLE);
}

struct demand {
    const char *name;
    void (*make)(struct visitor *visitor, struct id account_id);
};

static const struct demand DEMANDS[] = {{"flag", demand_by_flag},
                                        {"policy", demand_of_all},
                                        {"role", demand_by_role},
                                        {"group", demand_by_group}};
static const struct demand *demand_under_test;

static struct token_response begin(struct visitor *visitor, struct account *account)
{
    struct token_response first, tokens = {0};
    expect_code(visitor, sign_up(visitor, ADA, GOOD, account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &first), STATUS_OK, "sign_in");
    visitor_wait(visitor, 1000);
    expect_code(visitor, refresh(visitor, first.refresh_token, &tokens), STATUS_OK, "before the demand");
    return tokens;
}

static void refused(struct visitor *visitor)
{
    struct account account;
    struct session session;
    struct token_response next;
    const struct token_response tokens = begin(visitor, &account);
    demand_under_test->make(visitor, account.id);
    visitor_wait(visitor, 1000);
    expect_code(visitor, refresh_inspect(visitor->service, &visitor->task, tokens.refresh_token, &session),
                STATUS_INVALID_GRANT, "not active, whoever asks");
    cr_expect_eq(ask(visitor->fixture, ALIVE), 1, "asking ends nothing");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &next), STATUS_INVALID_GRANT,
                demand_under_test->name);
    cr_expect_eq(ask(visitor->fixture, ALIVE), 0);
    cr_expect_eq(ask(visitor->fixture, ENDED), 1);
    expect_code(visitor, check(visitor, tokens.access_token), STATUS_INVALID_TOKEN, "its access token");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &next), STATUS_INVALID_GRANT, "tried again");
    cr_expect_eq(ask(visitor->fixture, NOTED), 1);
    cr_expect_eq(ask(visitor->fixture, REUSED), 0, "nobody is taken for a thief");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &next), STATUS_MFA_REQUIRED, "and signs in anew");
}

Test(demand, a_session_of_one_factor_is_not_refreshed_by_whom_a_second_is_demanded)
{
    for (size_t i = 0; i < ARRAY_COUNT(DEMANDS); i++) {
        demand_under_test = &DEMANDS[i];
        on_each_engine(1, refused);
    }
}

/* The retry of a lost answer, within its grace, is no way around. */
static void retried(struct visitor *visitor)
{
    struct account account;
    struct token_response first, next;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &first), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, first.refresh_token, &next), STATUS_OK, "before the demand");
    demand_by_flag(visitor, account.id);
    expect_code(visitor, refresh(visitor, first.refresh_token, &next), STATUS_INVALID_GRANT, "the parent");
    cr_expect_eq(ask(visitor->fixture, ENDED), 1);
}

Test(demand, a_retry_within_its_grace_is_no_way_around)
{
    on_each_engine(1, retried);
}

static result prove(struct visitor *visitor, const struct token_response *tokens,
                    enum reauthentication_method method, struct secret proof,
                    struct token_response *ret_tokens)
{
    struct principal principal = {0};
    expect_code(visitor,
                access_token_verify(visitor->service, &visitor->task, tokens->access_token, &principal),
                STATUS_OK, "token");
    const struct reauthentication given = {.account_id = principal.account_id,
                                           .session_id = principal.session_id,
                                           .method = method,
                                           .proof = proof,
                                           .device = {.user_agent = STR(AGENT)}};
    return reauthenticate(visitor->service, &visitor->task, &given, ret_tokens);
}

static void by_password_alone(struct visitor *visitor)
{
    struct account account;
    struct token_response next;
    const struct token_response tokens = begin(visitor, &account);
    demand_by_flag(visitor, account.id);
    expect_code(visitor, prove(visitor, &tokens, REAUTHENTICATE_PASSWORD, secret_of(OTHER), &next),
                STATUS_INVALID_CREDENTIALS, "another password");
    expect_code(visitor, prove(visitor, &tokens, REAUTHENTICATE_PASSWORD, secret_of(GOOD), &next),
                STATUS_STEP_UP_REQUIRED, "the password alone");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &next), STATUS_INVALID_GRANT,
                "it has changed nothing");
}

/* Else a password and a token that still lives would be new tokens without end. */
Test(demand, a_session_of_one_factor_gets_no_tokens_by_its_password)
{
    on_each_engine(1, by_password_alone);
}

static void goes_on(struct visitor *visitor)
{
    struct guarded ada;
    struct token_response weak, strong, next;
    guarded_begin(visitor, &ada);
    const struct login_continuation given = {.login_token = first_step(visitor),
                                             .kind = SECOND_FACTOR_TOTP,
                                             .code = code_at(visitor, ada.seed, 0),
                                             .device = {.user_agent = STR("test\x01\xff agent")}};
    expect_code(visitor, login_continue(visitor->service, &visitor->task, &given, &weak), STATUS_OK, "both");
    demand_by_flag(visitor, ada.account.id);
    demand_of_all(visitor, ada.account.id);
    visitor_wait(visitor, visitor->fixture->policy.assured_idle_ms + 1);
    expect_code(visitor, refresh(visitor, weak.refresh_token, &next), STATUS_OK,
                "also when two factors no longer count");
    expect_code(visitor, prove(visitor, &next, REAUTHENTICATE_PASSWORD, secret_of(GOOD), &strong),
                STATUS_STEP_UP_REQUIRED, "the password alone");
    expect_code(visitor, prove(visitor, &next, REAUTHENTICATE_TOTP, code_at(visitor, ada.seed, 0), &strong),
                STATUS_OK, "by a code");
    expect_code(visitor, refresh(visitor, strong.refresh_token, &next), STATUS_OK, "and goes on");
    cr_expect_eq(ask(visitor->fixture, ENDED), 0);
}

Test(demand, a_session_of_two_steps_goes_on)
{
    on_each_engine(1, goes_on);
}

static void is_not_meant(struct visitor *visitor)
{
    struct account account;
    struct token_response next;
    const struct token_response tokens = begin(visitor, &account);
    demand_by_role(visitor, account.id);
    visitor->fixture->policy.mfa_roles = STR("treasure, treasurers, operator");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &next), STATUS_OK, "another role");
    cr_expect_eq(ask(visitor->fixture, ALIVE), 1);
}

Test(demand, a_role_of_another_name_demands_nothing)
{
    on_each_engine(1, is_not_meant);
}
