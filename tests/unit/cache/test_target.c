// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "../../../src/cache/redis/target_internal.h"
#include "auth/cache/cache.h"

static const char *parse(struct arena *arena, const char *url, struct redis_target *ret_target)
{
    return redis_target_parse(arena, str_from(url), ret_target);
}

Test(redis_target, urls_that_cannot_be_used_are_refused_with_a_reason)
{
    static const char *const wrong[] = {
        "",
        "redis",
        "http://host",
        "redis://",
        "redis://:6379",
        "redis://host:0",
        "redis://host:65536",
        "redis://host:x",
        "redis://host/x",
        "redis://host/-1",
        "redis://host/65536",
        "redis://user@host",
        "redis://user:@host",
        "redis://u%zz:p@host",
        "redis://u:p%4@host",
        "redis://[::1",
        "redis://[::1]x",
        "unix://",
        "unix://relative",
        "unix:///a?x=1",
        "unix:///a?db=x",
        "unix:///a%00b",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        cr_expect_not_null(cache_url_problem(str_from(wrong[i])), "%s", wrong[i]);
    }
}

Test(redis_target, tls_is_refused_and_the_way_around_it_is_told)
{
    const char *problem = cache_url_problem(STR("rediss://host:6379/0"));
    cr_assert_not_null(problem);
    cr_expect_not_null(strstr(problem, "Unix socket"));
    cr_expect_not_null(strstr(problem, "tunnel"));
}

Test(redis_target, a_path_that_fits_no_socket_address_is_refused)
{
    char url[200] = "unix:///";
    memset(url + 8, 'a', 120);
    cr_expect_not_null(cache_url_problem(str_from(url)));
}

Test(redis_target, an_url_longer_than_the_limit_is_refused)
{
    static char url[CACHE_URL_MAX + 2] = "redis://";
    memset(url + 8, 'a', CACHE_URL_MAX + 1 - 8);
    cr_expect_not_null(cache_url_problem(str_from(url)));
}

Test(redis_target, a_numeric_address_needs_no_look_up)
{
    struct arena *arena = arena_create(65536);
    struct redis_target target;
    cr_assert_null(parse(arena, "redis://:p%40ss%3aword@127.0.0.1/7", &target));
    cr_expect_eq(target.host.len, 0);
    cr_expect_eq(target.addresses.count, 1);
    struct sockaddr_in address;
    memcpy(&address, &target.addresses.items[0], sizeof address);
    cr_expect_eq(ntohs(address.sin_port), 6379);
    cr_expect_eq(target.database, 7);
    cr_expect_eq(target.user.len, 0);
    cr_expect(str_equal(secret_expose(target.password), STR("p@ss:word")));
    arena_destroy(arena);
}

Test(redis_target, ipv6_names_ports_and_users_are_understood)
{
    struct arena *arena = arena_create(65536);
    struct redis_target target;
    cr_assert_null(parse(arena, "redis://[::1]:7000", &target));
    cr_expect_eq(target.addresses.items[0].ss_family, AF_INET6);
    cr_assert_null(parse(arena, "redis://app:se@cret@cache.internal:7001/", &target));
    cr_expect(str_equal(target.host, STR("cache.internal")));
    cr_expect(str_equal(target.port, STR("7001")));
    cr_expect(str_equal(target.user, STR("app")));
    cr_expect(str_equal(secret_expose(target.password), STR("se@cret")));
    cr_expect_eq(target.addresses.count, 0);
    arena_destroy(arena);
}

Test(redis_target, a_unix_socket_has_path_password_and_database)
{
    struct arena *arena = arena_create(65536);
    struct redis_target target;
    cr_assert_null(parse(arena, "unix://:pw@/run/redis%20x.sock?db=3", &target));
    struct sockaddr_un address;
    memcpy(&address, &target.addresses.items[0], sizeof address);
    cr_expect_str_eq(address.sun_path, "/run/redis x.sock");
    cr_expect_eq(target.database, 3);
    cr_expect(str_equal(secret_expose(target.password), STR("pw")));
    arena_destroy(arena);
}
