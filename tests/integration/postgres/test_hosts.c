// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "db_fixture.h"

/* Names, addresses, passwords: how a connection is made over TCP. */

static struct db_fixture fixture;
static struct arena *arena;

static void prepare(void)
{
    arena = arena_create(1024 * 1024);
    postgres_server_start_tcp(&fixture.server);
}

static void done(void)
{
    store_close(fixture.db);
    loop_destroy(fixture.loop);
    arena_destroy(arena);
    postgres_server_stop(&fixture.server);
}

TestSuite(postgres_hosts, .init = prepare, .fini = done, .timeout = 60);

static result open_at(struct task *task, const char *uri)
{
    task_init(task, arena, STR("test"), 5000);
    TRY(store_options_parse(task, str_from(uri), &fixture.options));
    fixture.options.connect_timeout_ms = 400;
    TRY(loop_create(&fixture.loop));
    return store_open(task, fixture.loop, &fixture.options, &fixture.db);
}

static char first_fault[FAULT_DETAIL_MAX];
static int64_t took_ms;
static unsigned answered;

/* Asks once, remembers what was said, then asks on for a while until it is answered. */
static void ask(struct actor *actor)
{
    int64_t number = 0;
    const int64_t begin_ms = clock_monotonic_ms();
    result outcome = quotient(actor->db, &actor->task, 6, 3, &number);
    took_ms = clock_monotonic_ms() - begin_ms;
    snprintf(first_fault, sizeof first_fault, "%s", actor->task.fault.detail);
    while (!is_ok(outcome) && clock_monotonic_ms() < begin_ms + 2000) {
        cr_expect_eq(outcome.code, STATUS_DATABASE_UNAVAILABLE, "%s", actor->task.fault.detail);
        fiber_sleep(100);
        actor_renew(actor, 1000);
        outcome = quotient(actor->db, &actor->task, 6, 3, &number);
    }
    answered += is_ok(outcome) && number == 2;
}

static void ask_at(const char *uri)
{
    struct task task;
    const result opened = open_at(&task, uri);
    cr_assert(is_ok(opened), "%s", task.fault.detail);
    answered = 0;
    db_fixture_run(&fixture, 1, ask);
    cr_expect(strstr(first_fault, "pencil") == NULL, "%s", first_fault);
}

/* The test server behind the text given: "postgresql://…@127.0.0.1" and what follows the port. */
static const char *uri_of(const char *before, const char *after)
{
    static char uri[512];
    snprintf(uri, sizeof uri, "%s:%d/postgres%s", before, fixture.server.port, after);
    return uri;
}

Test(postgres_hosts, a_wrong_password_is_not_repeated_to_the_operator)
{
    ask_at(uri_of("postgresql://reader:pencil-stub@127.0.0.1", ""));
    cr_expect_eq(answered, 0);
    cr_expect(strstr(first_fault, "password authentication failed") != NULL, "%s", first_fault);
}

Test(postgres_hosts, the_right_password_is_taken)
{
    ask_at(fixture.server.uri);
    cr_expect_eq(answered, 1);
    cr_expect_str_eq(first_fault, "");
}

Test(postgres_hosts, a_name_is_looked_up)
{
    ask_at(uri_of("postgresql://reader:" POSTGRES_SERVER_PASSWORD "@localhost", ""));
    cr_expect_eq(answered, 1, "%s", first_fault);
}

Test(postgres_hosts, a_name_that_does_not_exist_is_answered_for_in_time)
{
    ask_at("postgresql://reader@nowhere.invalid/postgres");
    cr_expect_eq(answered, 0);
    cr_expect(took_ms < 1000);
    cr_expect(strstr(first_fault, "resolved") != NULL || strstr(first_fault, "look-up") != NULL, "%s",
              first_fault);
}

Test(postgres_hosts, a_host_that_refuses_is_passed_over)
{
    ask_at(uri_of("postgresql://reader:" POSTGRES_SERVER_PASSWORD "@127.0.0.1:1,127.0.0.1", ""));
    cr_expect_eq(answered, 1);
    cr_expect_str_eq(first_fault, "");
}

Test(postgres_hosts, a_host_that_is_silent_is_left_for_the_next)
{
    char uri[512];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(fd, 8), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(uri, sizeof uri, "postgresql://reader:%s@127.0.0.1:%d,127.0.0.1:%d/postgres",
             POSTGRES_SERVER_PASSWORD, ntohs(address.sin_port), fixture.server.port);
    ask_at(uri);
    cr_expect_eq(answered, 1);
    cr_expect(took_ms >= 400 && took_ms < 1000, "%lld ms", (long long)took_ms);
    cr_expect(strstr(first_fault, "no answer within the time to connect") != NULL, "%s", first_fault);
    close(fd);
}

Test(postgres_hosts, the_wanted_kind_of_server_is_passed_on)
{
    ask_at(uri_of("postgresql://reader:" POSTGRES_SERVER_PASSWORD "@127.0.0.1",
                  "?target_session_attrs=standby"));
    cr_expect_eq(answered, 0);
    cr_expect(strstr(first_fault, "not in hot standby") != NULL, "%s", first_fault);
}

Test(postgres_hosts, options_libpq_does_not_know_refuse_to_open)
{
    struct task task;
    cr_expect_eq(open_at(&task, "postgresql://reader:s3cr3t@h/d?colour=red").code, STATUS_BAD_REQUEST);
    cr_expect_not_null(strstr(task.fault.detail, "colour"));
    cr_expect_null(strstr(task.fault.detail, "s3cr3t"));
}

Test(postgres_hosts, lists_of_different_lengths_and_service_files_refuse_to_open)
{
    struct task task;
    cr_expect_eq(open_at(&task, "postgresql://a,b/d?hostaddr=127.0.0.1").code, STATUS_BAD_REQUEST);
    loop_destroy(fixture.loop);
    cr_expect_eq(open_at(&task, "postgresql:///d?service=x").code, STATUS_BAD_REQUEST);
}

Test(postgres_hosts, the_server_is_told_who_is_connected)
{
    struct task task;
    cr_assert(is_ok(open_at(&task, fixture.server.uri)));
    db_fixture_run(&fixture, 1, ask);
    cr_expect_eq(postgres_server_ask(&fixture.server, "SELECT count(*) FROM pg_stat_activity"
                                                      " WHERE application_name = 'auth'"),
                 1);
}
