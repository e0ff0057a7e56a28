// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../../src/http/listener_internal.h"

static enum status open_at(const char *address, bool reuse, struct arena *arena,
                           struct listener *ret_listener)
{
    struct fault fault;
    fault_clear(&fault);
    return listener_open(str_from(address), reuse, arena, &fault, ret_listener).code;
}

Test(listener, addresses_of_no_known_form_are_refused)
{
    static const char *const wrong[] = {"",
                                        "8080",
                                        ":8080",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1:80x",
                                        "::1:80",
                                        "[::1]80",
                                        "unix:",
                                        "unix:relative",
                                        "unix:/no/such/folder/a.sock",
                                        "[]:80"};
    struct arena *arena = arena_create(64 * 1024);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        struct listener listener = {.fd = -1};
        cr_expect_eq(open_at(wrong[i], false, arena, &listener), STATUS_BAD_REQUEST, "%s", wrong[i]);
        listener_close(&listener);
    }
    arena_destroy(arena);
}

Test(listener, a_path_too_long_for_a_socket_is_refused_whole)
{
    char address[160] = "unix:/";
    struct arena *arena = arena_create(64 * 1024);
    struct listener listener = {.fd = -1};
    memset(address + strlen("unix:/"), 'a', 120);
    cr_expect_eq(open_at(address, false, arena, &listener), STATUS_BAD_REQUEST);
    arena_destroy(arena);
}

Test(listener, port_zero_is_told_as_bound_and_reuse_lets_a_second_one_in)
{
    struct arena *arena = arena_create(64 * 1024);
    struct listener first;
    struct listener second;
    char address[64];
    cr_assert_eq(open_at("127.0.0.1:0", true, arena, &first), STATUS_OK);
    (void)snprintf(address, sizeof(address), "%.*s", STR_ARGS(first.address));
    cr_expect_str_neq(address, "127.0.0.1:0");
    cr_expect_eq(open_at(address, false, arena, &second), STATUS_BAD_REQUEST);
    cr_expect_eq(open_at(address, true, arena, &second), STATUS_OK);
    listener_close(&first);
    listener_close(&second);
    arena_destroy(arena);
}

Test(listener, loops_share_a_unix_socket_and_the_last_one_removes_it)
{
    struct arena *arena = arena_create(64 * 1024);
    struct listener first;
    struct listener second;
    char address[64];
    (void)snprintf(address, sizeof(address), "unix:/tmp/auth-listener-%d.sock", (int)getpid());
    cr_assert_eq(open_at(address, true, arena, &first), STATUS_OK);
    cr_expect_eq(open_at(address, false, arena, &second), STATUS_BAD_REQUEST);
    cr_assert_eq(open_at(address, true, arena, &second), STATUS_OK);
    listener_close(&first);
    cr_expect_eq(access(address + strlen("unix:"), F_OK), 0);
    listener_close(&second);
    listener_close(&second);
    cr_expect_neq(access(address + strlen("unix:"), F_OK), 0);
    arena_destroy(arena);
}

Test(listener, a_socket_left_by_a_dead_process_is_replaced)
{
    struct arena *arena = arena_create(64 * 1024);
    struct listener listener;
    char address[64];
    char kept[64];
    (void)snprintf(address, sizeof(address), "unix:/tmp/auth-stale-%d.sock", (int)getpid());
    (void)snprintf(kept, sizeof(kept), "/tmp/auth-stale-%d.kept", (int)getpid());
    const char *path = address + strlen("unix:");
    cr_assert_eq(open_at(address, false, arena, &listener), STATUS_OK);
    cr_assert_eq(link(path, kept), 0);
    listener_close(&listener);
    cr_assert_eq(rename(kept, path), 0);
    cr_expect_eq(open_at(address, false, arena, &listener), STATUS_OK);
    listener_close(&listener);
    arena_destroy(arena);
}
