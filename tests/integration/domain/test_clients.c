// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/access_tokens.h"
#include "auth/domain/clients.h"
#include "auth/domain/grants.h"
#include "auth/domain/token_endpoints.h"
#include "domain_fixture.h"

static struct client make(struct visitor *visitor, const char *id, bool is_confidential, const char *scopes,
                          struct secret *ret_secret)
{
    const struct client_registration registration = {
        .id = str_from(id),
        .name = STR("A client"),
        .is_confidential = is_confidential,
        .grants = is_confidential ? STR("client_credentials refresh_token") : STR("refresh_token"),
        .scopes = str_from(scopes)};
    struct client client = {0};
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &registration, &client, ret_secret),
                STATUS_OK, id);
    return client;
}

static void present(struct visitor *visitor, struct str id, struct secret secret, enum status code,
                    const char *what)
{
    const struct client_credentials credentials = {id, secret};
    struct client client;
    for (int i = 0; i < 2; i++) { /* cold, then warm */
        const result outcome = clients_authenticate(visitor->service, &visitor->task, &credentials, &client);
        expect_code(visitor, outcome, code, what);
    }
}

static void refused(struct visitor *visitor)
{
    struct secret secret, other, none = {0};
    (void)make(visitor, "shop", true, "", &secret);
    (void)make(visitor, "other", true, "", &other);
    (void)make(visitor, "mobile", false, "", &none);
    cr_expect_eq(none.len, 0);
    present(visitor, STR("nobody"), secret, STATUS_INVALID_CLIENT, "unknown");
    present(visitor, STR("shop"), other, STATUS_INVALID_CLIENT, "another's secret");
    present(visitor, STR("shop"), none, STATUS_INVALID_CLIENT, "no secret");
    present(visitor, STR("shop"), secret_of("cs_"), STATUS_INVALID_CLIENT, "no secret's form");
    present(visitor, STR("SHOP"), secret, STATUS_INVALID_CLIENT, "another case");
    present(visitor, STR("mobile"), secret, STATUS_INVALID_CLIENT, "a public one with a secret");
    present(visitor, STR(FIRST_PARTY), secret, STATUS_INVALID_CLIENT, "the first party with a secret");
    present(visitor, STR_NONE, secret, STATUS_INVALID_CLIENT, "nobody with a secret");
    present(visitor, STR("sh\xff"), secret, STATUS_INVALID_CLIENT, "not text");
    present(visitor, (struct str){"shop\0", 5}, secret, STATUS_INVALID_CLIENT, "with NUL");
    present(visitor, STR("0123456789012345678901234567890123456789012345678901234567890123456789"), secret,
            STATUS_INVALID_CLIENT, "too long");
    present(visitor, STR("shop"), secret, STATUS_OK, "right");
    present(visitor, STR("mobile"), none, STATUS_OK, "public");
    present(visitor, STR_NONE, none, STATUS_OK, "the first party");
    for (size_t i = 0; i < secret.len; i++) {
        struct secret changed = secret_copy(visitor->task.arena, secret.bytes, secret.len);
        changed.bytes[i] ^= 1;
        present(visitor, STR("shop"), changed, STATUS_INVALID_CLIENT, "a changed secret");
    }
}

Test(clients, whoever_cannot_prove_to_be_the_client_is_refused_alike)
{
    on_each_engine(1, refused);
}

static void disabled_and_deleted(struct visitor *visitor)
{
    struct secret secret, again;
    struct client client;
    (void)make(visitor, "shop", true, "", &secret);
    (void)make(visitor, "shop2", true, "", &again);
    present(visitor, STR("shop"), secret, STATUS_OK, "remembered");
    expect_code(visitor,
                clients_delete(visitor->service, &visitor->task, &(struct client_target){.id = STR("shop")}),
                STATUS_OK, "delete");
    present(visitor, STR("shop"), secret, STATUS_INVALID_CLIENT, "deleted");
    expect_code(visitor,
                clients_delete(visitor->service, &visitor->task, &(struct client_target){.id = STR("shop")}),
                STATUS_NOT_FOUND, "twice");
    tell(visitor->fixture, "UPDATE clients SET disabled_at_ms = 1");
    present(visitor, STR("shop2"), again, STATUS_INVALID_CLIENT, "disabled");
    expect_code(visitor, clients_find(visitor->service, &visitor->task, STR("shop2"), &client),
                STATUS_NOT_FOUND, "disabled");
}

Test(clients, a_deleted_or_disabled_one_is_refused_at_once)
{
    on_each_engine(1, disabled_and_deleted);
}

static void registrations(struct visitor *visitor)
{
    static const struct client_registration wrong[] = {
        {.name = STR_INIT("x"), .id = STR_INIT("with space"), .is_confidential = true},
        {.name = STR_INIT("x"), .id = STR_INIT("with/slash"), .is_confidential = true},
        {.name = STR_INIT("x"), .id = STR_INIT(FIRST_PARTY), .is_confidential = true},
        {.name = STR_INIT(""), .id = STR_INIT("a"), .is_confidential = true},
        {.name = STR_INIT("\xff"), .id = STR_INIT("a"), .is_confidential = true},
        {.name = STR_INIT("x"), .id = STR_INIT("a"), .grants = STR_INIT("password"), .is_confidential = true},
        {.name = STR_INIT("x"), .id = STR_INIT("a"), .grants = STR_INIT("client_credentials")},
        {.name = STR_INIT("x"), .id = STR_INIT("a"), .scopes = STR_INIT("a  b"), .is_confidential = true},
        {.name = STR_INIT("x"), .id = STR_INIT("a"), .scopes = STR_INIT("a\"b"), .is_confidential = true},
    };
    struct client client;
    struct secret secret;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        visitor_renew(visitor);
        char what[32];
        snprintf(what, sizeof what, "registration %zu", i);
        const result outcome = clients_create(visitor->service, &visitor->task, &wrong[i], &client, &secret);
        cr_expect_eq(visitor->task.fault.error_count, 1, "%s", what);
        expect_code(visitor, outcome, STATUS_VALIDATION_FAILED, what);
    }
    visitor_renew(visitor);
    (void)make(visitor, "shop", true, "", &secret);
    const struct client_registration same = {.name = STR("x"), .id = STR("shop")};
    expect_code(visitor, clients_create(visitor->service, &visitor->task, &same, &client, &secret),
                STATUS_CONFLICT, "taken");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM clients"), 1);
}

Test(clients, a_registration_that_is_wrong_stores_nothing)
{
    on_each_engine(1, registrations);
}

/* --- what clients may ask about tokens ---------------------------------------------------------------------------- */

static bool is_active(struct visitor *visitor, const struct client *client, struct str token)
{
    struct introspection introspection;
    expect_code(visitor, token_introspect(visitor->service, &visitor->task, client, token, &introspection),
                STATUS_OK, "introspect");
    const struct introspection nothing = {0};
    if (!introspection.is_active) cr_expect(memcmp(&introspection, &nothing, sizeof nothing) == 0);
    return introspection.is_active;
}

static struct token_response tokens_of(struct visitor *visitor, const struct client *client)
{
    const struct grant_request request = {.grant_type = STR("client_credentials")};
    struct token_response tokens = {0};
    expect_code(visitor, grants_redeem(visitor->service, &visitor->task, client, &request, &tokens),
                STATUS_OK, "redeem");
    return tokens;
}

static void visibility(struct visitor *visitor)
{
    struct secret secret;
    struct account account;
    struct token_response person, next;
    const struct client shop = make(visitor, "shop", true, "read", &secret);
    const struct client other = make(visitor, "other", true, "introspector", &secret);
    const struct client api = make(visitor, "api", true, "read introspect", &secret);
    const struct token_response own = tokens_of(visitor, &shop);
    cr_expect(is_active(visitor, &shop, own.access_token));
    cr_expect(!is_active(visitor, &other, own.access_token));
    cr_expect(is_active(visitor, &api, own.access_token));
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &person), STATUS_OK, "sign_in");
    cr_expect(!is_active(visitor, &shop, person.access_token));
    cr_expect(!is_active(visitor, &shop, person.refresh_token));
    cr_expect(is_active(visitor, &api, person.access_token));
    cr_expect(is_active(visitor, &api, person.refresh_token));
    cr_expect(!is_active(visitor, &api, STR("garbage")));
    cr_expect(!is_active(visitor, &api, STR("rt_garbage")));
    cr_expect(!is_active(visitor, &api, STR("")));
    cr_expect(!is_active(visitor, &api, STR("\xff\xfe")));
    expect_code(visitor, refresh(visitor, person.refresh_token, &next), STATUS_OK, "refresh");
    cr_expect(!is_active(visitor, &api, person.refresh_token), "used");
    cr_expect(is_active(visitor, &api, next.refresh_token));
    cr_expect_eq(visitor->task.fault.code, STATUS_OK, "a bad token leaves no fault");
}

Test(token_endpoints, a_client_sees_its_own_tokens_and_an_introspector_all)
{
    on_each_engine(1, visibility);
}

static result revoke(struct visitor *visitor, const struct client *client, struct str token)
{
    return token_revoke(visitor->service, &visitor->task, client, token);
}

static void revocation(struct visitor *visitor)
{
    struct secret secret;
    struct account account;
    struct client first_party;
    struct token_response person, next;
    const struct client shop = make(visitor, "shop", true, "read", &secret);
    const struct client other = make(visitor, "other", true, "introspect", &secret);
    const struct token_response own = tokens_of(visitor, &shop);
    expect_code(visitor, revoke(visitor, &other, own.access_token), STATUS_UNAUTHORIZED_CLIENT, "another's");
    expect_code(visitor, check(visitor, own.access_token), STATUS_OK, "still good");
    expect_code(visitor, revoke(visitor, &shop, own.access_token), STATUS_OK, "its own");
    expect_code(visitor, check(visitor, own.access_token), STATUS_INVALID_TOKEN, "revoked");
    expect_code(visitor, revoke(visitor, &shop, own.access_token), STATUS_OK, "twice");
    expect_code(visitor, revoke(visitor, &shop, STR("garbage")), STATUS_OK, "unknown");
    expect_code(visitor, revoke(visitor, &shop, STR("rt_garbage")), STATUS_OK, "unknown");

    expect_code(visitor, clients_find(visitor->service, &visitor->task, STR(FIRST_PARTY), &first_party),
                STATUS_OK, "find");
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &person), STATUS_OK, "sign_in");
    expect_code(visitor, refresh(visitor, person.refresh_token, &next), STATUS_OK, "refresh");
    expect_code(visitor, check(visitor, next.access_token), STATUS_OK, "remembered");
    expect_code(visitor, revoke(visitor, &other, next.refresh_token), STATUS_UNAUTHORIZED_CLIENT,
                "another's");
    expect_code(visitor, revoke(visitor, &first_party, person.refresh_token), STATUS_OK, "also a used one");
    expect_code(visitor, check(visitor, next.access_token), STATUS_INVALID_TOKEN, "the session is over");
    expect_code(visitor, refresh(visitor, next.refresh_token, &person), STATUS_INVALID_GRANT, "for good");
    expect_code(visitor, revoke(visitor, &first_party, next.refresh_token), STATUS_OK, "twice");
}

Test(token_endpoints, a_token_is_revoked_by_its_own_client_alone_and_at_once)
{
    on_each_engine(1, revocation);
}

/* A database that does not answer during a revocation is no success (CVE-2020-15223 of a peer). */
static void revocation_without_database(struct visitor *visitor)
{
    struct secret secret;
    struct db_probe *probe = &visitor->fixture->probe;
    const struct client shop = make(visitor, "shop", true, "read", &secret);
    const struct token_response own = tokens_of(visitor, &shop);
    expect_code(visitor, check(visitor, own.access_token), STATUS_OK, "remembered");
    for (unsigned n = 1; n <= 4; n++) {
        db_probe_reset(probe);
        probe->fails_at = n;
        expect_code(visitor, revoke(visitor, &shop, own.access_token), STATUS_DATABASE_UNAVAILABLE, "cut");
    }
    db_probe_reset(probe);
    expect_code(visitor, revoke(visitor, &shop, own.access_token), STATUS_OK, "revoke");
    cr_expect_eq(probe->calls, 4, "%s", probe->trace);
}

Test(token_endpoints, a_revocation_the_database_did_not_take_is_no_success)
{
    on_each_engine(1, revocation_without_database);
}
