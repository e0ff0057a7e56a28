// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/domain/webhooks.h"
#include "auth/store/webhook_repo.h"
#include "domain_fixture.h"

static struct webhook create(struct visitor *visitor)
{
    const struct str all = STR("*");
    const struct webhook_order order = {.name = STR("Alarms"),
                                        .url = STR("https://hooks.example.org/"),
                                        .events = {&all, 1},
                                        .is_enabled = true};
    struct webhook webhook = {0};
    struct secret secret;
    expect_code(visitor, webhooks_create(visitor->service, &visitor->task, &order, &webhook, &secret),
                STATUS_OK, "create");
    return webhook;
}

static void sealed(struct visitor *visitor)
{
    const struct webhook first = create(visitor);
    const struct webhook second = create(visitor);
    struct key256 key, other;
    struct service *service = visitor->service;
    expect_code(visitor, webhook_secret_open(service, &visitor->task, first.id, first.sealed_secret, &key),
                STATUS_OK, "its own");
    expect_code(visitor, webhook_secret_open(service, &visitor->task, second.id, first.sealed_secret, &other),
                STATUS_INTERNAL, "one moved to another row");
    cr_expect(!memmem(first.sealed_secret.ptr, first.sealed_secret.len, key.bytes, sizeof key.bytes));
}

Test(webhook_secrets, secrets_are_sealed_and_each_is_one_webhooks)
{
    on_each_engine(1, sealed);
}

static void rotated(struct visitor *visitor)
{
    const struct webhook before = create(visitor);
    const struct webhook_target target = {.id = before.id};
    struct webhook after;
    struct secret secret;
    struct key256 old, previous, now;
    struct service *service = visitor->service;
    struct task *task = &visitor->task;
    expect_code(visitor, webhooks_rotate_secret(service, task, &target, -1, &after, &secret),
                STATUS_VALIDATION_FAILED, "no time");
    expect_code(
        visitor,
        webhooks_rotate_secret(service, task, &target, WEBHOOK_OVERLAP_SECONDS_LONGEST + 1, &after, &secret),
        STATUS_VALIDATION_FAILED, "too long");
    expect_code(visitor, webhooks_rotate_secret(service, task, &target, 60, &after, &secret), STATUS_OK,
                "rotate");
    expect_code(visitor, webhook_find(service->db, task, before.id, &after), STATUS_OK, "find");
    cr_expect_eq(after.previous_until_ms, task->now_ms + 60000);
    expect_code(visitor, webhook_secret_open(service, task, before.id, before.sealed_secret, &old), STATUS_OK,
                "old");
    expect_code(visitor,
                webhook_secret_open(service, task, before.id, after.previous_sealed_secret, &previous),
                STATUS_OK, "previous");
    expect_code(visitor, webhook_secret_open(service, task, before.id, after.sealed_secret, &now), STATUS_OK,
                "now");
    cr_expect(bytes_equal(&old, &previous, sizeof old) && !bytes_equal(&old, &now, sizeof old));
    expect_code(visitor, webhooks_rotate_secret(service, task, &target, 0, &after, &secret), STATUS_OK,
                "at once");
    expect_code(visitor, webhook_find(service->db, task, before.id, &after), STATUS_OK, "find");
    cr_expect(is_empty(after.previous_sealed_secret) && after.previous_until_ms == 0);
}

Test(webhook_secrets, a_rotated_secret_stays_for_as_long_as_is_said)
{
    on_each_engine(1, rotated);
}
