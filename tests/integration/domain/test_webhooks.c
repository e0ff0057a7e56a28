// SPDX-License-Identifier: MIT
// What is refused, who is told of what.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/domain/audit.h"
#include "auth/domain/audit_chain.h"
#include "auth/domain/retention.h"
#include "auth/domain/webhook_sender.h"
#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "domain_fixture.h"

#define EVENTS   40
#define CHAINERS 4

static struct str_list list_of(const struct str *items, size_t count)
{
    return (struct str_list){items, count};
}

static struct webhook_order order_of(const char *url, const struct str *event)
{
    return (struct webhook_order){
        .name = STR("Alarms"), .url = str_from(url), .events = list_of(event, 1), .is_enabled = true};
}

static struct webhook create(struct visitor *visitor, const char *event)
{
    const struct str wanted = str_from(event);
    const struct webhook_order order = order_of("https://hooks.example.org/", &wanted);
    struct webhook webhook = {0};
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_OK, "create");
    return webhook;
}

static void note(struct visitor *visitor, enum audit_type type)
{
    expect_code(visitor,
                audit_note(visitor->service, visitor->service->db, &visitor->task,
                           &(struct audit_event){.type = type}),
                STATUS_OK, "note");
}

static void chain(struct visitor *visitor)
{
    int64_t count = 1;
    while (count > 0)
        expect_code(visitor, audit_chain_step(visitor->service, &visitor->task, &count), STATUS_OK, "chain");
}

static long long deliveries(const struct visitor *visitor, struct id id, const char *condition)
{
    char sql[256], text[2 * ID_BYTES + 1];
    hex_encode(id.bytes, ID_BYTES, text);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = %s'%s' AND %s",
             visitor->fixture->engine == DB_SQLITE ? "x" : "", text, condition);
    return ask(visitor->fixture, sql);
}

/* --- refused ------------------------------------------------------------------------------------------------------ */

static void refused(struct visitor *visitor, const struct webhook_order *order, const char *pointer)
{
    struct webhook webhook;
    struct secret secret;
    const result created = webhooks_create(visitor->service, &visitor->task, order, &webhook, &secret);
    cr_expect(created.code == STATUS_VALIDATION_FAILED, "%s: %s", pointer, status_name(created.code));
    cr_expect(visitor->task.fault.error_count == 1 &&
                  strcmp(visitor->task.fault.errors[0].pointer, pointer) == 0,
              "%s is named", pointer);
    fault_clear(&visitor->task.fault);
}

/* security incident 48: what a request of ours may reach is not for others to choose. */
static void inner_urls(struct visitor *visitor)
{
    static const char *const URLS[] = {
        "https://127.0.0.2/",
        "https://10.1.2.3/hook",
        "https://192.168.1.1/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://0x7f.2/",
        "https://2130706434/",
        "https://[::ffff:7f00:2]/",
        "https://[fd00::1]/",
        "http://example.org/",
        "https://a:b@example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "example.org",
        "https://exa mple.org/",
        "",
    };
    const struct str all = STR("*");
    for (size_t i = 0; i < ARRAY_COUNT(URLS); i++) {
        const struct webhook_order order = order_of(URLS[i], &all);
        refused(visitor, &order, "/url");
    }
    const struct webhook_order local = order_of("http://127.0.0.1:8080/", &all);
    struct webhook webhook;
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &local, &webhook, &secret),
                STATUS_OK, "what the operator allows, without TLS as well");
}

Test(webhooks, addresses_that_are_not_public_and_requests_without_tls_are_refused_at_once)
{
    on_each_engine(1, inner_urls);
}

static void unknown_events(struct visitor *visitor)
{
    static const char *const EVENTS_OF_NOBODY[] = {
        "",          "login",          "login.",       "nobody.*",      ".*", "*.*",
        "login.*.*", "login.suceeded", "LOGIN.FAILED", "login.failed ", "**"};
    for (size_t i = 0; i < ARRAY_COUNT(EVENTS_OF_NOBODY); i++) {
        const struct str event = str_from(EVENTS_OF_NOBODY[i]);
        const struct webhook_order order = order_of("https://example.org/", &event);
        refused(visitor, &order, "/events");
    }
    struct webhook_order none = order_of("https://example.org/", NULL);
    none.events.count = 0;
    refused(visitor, &none, "/events");
    struct str many[WEBHOOK_EVENTS_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) many[i] = STR("login.failed");
    none.events = list_of(many, ARRAY_COUNT(many));
    refused(visitor, &none, "/events");
}

Test(webhooks, events_there_are_none_of_are_refused)
{
    on_each_engine(1, unknown_events);
}

static void names(struct visitor *visitor)
{
    char too_long[WEBHOOK_NAME_MAX + 1];
    memset(too_long, 'a', sizeof too_long);
    const struct str wrong[] = {STR(""), STR("  "), STR("\xff"), {too_long, sizeof too_long}};
    const struct str all = STR("*");
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct webhook_order order = order_of("https://example.org/", &all);
        order.name = wrong[i];
        refused(visitor, &order, "/name");
    }
}

Test(webhooks, names_that_are_none_are_refused)
{
    on_each_engine(1, names);
}

static void the_last_one(struct visitor *visitor)
{
    const struct str all = STR("*");
    const struct webhook_order order = order_of("https://example.org/", &all);
    struct webhook webhook;
    struct secret secret;
    for (int i = 0; i < WEBHOOKS_MAX; i++) (void)create(visitor, "login.failed");
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_CONFLICT, "one more");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM webhooks"), WEBHOOKS_MAX);
}

Test(webhooks, there_are_only_so_many)
{
    on_each_engine(1, the_last_one);
}

static void nobodys(struct visitor *visitor)
{
    struct service *service = visitor->service;
    struct task *task = &visitor->task;
    const struct webhook_target target = {.id = id_new(task->now_ms)};
    const struct webhook_changes changes = {.sets_enabled = true};
    struct webhook webhook;
    struct webhook_delivery delivery;
    struct secret secret;
    expect_code(visitor, webhooks_update(service, task, &target, &changes, &webhook), STATUS_NOT_FOUND,
                "change");
    expect_code(visitor, webhooks_delete(service, task, &target), STATUS_NOT_FOUND, "delete");
    expect_code(visitor, webhooks_test(service, task, target.id, &delivery), STATUS_NOT_FOUND, "test");
    expect_code(visitor, webhooks_retry(service, task, target.id, target.id, &delivery), STATUS_NOT_FOUND,
                "retry");
    expect_code(visitor, webhooks_rotate_secret(service, task, &target, 60, &webhook, &secret),
                STATUS_NOT_FOUND, "rotate");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type LIKE 'webhook.%'"), 0);
}

Test(webhooks, what_is_not_there_is_not_changed)
{
    on_each_engine(1, nobodys);
}

static void another_version(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "*");
    const struct versions_expected expected = {.is_given = true, .count = 1, .versions = {7}};
    const struct webhook_target target = {.id = webhook.id, .expected = &expected};
    const struct webhook_changes changes = {.sets_enabled = true};
    struct webhook changed;
    struct secret secret;
    struct service *service = visitor->service;
    expect_code(visitor, webhooks_update(service, &visitor->task, &target, &changes, &changed),
                STATUS_PRECONDITION_FAILED, "change");
    expect_code(visitor, webhooks_delete(service, &visitor->task, &target), STATUS_PRECONDITION_FAILED,
                "delete");
    expect_code(visitor, webhooks_rotate_secret(service, &visitor->task, &target, 60, &changed, &secret),
                STATUS_PRECONDITION_FAILED, "rotate");
    expect_code(visitor, webhook_find(service->db, &visitor->task, webhook.id, &changed), STATUS_OK, "find");
    cr_expect(changed.is_enabled && changed.version == 0 && is_empty(changed.previous_sealed_secret));
}

Test(webhooks, a_version_that_nobody_has_read_is_not_changed)
{
    on_each_engine(1, another_version);
}

/* --- who is told of what ------------------------------------------------------------------------------------------ */

static void wishes(struct visitor *visitor)
{
    const struct webhook one = create(visitor, "login.failed");
    const struct webhook group = create(visitor, "account.*");
    const struct webhook all = create(visitor, "*");
    const struct webhook off = create(visitor, "*");
    const struct webhook_target target = {.id = off.id};
    const struct webhook_changes changes = {.sets_enabled = true};
    struct webhook changed;
    expect_code(visitor, webhooks_update(visitor->service, &visitor->task, &target, &changes, &changed),
                STATUS_OK, "disable");
    chain(visitor);
    const long long before = deliveries(visitor, all.id, "1 = 1");
    note(visitor, AUDIT_LOGIN_FAILED);
    note(visitor, AUDIT_LOGIN_SUCCEEDED);
    note(visitor, AUDIT_ACCOUNT_LOCKED);
    note(visitor, AUDIT_ACCOUNT_UNLOCKED);
    note(visitor, AUDIT_ACCOUNTS_IMPORTED);
    cr_expect_eq(deliveries(visitor, all.id, "1 = 1"), before, "not before an event has its place");
    chain(visitor);
    cr_expect_eq(deliveries(visitor, one.id, "event_type = 'login.failed' AND state = 'waiting'"), 1);
    cr_expect_eq(deliveries(visitor, one.id, "1 = 1"), 1);
    cr_expect_eq(deliveries(visitor, group.id, "1 = 1"), 3);
    cr_expect_eq(deliveries(visitor, all.id, "1 = 1"), before + 5);
    cr_expect_eq(deliveries(visitor, off.id, "1 = 1"), 0, "one that is disabled is told of nothing");
}

Test(webhooks, each_is_told_of_what_it_wants)
{
    on_each_engine(1, wishes);
}

static void rolled_back(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    SCOPED_TX(tx);
    expect_code(visitor, db_begin(visitor->service->db, &visitor->task, &tx), STATUS_OK, "begin");
    expect_code(
        visitor,
        audit_note(visitor->service, tx, &visitor->task, &(struct audit_event){.type = AUDIT_LOGIN_FAILED}),
        STATUS_OK, "note");
    db_rollback(&tx);
    chain(visitor);
    cr_expect_eq(deliveries(visitor, webhook.id, "1 = 1"), 0);
}

Test(webhooks, what_did_not_happen_is_not_told)
{
    on_each_engine(1, rolled_back);
}

static struct id watcher;

static void notes_and_chains(struct visitor *visitor)
{
    for (int i = 0; i < EVENTS; i++) {
        int64_t count;
        note(visitor, AUDIT_LOGIN_FAILED);
        const result chained = audit_chain_step(visitor->service, &visitor->task, &count);
        if (chained.code != STATUS_CONFLICT) expect_code(visitor, chained, STATUS_OK, "chain");
        fault_clear(&visitor->task.fault);
    }
}

static void makes_watcher(struct visitor *visitor)
{
    watcher = create(visitor, "login.*").id;
}

static void counts_watched(struct visitor *visitor)
{
    chain(visitor);
    cr_expect_eq(deliveries(visitor, watcher, "1 = 1"), EVENTS * CHAINERS);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(DISTINCT event_seq) FROM webhook_deliveries"),
                 EVENTS * CHAINERS);
}

static void on_engine(enum db_engine engine)
{
    struct domain_fixture *fixture = calloc(1, sizeof *fixture);
    domain_fixture_open(fixture, engine);
    domain_fixture_run(fixture, 1, makes_watcher);
    domain_fixture_run(fixture, CHAINERS, notes_and_chains);
    domain_fixture_run(fixture, 1, counts_watched);
    domain_fixture_close(fixture);
    free(fixture);
}

Test(webhooks, of_several_who_chain_events_each_event_is_told_once)
{
    on_engine(DB_SQLITE);
    on_engine(DB_POSTGRES);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void disabled(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    const struct webhook_target target = {.id = webhook.id};
    struct webhook_changes changes = {.sets_enabled = true};
    struct webhook changed;
    struct webhook_delivery delivery;
    note(visitor, AUDIT_LOGIN_FAILED);
    chain(visitor);
    struct service *service = visitor->service;
    expect_code(visitor, webhooks_update(service, &visitor->task, &target, &changes, &changed), STATUS_OK,
                "disable");
    cr_expect_eq(deliveries(visitor, webhook.id, "state = 'failed' AND last_error LIKE '%disabled%'"), 1);
    expect_code(visitor, webhooks_test(service, &visitor->task, webhook.id, &delivery), STATUS_CONFLICT,
                "test");
    expect_code(visitor, webhooks_retry(service, &visitor->task, webhook.id, webhook.id, &delivery),
                STATUS_CONFLICT, "retry");
    changes.order.is_enabled = true;
    expect_code(visitor, webhooks_update(service, &visitor->task, &target, &changes, &changed), STATUS_OK,
                "enable");
    expect_code(visitor, webhooks_test(service, &visitor->task, webhook.id, &delivery), STATUS_OK, "test");
    cr_expect_eq(deliveries(visitor, webhook.id, "state = 'waiting'"), 1, "the test alone");
    cr_expect_eq(
        ask(visitor->fixture, "SELECT count(DISTINCT type) FROM audit_events WHERE type LIKE 'webhook.%'"),
        4);
}

Test(webhooks, one_that_is_disabled_waits_for_nothing)
{
    on_each_engine(1, disabled);
}

static void fill(struct visitor *visitor, int rows)
{
    char sql[512];
    const bool is_lite = visitor->fixture->engine == DB_SQLITE;
    snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < %d) INSERT INTO "
        "webhook_deliveries (webhook_id, event_id, event_seq, event_type, next_attempt_at_ms, created_at_ms) "
        "SELECT w.id, %s, n, 'login.failed', 1, 1 FROM n CROSS JOIN webhooks AS w",
        rows, is_lite ? "randomblob(16)" : "gen_random_uuid()");
    tell(visitor->fixture, sql);
}

static void very_many(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    const struct webhook_target target = {.id = webhook.id};
    struct webhook_changes changes = {.sets_enabled = true};
    struct webhook changed;
    struct service *service = visitor->service;
    fill(visitor, 2500);
    expect_code(visitor, webhooks_update(service, &visitor->task, &target, &changes, &changed), STATUS_OK,
                "disable");
    cr_expect_eq(deliveries(visitor, webhook.id, "state = 'failed'"), 2500);
    fill(visitor, 1500);
    changes.order.is_enabled = true;
    expect_code(visitor, webhooks_update(service, &visitor->task, &target, &changes, &changed), STATUS_OK,
                "enable");
    cr_expect_eq(deliveries(visitor, webhook.id, "state = 'waiting'"), 0, "what was left over is not sent");
    fill(visitor, 10);
    int64_t cancelled;
    expect_code(visitor,
                webhook_delivery_cancel_some(service->db, &visitor->task, webhook.id, 100, &cancelled),
                STATUS_OK, "late");
    cr_expect_eq(cancelled, 0, "who ends what waited for it before it was enabled ends nothing of now");
    expect_code(visitor, webhooks_delete(service, &visitor->task, &target), STATUS_OK, "delete");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM webhook_deliveries"), 0);
}

Test(webhooks, very_many_deliveries_are_ended_some_at_a_time)
{
    on_each_engine(1, very_many);
}

static void too_many(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    struct webhook changed;
    int64_t again_ms = -1;
    struct service *service = visitor->service;
    expect_code(visitor, webhook_work.step(service, &visitor->task, &again_ms), STATUS_OK, "step");
    cr_expect_eq(again_ms, 0, "with nothing to do nothing is looked at again");
    fill(visitor, 3001);
    tell(visitor->fixture, "UPDATE webhooks SET paused_until_ms = 99999999999999");
    expect_code(visitor, webhook_work.step(service, &visitor->task, &again_ms), STATUS_OK, "step");
    expect_code(visitor, webhook_find(service->db, &visitor->task, webhook.id, &changed), STATUS_OK, "find");
    cr_expect(!changed.is_enabled && !is_empty(changed.disabled_reason));
    cr_expect_eq(deliveries(visitor, webhook.id, "state = 'waiting'"), 0);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM audit_events WHERE type = 'webhook.disabled'"),
                 1);
}

Test(webhooks, one_that_too_many_events_wait_for_is_disabled)
{
    on_each_engine(1, too_many);
}

static void deleted(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    const struct webhook_target target = {.id = webhook.id};
    note(visitor, AUDIT_LOGIN_FAILED);
    chain(visitor);
    expect_code(visitor, webhooks_delete(visitor->service, &visitor->task, &target), STATUS_OK, "delete");
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM webhook_deliveries"), 0);
    note(visitor, AUDIT_LOGIN_FAILED);
    chain(visitor);
    cr_expect_eq(ask(visitor->fixture, "SELECT count(*) FROM webhook_deliveries"), 0);
}

Test(webhooks, one_that_is_deleted_takes_its_deliveries_along)
{
    on_each_engine(1, deleted);
}

static void old_ones(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor, "login.failed");
    note(visitor, AUDIT_LOGIN_FAILED);
    chain(visitor);
    visitor_wait(visitor, RETENTION_MS - 1000);
    visitor_retain(visitor);
    cr_expect_eq(deliveries(visitor, webhook.id, "1 = 1"), 1);
    visitor_wait(visitor, 2000);
    visitor_retain(visitor);
    cr_expect_eq(deliveries(visitor, webhook.id, "1 = 1"), 0);
}

Test(webhooks, deliveries_are_kept_for_a_month)
{
    on_each_engine(1, old_ones);
}
