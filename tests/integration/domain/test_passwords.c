// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/crypto/breached_file.h"
#include "auth/domain/accounts.h"
#include "domain_fixture.h"

/* "password", by python3-bcrypt, passlib (PBKDF2), mkpasswd and python3-argon2 */
static const char *const foreign[] = {
    "$2b$04$Dg04ZR6o1XeAa5V1LlplkuD.Ce1tUCS7O85khOHyJZSm3CqtrPk1e",
    "$pbkdf2-sha256$1000$7F3L.b/X.n/vHeN8750zZg$2xav1OhwqxWfZ1YUbZu.JOc6NpyBn1ISk5KcEzbduuQ",
    "$y$j75$uKvi9C8oJBdXmub8bxNtv1$VsfN7HgIZUZPy2D0ytvH0pV8vYK290BuOaIlwbvoyF6",
    "$argon2i$v=19$m=64,t=3,p=1$75qGZyk/rpXz83U895YzSQ$YPVfx1SDb8lgRy6b1kl5tn3rsJLLu/ERT32nWJhPWfc",
};

static void set_hash(const struct domain_fixture *fixture, const char *hash)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql, "UPDATE accounts SET password_hash = '%s'", hash);
    tell(fixture, sql);
}

static long long count_of(const struct domain_fixture *fixture, const char *pattern)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM accounts WHERE password_hash LIKE '%s'", pattern);
    return ask(fixture, sql);
}

static void upgrade(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    for (size_t i = 0; i < ARRAY_COUNT(foreign); i++) {
        set_hash(visitor->fixture, foreign[i]);
        const long long changed_ms = ask(visitor->fixture, "SELECT password_changed_at_ms FROM accounts");
        expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INVALID_CREDENTIALS, foreign[i]);
        cr_expect_eq(count_of(visitor->fixture, "$argon2id$v=19$m=8,t=1,p=1$%"), 0, "%s", foreign[i]);
        expect_code(visitor, sign_in(visitor, ADA, "password", &tokens), STATUS_OK, foreign[i]);
        cr_expect_eq(count_of(visitor->fixture, "$argon2id$v=19$m=8,t=1,p=1$%"), 1, "%s", foreign[i]);
        expect_code(visitor, sign_in(visitor, ADA, "password", &tokens), STATUS_OK, "by our own hash");
        cr_expect_eq(ask(visitor->fixture, "SELECT password_changed_at_ms FROM accounts"), changed_ms);
    }
}

Test(passwords, a_foreign_hash_is_made_anew_at_the_first_right_sign_in)
{
    on_each_engine(1, upgrade);
}

static void hostile(struct visitor *visitor)
{
    struct token_response tokens;
    struct account account;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    set_hash(visitor->fixture, "$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INTERNAL, "too costly");
    set_hash(visitor->fixture, "garbage");
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_INTERNAL, "garbage");
}

Test(passwords, a_stored_hash_that_cannot_be_verified_opens_nothing)
{
    on_each_engine(1, hostile);
}

#define KEY_A "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define KEY_B "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

static struct password_hasher *peppered(struct visitor *visitor, const char *text)
{
    struct pepper_ring ring;
    struct password_hasher *hasher = NULL;
    const char *problem = pepper_ring_parse(visitor->task.arena, secret_of(text), &ring);
    cr_expect_null(problem, "%s", problem);
    const struct password_hasher_options options = {
        .threads = 1, .cost = {8, 1}, .peppers = &ring, .queue_limit = 10};
    cr_expect(is_ok(password_hasher_create(&options, &hasher)));
    return hasher;
}

static void sign_in_with(struct visitor *visitor, const char *peppers, enum status code)
{
    struct token_response tokens;
    struct password_hasher *plain = visitor->service->hasher;
    visitor->service->hasher = peppered(visitor, peppers);
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), code, peppers);
    password_hasher_destroy(visitor->service->hasher);
    visitor->service->hasher = plain;
}

static void rotation(struct visitor *visitor)
{
    struct account account;
    const struct domain_fixture *fixture = visitor->fixture;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_OK, "sign_up");
    sign_in_with(visitor, "a:" KEY_A, STATUS_OK);
    cr_expect_eq(count_of(fixture, "$pepper$k=a$argon2id$v=19$m=8,t=1,p=1$%"), 1, "peppered at a sign-in");
    sign_in_with(visitor, "a:" KEY_B, STATUS_INVALID_CREDENTIALS);
    sign_in_with(visitor, "b:" KEY_B, STATUS_INTERNAL);
    sign_in_with(visitor, "", STATUS_INTERNAL);
    sign_in_with(visitor, "a:" KEY_A ", b:" KEY_B, STATUS_OK);
    cr_expect_eq(count_of(fixture, "$pepper$k=a$%"), 1, "still the current one");
    sign_in_with(visitor, "b:" KEY_B ",a:" KEY_A, STATUS_OK);
    cr_expect_eq(count_of(fixture, "$pepper$k=b$%"), 1, "made anew with the other");
    sign_in_with(visitor, "b:" KEY_B, STATUS_OK);
    sign_in_with(visitor, "a:" KEY_A, STATUS_INTERNAL);
}

Test(passwords, old_peppers_verify_and_give_way_and_a_lost_one_opens_nothing)
{
    on_each_engine(1, rotation);
}

/* The digest of GOOD alone, as the list has it. */
static void put_list(const char *path)
{
    unsigned char digest[BREACHED_DIGEST_BYTES];
    FILE *file = fopen(path, "we");
    breached_digest(secret_of(GOOD), digest);
    for (size_t i = 0; i < sizeof digest; i++) cr_expect_eq(fprintf(file, "%02X", digest[i]), 2);
    cr_expect(fputs(":3\n", file) >= 0 && fclose(file) == 0);
}

static void stolen(struct visitor *visitor)
{
    struct account account;
    struct breached_file *file = NULL;
    char path[] = "/tmp/breached-XXXXXX";
    close(mkstemp(path));
    put_list(path);
    cr_expect(is_ok(breached_file_open(&visitor->task, str_from(path), &file)));
    visitor->service->breached_file = file;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &account), STATUS_BREACHED_PASSWORD, "sign_up");
    expect_code(visitor, sign_up(visitor, ADA, OTHER, &account), STATUS_OK, "sign_up with another");
    const struct password_change change = {
        .account_id = account.id, .current = secret_of(OTHER), .chosen = secret_of(GOOD)};
    expect_code(visitor, accounts_change_password(visitor->service, &visitor->task, &change),
                STATUS_BREACHED_PASSWORD, "change");
    cr_expect_eq(truncate(path, 0), 0);
    expect_code(visitor, sign_up(visitor, "b@example.org", OTHER, &account), STATUS_INTERNAL,
                "nobody could look");
    visitor->service->breached_file = NULL;
    breached_file_close(file);
    unlink(path);
}

Test(passwords, a_stolen_one_is_not_accepted_and_not_when_nobody_could_look)
{
    on_each_engine(1, stolen);
}
