// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "../../../src/http/proxy_internal.h"

static enum status parse(struct arena *arena, const char *text, struct trusted_proxies *ret_proxies)
{
    struct fault fault;
    fault_clear(&fault);
    return trusted_proxies_parse(str_from(text), arena, &fault, ret_proxies).code;
}

Test(proxy, entries_that_are_no_address_are_refused)
{
    static const char *const wrong[] = {
        "a",      "1.2.3",     "10.0.0.0/33",  "10.0.0.0/-1",   "10.0.0.0/",
        "::/129", "unix:/run", "10.0.0.0/8/8", "1.2.3.4,,unix", "1.2.3.4 5.6.7.8"};
    struct arena *arena = arena_create(1024 * 1024);
    struct trusted_proxies proxies;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        cr_expect_eq(parse(arena, wrong[i], &proxies), STATUS_BAD_REQUEST, "%s", wrong[i]);
    arena_destroy(arena);
}

Test(proxy, a_block_holds_its_own_addresses_and_no_other)
{
    static const struct {
        const char *proxies;
        const char *peer;
        bool is_trusted;
    } rows[] = {
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/9", "10.128.0.0", false},
        {"10.0.0.1", "10.0.0.2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"0.0.0.0/0", "::1", false},
        {"unix", "10.0.0.1", false},
        {"", "127.0.0.1", false},
        {" ::1 , 10.0.0.1 ", "10.0.0.1", true},
        {"0.0.0.0/0", "203.0.113.1", true},
    };
    struct arena *arena = arena_create(1024 * 1024);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct trusted_proxies proxies;
        struct client_address peer;
        cr_assert_eq(parse(arena, rows[i].proxies, &proxies), STATUS_OK, "%s", rows[i].proxies);
        cr_assert(address_parse(str_from(rows[i].peer), &peer));
        cr_expect_eq(is_trusted_proxy(&proxies, &peer), rows[i].is_trusted, "%s %s", rows[i].proxies,
                     rows[i].peer);
    }
    arena_destroy(arena);
}

Test(proxy, limits_are_counted_by_ipv4_address_and_by_ipv6_network)
{
    static const char *const rows[][2] = {{"203.0.113.9", "203.0.113.9"},
                                          {"::ffff:203.0.113.9", "203.0.113.9"},
                                          {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
                                          {"2001:db8:1:2:ffff::", "2001:db8:1:2::/64"}};
    struct request request = {.task.arena = arena_create(1024 * 1024)};
    cr_expect(str_equal(client_rate_name(&request), STR("unknown")));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        cr_assert(address_parse(str_from(rows[i][0]), &request.client));
        const struct str name = client_rate_name(&request);
        cr_expect(str_equal(name, str_from(rows[i][1])), "%s: %.*s", rows[i][0], STR_ARGS(name));
    }
    arena_destroy(request.task.arena);
}
