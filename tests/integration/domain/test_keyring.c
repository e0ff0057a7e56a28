// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/domain/keyring.h"
#include "domain_fixture.h"

#define HOUR_MS INT64_C(3600000)

static struct str signer(struct visitor *visitor)
{
    SCOPED_KEYS(keys, visitor->service->keyring);
    const struct signing_key *key = keyring_signer(keys, visitor->task.now_ms);
    return key ? str_copy(visitor->task.arena, signing_key_id(key)) : STR("none");
}

static size_t published(struct visitor *visitor)
{
    SCOPED_KEYS(keys, visitor->service->keyring);
    return keyring_verifiers(keys)->count;
}

static void reload(struct visitor *visitor)
{
    expect_code(visitor, keyring_load(visitor->service, &visitor->task), STATUS_OK, "keyring_load");
}

static void rotated(struct visitor *visitor)
{
    struct str next, third;
    const struct str first = signer(visitor);
    cr_expect_eq(published(visitor), 1);
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'signing_key.created'"), 1);
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, false, &next), STATUS_OK, "rotate");
    cr_expect(!str_equal(next, first));
    cr_expect_eq(published(visitor), 2, "published before it signs");
    cr_expect(str_equal(signer(visitor), first));
    visitor_wait(visitor, 24 * HOUR_MS - 1);
    cr_expect(str_equal(signer(visitor), first), "a moment before its time");
    visitor_wait(visitor, 1);
    cr_expect(str_equal(signer(visitor), next), "its time has come");
    reload(visitor);
    cr_expect_eq(published(visitor), 2, "the old one still verifies");
    visitor_wait(visitor, HOUR_MS + visitor->fixture->policy.access_token_ms);
    reload(visitor);
    cr_expect_eq(published(visitor), 1, "until all it signed has expired");
    cr_expect(str_equal(signer(visitor), next));
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, true, &third), STATUS_OK,
                "at once");
    cr_expect(str_equal(signer(visitor), third));
    cr_expect_eq(published(visitor), 2);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM signing_keys"), 2, "the first is cleared away");
}

Test(keyring, a_key_is_published_then_signs_then_only_verifies_then_is_gone)
{
    on_each_engine(1, rotated);
}

static void twice_in_a_row(struct visitor *visitor)
{
    struct str second, third;
    const struct str first = signer(visitor);
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, false, &second), STATUS_OK,
                "rotate");
    visitor_wait(visitor, HOUR_MS);
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, false, &third), STATUS_OK,
                "rotate again");
    cr_expect(str_equal(signer(visitor), first));
    for (int hour = 1; hour <= 60; hour++) {
        reload(visitor);
        const struct str expected = hour < 24 ? first : hour < 25 ? second : third;
        cr_expect(str_equal(signer(visitor), expected), "hour %d", hour);
        visitor_wait(visitor, HOUR_MS);
    }
    cr_expect_eq(published(visitor), 1);
}

Test(keyring, two_rotations_in_a_row_leave_no_hour_without_a_key)
{
    on_each_engine(1, twice_in_a_row);
}

/* --- replicas ----------------------------------------------------------------------------------------------------- */

static struct token_response foreign;
static char foreign_text[4096];

static void make_token_with_new_key(struct visitor *visitor)
{
    struct str kid;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, keyring_rotate(visitor->service, &visitor->task, true, &kid), STATUS_OK, "rotate");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &foreign), STATUS_OK, "sign_in");
    memcpy(foreign_text, foreign.access_token.ptr, foreign.access_token.len);
    foreign.access_token.ptr = foreign_text;
}

static void meet_foreign(struct visitor *visitor)
{
    expect_code(visitor, check(visitor, foreign.access_token), STATUS_OK, "signed by a key that is new here");
}

static void meet_garbage(struct visitor *visitor)
{
    struct db_probe *probe = &visitor->fixture->probe;
    db_probe_reset(probe);
    for (int i = 0; i < 50; i++)
        expect_code(visitor, check(visitor, STR("eyJhbGciOiJFUzI1NiJ9.e30.AAAA")), STATUS_INVALID_TOKEN,
                    "garbage");
    cr_expect_leq(probe->calls, 1, "%s", probe->trace);
}

static void on_two(enum db_engine engine, unsigned count)
{
    struct domain_fixture first, second;
    domain_fixture_open(&first, engine);
    domain_fixture_open_second(&second, &first);
    domain_fixture_run(&first, 1, make_token_with_new_key);
    domain_fixture_run(&second, count, meet_foreign);
    domain_fixture_run(&second, 1, meet_garbage);
    domain_fixture_close_second(&second);
    domain_fixture_close(&first);
}

Test(keyring, a_token_of_another_replicas_new_key_is_taken_by_all_who_meet_it_first)
{
    on_two(DB_SQLITE, 20);
    on_two(DB_POSTGRES, 20);
}

/* --- the server secret -------------------------------------------------------------------------------------------- */

static void other_secret(struct visitor *visitor)
{
    const struct key256 secret = {{9}};
    struct service_secrets kept = visitor->fixture->secrets;
    const struct str before = signer(visitor);
    service_secrets_derive(&secret, &visitor->fixture->secrets);
    expect_code(visitor, keyring_load(visitor->service, &visitor->task), STATUS_INTERNAL, "another secret");
    cr_expect(str_equal(signer(visitor), before), "what is known goes on serving");
    visitor->fixture->secrets = kept;
    tell(visitor->fixture, "UPDATE signing_keys SET kid = 'moved'");
    expect_code(visitor, keyring_load(visitor->service, &visitor->task), STATUS_INTERNAL,
                "moved to another row");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM signing_keys"), 1,
                 "and none is made in its place");
}

Test(keyring, a_key_sealed_with_another_secret_or_for_another_row_is_refused)
{
    on_each_engine(1, other_secret);
}
