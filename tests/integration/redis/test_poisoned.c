// SPDX-License-Identifier: MIT
// A server that answers what no sane one would: the answer is MISS, and the process goes on.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "cache_fixture.h"
#include "fake_server.h"

static struct fake_server server;
static struct instance instance;
static struct str poison; /* the answer to GET */
static atomic_bool is_healed;
static atomic_int drip_ms; /* between two bytes */

static bool say(int fd, struct str text)
{
    const int pause_ms = atomic_load(&drip_ms);
    if (pause_ms == 0) return send(fd, text.ptr, text.len, MSG_NOSIGNAL) == (ssize_t)text.len;
    for (size_t i = 0; i < text.len; i++) {
        if (send(fd, text.ptr + i, 1, MSG_NOSIGNAL) != 1) return false;
        usleep((useconds_t)pause_ms * 1000);
    }
    return true;
}

static size_t occurrences(const char *input, size_t len, const char *word)
{
    size_t count = 0;
    const size_t word_len = strlen(word);
    for (const char *place = input; (place = memmem(place, len - (size_t)(place - input), word, word_len));) {
        count++;
        place += word_len;
    }
    return count;
}

static bool answer(int fd, const char *input, size_t len)
{
    bool is_open = true;
    const size_t gets = occurrences(input, len, "\r\nGET\r\n");
    for (size_t i = occurrences(input, len, "\r\nPING\r\n"); i > 0; i--) is_open &= say(fd, STR("+PONG\r\n"));
    if (occurrences(input, len, "SUBSCRIBE") > 0) {
        is_open &= say(fd, STR("*3\r\n$9\r\nsubscribe\r\n$10\r\nauth1:deny\r\n:1\r\n"));
    }
    for (size_t i = 0; i < gets; i++) is_open &= say(fd, atomic_load(&is_healed) ? STR("$-1\r\n") : poison);
    return is_open;
}

/* Tried more than once: on a busy machine a sound answer may come too late. */
static bool is_in_service(void)
{
    for (int i = 0; i < 5; i++) {
        if (!instance_is_up(&instance)) return false;
        const unsigned long misses = instance_counts(&instance).shared_misses;
        cr_expect_str_eq(get_text(&instance, "a"), "");
        if (instance_counts(&instance).shared_misses == misses + 1) return true;
    }
    return false;
}

static void one_poison(void)
{
    instance_open(&instance, server.url);
    cr_expect(instance_is_up(&instance));
    const int64_t start_ms = clock_monotonic_ms();
    cr_expect_str_eq(get_text(&instance, "a"), "", "%.30s", poison.ptr);
    const int64_t took_ms = clock_monotonic_ms() - start_ms;
    cr_expect_leq(took_ms, 250, "%.30s took %lld ms", poison.ptr, (long long)took_ms);
    atomic_store(&is_healed, true);
    fiber_sleep(5);
    cr_expect(is_in_service(), "%.30s: not in service again", poison.ptr);
    instance_close(&instance);
}

static void poison_with(struct str text, int pause_ms)
{
    poison = text;
    atomic_store(&is_healed, false);
    atomic_store(&drip_ms, 0);
    fake_server_start(&server, answer);
    in_fiber(one_poison);
    atomic_store(&drip_ms, pause_ms);
    fake_server_stop(&server);
}

static const struct str poisons[] = {
    STR_INIT(":1\r\n"),
    STR_INIT("+OK\r\n"),
    STR_INIT("-ERR no\r\n"),
    STR_INIT("*0\r\n"),
    STR_INIT("*-1\r\n"),
    STR_INIT("*-2\r\n"),
    STR_INIT("*3\r\n$1\r\na\r\n"),
    STR_INIT("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n"),
    STR_INIT("*1000000000\r\n"),
    STR_INIT("*4294967297\r\n:1\r\n"),
    STR_INIT("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
    STR_INIT("$-2\r\n"),
    STR_INIT("$536870912\r\n"),
    STR_INIT("$99999999999999999999\r\n"),
    STR_INIT("$3\r\nabcXX"),
    STR_INIT("$3\r\nabc\r\n"),
    STR_INIT("$1\r\nv\r\n"),
    STR_INIT("$0\r\n\r\n"),
    STR_INIT("$1\r\nd\r\n"),
    STR_INIT("$-1\r\n$-1\r\n"),
    STR_INIT("$-1\r\n$3\r\nabc\r\n+OK\r\n"),
    STR_INIT("$5\r\nab"),
    STR_INIT("hello\r\n"),
    STR_INIT("\r\n"),
    STR_INIT("\0\0\0\0"),
    STR_INIT("%1\r\n+a\r\n+b\r\n"),
    STR_INIT("_\r\n"),
    STR_INIT(":99999999999999999999999999\r\n"),
    STR_INIT("*3\r\n$7\r\nmessage\r\n$10\r\nauth1:deny\r\n$1\r\nx\r\n"),
};

/* Security incident 54. */
Test(poisoned, no_reply_grants_anything_crashes_or_keeps_it_out_of_service)
{
    for (size_t i = 0; i < ARRAY_COUNT(poisons); i++) poison_with(poisons[i], 0);
}

Test(poisoned, a_reply_longer_than_any_of_ours_ends_the_connection)
{
    static char text[200000];
    memset(text, 'x', sizeof text);
    memcpy(text, "$199000\r\n", 9);
    poison_with((struct str){text, sizeof text}, 0);
    text[0] = '+';
    poison_with((struct str){text, sizeof text}, 0);
}

static void dripping(void)
{
    instance_open(&instance, server.url);
    cr_expect(instance_is_up(&instance));
    atomic_store(&drip_ms, 10);
    const int64_t start_ms = clock_monotonic_ms();
    cr_expect_str_eq(get_text(&instance, "a"), "");
    cr_expect_leq(clock_monotonic_ms() - start_ms, 70);
    atomic_store(&drip_ms, 0);
    instance_close(&instance);
}

Test(poisoned, a_reply_that_comes_byte_by_byte_does_not_lengthen_the_wait)
{
    poison = STR("$30\r\n012345678901234567890123456789\r\n");
    fake_server_start(&server, answer);
    in_fiber(dripping);
    fake_server_stop(&server);
}

// The first asker gets two replies: the second must not be taken for an answer to the next question.
static bool answer_twice(int fd, const char *input, size_t len)
{
    const bool is_open = answer(fd, input, len);
    if (occurrences(input, len, "\r\nGET\r\n") > 0) usleep(20000);
    return is_open;
}

static void shifted(void)
{
    instance_open(&instance, server.url);
    cr_expect(instance_is_up(&instance));
    const unsigned before = atomic_load(&server.connections);
    cr_expect_str_eq(get_text(&instance, "a"), "");
    fiber_sleep(30);
    cr_expect_not(instance_counts(&instance).is_shared_up, "the surplus reply ended the connection");
    cr_expect_str_eq(get_text(&instance, "b"), "");
    fiber_sleep(300);
    cr_expect_str_eq(get_text(&instance, "b"), "");
    fiber_sleep(20);
    cr_expect_gt(atomic_load(&server.connections), before, "and a new one begins with no debts");
    instance_close(&instance);
}

Test(poisoned, a_surplus_reply_never_answers_the_next_question)
{
    poison = STR("$-1\r\n$-1\r\n");
    fake_server_start(&server, answer_twice);
    in_fiber(shifted);
    fake_server_stop(&server);
}

static struct str push;

static bool push_after_subscribe(int fd, const char *input, size_t len)
{
    const bool is_open = answer(fd, input, len);
    return is_open && (occurrences(input, len, "SUBSCRIBE") == 0 || say(fd, push));
}

static void pushed(void)
{
    instance_open(&instance, server.url);
    fiber_sleep(30);
    offer_text(&instance, "a", "1", 5000);
    cr_expect_str_eq(peek_text(&instance, "a"), "", "%.40s: the channel is down", push.ptr);
    instance_close(&instance);
}

Test(poisoned, a_channel_that_says_what_it_should_not_is_closed)
{
    static const struct str pushes[] = {
        STR_INIT("+OK\r\n"),
        STR_INIT(":1\r\n"),
        STR_INIT("*0\r\n"),
        STR_INIT("*-1\r\n"),
        STR_INIT("*3\r\n:1\r\n:2\r\n:3\r\n"),
        STR_INIT("*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
        STR_INIT("*3\r\n$7\r\nmessage\r\n$10\r\nauth1:deny\r\n:3\r\n"),
        STR_INIT("*3\r\n$7\r\nmessage\r\n$10\r\nauth1:deny\r\n$3\r\nxyz\r\n"),
        STR_INIT("*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$32\r\n00000000000000000000000000000000\r\n"),
        STR_INIT("*3\r\n$9\r\nsubscribe\r\n$10\r\nauth1:deny\r\n:1\r\n"),
        STR_INIT("*3\r\n$11\r\nunsubscribe\r\n$10\r\nauth1:deny\r\n:0\r\n"),
        STR_INIT("*3\r\n*1\r\n:1\r\n$1\r\na\r\n$1\r\nb\r\n"),
        STR_INIT("*1000000000\r\n"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(pushes); i++) {
        push = pushes[i];
        fake_server_start(&server, push_after_subscribe);
        in_fiber(pushed);
        fake_server_stop(&server);
    }
}
