// SPDX-License-Identifier: MIT
// Deliveries to receivers on this machine: good, broken, gone, slow.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/webhook_sender.h"
#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "domain_fixture.h"
#include "webhook_receiver.h"

#define DRAIN_MS INT64_C(20000)
#define DAY_MS   INT64_C(86400000)
#define WORKERS  8

/* --- in few words ------------------------------------------------------------------------------------------------- */

static size_t count_for(const char *path)
{
    size_t count = 0;
    for (size_t i = 0; i < request_count; i++) count += strcmp(requests[i].path, path) == 0;
    return count;
}

static void on_engines(void (*body)(struct visitor *visitor))
{
    webhook_receiver_start();
    on_each_engine(1, body);
    webhook_receiver_stop();
}

static struct webhook create(struct visitor *visitor, const char *path)
{
    const struct str wanted = STR("login.failed");
    const struct webhook_order order = {
        .name = STR("Alarms"),
        .url = str_printf(visitor->task.arena, "%s%s", webhook_receiver_url(), path),
        .events = {&wanted, 1},
        .is_enabled = true,
    };
    struct webhook webhook = {0};
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_OK, "create");
    return webhook;
}

static void happen(struct visitor *visitor, int events)
{
    int64_t count = 1;
    for (int i = 0; i < events; i++)
        expect_code(visitor,
                    audit_note(visitor->service, visitor->service->db, &visitor->task,
                               &(struct audit_event){.type = AUDIT_LOGIN_FAILED}),
                    STATUS_OK, "note");
    while (count > 0)
        expect_code(visitor, audit_chain_step(visitor->service, &visitor->task, &count), STATUS_OK, "chain");
}

/* Time goes on meanwhile. */
static void drain(struct visitor *visitor)
{
    const int64_t began_ms = clock_monotonic_ms();
    expect_code(visitor, webhook_sender_drain(visitor->service, &visitor->task, DRAIN_MS), STATUS_OK,
                "drain");
    visitor_wait(visitor, clock_monotonic_ms() - began_ms + 1);
}

static long long count(const struct visitor *visitor, const char *condition)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM webhook_deliveries WHERE %s", condition);
    return ask(visitor->fixture, sql);
}

/* --- what fails --------------------------------------------------------------------------------------------------- */

/* The fixture's waits are 5, 60 and 300 seconds, a quarter more or less. */
static void broken(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/bad");
    const size_t before = request_count;
    struct webhook_delivery_list list;
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(request_count, before + 1);
    cr_expect_eq(
        count(visitor,
              "state = 'waiting' AND attempts = 1 AND last_status = 500 AND last_error = 'answered 500'"),
        1);
    expect_code(visitor,
                webhook_delivery_page(visitor->service->db, &visitor->task,
                                      &(struct webhook_delivery_filter){.webhook_id = webhook.id, .count = 2},
                                      &list),
                STATUS_OK, "page");
    const int64_t wait_ms = list.items[0].next_attempt_at_ms - visitor->task.now_ms;
    cr_expect(list.count == 1 && wait_ms >= 3750 && wait_ms < 9000, "%lld", (long long)wait_ms);
    visitor_wait(visitor, 3000);
    drain(visitor);
    cr_expect_eq(request_count, before + 1, "not before its time");
    for (int i = 0; i < 3; i++) {
        visitor_wait(visitor, 400000);
        drain(visitor);
    }
    cr_expect_eq(count(visitor, "state = 'failed' AND attempts = 4"), 1, "four times, then it is given up");
    visitor_wait(visitor, DAY_MS);
    drain(visitor);
    cr_expect_eq(request_count, before + 4);
    cr_expect(strcmp(requests[before].id, requests[before + 3].id) == 0, "each attempt has the same id");
}

Test(webhook_deliveries, what_fails_is_tried_again_ever_later_and_then_given_up)
{
    on_engines(broken);
}

static void busy(struct visitor *visitor)
{
    const size_t busy_before = count_for("/busy"), bold_before = count_for("/bold");
    (void)create(visitor, "/busy");
    happen(visitor, 1);
    drain(visitor);
    visitor_wait(visitor, 3590000);
    drain(visitor);
    cr_expect_eq(count_for("/busy"), busy_before + 1, "not before an hour is over");
    visitor_wait(visitor, 10000);
    drain(visitor);
    cr_expect_eq(count_for("/busy"), busy_before + 2);
    (void)create(visitor, "/bold");
    happen(visitor, 1);
    drain(visitor);
    visitor_wait(visitor, DAY_MS + 1000);
    drain(visitor);
    cr_expect_eq(count_for("/bold"), bold_before + 2, "a day is the longest");
}

Test(webhook_deliveries, a_receiver_that_names_its_time_is_left_alone_until_then)
{
    on_engines(busy);
}

static void redirected(struct visitor *visitor)
{
    (void)create(visitor, "/away");
    const size_t before = count_for("/good");
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(count_for("/good"), before);
    cr_expect_eq(count(visitor, "state = 'waiting' AND last_status = 307"), 1);
}

/* security incident 48: a receiver does not send us on. */
Test(webhook_deliveries, redirects_are_not_followed_and_no_success)
{
    on_engines(redirected);
}

static void talkative(struct visitor *visitor)
{
    (void)create(visitor, "/talks");
    (void)create(visitor, "/stalls");
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'delivered' AND attempts = 1 AND last_status = 200"), 2);
}

Test(webhook_deliveries, what_is_said_behind_a_good_status_does_not_matter)
{
    on_engines(talkative);
}

static void gone(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/gone");
    struct webhook changed;
    happen(visitor, 3);
    drain(visitor);
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, webhook.id, &changed), STATUS_OK,
                "find");
    cr_expect(!changed.is_enabled && !is_empty(changed.disabled_reason) && changed.version == 1);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_error = 'the webhook was disabled'"), 2);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_status = 410"), 1);
    cr_expect_eq(ask(visitor->fixture,
                     "SELECT count(*) FROM audit_events WHERE type = 'webhook.disabled' AND detail IS "
                     "NOT NULL AND subject LIKE 'webhook:%'"),
                 1);
    happen(visitor, 1);
    cr_expect_eq(count(visitor, "1 = 1"), 3, "it is told of nothing any more");
}

Test(webhook_deliveries, a_receiver_that_is_gone_is_disabled_at_once)
{
    on_engines(gone);
}

static void for_days(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/bad");
    struct webhook changed;
    for (int day = 0; day < 5; day++) {
        happen(visitor, 1);
        drain(visitor);
        visitor_wait(visitor, DAY_MS);
    }
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, webhook.id, &changed), STATUS_OK,
                "find");
    cr_expect(changed.is_enabled && changed.failing_since_ms > 0);
    drain(visitor);
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, webhook.id, &changed), STATUS_OK,
                "find");
    cr_expect(!changed.is_enabled);
    const struct webhook_target target = {.id = webhook.id};
    const struct webhook_changes changes = {.sets_enabled = true, .order.is_enabled = true};
    expect_code(visitor, webhooks_update(visitor->service, &visitor->task, &target, &changes, &changed),
                STATUS_OK, "enable");
    cr_expect(changed.is_enabled && is_empty(changed.disabled_reason) && changed.failing_since_ms == 0);
    happen(visitor, 1);
    drain(visitor);
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, webhook.id, &changed), STATUS_OK,
                "find");
    cr_expect(changed.is_enabled, "it has begun anew");
}

Test(webhook_deliveries, a_receiver_that_fails_for_days_is_disabled_until_somebody_enables_it)
{
    on_engines(for_days);
}

static void recovered(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/bad");
    struct webhook changed;
    const struct webhook_target target = {.id = webhook.id};
    const struct webhook_changes changes = {
        .sets_url = true, .order.url = str_printf(visitor->task.arena, "%s/good", webhook_receiver_url())};
    happen(visitor, 3);
    drain(visitor);
    expect_code(visitor, webhooks_update(visitor->service, &visitor->task, &target, &changes, &changed),
                STATUS_OK, "another URL");
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'delivered'"), 2, "those that had not failed themselves");
    visitor_wait(visitor, 10000);
    drain(visitor);
    cr_expect_eq(count(visitor, "state = 'delivered' AND last_error IS NULL AND last_status = 204"), 3);
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, webhook.id, &changed), STATUS_OK,
                "find");
    cr_expect(changed.failing_since_ms == 0 && changed.failures == 0);
}

Test(webhook_deliveries, a_receiver_that_is_right_again_gets_what_waited)
{
    on_engines(recovered);
}

static void other_key(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    const size_t before = request_count;
    tell(visitor->fixture, visitor->fixture->engine == DB_SQLITE
                               ? "UPDATE webhooks SET sealed_secret = zeroblob(77)"
                               : "UPDATE webhooks SET sealed_secret = decode(repeat('00', 77), 'hex')");
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(request_count, before, "nothing goes out unsigned");
    cr_expect_eq(count(visitor, "state = 'waiting' AND last_error LIKE '%AUTH_SECRET_KEY%'"), 1);
}

Test(webhook_deliveries, without_its_secret_nothing_is_sent)
{
    on_engines(other_key);
}

static void unlisted(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    const size_t before = request_count;
    tell(visitor->fixture, "UPDATE webhooks SET url = 'https://127.0.0.2/good'");
    happen(visitor, 1);
    drain(visitor);
    tell(visitor->fixture, "UPDATE webhooks SET url = 'http://192.0.2.1/good', paused_until_ms = 0");
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(request_count, before);
    cr_expect_eq(count(visitor, "state = 'waiting' AND last_status IS NULL AND last_error LIKE 'refused%'"),
                 2);
}

/* security incident 48: what was allowed once may be allowed no more. */
Test(webhook_deliveries, an_address_that_is_not_allowed_is_refused_when_it_is_sent_too)
{
    on_engines(unlisted);
}

/* --- others ------------------------------------------------------------------------------------------------------- */

static void neighbours(struct visitor *visitor)
{
    const size_t bad = count_for("/bad"), slow = count_for("/slow"), good = count_for("/good");
    (void)create(visitor, "/bad");
    (void)create(visitor, "/slow");
    (void)create(visitor, "/good");
    happen(visitor, 10);
    drain(visitor);
    cr_expect_eq(count_for("/bad"), bad + 1, "one that fails is paused");
    cr_expect_eq(count_for("/slow"), slow + 1);
    cr_expect_eq(count_for("/good"), good + 10);
    cr_expect_eq(count(visitor, "state = 'delivered'"), 10);
}

Test(webhook_deliveries, a_dead_receiver_holds_up_no_other)
{
    on_engines(neighbours);
}

static void in_order(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    const size_t before = request_count;
    happen(visitor, 20);
    happen(visitor, 20);
    drain(visitor);
    cr_expect_eq(request_count, before + 40);
    for (size_t i = before + 1; i < request_count; i++)
        cr_expect(requests[i].seq > requests[i - 1].seq, "%lld after %lld", requests[i].seq,
                  requests[i - 1].seq);
}

Test(webhook_deliveries, events_come_in_the_order_of_the_chain)
{
    on_engines(in_order);
}

/* --- several workers ---------------------------------------------------------------------------------------------- */

static void prepares(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    (void)create(visitor, "/good");
    (void)create(visitor, "/good");
    happen(visitor, 30);
}

static void works(struct visitor *visitor)
{
    for (int i = 0; i < 30; i++) {
        drain(visitor);
        fiber_sleep(5);
    }
}

static void finds_all_sent(struct visitor *visitor)
{
    cr_expect_eq(count(visitor, "state = 'delivered' AND attempts = 1"), 90);
    cr_expect_eq(request_count, 90);
}

static void several_workers(enum db_engine engine)
{
    struct domain_fixture *fixture = calloc(1, sizeof *fixture);
    webhook_receiver_start();
    request_count = 0;
    domain_fixture_open(fixture, engine);
    domain_fixture_run(fixture, 1, prepares);
    domain_fixture_run(fixture, WORKERS, works);
    domain_fixture_run(fixture, 1, finds_all_sent);
    domain_fixture_close(fixture);
    webhook_receiver_stop();
    free(fixture);
}

Test(webhook_deliveries, of_several_workers_one_sends)
{
    several_workers(DB_SQLITE);
    several_workers(DB_POSTGRES);
}

static void died(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    const size_t before = request_count;
    struct webhook webhook;
    struct webhook_delivery delivery;
    struct db *db = visitor->service->db;
    happen(visitor, 1);
    expect_code(
        visitor,
        webhook_claim(db, &visitor->task, visitor->task.now_ms, visitor->task.now_ms + 30000, &webhook),
        STATUS_OK, "claim");
    expect_code(visitor, webhook_delivery_take(db, &visitor->task, &webhook, visitor->task.now_ms, &delivery),
                STATUS_OK, "take");
    drain(visitor);
    cr_expect_eq(request_count, before, "it is the other's");
    visitor_wait(visitor, 30001);
    drain(visitor);
    cr_expect_eq(request_count, before + 1);
    delivery.state = STR("failed");
    expect_code(visitor, webhook_delivery_finish(db, &visitor->task, &delivery), STATUS_OK, "too late");
    cr_expect_eq(count(visitor, "state = 'delivered' AND attempts = 2"), 1,
                 "what somebody says whose claim has run out counts no more");
}

Test(webhook_deliveries, what_a_worker_that_died_had_taken_is_sent_when_its_claim_runs_out)
{
    on_engines(died);
}

/* --- by hand ------------------------------------------------------------------------------------------------------ */

static void again(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/good");
    const size_t before = request_count;
    struct webhook_delivery delivery;
    struct service *service = visitor->service;
    expect_code(visitor, webhooks_test(service, &visitor->task, webhook.id, &delivery), STATUS_OK, "test");
    drain(visitor);
    expect_code(visitor, webhooks_retry(service, &visitor->task, webhook.id, id_new(1), &delivery),
                STATUS_NOT_FOUND, "another's");
    expect_code(visitor, webhooks_retry(service, &visitor->task, webhook.id, delivery.event_id, &delivery),
                STATUS_OK, "retry");
    drain(visitor);
    cr_expect_eq(request_count, before + 2);
    cr_expect(strcmp(requests[before].id, requests[before + 1].id) == 0);
    cr_expect_eq(count(visitor, "state = 'delivered' AND attempts = 2 AND event_type = 'webhook.test'"), 1);
}

Test(webhook_deliveries, a_test_and_what_was_sent_can_be_sent_again)
{
    on_engines(again);
}

static void two_secrets(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "/good");
    const struct webhook_target target = {.id = webhook.id};
    const size_t before = request_count;
    struct webhook changed;
    struct secret secret;
    expect_code(visitor,
                webhooks_rotate_secret(visitor->service, &visitor->task, &target, 60, &changed, &secret),
                STATUS_OK, "rotate");
    happen(visitor, 1);
    drain(visitor);
    visitor_wait(visitor, 60000);
    happen(visitor, 1);
    drain(visitor);
    cr_expect_eq(request_count, before + 2);
    cr_expect(requests[before].has_two_signatures && !requests[before + 1].has_two_signatures);
}

Test(webhook_deliveries, both_secrets_sign_for_a_while)
{
    on_engines(two_secrets);
}

static void erased(struct visitor *visitor)
{
    (void)create(visitor, "/good");
    const size_t before = request_count;
    happen(visitor, 1);
    tell(visitor->fixture, visitor->fixture->engine == DB_SQLITE
                               ? "DROP TRIGGER audit_events_delete"
                               : "ALTER TABLE audit_events DISABLE TRIGGER ALL");
    tell(visitor->fixture, "DELETE FROM audit_events WHERE type = 'login.failed'");
    drain(visitor);
    cr_expect_eq(request_count, before);
    cr_expect_eq(count(visitor, "state = 'failed' AND last_error LIKE '%AUTH_AUDIT_RETENTION_DAYS%'"), 1);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM webhooks WHERE failing_since_ms IS NOT NULL"), 0,
                 "it is not the receiver's fault");
}

Test(webhook_deliveries, an_event_that_was_erased_is_given_up)
{
    on_engines(erased);
}
