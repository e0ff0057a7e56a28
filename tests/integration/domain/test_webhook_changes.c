// SPDX-License-Identifier: MIT
// A webhook that is changed while somebody delivers for it.
#include <criterion/criterion.h>
#include <stdio.h>

#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "domain_fixture.h"

#define CLAIM_MS INT64_C(30000)

static const struct str ALL = STR_INIT("*");

static struct webhook create(struct visitor *visitor)
{
    const struct webhook_order order = {
        .name = STR("Alarms"), .url = STR("https://one.example/"), .events = {&ALL, 1}, .is_enabled = true};
    struct webhook webhook = {0};
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_OK, "create");
    return webhook;
}

static void test(struct visitor *visitor, const struct webhook *webhook)
{
    struct webhook_delivery delivery;
    expect_code(visitor, webhooks_test(visitor->service, &visitor->task, webhook->id, &delivery), STATUS_OK,
                "test");
    visitor_wait(visitor, 1);
}

static struct webhook claim(struct visitor *visitor)
{
    struct webhook claimed = {0};
    const int64_t now_ms = visitor->task.now_ms;
    expect_code(visitor,
                webhook_claim(visitor->service->db, &visitor->task, now_ms, now_ms + CLAIM_MS, &claimed),
                STATUS_OK, "claim");
    return claimed;
}

static void change(struct visitor *visitor, const struct webhook *webhook,
                   const struct webhook_changes *changes)
{
    const struct webhook_target target = {.id = webhook->id};
    struct webhook changed;
    expect_code(visitor, webhooks_update(visitor->service, &visitor->task, &target, changes, &changed),
                STATUS_OK, "change");
}

static void move(struct visitor *visitor, const struct webhook *webhook)
{
    change(visitor, webhook,
           &(struct webhook_changes){.sets_url = true, .order = {.url = STR("https://two.example/")}});
}

static void rotate(struct visitor *visitor, const struct webhook *webhook)
{
    const struct webhook_target target = {.id = webhook->id};
    struct webhook changed;
    struct secret secret;
    expect_code(visitor,
                webhooks_rotate_secret(visitor->service, &visitor->task, &target, 0, &changed, &secret),
                STATUS_OK, "rotate");
}

static void disable(struct visitor *visitor, const struct webhook *webhook)
{
    change(visitor, webhook, &(struct webhook_changes){.sets_enabled = true});
}

static void leave(struct visitor *visitor, const struct webhook *webhook)
{
    (void)visitor;
    (void)webhook;
}

/* --- what is sent ------------------------------------------------------------------------------------------------- */

static void taking(struct visitor *visitor)
{
    static const struct {
        const char *what;
        void (*act)(struct visitor *visitor, const struct webhook *webhook);
        enum status code;
    } cases[] = {{"URL", move, STATUS_NOT_FOUND},
                 {"secret", rotate, STATUS_NOT_FOUND},
                 {"disabled", disable, STATUS_NOT_FOUND},
                 {"as it was", leave, STATUS_OK}};
    struct webhook_delivery delivery;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct webhook webhook = create(visitor);
        test(visitor, &webhook);
        const struct webhook claimed = claim(visitor);
        cr_assert(id_equal(claimed.id, webhook.id));
        cases[i].act(visitor, &webhook);
        expect_code(visitor,
                    webhook_delivery_take(visitor->service->db, &visitor->task, &claimed,
                                          visitor->task.now_ms, &delivery),
                    cases[i].code, cases[i].what);
        tell(visitor->fixture, "UPDATE webhooks SET is_enabled = false");
    }
}

Test(webhook_changes, nothing_more_goes_to_an_old_url_or_is_signed_with_an_old_secret)
{
    on_each_engine(1, taking);
}

/* --- what is said of it ------------------------------------------------------------------------------------------- */

static void fail_and_release(struct visitor *visitor, struct webhook *claimed)
{
    claimed->failures = 7;
    claimed->failing_since_ms = 1;
    claimed->paused_until_ms = visitor->task.now_ms + CLAIM_MS;
    expect_code(visitor, webhook_release(visitor->service->db, &visitor->task, claimed, visitor->task.now_ms),
                STATUS_OK, "release");
}

static struct webhook read(struct visitor *visitor, struct id id)
{
    struct webhook webhook = {0};
    expect_code(visitor, webhook_find(visitor->service->db, &visitor->task, id, &webhook), STATUS_OK, "find");
    return webhook;
}

static void releasing(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor);
    test(visitor, &webhook);
    struct webhook claimed = claim(visitor);
    move(visitor, &webhook);
    fail_and_release(visitor, &claimed);
    struct webhook now = read(visitor, webhook.id);
    cr_expect(now.failures == 0 && now.failing_since_ms == 0 && now.paused_until_ms == 0,
              "another receiver has not failed");
    cr_expect_leq(now.claimed_until_ms, visitor->task.now_ms, "the claim is given back");

    claimed = claim(visitor);
    fail_and_release(visitor, &claimed);
    now = read(visitor, webhook.id);
    cr_expect(now.failures == 7 && now.failing_since_ms == 1 &&
                  now.paused_until_ms == visitor->task.now_ms + CLAIM_MS,
              "what has failed itself");
}

Test(webhook_changes, what_the_receiver_before_has_failed_in_does_not_count)
{
    on_each_engine(1, releasing);
}

static void hastening(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor);
    test(visitor, &webhook);
    struct webhook claimed = claim(visitor);
    test(visitor, &webhook);
    fail_and_release(visitor, &claimed);
    const struct webhook now = read(visitor, webhook.id);
    cr_expect_eq(now.paused_until_ms, 0, "somebody wants it sent now");
    cr_expect_eq(now.failures, 7);
    test(visitor, &webhook);
    claimed = claim(visitor);
    cr_expect_eq(claimed.paused_until_ms, 0);
    fail_and_release(visitor, &claimed);
    cr_expect_gt(read(visitor, webhook.id).paused_until_ms, visitor->task.now_ms, "not for ever");
}

Test(webhook_changes, a_test_is_not_held_up_by_the_pause_of_a_failure_under_way)
{
    on_each_engine(1, hastening);
}

static void disabling(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor);
    test(visitor, &webhook);
    const struct webhook claimed = claim(visitor);
    struct webhook_disabling order = {
        .id = webhook.id, .reason = "gone", .is_of_version = true, .version = claimed.version};
    bool is_disabled = true;
    move(visitor, &webhook);
    expect_code(visitor, webhooks_disable(visitor->service, &visitor->task, &order, &is_disabled), STATUS_OK,
                "disable");
    cr_expect(!is_disabled && read(visitor, webhook.id).is_enabled,
              "it was the receiver before that is gone");
    order.version = read(visitor, webhook.id).version;
    expect_code(visitor, webhooks_disable(visitor->service, &visitor->task, &order, &is_disabled), STATUS_OK,
                "disable");
    cr_expect(is_disabled && !read(visitor, webhook.id).is_enabled);
}

Test(webhook_changes, a_receiver_that_was_replaced_disables_nothing)
{
    on_each_engine(1, disabling);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static long long events(const struct visitor *visitor, const char *type)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM audit_events WHERE type = 'webhook.%s'", type);
    return ask(visitor->fixture, sql);
}

static void noting(struct visitor *visitor)
{
    const struct webhook webhook = create(visitor);
    const struct webhook_target target = {.id = webhook.id};
    disable(visitor, &webhook);
    cr_expect(events(visitor, "disabled") == 1 && events(visitor, "updated") == 0, "switched, and no more");
    change(visitor, &webhook,
           &(struct webhook_changes){.sets_enabled = true,
                                     .sets_url = true,
                                     .order = {.url = STR("https://two.example/"), .is_enabled = true}});
    cr_expect(events(visitor, "enabled") == 1 && events(visitor, "updated") == 1, "switched and moved");
    expect_code(visitor, webhooks_delete(visitor->service, &visitor->task, &target), STATUS_OK, "delete");
    cr_expect(events(visitor, "disabled") == 2 && events(visitor, "deleted") == 1);
}

Test(webhook_changes, each_thing_a_change_does_is_an_event)
{
    on_each_engine(1, noting);
}
