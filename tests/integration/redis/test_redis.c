// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "redis_pair.h"

static void no_server(void)
{
    instance_open(&first, "unix:///nonexistent/redis.sock");
    const int64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < 100; i++) {
        offer_text(&first, "a", "1", 5000);
        cr_expect_str_eq(get_text(&first, "a"), "");
        deny_name(&first, "b");
        cr_expect_eq(count_name(&first, "c", 1000), i + 1);
    }
    cr_expect_leq(clock_monotonic_ms() - start_ms, 100);
    cr_expect_not(instance_counts(&first).is_shared_up);
    instance_close(&first);
}

Test(redis, a_server_that_was_never_there_costs_no_wait_and_gives_no_value)
{
    in_fiber(no_server);
}

static void wrong_password(void)
{
    instance_open(&first, server.url);
    fiber_sleep(100);
    cr_expect_not(instance_counts(&first).is_shared_up);
    cr_expect_str_eq(get_text(&first, "a"), "");
    instance_close(&first);
}

Test(redis, a_refused_password_leaves_the_shared_cache_down)
{
    redis_server_start(&server, "right");
    snprintf(server.url, sizeof server.url, "unix://:wrong@%s", server.socket);
    in_fiber(wrong_password);
    redis_server_stop(&server);
}

static void unknown_host(void)
{
    instance_open(&first, "redis://no-such-host.invalid:6379");
    const int64_t start_ms = clock_monotonic_ms();
    for (int i = 0; i < 20; i++) {
        cr_expect_str_eq(get_text(&first, "a"), "");
        fiber_sleep(1);
    }
    cr_expect_leq(clock_monotonic_ms() - start_ms, 200, "the loop goes on while the name is looked up");
    instance_close(&first);
}

Test(redis, a_name_that_nobody_knows_does_not_hold_up_the_loop)
{
    in_fiber(unknown_host);
}

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Others look for free ports at the same time: one that was free may be taken before the server has it. */
static unsigned listen_anywhere(void)
{
    char command[64];
    for (int tries = 0; tries < 20; tries++) {
        const unsigned port = free_port();
        snprintf(command, sizeof command, "CONFIG SET port %u", port);
        if (strncmp(redis_server_ask(&server, command), "+OK", 3) == 0) return port;
    }
    cr_assert_fail("no port was free");
    return 0;
}

static void by_name(void)
{
    char text[64];
    snprintf(text, sizeof text, "redis://localhost:%u/3", listen_anywhere());
    instance_open(&first, text);
    cr_expect(instance_is_up(&first));
    offer_text(&first, "a", "1", 5000);
    cr_expect_str_eq(get_text(&first, "a"), "1");
    fiber_sleep(20);
    cr_expect_not_null(strstr(redis_server_ask(&server, "INFO keyspace"), "db3:keys=1"));
    instance_close(&first);
}

Test(redis, a_server_is_found_by_name_and_its_database_selected)
{
    with_server(by_name);
}

static void share(void)
{
    both_open();
    offer_text(&first, "a", "1", 5000);
    cr_expect_str_eq(get_text(&first, "a"), "1");
    cr_expect_str_eq(peek_text(&second, "a"), "");
    cr_expect_str_eq(get_text(&second, "a"), "1");
    cr_expect_eq(instance_counts(&second).shared_hits, 1);
    cr_expect_eq(count_name(&first, "c", 1000), 1);
    cr_expect_eq(count_name(&second, "c", 1000), 2);
    cr_expect_eq(count_name(&first, "c", 1000), 3);
    both_close();
}

Test(redis, values_and_counters_are_shared_between_instances)
{
    with_server(share);
}

static void names_are_hidden(void)
{
    instance_open(&first, server.url);
    cr_expect(instance_is_up(&first));
    offer_text(&first, "alice@example.com", "1", 5000);
    fiber_sleep(20);
    char key[64];
    only_key(key);
    cr_expect_eq(strspn(key + 6, "0123456789abcdef"), 32, "%s", key);
    ask_about("PTTL %", key, ":4");
    instance_close(&first);
}

Test(redis, no_name_stands_in_redis_in_clear_and_every_value_has_a_lifetime)
{
    with_server(names_are_hidden);
}

// The near caches of both hold the value; a denial by one must be known to the other by its next turn.
static void deny_is_heard(void)
{
    both_open();
    int64_t slowest_us = 0;
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", i);
        offer_text(&first, name, "1", 5000);
        offer_text(&second, name, "1", 5000);
        cr_expect_str_eq(get_text(&first, name), "1");
        cr_expect_str_eq(get_text(&second, name), "1");
        deny_name(&first, name);
        const int64_t start_us = clock_monotonic_us();
        cr_expect_str_eq(peek_text(&first, name), "");
        while (strcmp(peek_text(&second, name), "") != 0) fiber_sleep(0);
        const int64_t took_us = clock_monotonic_us() - start_us;
        if (took_us > slowest_us) slowest_us = took_us;
        cr_expect_str_eq(get_text(&second, name), "");
    }
    cr_expect_lt(slowest_us, 20000);
    fprintf(stderr, "denial heard by the other instance within %lld us after cache_deny returned\n",
            (long long)slowest_us);
    cr_expect_gt(instance_counts(&second).near_hits, 0, "the near cache was in use");
    both_close();
}

Test(redis, what_one_instance_denies_the_other_forgets)
{
    with_server(deny_is_heard);
}

static void channel_lost(void)
{
    both_open();
    offer_text(&second, "a", "1", 15000);
    offer_text(&second, "b", "1", 15000);
    cr_expect_str_eq(peek_text(&second, "a"), "1");
    (void)redis_server_ask(&server, "CLIENT KILL TYPE pubsub");
    fiber_sleep(5);
    cr_expect_str_eq(peek_text(&second, "a"), "", "not used without the channel");
    deny_name(&first, "a"); // unheard
    cr_expect_str_eq(get_text(&second, "a"), "");
    cr_expect(instance_is_up(&second));
    cr_expect_str_eq(peek_text(&second, "a"), "", "emptied");
    cr_expect_str_eq(get_text(&second, "b"), "1");
    offer_text(&second, "a", "1", 15000); // a slow reader from before
    cr_expect_str_eq(peek_text(&second, "a"), "", "takes nothing from readers that began before");
    cr_expect_str_eq(get_text(&second, "a"), "");
    both_close();
}

Test(redis, without_its_channel_the_near_cache_is_emptied_and_unused)
{
    with_server(channel_lost);
}

static void flushed(void)
{
    both_open();
    offer_text(&first, "a", "1", 5000);
    cr_expect_str_eq(get_text(&second, "a"), "1");
    deny_name(&first, "b");
    cr_expect_eq(count_name(&first, "c", 5000), 1);
    (void)redis_server_ask(&server, "FLUSHALL");
    fiber_sleep(10);
    offer_text(&first, "b", "old", 5000);
    offer_text(&second, "b", "old", 5000);
    cr_expect_str_eq(get_text(&first, "b"), "", "both have heard of the denial before");
    cr_expect_str_eq(get_text(&second, "b"), "");
    cr_expect_eq(count_name(&first, "c", 5000), 1);
    cr_expect(instance_counts(&first).is_shared_up);
    both_close();
}

Test(redis, after_a_flush_what_was_denied_stays_denied_where_it_was_heard)
{
    with_server(flushed);
}

static void denial_told_later(void)
{
    both_open();
    offer_text(&second, "a", "1", 15000);
    cr_expect_str_eq(get_text(&second, "a"), "1");
    fiber_sleep(20);
    char key[64];
    only_key(key);
    redis_server_pause(&server);
    deny_name(&first, "a"); // fails: nobody answers
    cr_expect_eq(instance_counts(&first).shared_failures, 1);
    (void)redis_server_resume(&server);
    fiber_sleep(400); // nobody asks the first instance for anything
    ask_about("GET %", key, "$1\r\nd");
    cr_expect(instance_is_up(&second));
    cr_expect_str_eq(get_text(&second, "a"), "");
    both_close();
}

Test(redis, a_denial_that_could_not_be_told_is_told_as_soon_as_it_can)
{
    with_server(denial_told_later);
}

static void denials_beyond_count(void)
{
    instance_open(&first, server.url);
    cr_expect(instance_is_up(&first));
    redis_server_kill(&server);
    fiber_sleep(5);
    char name[16];
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        deny_name(&first, name);
    }
    redis_server_restart(&server);
    for (int i = 0; i < 100; i++) {
        (void)get_text(&first, "a");
        fiber_sleep(10);
    }
    cr_expect_not(instance_counts(&first).is_shared_up, "what it does not know of can still be there");
    instance_close(&first);
}

Test(redis, after_more_untold_denials_than_are_kept_it_is_not_trusted)
{
    with_server(denials_beyond_count);
}

static void lifeless_counter(void)
{
    instance_open(&first, server.url);
    cr_expect(instance_is_up(&first));
    cr_expect_eq(count_name(&first, "a", 5000), 1);
    char key[64];
    only_key(key);
    ask_about("PERSIST %", key, ":1");
    cr_expect_eq(count_name(&first, "a", 5000), 2);
    fiber_sleep(10);
    ask_about("PTTL %", key, ":4");
    instance_close(&first);
}

Test(redis, a_counter_without_an_end_is_given_one)
{
    with_server(lifeless_counter);
}

static void other_types(void)
{
    instance_open(&first, server.url);
    cr_expect(instance_is_up(&first));
    char key[64];
    cr_expect_eq(count_name(&first, "a", 5000), 1);
    only_key(key);
    ask_about("SET % many", key, "+OK");
    cr_expect_eq(count_name(&first, "a", 5000), 2, "what this process has seen");
    ask_about("SET % -100", key, "+OK");
    cr_expect_eq(count_name(&first, "a", 5000), 3);
    ask_about("DEL %", key, ":1");
    ask_about("LPUSH % x", key, ":1");
    cr_expect_eq(count_name(&first, "a", 5000), 4);
    cr_expect(instance_counts(&first).is_shared_up, "errors are answers");
    instance_close(&first);
}

Test(redis, a_counter_that_is_no_number_does_not_count)
{
    with_server(other_types);
}

static void full(void)
{
    both_open();
    offer_text(&first, "a", "1", 15000);
    cr_expect_str_eq(get_text(&second, "a"), "1");
    cr_expect_str_eq(redis_server_ask(&server, "CONFIG SET maxmemory 1"), "+OK\r\n");
    deny_name(&first, "a");
    cr_expect_eq(redis_server_ask(&server, "DBSIZE")[1], '0', "the old value is gone, though SET is refused");
    cr_expect_str_eq(get_text(&second, "a"), "");
    both_close();
}

Test(redis, a_full_server_still_forgets_what_is_denied)
{
    with_server(full);
}

static long commands_processed(void)
{
    const char *line = strstr(redis_server_ask(&server, "INFO stats"), "total_commands_processed:");
    return line ? strtol(line + 25, NULL, 10) : -1;
}

static void idle(void)
{
    both_open();
    offer_text(&first, "a", "1", 5000);
    cr_expect_str_eq(get_text(&second, "a"), "1");
    fiber_sleep(50);
    const long before = commands_processed();
    fiber_sleep(1500);
    cr_expect_eq(commands_processed(), before + 1, "but for the question itself");
    both_close();
}

Test(redis, who_has_nothing_to_ask_sends_nothing)
{
    with_server(idle);
}

static void silent_channel(void)
{
    instance_open(&first, server.url);
    cr_expect(instance_is_up(&first));
    offer_text(&first, "a", "1", 15000);
    cr_expect_str_eq(peek_text(&first, "a"), "1");
    redis_server_pause(&server);
    const int64_t start_ms = clock_monotonic_ms();
    while (strcmp(peek_text(&first, "a"), "1") == 0 && clock_monotonic_ms() - start_ms < 3000) fiber_sleep(1);
    cr_expect_leq(clock_monotonic_ms() - start_ms, 950,
                  "a channel that says nothing is not trusted for long");
    redis_server_resume(&server);
    instance_close(&first);
}

Test(redis, a_channel_that_shows_no_life_is_not_trusted)
{
    with_server(silent_channel);
}
