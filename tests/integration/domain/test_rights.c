// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/access_tokens.h"
#include "auth/domain/accounts.h"
#include "auth/domain/administrators.h"
#include "auth/domain/groups.h"
#include "auth/domain/roles.h"
#include "auth/domain/users.h"
#include "domain_fixture.h"

#define EVE "eve@example.org"

/* --- in few words ------------------------------------------------------------------------------------------------- */

static struct account person(struct visitor *visitor, const char *email)
{
    struct account account = {0};
    expect_code(visitor, sign_up(visitor, email, GOOD, &account), STATUS_OK, email);
    return account;
}

static void make_role(struct visitor *visitor, const char *name, const char *scopes)
{
    const struct role role = {.name = str_from(name), .scopes = str_from(scopes)};
    struct role made;
    expect_code(visitor, roles_create(visitor->service, &visitor->task, &role, scopes_of_shell(), &made),
                STATUS_OK, name);
}

static result grant_by(struct visitor *visitor, struct id account_id, const char *role, struct str granter)
{
    const struct role_grant grant = {account_id, str_from(role), granter};
    return roles_grant(visitor->service, &visitor->task, &grant);
}

static void grant(struct visitor *visitor, struct id account_id, const char *role)
{
    expect_code(visitor, grant_by(visitor, account_id, role, scopes_of_shell()), STATUS_OK, role);
}

static result withdraw(struct visitor *visitor, struct id account_id, const char *role)
{
    const struct role_grant grant = {account_id, str_from(role), scopes_of_shell()};
    return roles_withdraw(visitor->service, &visitor->task, &grant);
}

static struct group make_group(struct visitor *visitor, const char *name)
{
    const struct group wanted = {.name = str_from(name)};
    struct group made = {0};
    expect_code(visitor, groups_create(visitor->service, &visitor->task, &wanted, &made), STATUS_OK, name);
    return made;
}

static struct group_grant of_group(const struct group *group, struct id account_id, const char *role)
{
    return (struct group_grant){group->id, account_id, str_from(role), scopes_of_shell()};
}

static struct principal seen(struct visitor *visitor, struct str token, const char *what)
{
    struct principal principal = {0};
    visitor_renew(visitor);
    expect_code(visitor, access_token_verify(visitor->service, &visitor->task, token, &principal), STATUS_OK,
                what);
    return principal;
}

static struct token_response signed_in(struct visitor *visitor, const char *email)
{
    struct token_response tokens = {0};
    expect_code(visitor, sign_in(visitor, email, GOOD, &tokens), STATUS_OK, email);
    return tokens;
}

static struct str payload_of(struct visitor *visitor, struct str token)
{
    struct str json = STR("");
    (void)str_split(&token, '.');
    (void)base64url_parse(visitor->task.arena, str_split(&token, '.'), &json);
    return json;
}

static bool says(struct str json, const char *part)
{
    return json.ptr && memmem(json.ptr, json.len, part, strlen(part)) != NULL;
}

/* --- what is refused ---------------------------------------------------------------------------------------------- */

static void names(struct visitor *visitor)
{
    static const char *const wrong_roles[] = {
        "",
        " ",
        "a b",
        "a,b",
        "a\nb",
        "a\r",
        "-a",
        "a/b",
        "a%41",
        "é",
        "0123456789012345678901234567890123456789012345678901234567890123x"};
    static const char *const wrong_groups[] = {
        "",     " a",   "a ",    "a,b",      "a\nb",         "a\r\nSet-Cookie: x",
        "a\tb", "\xff", "a\x7f", "\xc2\x85", "\xe2\x80\xa8", "a\xe2\x80\xae"};
    struct role role;
    struct group group;
    for (size_t i = 0; i < ARRAY_COUNT(wrong_roles); i++) {
        const struct role wanted = {.name = str_from(wrong_roles[i]), .scopes = STR("")};
        expect_code(visitor,
                    roles_create(visitor->service, &visitor->task, &wanted, scopes_of_shell(), &role),
                    STATUS_VALIDATION_FAILED, wrong_roles[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(wrong_groups); i++) {
        const struct group wanted = {.name = str_from(wrong_groups[i])};
        expect_code(visitor, groups_create(visitor->service, &visitor->task, &wanted, &group),
                    STATUS_VALIDATION_FAILED, wrong_groups[i]);
    }
    const struct role built_in = {.name = STR(ROLE_ADMINISTRATOR), .scopes = STR("")};
    expect_code(visitor, roles_create(visitor->service, &visitor->task, &built_in, scopes_of_shell(), &role),
                STATUS_VALIDATION_FAILED, "the built-in name");
    (void)make_group(visitor, "Köche & \"Kellner\"");
    const struct group decomposed = {.name = STR("Ko\xcc\x88"
                                                 "che & \"Kellner\"")};
    expect_code(visitor, groups_create(visitor->service, &visitor->task, &decomposed, &group),
                STATUS_CONFLICT, "the same name in NFD");
}

Test(rights, names_that_could_be_two_or_end_a_line_are_refused)
{
    on_each_engine(1, names);
}

/* Security incidents 11 and 41 of their kind: who gives power has it. */
static void power(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA);
    const struct str some = STR("admin:roles admin:groups admin:users:read");
    const struct role strong = {.name = STR("strong"), .scopes = STR("admin:keys")};
    struct role role;
    expect_code(visitor, roles_create(visitor->service, &visitor->task, &strong, some, &role),
                STATUS_FORBIDDEN, "a role with more power");
    make_role(visitor, "strong", "admin:users");
    make_role(visitor, "looks", "admin:users:read report:read");
    expect_code(visitor, grant_by(visitor, ada.id, "strong", some), STATUS_FORBIDDEN, "more power");
    expect_code(visitor, grant_by(visitor, ada.id, ROLE_ADMINISTRATOR, some), STATUS_FORBIDDEN, "all power");
    expect_code(visitor, grant_by(visitor, ada.id, "looks", some), STATUS_OK,
                "what he has, and another's scope");
    const struct role_change more = {.sets_scopes = true, .scopes = STR("admin:import")};
    expect_code(visitor, roles_update(visitor->service, &visitor->task, STR("looks"), &more, some, &role),
                STATUS_FORBIDDEN, "raising a role");
    expect_code(visitor, roles_delete(visitor->service, &visitor->task, STR("strong"), NULL, some),
                STATUS_FORBIDDEN, "deleting what is stronger");
    const struct group group = make_group(visitor, "Strong ones");
    const struct group_grant all = of_group(&group, ada.id, "strong");
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &all), STATUS_OK, "group role");
    struct group_grant weak = all;
    weak.granter = some;
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &weak), STATUS_FORBIDDEN,
                "join");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &all), STATUS_OK, "join");
    expect_code(visitor, groups_remove_member(visitor->service, &visitor->task, &weak), STATUS_FORBIDDEN,
                "leave");
    expect_code(visitor, groups_remove_role(visitor->service, &visitor->task, &weak), STATUS_FORBIDDEN,
                "strip");
    expect_code(visitor, groups_delete(visitor->service, &visitor->task, group.id, NULL, some),
                STATUS_FORBIDDEN, "delete");
    expect_code(visitor, administrators_may_touch(visitor->service, &visitor->task, some, ada.id),
                STATUS_FORBIDDEN, "touching one with more power");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM account_roles"), 1);
}

Test(rights, nobody_gives_or_takes_power_that_he_does_not_have)
{
    on_each_engine(1, power);
}

static void last_administrator(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA), eve = person(visitor, EVE);
    const struct group group = make_group(visitor, "Staff");
    const struct group_grant staff = of_group(&group, eve.id, ROLE_ADMINISTRATOR);
    grant(visitor, ada.id, ROLE_ADMINISTRATOR);
    expect_code(visitor, withdraw(visitor, ada.id, ROLE_ADMINISTRATOR), STATUS_CONFLICT, "the last one");
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &staff), STATUS_OK,
                "role of group");
    expect_code(visitor, withdraw(visitor, ada.id, ROLE_ADMINISTRATOR), STATUS_CONFLICT, "an empty group");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &staff), STATUS_OK, "member");
    expect_code(visitor, withdraw(visitor, ada.id, ROLE_ADMINISTRATOR), STATUS_OK, "another is left");
    expect_code(visitor, groups_remove_member(visitor->service, &visitor->task, &staff), STATUS_CONFLICT,
                "member");
    expect_code(visitor, groups_remove_role(visitor->service, &visitor->task, &staff), STATUS_CONFLICT,
                "role");
    expect_code(visitor, groups_delete(visitor->service, &visitor->task, group.id, NULL, scopes_of_shell()),
                STATUS_CONFLICT, "group");
    grant(visitor, ada.id, ROLE_ADMINISTRATOR);
    tell(visitor->fixture, "UPDATE accounts SET status = 'locked' WHERE email = '" ADA "'");
    expect_code(visitor, groups_remove_member(visitor->service, &visitor->task, &staff), STATUS_CONFLICT,
                "the other one is locked");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM group_members"), 1);
}

Test(rights, the_last_administrator_stays)
{
    on_each_engine(1, last_administrator);
}

static unsigned gone, kept;

static void leave(struct visitor *visitor)
{
    char sql[96];
    struct account account;
    snprintf(sql, sizeof sql, "person%u@example.org", visitor->number);
    const result found =
        account_find_by_email_key(visitor->service->db, &visitor->task, str_from(sql), &account);
    expect_code(visitor, found, STATUS_OK, sql);
    const result left = withdraw(visitor, account.id, ROLE_ADMINISTRATOR);
    gone += is_ok(left);
    kept += left.code == STATUS_CONFLICT;
    fault_clear(&visitor->task.fault);
}

static void appoint(struct visitor *visitor)
{
    char email[64];
    snprintf(email, sizeof email, "person%u@example.org", visitor->number);
    grant(visitor, person(visitor, email).id, ROLE_ADMINISTRATOR);
}

static void all_leave(enum db_engine engine)
{
    struct domain_fixture fixture;
    domain_fixture_open(&fixture, engine);
    domain_fixture_run(&fixture, 8, appoint);
    gone = kept = 0;
    domain_fixture_run(&fixture, 8, leave);
    cr_expect_eq(gone, 7, "%u gone", gone);
    cr_expect_eq(kept, 1, "%u kept", kept);
    cr_expect_eq(ask(&fixture, "SELECT count(*) FROM account_roles"), 1);
    domain_fixture_close(&fixture);
}

Test(rights, of_administrators_who_all_leave_at_once_one_stays_on_sqlite)
{
    all_leave(DB_SQLITE);
}

Test(rights, of_administrators_who_all_leave_at_once_one_stays_on_postgres)
{
    all_leave(DB_POSTGRES);
}

static result claims_set(struct visitor *visitor, struct id id, struct str claims)
{
    int64_t version;
    return roles_set_claims(visitor->service, &visitor->task, &(struct user_target){.id = id}, claims,
                            &version);
}

static void claims(struct visitor *visitor)
{
    static const char *const wrong[] = {"{\"sub\":\"x\"}",
                                        "{\"scope\":\"admin:users\"}",
                                        "{\"a\":1,\"roles\":[\"administrator\"]}",
                                        "{\"groups\":null}",
                                        "{\"exp\":9999999999}",
                                        "{\"acr\":\"aal2\"}",
                                        "{\"amr\":[]}",
                                        "{\"client_id\":\"auth\"}",
                                        "{\"a\":\"\\\\\",\"iss\":1}",
                                        "[]"};
    static const char *const right[] = {"{\"a\":\"sub\"}", "{\"a\":{\"sub\":1}}",
                                        "{\"a\":[\"iss\",{\"roles\":1}]}", "{\"Sub\":1}",
                                        "{\"a\":\"\\\"sub\\\":\"}"};
    const struct account ada = person(visitor, ADA);
    char long_text[2100] = "{\"a\":\"";
    memset(long_text + 6, 'x', sizeof long_text - 9);
    strcpy(long_text + sizeof long_text - 3, "\"}");
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        expect_code(visitor, claims_set(visitor, ada.id, str_from(wrong[i])), STATUS_VALIDATION_FAILED,
                    wrong[i]);
    expect_code(visitor, claims_set(visitor, ada.id, str_from(long_text)), STATUS_VALIDATION_FAILED,
                "too long");
    for (size_t i = 0; i < ARRAY_COUNT(right); i++)
        expect_code(visitor, claims_set(visitor, ada.id, str_from(right[i])), STATUS_OK, right[i]);
    const struct token_response tokens = signed_in(visitor, ADA);
    cr_expect(says(payload_of(visitor, tokens.access_token), ",\"a\":\"\\\"sub\\\":\"}"));
    (void)seen(visitor, tokens.access_token, "a token with claims");
    expect_code(visitor, claims_set(visitor, ada.id, STR("{}")), STATUS_OK, "none");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts WHERE claims IS NOT NULL"), 0);
}

Test(rights, custom_claims_never_stand_for_what_others_rely_on)
{
    on_each_engine(1, claims);
}

/* --- what holds, and since when ----------------------------------------------------------------------------------- */

static void in_tokens(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA);
    struct token_response tokens = signed_in(visitor, ADA);
    cr_expect(is_empty(tokens.scope));
    cr_expect(is_empty(seen(visitor, tokens.access_token, "before").roles));
    make_role(visitor, "editor", "articles:write articles:read");
    make_role(visitor, "reader", "articles:read reports:read");
    const struct group group = make_group(visitor, "Köche");
    const struct group_grant member = of_group(&group, ada.id, "reader");
    grant(visitor, ada.id, "editor");
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &member), STATUS_OK, "role");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &member), STATUS_OK, "member");

    struct principal principal = seen(visitor, tokens.access_token, "a token of before");
    cr_expect(str_equal(principal.roles, STR("editor,reader")), "%.*s", STR_ARGS(principal.roles));
    cr_expect(str_equal(principal.groups, STR("Köche")));
    cr_expect(is_empty(principal.scope), "a token has no more than it was given");
    expect_code(visitor, refresh(visitor, tokens.refresh_token, &tokens), STATUS_OK, "refresh");
    cr_expect(str_equal(tokens.scope, STR("articles:write articles:read reports:read")), "%.*s",
              STR_ARGS(tokens.scope));
    const struct str payload = payload_of(visitor, tokens.access_token);
    cr_expect(says(payload, "\"groups\":[\"Köche\"],\"roles\":[\"editor\",\"reader\"]"), "%.*s",
              STR_ARGS(payload));
    for (unsigned warm = 0; warm < 2; warm++) {
        principal = seen(visitor, tokens.access_token, "after");
        cr_expect(str_equal(principal.scope, tokens.scope));
    }
}

Test(rights, roles_and_groups_stand_in_tokens_and_their_scopes_are_granted)
{
    on_each_engine(1, in_tokens);
}

/* Each way a role goes, with the token still saying it: cold and warm the same (security incident 41). */
static void taken_away(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA);
    const struct group group = make_group(visitor, "Staff");
    const struct group_grant member = of_group(&group, ada.id, "reader");
    struct service *service = visitor->service;
    struct task *task = &visitor->task;
    make_role(visitor, "reader", "articles:read");
    for (unsigned way = 0; way < 6; way++) {
        struct role role;
        const struct role_change less = {.sets_scopes = true, .scopes = STR("other")};
        const struct role_change again = {.sets_scopes = true, .scopes = STR("articles:read")};
        (void)roles_create(service, task,
                           &(struct role){.name = STR("reader"), .scopes = STR("articles:read")},
                           scopes_of_shell(), &role);
        fault_clear(&task->fault);
        if (way == 0) grant(visitor, ada.id, "reader");
        if (way > 0) expect_code(visitor, groups_add_role(service, task, &member), STATUS_OK, "role");
        if (way > 0) expect_code(visitor, groups_add_member(service, task, &member), STATUS_OK, "member");
        const struct token_response tokens = signed_in(visitor, ADA);
        cr_expect(str_equal(seen(visitor, tokens.access_token, "cold").scope, STR("articles:read")), "way %u",
                  way);
        cr_expect(str_equal(seen(visitor, tokens.access_token, "warm").scope, STR("articles:read")), "way %u",
                  way);
        if (way == 0) expect_code(visitor, withdraw(visitor, ada.id, "reader"), STATUS_OK, "withdraw");
        if (way == 1) expect_code(visitor, groups_remove_member(service, task, &member), STATUS_OK, "leave");
        if (way == 2) expect_code(visitor, groups_remove_role(service, task, &member), STATUS_OK, "strip");
        if (way == 3)
            expect_code(visitor, roles_update(service, task, STR("reader"), &less, scopes_of_shell(), &role),
                        STATUS_OK, "update");
        if (way == 4)
            expect_code(visitor, roles_delete(service, task, STR("reader"), NULL, scopes_of_shell()),
                        STATUS_OK, "delete role");
        if (way == 5)
            expect_code(visitor, groups_delete(service, task, group.id, NULL, scopes_of_shell()), STATUS_OK,
                        "delete group");
        for (unsigned look = 0; look < 3; look++)
            cr_expect(is_empty(seen(visitor, tokens.access_token, "a token of the demoted").scope), "way %u",
                      way);
        if (way == 3)
            expect_code(visitor, roles_update(service, task, STR("reader"), &again, scopes_of_shell(), &role),
                        STATUS_OK, "back");
    }
}

Test(rights, what_was_taken_away_is_refused_at_once_also_with_a_token_that_names_it)
{
    on_each_engine(1, taken_away);
}

static void of_nobody(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA);
    const struct id nobody = {{1}};
    const struct group group = make_group(visitor, "Staff");
    const struct group_grant no_account = of_group(&group, nobody, "reader");
    const struct group_grant no_group = {nobody, ada.id, STR("reader"), scopes_of_shell()};
    make_role(visitor, "reader", "a");
    expect_code(visitor, grant_by(visitor, nobody, "reader", scopes_of_shell()), STATUS_NOT_FOUND, "account");
    expect_code(visitor, grant_by(visitor, ada.id, "none", scopes_of_shell()), STATUS_NOT_FOUND, "role");
    expect_code(visitor, withdraw(visitor, ada.id, "reader"), STATUS_NOT_FOUND, "role she has not");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &no_account), STATUS_NOT_FOUND,
                "member");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &no_group), STATUS_NOT_FOUND,
                "group");
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &no_group), STATUS_NOT_FOUND,
                "group");
    expect_code(visitor, groups_remove_member(visitor->service, &visitor->task, &no_account),
                STATUS_NOT_FOUND, "");
    grant(visitor, ada.id, "reader");
    grant(visitor, ada.id, "reader");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'role.granted'"), 1);
}

Test(rights, what_is_not_there_is_not_found_and_what_is_done_is_done_once)
{
    on_each_engine(1, of_nobody);
}

/* Ten thousand members: no statement touches more than a thousand rows, and a change of what all of them have touches
 * none of them. */
static void crowd(struct visitor *visitor)
{
    const bool is_sqlite = visitor->fixture->engine == DB_SQLITE;
    const struct account ada = person(visitor, ADA);
    const struct group group = make_group(visitor, "Everybody");
    const struct group_grant member = of_group(&group, ada.id, "reader");
    make_role(visitor, "reader", "articles:read");
    tell(visitor->fixture,
         is_sqlite
             ? "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
               "INSERT INTO accounts (id, email, email_key, created_at_ms, updated_at_ms) "
               "SELECT randomblob(16), 'm' || i || '@example.org', 'm' || i || '@example.org', 1, 1 FROM n"
             : "INSERT INTO accounts (id, email, email_key, created_at_ms, updated_at_ms) SELECT "
               "gen_random_uuid(), "
               "'m' || i || '@example.org', 'm' || i || '@example.org', 1, 1 FROM generate_series(1, 10000) "
               "AS i");
    tell(visitor->fixture, "INSERT INTO group_members (group_id, account_id, added_at_ms) "
                           "SELECT g.id, a.id, 1 FROM groups g, accounts a WHERE a.email <> '" ADA "'");
    expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &member), STATUS_OK, "member");
    struct token_response tokens = signed_in(visitor, ADA);
    (void)seen(visitor, tokens.access_token, "before");

    db_probe_reset(&visitor->fixture->probe);
    expect_code(visitor, groups_add_role(visitor->service, &visitor->task, &member), STATUS_OK, "add role");
    cr_expect(!strstr(visitor->fixture->probe.trace, "member"), "%s", visitor->fixture->probe.trace);
    cr_expect(str_equal(seen(visitor, tokens.access_token, "with it").roles, STR("reader")));
    visitor_renew(visitor);
    expect_code(visitor, groups_delete(visitor->service, &visitor->task, group.id, NULL, scopes_of_shell()),
                STATUS_OK, "delete");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM group_members"), 0);
    cr_expect(is_empty(seen(visitor, tokens.access_token, "without it").groups));
}

Test(rights, a_group_of_ten_thousand_changes_in_bounded_steps)
{
    on_each_engine(1, crowd);
}

/* Names that are too many for a token are left out whole, and known all the same where it is asked. */
static void too_many(struct visitor *visitor)
{
    const struct account ada = person(visitor, ADA);
    for (unsigned i = 0; i < 60; i++) {
        char name[64];
        snprintf(name, sizeof name, "A rather long name of a group %02u with \"quotes\"", i);
        const struct group group = make_group(visitor, name);
        const struct group_grant member = of_group(&group, ada.id, "");
        expect_code(visitor, groups_add_member(visitor->service, &visitor->task, &member), STATUS_OK, name);
    }
    const struct token_response tokens = signed_in(visitor, ADA);
    const struct str payload = payload_of(visitor, tokens.access_token);
    cr_expect(says(payload, "\"groups_omitted\":true") && !says(payload, "\"groups\":"), "%.*s",
              STR_ARGS(payload));
    for (unsigned warm = 0; warm < 2; warm++) {
        const struct principal principal = seen(visitor, tokens.access_token, "many");
        cr_expect_gt(principal.groups.len, 2000, "%zu", principal.groups.len);
    }
}

Test(rights, more_names_than_a_token_holds_are_left_out_whole)
{
    on_each_engine(1, too_many);
}
