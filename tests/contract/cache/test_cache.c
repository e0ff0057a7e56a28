// SPDX-License-Identifier: MIT
// What holds for the cache of one process and for the shared one alike: each sentence is tried on both.
#include <criterion/criterion.h>
#include <string.h>

#include "cache_fixture.h"
#include "redis_server.h"

static struct instance instance;

static const char *current_url;
static void (*current_body)(void);

static void run_current(void)
{
    instance_open(&instance, current_url);
    cr_expect(current_url[0] == '\0' || instance_is_up(&instance));
    current_body();
    instance_close(&instance);
}

static void on_both(void (*body)(void))
{
    static struct redis_server server;
    redis_server_start(&server, "s3cret");
    current_body = body;
    current_url = "";
    in_fiber(run_current);
    current_url = server.url;
    in_fiber(run_current);
    redis_server_stop(&server);
}

static void unknown_is_missed(void)
{
    cr_expect_str_eq(get_text(&instance, "a"), "");
    cr_expect_str_eq(peek_text(&instance, "a"), "");
}

Test(cache, a_name_never_offered_is_a_miss)
{
    on_both(unknown_is_missed);
}

static void denied_takes_nothing(void)
{
    offer_text(&instance, "a", "1", 5000);
    cr_expect_str_eq(get_text(&instance, "a"), "1");
    deny_name(&instance, "a");
    cr_expect_str_eq(get_text(&instance, "a"), "");
    cr_expect_str_eq(peek_text(&instance, "a"), "");
    offer_text(&instance, "a", "1", 5000);
    cr_expect_str_eq(get_text(&instance, "a"), "");
    cr_expect_str_eq(peek_text(&instance, "a"), "");
}

Test(cache, a_denied_name_is_a_miss_and_takes_no_offer)
{
    on_both(denied_takes_nothing);
}

static void denied_before_it_was_known(void)
{
    deny_name(&instance, "a");
    offer_text(&instance, "a", "1", 5000);
    cr_expect_str_eq(get_text(&instance, "a"), "");
}

Test(cache, a_name_denied_before_any_offer_takes_none)
{
    on_both(denied_before_it_was_known);
}

static void expires(void)
{
    offer_text(&instance, "a", "1", 60);
    cr_expect_str_eq(get_text(&instance, "a"), "1");
    fiber_sleep(80);
    cr_expect_str_eq(get_text(&instance, "a"), "");
    offer_text(&instance, "b", "1", 0);
    offer_text(&instance, "c", "1", -1);
    cr_expect_str_eq(get_text(&instance, "b"), "");
    cr_expect_str_eq(get_text(&instance, "c"), "");
}

Test(cache, a_value_is_not_given_beyond_its_life)
{
    on_both(expires);
}

static void first_offer_stays(void)
{
    offer_text(&instance, "a", "first", 5000);
    offer_text(&instance, "a", "second", 5000);
    cr_expect_str_eq(get_text(&instance, "a"), "first");
}

Test(cache, the_first_offer_stays)
{
    on_both(first_offer_stays);
}

static void kinds_are_apart(void)
{
    char value[8];
    struct task task;
    task_init(&task, NULL, STR("test"), 10000);
    cache_offer(instance.link, CACHE_SESSION, STR("a"), STR("s"), 5000);
    for (int kind = 0; kind < CACHE_KIND_COUNT; kind++) {
        size_t len = sizeof value;
        const bool is_there = cache_get(instance.link, &task, (enum cache_kind)kind, STR("a"), value, &len);
        cr_expect_eq(is_there, kind == CACHE_SESSION, "kind %d", kind);
    }
    cr_expect_eq(cache_count(instance.link, &task, CACHE_SESSION, STR("a"), 1000), 1);
    cache_deny(instance.link, &task, CACHE_CLIENT, STR("a"));
    size_t len = sizeof value;
    cr_expect(cache_get(instance.link, &task, CACHE_SESSION, STR("a"), value, &len));
}

Test(cache, names_of_different_kinds_and_counters_never_meet)
{
    on_both(kinds_are_apart);
}

static void sizes(void)
{
    char value[CACHE_VALUE_MAX + 1];
    memset(value, 'x', sizeof value);
    struct task task;
    task_init(&task, NULL, STR("test"), 10000);
    cache_offer(instance.link, CACHE_TOKEN, STR("large"), (struct str){value, CACHE_VALUE_MAX + 1}, 5000);
    size_t len = sizeof value;
    cr_expect_not(cache_get(instance.link, &task, CACHE_TOKEN, STR("large"), value, &len));
    cache_offer(instance.link, CACHE_TOKEN, STR("fits"), (struct str){value, CACHE_VALUE_MAX}, 5000);
    len = CACHE_VALUE_MAX - 1;
    cr_expect_not(cache_get(instance.link, &task, CACHE_TOKEN, STR("fits"), value, &len), "no room for it");
    cr_expect_eq(len, CACHE_VALUE_MAX - 1);
    len = CACHE_VALUE_MAX;
    cr_expect(cache_get(instance.link, &task, CACHE_TOKEN, STR("fits"), value, &len));
    cache_offer(instance.link, CACHE_TOKEN, STR("empty"), STR_NONE, 5000);
    cr_expect(cache_get(instance.link, &task, CACHE_TOKEN, STR("empty"), value, &len));
    cr_expect_eq(len, 0);
}

Test(cache, values_larger_than_allowed_or_than_the_room_are_misses)
{
    on_both(sizes);
}

static void names_of_any_bytes(void)
{
    static const struct str names[] = {STR_INIT("a\0b"), STR_INIT("a\0c"), STR_INIT("\r\nDEL x\r\n"),
                                       STR_INIT("")};
    char value[8];
    struct task task;
    task_init(&task, NULL, STR("test"), 10000);
    for (size_t i = 0; i < 4; i++) {
        size_t len = sizeof value;
        cr_expect_not(cache_get(instance.link, &task, CACHE_CLIENT, names[i], value, &len));
        cache_offer(instance.link, CACHE_CLIENT, names[i], STR("a\0\r\n"), 5000);
        cr_expect(cache_get(instance.link, &task, CACHE_CLIENT, names[i], value, &len));
        cr_expect(len == 4 && memcmp(value, "a\0\r\n", 4) == 0);
    }
}

Test(cache, names_and_values_may_be_any_bytes)
{
    on_both(names_of_any_bytes);
}

static void counters(void)
{
    for (int64_t i = 1; i <= 5; i++) cr_expect_eq(count_name(&instance, "a", 100), i);
    cr_expect_eq(count_name(&instance, "b", 100), 1);
    fiber_sleep(120);
    cr_expect_eq(count_name(&instance, "a", 100), 1, "a new window");
}

Test(cache, a_counter_counts_within_its_window_and_begins_again_after)
{
    on_both(counters);
}
