// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "auth/fetch/address.h"
#include "auth/fetch/fetch.h"

static struct arena *arena;
static struct task task;

static void begin(void)
{
    arena = arena_create(4u << 20);
    task_init(&task, arena, STR("test"), 60000);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(fetch_address, .init = begin, .fini = end);

static const struct sockaddr *address_of(const char *text)
{
    static struct sockaddr_storage storage;
    struct sockaddr_in *four = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
    memset(&storage, 0, sizeof storage);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        return (const struct sockaddr *)&storage;
    }
    cr_assert_eq(inet_pton(AF_INET6, text, &six->sin6_addr), 1, "%s", text);
    six->sin6_family = AF_INET6;
    return (const struct sockaddr *)&storage;
}

/* Security incident: requests to addresses of the caller's choice reach what only we can reach. */
Test(fetch_address, what_is_not_public_is_refused_in_every_spelling)
{
    static const char *const REFUSED[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.1.2.3",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:10::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "3fff:fff:ffff::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
        "1fff::1",
        "5f00::1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++)
        cr_expect(!is_public_address(address_of(REFUSED[i])), "%s", REFUSED[i]);
}

Test(fetch_address, what_is_public_is_not_refused)
{
    static const char *const PUBLIC[] = {
        "1.1.1.1",         "8.8.8.8",          "9.255.255.255",
        "11.0.0.1",        "100.63.255.255",   "100.128.0.1",
        "126.255.255.255", "128.0.0.1",        "169.253.255.255",
        "172.15.255.255",  "172.32.0.1",       "192.0.1.1",
        "192.167.255.255", "198.17.255.255",   "198.20.0.1",
        "223.255.255.255", "2001:200::1",      "2001:4860:4860::8888",
        "2003::1",         "2606:4700::1111",  "3ffe::1",
        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
    };
    for (size_t i = 0; i < ARRAY_COUNT(PUBLIC); i++)
        cr_expect(is_public_address(address_of(PUBLIC[i])), "%s", PUBLIC[i]);
}

Test(fetch_address, other_families_are_refused)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};
    const struct allowed allowed = {.network_count = 1, .networks = {{.bits = 0}}};
    cr_expect(!is_public_address(&address));
    cr_expect(!is_allowed_address(&allowed, &address));
}

Test(fetch_address, what_is_allowed_is_that_and_no_more)
{
    struct allowed allowed;
    cr_assert(
        is_ok(allowed_parse(&task, STR("10.1.0.0/16, fd00:1::/32,192.168.7.7,Hooks.Internal,::1"), &allowed)),
        "%s", task.fault.detail);
    static const char *const YES[] = {"10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5", "192.168.7.7",
                                      "::1",      "8.8.8.8"};
    static const char *const NO[] = {"10.2.0.1",    "127.0.0.1", "fd00:2::5",
                                     "192.168.7.8", "::2",       "::ffff:10.2.0.1"};
    for (size_t i = 0; i < ARRAY_COUNT(YES); i++)
        cr_expect(is_allowed_address(&allowed, address_of(YES[i])), "%s", YES[i]);
    for (size_t i = 0; i < ARRAY_COUNT(NO); i++)
        cr_expect(!is_allowed_address(&allowed, address_of(NO[i])), "%s", NO[i]);
    cr_expect(is_allowed_host(&allowed, STR("hooks.internal")));
    cr_expect(!is_allowed_host(&allowed, STR("internal")));
    cr_expect(!is_allowed_host(&allowed, STR("x.hooks.internal")));
}

Test(fetch_address, lists_that_are_wrong_are_refused)
{
    static const char *const WRONG[] = {"10.0.0.0/33",
                                        "10.0.0.0/-1",
                                        "fd00::/129",
                                        "10.0.0.0/",
                                        "10.0.0/8",
                                        "a b",
                                        "http://x",
                                        "300.1.1.1",
                                        "10.0.0.0/8/8",
                                        "[::1]",
                                        "1",
                                        "*",
                                        "10.0.0.0/9223372036854775807",
                                        "fd00::/9223372036854775807"};
    for (size_t i = 0; i < ARRAY_COUNT(WRONG); i++) {
        struct allowed allowed;
        fault_clear(&task.fault);
        cr_expect_eq(allowed_parse(&task, str_from(WRONG[i]), &allowed).code, STATUS_BAD_REQUEST, "%s",
                     WRONG[i]);
        cr_expect(strstr(task.fault.detail, "AUTH_FETCH_ALLOW"));
    }
}

static struct fetch *fetch_with(const char *allow)
{
    const struct fetch_options options = {.allow = str_from(allow), .user_agent = STR("test")};
    struct fetch *fetch = NULL;
    cr_assert(is_ok(fetch_create(&task, &options, &fetch)), "%s", task.fault.detail);
    return fetch;
}

Test(fetch_address, urls_that_may_not_be_tried_are_told)
{
    static const char *const WRONG[][2] = {
        {"", "empty"},
        {"ftp://example.org/", "https://"},
        {"file:///etc/passwd", "https://"},
        {"gopher://example.org/", "https://"},
        {"example.org", "URL"},
        {"//example.org/", "URL"},
        {"https://", "URL"},
        {"https://user@example.org/", "credentials"},
        {"https://user:password@example.org/", "credentials"},
        {"https://:password@example.org/", "credentials"},
        {"https://example.org@127.0.0.1/", "credentials"},
        {"https://exa mple.org/", "ASCII"},
        {"https://example.org/\r\nX: y", "ASCII"},
        {"https://ex\xc3\xa4mple.org/", "ASCII"},
        {"https://example.org\\@127.0.0.1/", "ASCII"},
        {"https://[fe80::1%25eth0]/", "interface"},
        {"http://127.0.0.1/", "not public"},
        {"http://127.1/", "not public"},
        {"http://2130706433/", "not public"},
        {"http://0x7f000001/", "not public"},
        {"http://0x7f.0.0.1/", "not public"},
        {"http://0177.0.0.1/", "not public"},
        {"http://017700000001/", "not public"},
        {"http://0/", "not public"},
        {"http://169.254.169.254/latest/meta-data/", "not public"},
        {"http://[::1]/", "not public"},
        {"http://[::ffff:127.0.0.1]/", "not public"},
        {"http://[0:0:0:0:0:ffff:7f00:1]/", "not public"},
        {"http://[64:ff9b::7f00:1]/", "not public"},
        {"http://[fd00::1]/", "not public"},
        {"http://[::]/", "not public"},
        {"http://example.org:99999/", "URL"},
    };
    struct fetch *fetch = fetch_with("");
    for (size_t i = 0; i < ARRAY_COUNT(WRONG); i++) {
        const char *problem = fetch_url_problem(fetch, str_from(WRONG[i][0]));
        cr_expect(problem && strstr(problem, WRONG[i][1]), "%s: %s", WRONG[i][0],
                  problem ? problem : "taken");
    }
    char *long_url = arena_alloc(arena, FETCH_URL_BYTES_MAX + 10);
    memset(long_url, 'a', FETCH_URL_BYTES_MAX + 9);
    memcpy(long_url, "https://", 8);
    cr_expect(fetch_url_problem(fetch, str_from(long_url)));
    static const char *const RIGHT[] = {"https://example.org/", "http://example.org:8080/hook?a=b#c",
                                        "HTTPS://EXAMPLE.org", "https://1.1.1.1/",
                                        "https://[2606:4700::1111]:8443/x"};
    for (size_t i = 0; i < ARRAY_COUNT(RIGHT); i++)
        cr_expect_null(fetch_url_problem(fetch, str_from(RIGHT[i])), "%s", RIGHT[i]);
    fetch_destroy(fetch);
    fetch = fetch_with("127.0.0.0/8");
    cr_expect_null(fetch_url_problem(fetch, STR("http://127.0.0.1/")));
    cr_expect(fetch_url_problem(fetch, STR("http://[::1]/")));
    fetch_destroy(fetch);
}

/* Security incident 48: what a request of ours may reach, and without TLS, is the operator's to say. */
Test(fetch_address, without_tls_only_hosts_that_the_operator_names_may_be_tried)
{
    struct fetch *fetch = fetch_with("10.1.0.0/16,hooks.internal,203.0.114.5");
    static const char *const WRONG[] = {"http://example.org/",
                                        "http://1.1.1.1/",
                                        "http://10.2.0.1/",
                                        "https://10.2.0.1/",
                                        "http://203.0.114.6/",
                                        "ftp://hooks.internal/",
                                        "http://a.hooks.internal/",
                                        "http://hooks.internal.example.org/",
                                        ""};
    static const char *const RIGHT[] = {
        "https://example.org/",   "https://1.1.1.1/",       "http://10.1.2.3:8080/x", "https://10.1.2.3/",
        "http://hooks.internal/", "http://HOOKS.internal/", "http://203.0.114.5/x"};
    for (size_t i = 0; i < ARRAY_COUNT(WRONG); i++)
        cr_expect_not_null(fetch_secure_url_problem(fetch, str_from(WRONG[i])), "%s", WRONG[i]);
    for (size_t i = 0; i < ARRAY_COUNT(RIGHT); i++)
        cr_expect_null(fetch_secure_url_problem(fetch, str_from(RIGHT[i])), "%s", RIGHT[i]);
    fetch_destroy(fetch);
}
