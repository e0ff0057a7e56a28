// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "../../../src/cache/memory/memory_internal.h"

#define ROOM_BYTES (64u * 1024u)

static struct cache_driver *memory_of(size_t bytes_max)
{
    struct cache_driver *driver = NULL;
    cr_assert(is_ok(memory_create(bytes_max, &driver)));
    return driver;
}

static struct cache_key key_number(unsigned number)
{
    struct cache_key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    memcpy(key.bytes + CACHE_KEY_BYTES - sizeof number, &number, sizeof number);
    return key;
}

static struct cache_value value_of(const char *text, int64_t expires_ms)
{
    struct cache_value value = {.expires_ms = expires_ms, .len = strlen(text)};
    memcpy(value.bytes, text, value.len);
    return value;
}

static void offer(struct cache_driver *driver, unsigned number, const char *text, int64_t expires_ms,
                  int64_t now_ms)
{
    const struct cache_key key = key_number(number);
    const struct cache_value value = value_of(text, expires_ms);
    driver->calls->offer(driver, &key, &value, now_ms);
}

static enum cache_answer get(struct cache_driver *driver, unsigned number, int64_t now_ms)
{
    const struct cache_key key = key_number(number);
    struct cache_value value;
    return driver->calls->get(driver, &key, now_ms, &value);
}

static void deny(struct cache_driver *driver, unsigned number, int64_t now_ms)
{
    const struct cache_key key = key_number(number);
    cr_expect(driver->calls->deny(driver, &key, now_ms));
}

static int64_t count(struct cache_driver *driver, unsigned number, int64_t now_ms)
{
    const struct cache_key key = key_number(number);
    return driver->calls->count(driver, &key, 1000, now_ms);
}

static struct memory_counts counts_of(struct cache_driver *driver)
{
    struct memory_counts counts;
    memory_counts(driver, &counts);
    return counts;
}

Test(memory, what_was_never_offered_is_not_there)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    cr_expect_eq(get(driver, 1, 0), CACHE_MISS);
    driver->calls->close(driver);
}

Test(memory, a_value_is_gone_the_moment_it_expires)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    offer(driver, 1, "a", 100, 0);
    cr_expect_eq(get(driver, 1, 99), CACHE_HIT);
    cr_expect_eq(get(driver, 1, 100), CACHE_MISS);
    cr_expect_eq(counts_of(driver).entries, 0);
    offer(driver, 1, "a", 100, 100);
    cr_expect_eq(get(driver, 1, 99), CACHE_MISS, "a value that has expired is not taken");
    driver->calls->close(driver);
}

Test(memory, a_denied_key_takes_no_value_until_the_longest_request_is_over)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    offer(driver, 1, "a", 100000, 0);
    deny(driver, 1, 1000);
    cr_expect_eq(get(driver, 1, 1000), CACHE_DENIED);
    offer(driver, 1, "old", 100000, 1000 + CACHE_DENY_MS - 1);
    cr_expect_eq(get(driver, 1, 1000 + CACHE_DENY_MS - 1), CACHE_DENIED);
    offer(driver, 1, "new", 100000, 1000 + CACHE_DENY_MS);
    cr_expect_eq(get(driver, 1, 1000 + CACHE_DENY_MS), CACHE_HIT);
    driver->calls->close(driver);
}

Test(memory, a_second_denial_begins_the_time_again)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    deny(driver, 1, 0);
    deny(driver, 1, 10000);
    cr_expect_eq(get(driver, 1, CACHE_DENY_MS + 1), CACHE_DENIED);
    cr_expect_eq(get(driver, 1, CACHE_DENY_MS + 10000), CACHE_MISS);
    driver->calls->close(driver);
}

Test(memory, an_offer_does_not_replace_what_is_there)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    offer(driver, 1, "first", 100, 0);
    offer(driver, 1, "second", 100, 0);
    const struct cache_key key = key_number(1);
    struct cache_value value;
    cr_assert_eq(driver->calls->get(driver, &key, 0, &value), CACHE_HIT);
    cr_expect_eq(value.len, 5);
    cr_expect_eq(memcmp(value.bytes, "first", 5), 0);
    cr_expect_eq(value.expires_ms, 100);
    driver->calls->close(driver);
}

Test(memory, a_value_larger_than_allowed_is_not_taken)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    struct cache_value value = {.expires_ms = 100, .len = CACHE_VALUE_MAX + 1};
    const struct cache_key key = key_number(1);
    driver->calls->offer(driver, &key, &value, 0);
    cr_expect_eq(get(driver, 1, 0), CACHE_MISS);
    value.len = CACHE_VALUE_MAX;
    driver->calls->offer(driver, &key, &value, 0);
    cr_expect_eq(get(driver, 1, 0), CACHE_HIT);
    driver->calls->close(driver);
}

// All in one shard, so that the order is known.
Test(memory, the_value_used_longest_ago_makes_room_and_bytes_stay_within_the_limit)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    for (unsigned i = 0; i < 200; i++) {
        offer(driver, 16 * i, "some value", 1000, 0);
        cr_expect_eq(get(driver, 0, 0), CACHE_HIT, "the one in use stays (%u)", i);
        cr_expect_leq(counts_of(driver).bytes, ROOM_BYTES / 16);
    }
    cr_expect_eq(get(driver, 16, 0), CACHE_MISS);
    cr_expect_eq(get(driver, 16 * 199, 0), CACHE_HIT);
    cr_expect_gt(counts_of(driver).evictions, 100);
    driver->calls->close(driver);
}

Test(memory, values_never_push_out_a_denial)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    deny(driver, 0, 0);
    for (unsigned i = 1; i < 1000; i++) offer(driver, 16 * i, "some value", 1000, 0);
    cr_expect_eq(get(driver, 0, 1), CACHE_DENIED);
    driver->calls->close(driver);
}

Test(memory, a_flood_of_denials_denies_everything_rather_than_forget_one)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    offer(driver, 16 * 5000, "bystander", 100000, 0);
    for (unsigned i = 0; i < 1000; i++) deny(driver, 16 * i, 0);
    for (unsigned i = 0; i < 1000; i++) cr_expect_eq(get(driver, 16 * i, 1), CACHE_DENIED);
    cr_expect_eq(get(driver, 16 * 5000, 1), CACHE_DENIED);
    cr_expect_leq(counts_of(driver).bytes, ROOM_BYTES / 16);
    cr_expect_eq(get(driver, 16 * 5000, CACHE_DENY_MS), CACHE_MISS, "in service again, and empty");
    offer(driver, 16 * 5000, "bystander", 100000, CACHE_DENY_MS);
    cr_expect_eq(get(driver, 16 * 5000, CACHE_DENY_MS), CACHE_HIT);
    driver->calls->close(driver);
}

Test(memory, clearing_forgets_values_and_keeps_denials_and_counters)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    offer(driver, 1, "a", 100, 0);
    deny(driver, 2, 0);
    cr_expect_eq(count(driver, 3, 0), 1);
    memory_clear(driver);
    cr_expect_eq(get(driver, 1, 0), CACHE_MISS);
    cr_expect_eq(get(driver, 2, 0), CACHE_DENIED);
    cr_expect_eq(count(driver, 3, 0), 2);
    driver->calls->close(driver);
}

Test(memory, a_counter_begins_again_when_its_window_is_over)
{
    struct cache_driver *driver = memory_of(ROOM_BYTES);
    cr_expect_eq(count(driver, 1, 0), 1);
    cr_expect_eq(count(driver, 1, 999), 2);
    cr_expect_eq(count(driver, 1, 1000), 1);
    cr_expect_eq(count(driver, 1, 1001), 2);
    driver->calls->close(driver);
}

Test(memory, without_room_nothing_is_kept_and_a_counter_is_not_known)
{
    struct cache_driver *driver = memory_of(0);
    offer(driver, 1, "a", 100, 0);
    cr_expect_eq(get(driver, 1, 0), CACHE_MISS);
    cr_expect_eq(count(driver, 1, 0), 0);
    deny(driver, 1, 0);
    cr_expect_eq(get(driver, 1, 0), CACHE_DENIED);
    driver->calls->close(driver);
}

struct crowd {
    struct cache_driver *driver;
    unsigned seed;
};

static void *crowd_run(void *argument)
{
    const struct crowd *member = argument;
    unsigned number = member->seed;
    for (unsigned i = 0; i < 20000; i++) {
        number = number * 1103515245u + 12345u;
        const unsigned name = (number >> 8) % 512;
        offer(member->driver, name, "value of a name", i + 50, i);
        (void)get(member->driver, name, i);
        if (number % 64 == 0) deny(member->driver, name, i);
        (void)count(member->driver, 100000, 0);
    }
    return NULL;
}

Test(memory, threads_at_once_lose_no_count_and_keep_the_limit)
{
    struct crowd members[4];
    pthread_t threads[4];
    struct cache_driver *driver = memory_of(256u * 1024u);
    for (unsigned i = 0; i < 4; i++) {
        members[i] = (struct crowd){driver, i + 1};
        cr_assert_eq(pthread_create(&threads[i], NULL, crowd_run, &members[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_expect_eq(count(driver, 100000, 0), 80001);
    cr_expect_leq(counts_of(driver).bytes, 256u * 1024u);
    driver->calls->close(driver);
}
