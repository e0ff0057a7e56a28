// SPDX-License-Identifier: MIT
#include "auth/domain/personal_data.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/accounts.h"
#include "auth/domain/audit.h"
#include "auth/domain/retention.h"
#include "domain_fixture.h"

/* A row of Ada's in every table that can hold one; ? is a secret that must not be told. */
static const char *const rows[] = {
    "INSERT INTO factors (id, account_id, kind, name, sealed_secret, created_at_ms) SELECT id, id, 'totp', "
    "'phone', ?, 1 FROM accounts",
    "INSERT INTO recovery_codes (account_id, code_digest, created_at_ms) SELECT id, ?, 1 FROM accounts",
    "INSERT INTO login_challenges (id, account_id, token_digest, amr, created_at_ms, expires_at_ms) SELECT "
    "id, id, ?, 'pwd', 1, 2 FROM accounts",
    "INSERT INTO known_devices (account_id, device_digest, first_seen_at_ms, last_seen_at_ms) SELECT id, ?, "
    "1, 1 FROM accounts",
    "INSERT INTO one_time_codes (id, purpose, subject, account_id, code_digest, token_digest, "
    "created_at_ms, expires_at_ms) SELECT id, 'reset', ?, id, ?, ?, 1, 2 FROM accounts",
    "INSERT INTO invitations (id, email, email_key, token_digest, roles, group_ids, invited_by, "
    "created_at_ms, expires_at_ms, account_id) SELECT id, email, email_key, ?, '', '', 'command', 1, 2, id "
    "FROM accounts",
    "INSERT INTO mail_outbox (id, kind, recipient, sealed_content, account_id, next_attempt_at_ms, "
    "created_at_ms) SELECT id, 'verify', email, ?, id, 1, 1 FROM accounts",
    "INSERT INTO api_keys (id, account_id, name, hint, key_digest, scopes, created_at_ms) SELECT id, id, 'my "
    "key', 'ak_x', ?, 'account', 1 FROM accounts",
    "INSERT INTO groups (id, name, created_at_ms, updated_at_ms) SELECT id, 'poets', 1, 1 FROM accounts",
    "INSERT INTO group_members (group_id, account_id, added_at_ms) SELECT id, id, 1 FROM accounts",
    "INSERT INTO roles (name, scopes, created_at_ms, updated_at_ms) VALUES ('editor', 'x', 1, 1)",
    "INSERT INTO account_roles (account_id, role, added_at_ms) SELECT id, 'editor', 1 FROM accounts",
    "UPDATE accounts SET claims = '{\"team\":\"blue\"}', external_id = 'old:7'",
    "INSERT INTO audit_events (id, at_ms, type, account_id, client_address) SELECT id, 1, 'login.failed', "
    "id, '192.0.2.7' FROM accounts",
};

#define SECRET_HEX "736563726574" /* "secret" */

static void fill(const struct domain_fixture *fixture)
{
    const char *secret =
        fixture->engine == DB_POSTGRES ? "decode('" SECRET_HEX "', 'hex')" : "x'" SECRET_HEX "'";
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char sql[512];
        size_t len = 0;
        for (const char *c = rows[i]; *c; c++)
            len += (size_t)snprintf(sql + len, sizeof sql - len, *c == '?' ? "%s" : "%.1s",
                                    *c == '?' ? secret : c);
        tell(fixture, sql);
    }
}

static void expect_text(struct str json, const char *text, bool is_there)
{
    cr_expect_eq(strstr(json.ptr, text) != NULL, is_there, "%s in %s", text, json.ptr);
}

static void whole(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    struct str json;
    expect_code(visitor, personal_data_export(visitor->service, &visitor->task, id_new(1), &json),
                STATUS_NOT_FOUND, "nobody's");
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    fill(visitor->fixture);
    expect_code(visitor, personal_data_export(visitor->service, &visitor->task, account.id, &json), STATUS_OK,
                "export");
    static const char *const secrets[] = {"argon2", "secret", "hash", "digest", SECRET_HEX};
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) expect_text(json, secrets[i], false);
    static const char *const told[] = {
        "\"email\":\"" ADA "\"",
        "\"claims\":{\"team\":\"blue\"}",
        "\"external_id\":\"old:7\"",
        "\"has_password\":true",
        "\"name\":\"phone\"",
        "\"name\":\"poets\"",
        "\"role\":\"editor\"",
        "\"hint\":\"ak_x\"",
        "\"purpose\":\"reset\"",
        "\"kind\":\"verify\"",
        "\"type\":\"login.succeeded\"",
        "\"client_address\":\"192.0.2.7\"",
        "\"recovery_codes\":[{\"created_at\":\"1970-01-01T00:00:00.001Z\",\"used_at\":null}]",
        "\"known_devices\":[{\"first_seen_at\"",
        "\"invitations\":[{\"id\"",
        "\"truncated\":[]"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++) expect_text(json, told[i], true);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'account.exported'"),
                 1);
}

Test(personal_data, the_document_holds_every_kind_of_data_and_no_secret)
{
    on_each_engine(1, whole);
}

static const char *const emptied[] = {"accounts",         "sessions",      "factors",        "recovery_codes",
                                      "login_challenges", "known_devices", "one_time_codes", "invitations",
                                      "mail_outbox",      "api_keys",      "group_members",  "account_roles"};

static void expect_nothing_left(const struct domain_fixture *fixture)
{
    for (size_t i = 0; i < ARRAY_COUNT(emptied); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", emptied[i]);
        cr_expect_eq(ask(fixture, sql), 0, "%s", emptied[i]);
    }
    cr_expect_gt(ask(fixture, "SELECT count(*) FROM audit_events"), 3);
    cr_expect_eq(
        ask(fixture,
            "SELECT count(*) FROM audit_events WHERE client_address IS NOT NULL OR detail LIKE '%@%' "
            "OR actor LIKE '%@%' OR subject LIKE '%@%'"),
        0);
}

static void erased(struct visitor *visitor)
{
    struct account account;
    struct token_response tokens;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_OK, "sign_in");
    fill(visitor->fixture);
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, account.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    visitor_retain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts"), 1);
    cr_expect_gt(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE client_address IS NOT NULL"),
                 0);
    visitor_wait(visitor, delete_after_ms - visitor->task.now_ms);
    visitor_retain(visitor);
    expect_nothing_left(visitor->fixture);
}

Test(personal_data, nothing_but_events_with_ids_is_left_of_an_erased_account)
{
    on_each_engine(1, erased);
}

static void made_room(struct visitor *visitor)
{
    struct account account;
    int64_t delete_after_ms;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    fill(visitor->fixture);
    expect_code(visitor, accounts_close(visitor->service, &visitor->task, account.id, NULL, &delete_after_ms),
                STATUS_OK, "close");
    visitor_wait(visitor, delete_after_ms - visitor->task.now_ms);
    expect_code(visitor, sign_up(visitor, ADA, OTHER, &account), STATUS_OK, "sign_up again");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM accounts"), 1);
    for (size_t i = 1; i < ARRAY_COUNT(emptied); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE %s = 1", emptied[i],
                       strcmp(emptied[i], "known_devices") == 0 ? "first_seen_at_ms"
                       : strcmp(emptied[i], "group_members") == 0 || strcmp(emptied[i], "account_roles") == 0
                           ? "added_at_ms"
                           : "created_at_ms");
        cr_expect_eq(ask(visitor->fixture, sql), 0, "%s", emptied[i]);
    }
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE client_address = '192.0.2.7'"), 0);
}

Test(personal_data, a_new_account_of_the_same_address_inherits_nothing)
{
    on_each_engine(1, made_room);
}

static void many(struct visitor *visitor)
{
    struct account account;
    struct str json;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (int i = 0; i < 3000; i++) {
        const struct audit_event event = {.type = AUDIT_LOGIN_FAILED, .account_id = account.id};
        visitor->task.now_ms++;
        expect_code(visitor, audit_note(visitor->service, visitor->service->db, &visitor->task, &event),
                    STATUS_OK, "note");
    }
    expect_code(visitor, personal_data_export(visitor->service, &visitor->task, account.id, &json), STATUS_OK,
                "export");
    expect_text(json, "\"truncated\":[\"events\"]", true);
    cr_expect_lt(json.len, 1u << 20);
    expect_text(json, "account.exported", true);
}

Test(personal_data, a_list_that_is_too_long_ends_early_and_says_so)
{
    on_each_engine(1, many);
}
