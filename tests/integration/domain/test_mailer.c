// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/domain/mailer.h"
#include "auth/domain/retention.h"
#include "domain_fixture.h"

#define HOUR_MS   INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)

static void enqueue(struct visitor *visitor, const struct mail *mail)
{
    SCOPED_TX(tx);
    expect_code(visitor, db_begin(visitor->service->db, &visitor->task, &tx), STATUS_OK, "begin");
    expect_code(visitor, mailer_enqueue(visitor->service, tx, &visitor->task, mail), STATUS_OK, "enqueue");
    expect_code(visitor, db_commit(&tx, &visitor->task), STATUS_OK, "commit");
}

static struct mail code_for(struct visitor *visitor, const char *address)
{
    return (struct mail){.kind = MAIL_LOGIN_CODE,
                         .to = str_from(address),
                         .code = secret_of("12345678"),
                         .link_path = STR("/ui/login"),
                         .link_token = secret_of("a-token"),
                         .expires_at_ms = visitor->task.now_ms + 600000};
}

static void drain(struct visitor *visitor)
{
    expect_code(visitor, mailer_drain(visitor->service, &visitor->task), STATUS_OK, "drain");
}

static long long count(const struct visitor *visitor, const char *condition)
{
    char sql[192];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM mail_outbox WHERE %s", condition);
    return ask(visitor->fixture, sql);
}

static void a_rollback(struct visitor *visitor)
{
    const struct mail mail = code_for(visitor, ADA);
    SCOPED_TX(tx);
    expect_code(visitor, db_begin(visitor->service->db, &visitor->task, &tx), STATUS_OK, "begin");
    expect_code(visitor, mailer_enqueue(visitor->service, tx, &visitor->task, &mail), STATUS_OK, "enqueue");
    db_rollback(&tx);
    drain(visitor);
    cr_expect_eq(count(visitor, "1 = 1"), 0);
}

Test(mailer, what_did_not_happen_is_not_told)
{
    on_each_engine(1, a_rollback);
}

static void an_expired_code(struct visitor *visitor)
{
    struct mail mail = code_for(visitor, ADA);
    enqueue(visitor, &mail);
    visitor_wait(visitor, 600000);
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_error LIKE '%expired%'"), 1);
    cr_expect_eq(count(visitor, "sealed_content IS NOT NULL"), 0, "what is over is erased");
}

Test(mailer, an_expired_code_is_not_sent)
{
    on_each_engine(1, an_expired_code);
}

static void another_key(struct visitor *visitor)
{
    struct mail mail = code_for(visitor, ADA);
    enqueue(visitor, &mail);
    tell(visitor->fixture, visitor->fixture->engine == DB_SQLITE
                               ? "UPDATE mail_outbox SET sealed_content = zeroblob(100)"
                               : "UPDATE mail_outbox SET sealed_content = decode(repeat('00', 100), 'hex')");
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_error LIKE '%cannot be opened%'"), 1);
}

Test(mailer, content_of_another_server_is_given_up)
{
    on_each_engine(1, another_key);
}

static void the_sixth(struct visitor *visitor)
{
    struct mail mail = code_for(visitor, ADA);
    mail.expires_at_ms = 0;
    for (int i = 0; i < 8; i++) {
        mail.to = i % 2 ? STR("Ada@Example.org") : STR(ADA);
        enqueue(visitor, &mail);
    }
    struct mail other = code_for(visitor, "bob@example.org");
    enqueue(visitor, &other);
    mail.kind = MAIL_PASSWORD_CHANGED;
    mail.code = mail.link_token = (struct secret){0};
    enqueue(visitor, &mail);
    drain(visitor);
    cr_expect_eq(
        count(visitor, "kind = 'login_code' AND lower(recipient) = 'ada@example.org' AND state = 'printed'"),
        5);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_error LIKE '%too much%'"), 3);
    cr_expect_eq(count(visitor, "recipient = 'bob@example.org' AND state = 'printed'"), 1,
                 "others get theirs");
    cr_expect_eq(count(visitor, "kind = 'password_changed' AND state = 'printed'"), 1, "notices count apart");
    visitor_wait(visitor, HOUR_MS + MINUTE_MS); /* the hour begins when the first is sent, a moment later */
    mail = code_for(visitor, ADA);
    enqueue(visitor, &mail);
    drain(visitor);
    cr_expect_eq(
        count(visitor, "kind = 'login_code' AND lower(recipient) = 'ada@example.org' AND state = 'printed'"),
        6);
}

Test(mailer, an_address_gets_five_codes_an_hour_in_whatever_spelling_and_its_notices_besides)
{
    on_each_engine(1, the_sixth);
}

static void many_addresses(struct visitor *visitor)
{
    struct account ada;
    char to[64];
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ada), STATUS_OK, "ada");
    for (int i = 0; i < 13; i++) {
        snprintf(to, sizeof to, "victim%d@example.org", i);
        struct mail mail = code_for(visitor, to);
        mail.account_id = ada.id;
        enqueue(visitor, &mail);
    }
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'printed'"), 10);
    cr_expect_eq(count(visitor, "state = 'failed'"), 3);
}

Test(mailer, an_account_has_a_limit_over_all_addresses)
{
    on_each_engine(1, many_addresses);
}

static void too_many_notices(struct visitor *visitor)
{
    const struct mail notice = {.kind = MAIL_NEW_DEVICE, .to = STR(ADA)};
    for (int i = 0; i < 22; i++) enqueue(visitor, &notice);
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'printed'"), 20);
    cr_expect_eq(count(visitor, "state = 'waiting'"), 2);
    visitor_wait(visitor, HOUR_MS + MINUTE_MS); /* the hour begins when the first is sent, a moment later */
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'printed'"), 22, "late, and not lost");
}

Test(mailer, notices_that_are_too_many_come_later)
{
    on_each_engine(1, too_many_notices);
}

static void at_once(struct visitor *visitor)
{
    drain(visitor);
}

static void write_many(struct visitor *visitor)
{
    for (int i = 0; i < 60; i++) {
        char to[64];
        snprintf(to, sizeof to, "person%d@example.org", i);
        const struct mail mail = code_for(visitor, to);
        enqueue(visitor, &mail);
    }
}

/* Whoever claims it is the only one: printed once, by one attempt. */
Test(mailer, many_workers_send_each_mail_once)
{
    for (int engine = 0; engine < (int)DB_ENGINE_COUNT; engine++) {
        struct domain_fixture fixture;
        struct mailer_counts counts;
        domain_fixture_open(&fixture, (enum db_engine)engine);
        domain_fixture_run(&fixture, 1, write_many);
        for (int round = 0;
             round < 20 && ask(&fixture, "SELECT count(*) FROM mail_outbox WHERE state = 'waiting'") > 0;
             round++)
            domain_fixture_run(&fixture, 8, at_once);
        mailer_counts(fixture.service.mailer, &counts);
        cr_expect_eq(counts.printed, 60);
        cr_expect_eq(
            ask(&fixture, "SELECT count(*) FROM mail_outbox WHERE state = 'printed' AND attempts = 1"), 60);
        domain_fixture_close(&fixture);
    }
}

static void write_two_hundred(struct visitor *visitor)
{
    for (int i = 0; i < 200; i++) {
        char to[64];
        snprintf(to, sizeof to, "person%d@example.org", i);
        const struct mail mail = code_for(visitor, to);
        enqueue(visitor, &mail);
    }
}

static void *drain_all(void *argument)
{
    struct domain_fixture *fixture = argument;
    for (int round = 0; round < 200; round++) {
        domain_fixture_run(fixture, 4, at_once);
        if (ask(fixture, "SELECT count(*) FROM mail_outbox WHERE state = 'waiting'") == 0) break;
    }
    return NULL;
}

/* Two processes of the service on one database, each with four workers at a time. */
Test(mailer, two_servers_send_two_hundred_mails_once_each)
{
    struct domain_fixture first, second;
    struct mailer_counts counts[2];
    pthread_t threads[2];
    domain_fixture_open(&first, DB_POSTGRES);
    domain_fixture_open_second(&second, &first);
    domain_fixture_run(&first, 1, write_two_hundred);
    cr_assert_eq(pthread_create(&threads[0], NULL, drain_all, &first), 0);
    cr_assert_eq(pthread_create(&threads[1], NULL, drain_all, &second), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    mailer_counts(first.service.mailer, &counts[0]);
    mailer_counts(second.service.mailer, &counts[1]);
    cr_expect_eq(counts[0].printed + counts[1].printed, 200);
    cr_expect(counts[0].printed > 0 && counts[1].printed > 0, "both had a part in it");
    cr_expect_eq(ask(&first, "SELECT count(*) FROM mail_outbox WHERE state = 'printed' AND attempts = 1"),
                 200);
    domain_fixture_close_second(&second);
    domain_fixture_close(&first);
}

static void a_dead_worker(struct visitor *visitor)
{
    struct mail_record claimed;
    struct mail mail = code_for(visitor, ADA);
    struct task *task = &visitor->task;
    enqueue(visitor, &mail);
    expect_code(visitor, mail_claim(visitor->service->db, task, task->now_ms, task->now_ms + 60000, &claimed),
                STATUS_OK, "claim");
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'waiting'"), 1, "another worker's");
    visitor_wait(visitor, 60000);
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'printed' AND attempts = 2"), 1, "its claim has run out");
    expect_code(visitor, mail_finish(visitor->service->db, task, &claimed, STR("failed"), STR("late")),
                STATUS_OK, "a claim that has run out says nothing any more");
    cr_expect_eq(count(visitor, "state = 'printed'"), 1);
}

Test(mailer, a_worker_that_died_is_followed_by_another_when_its_claim_has_run_out)
{
    on_each_engine(1, a_dead_worker);
}

static void read_back(struct visitor *visitor)
{
    struct mail_record record;
    struct mail mail;
    const struct mail written = {.kind = MAIL_FACTOR_ADDED,
                                 .to = STR(ADA),
                                 .locale = STR("de"),
                                 .name = STR("Ada\r\nBcc: eve@example.org"),
                                 .device = STR("curl\x01\x7f"),
                                 .detail = STR("not \xff utf-8"),
                                 .code = secret_of("12345678"),
                                 .link_path = STR("/ui/x"),
                                 .link_token = secret_of("token")};
    enqueue(visitor, &written);
    expect_code(visitor,
                mail_claim(visitor->service->db, &visitor->task, visitor->task.now_ms,
                           visitor->task.now_ms + 1, &record),
                STATUS_OK, "claim");
    cr_expect(memmem(record.sealed_content.ptr, record.sealed_content.len, "12345678", 8) == NULL, "sealed");
    expect_code(visitor, mailer_read(visitor->service, &visitor->task, &record, &mail), STATUS_OK, "read");
    cr_expect_eq(mail.kind, MAIL_FACTOR_ADDED);
    cr_expect(str_equal(mail.name, STR("Ada  Bcc: eve@example.org")), "no lines of its own");
    cr_expect(str_equal(mail.device, STR("curl  ")));
    cr_expect(is_empty(mail.detail));
    cr_expect(str_equal(secret_expose(mail.code), STR("12345678")));
    cr_expect_eq(mail.at_ms, visitor->task.now_ms);
}

Test(mailer, what_is_enqueued_is_sealed_and_comes_back_tamed)
{
    on_each_engine(1, read_back);
}

static void nothing_to_do(struct visitor *visitor)
{
    struct mailer_counts counts;
    int64_t again_ms = 7;
    expect_code(visitor, mailer_work.step(visitor->service, &visitor->task, &again_ms), STATUS_OK, "step");
    cr_expect_eq(again_ms, 0, "not before it is woken");
    const struct mail notice = {.kind = MAIL_NEW_DEVICE, .to = STR(ADA)};
    const int64_t enqueued_at_ms = visitor->task.now_ms; /* a step moves its task's time on */
    enqueue(visitor, &notice);
    tell(visitor->fixture, "UPDATE mail_outbox SET next_attempt_at_ms = next_attempt_at_ms + 3600000");
    const int64_t began_ms = clock_monotonic_ms();
    expect_code(visitor, mailer_work.step(visitor->service, &visitor->task, &again_ms), STATUS_OK, "step");
    const int64_t spent_ms = clock_monotonic_ms() - began_ms;
    cr_expect(again_ms >= HOUR_MS - spent_ms && again_ms <= HOUR_MS, "when the next one is due, not %lld",
              (long long)again_ms);
    mailer_counts(visitor->service->mailer, &counts);
    cr_expect_eq(counts.waiting, 1);
    cr_expect_eq(counts.oldest_at_ms, enqueued_at_ms);
}

Test(mailer, the_worker_sleeps_until_the_next_mail_is_due)
{
    on_each_engine(1, nothing_to_do);
}

static void old_mail(struct visitor *visitor)
{
    const struct mail notice = {.kind = MAIL_NEW_DEVICE, .to = STR(ADA)};
    struct mail_limit limit = {.key = {1}, .most = 5, .window_ms = HOUR_MS};
    int64_t free_at_ms;
    enqueue(visitor, &notice);
    drain(visitor);
    enqueue(visitor, &notice);
    expect_code(
        visitor,
        mail_limit_take(visitor->service->db, &visitor->task, &limit, visitor->task.now_ms, &free_at_ms),
        STATUS_OK, "take");
    visitor_wait(visitor, 30 * 24 * HOUR_MS);
    visitor_retain(visitor);
    cr_expect_eq(count(visitor, "1 = 1"), 2, "kept a month");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM mail_limits"), 0, "an hour that is over");
    visitor_wait(visitor, 2);
    visitor_retain(visitor);
    cr_expect_eq(count(visitor, "state = 'printed'"), 0);
    cr_expect_eq(count(visitor, "state = 'waiting'"), 1, "what waits is kept");
}

Test(mailer, what_is_over_is_erased_after_a_month)
{
    on_each_engine(1, old_mail);
}
