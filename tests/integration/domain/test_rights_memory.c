// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/groups.h"
#include "auth/domain/roles.h"
#include "auth/domain/scopes.h"
#include "domain_fixture.h"

/* Written past the service, so that nothing of it has been denied: what is remembered is remembered in full. */
static const char *const GIVEN[] = {
    "INSERT INTO roles (name, scopes, created_at_ms, updated_at_ms) VALUES ('reader', 'articles:read', 1, 1)",
    "INSERT INTO group_roles (group_id, role) SELECT id, 'reader' FROM groups",
    ("INSERT INTO group_members (group_id, account_id, added_at_ms) "
     "SELECT g.id, a.id, 1 FROM groups g, accounts a"),
};

static struct str scope_seen(struct visitor *visitor, struct str token, const char *what)
{
    struct principal principal = {0};
    visitor_renew(visitor);
    expect_code(visitor, access_token_verify(visitor->service, &visitor->task, token, &principal), STATUS_OK,
                what);
    return principal.scope;
}

/* Remembered means: not asked for again. */
static void expect_remembered(struct visitor *visitor, struct str token)
{
    (void)scope_seen(visitor, token, "cold");
    (void)scope_seen(visitor, token, "the generation");
    db_probe_reset(&visitor->fixture->probe);
    cr_expect(str_equal(scope_seen(visitor, token, "warm"), STR("articles:read")));
    cr_expect_str_eq(visitor->fixture->probe.trace, "", "%s", visitor->fixture->probe.trace);
}

static unsigned change_number;

static result change(struct visitor *visitor, const struct group_grant *grant)
{
    struct service *service = visitor->service;
    struct task *task = &visitor->task;
    struct role role;
    const struct role_change less = {.sets_scopes = true, .scopes = STR("other")};
    switch (change_number) {
    case 0:
        return groups_remove_role(service, task, grant);
    case 1:
        return roles_update(service, task, STR("reader"), &less, scopes_of_shell(), &role);
    case 2:
        return roles_delete(service, task, STR("reader"), NULL, scopes_of_shell());
    case 3:
        return groups_delete(service, task, grant->group_id, NULL, scopes_of_shell());
    default:
        return groups_remove_member(service, task, grant);
    }
}

static void changed(struct visitor *visitor)
{
    struct account account = {0};
    struct group group = {0};
    struct token_response tokens = {0};
    const struct group wanted = {.name = STR("Staff")};
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, groups_create(visitor->service, &visitor->task, &wanted, &group), STATUS_OK,
                "group");
    for (size_t i = 0; i < ARRAY_COUNT(GIVEN); i++) tell(visitor->fixture, GIVEN[i]);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    expect_remembered(visitor, tokens.access_token);
    const struct group_grant grant = {group.id, account.id, STR("reader"), scopes_of_shell()};
    visitor_renew(visitor);
    expect_code(visitor, change(visitor, &grant), STATUS_OK, "the change");
    for (unsigned look = 0; look < 3; look++)
        cr_expect(is_empty(scope_seen(visitor, tokens.access_token, "after the change")), "change %u",
                  change_number);
}

/* Security incident 41: what a cache remembers of many is not believed after the change, and is looked at afresh. */
Test(rights_memory, is_not_believed_once_a_role_or_a_group_has_changed)
{
    for (change_number = 0; change_number < 5; change_number++) on_each_engine(1, changed);
}
